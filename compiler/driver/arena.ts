/** Guarantees that no trainer is emitted whose arena no engine would give it. */

import { MOST_BYTES } from "../graph/bytes.ts";
import { ModelError } from "../graph/error.ts";
import type { Module } from "../loop/loop.ts";
import { sizeInBytes } from "../passes/placement/place.ts";

/** Buffers that are named. */
const SHOWN = 4;

/** Throws a ModelError that names what fills an arena of more than MOST_BYTES. */
export function checkArena({ name, arenaBytes, buffers }: Module, site: string): void {
  if (arenaBytes <= MOST_BYTES) return;
  const grouped = (n: number): string => n.toLocaleString("en-US");
  const largest = [...buffers].sort((a, b) => sizeInBytes(b) - sizeInBytes(a)).slice(0, SHOWN);
  throw new ModelError({
    code: "arena-size",
    site,
    law: `the arena of ${JSON.stringify(name)} would have ${grouped(arenaBytes)} bytes, and no engine gives more than ${grouped(MOST_BYTES)}; the largest of what it holds:`,
    operands: largest.map(({ role, name: buffer, dtype, shape }) => ({
      label: role,
      name: buffer,
      type: { dtype, shape },
      site: `${grouped(sizeInBytes({ role, name: buffer, dtype, shape }))} bytes`,
    })),
    remedy:
      "Declare fewer rows a batch or smaller shapes; or, where activations fill it, a budget with --memory 2GiB, which computes them again.",
  });
}
