/** Guarantees kernels that run alone, and how long a call of one takes: over random contents of its parameters' sizes, once an engine has compiled it for good. */

import { bytesOf, sizeOf } from "../graph/type.ts";
import type { Kernel } from "../loop/loop.ts";
import type { Buffers } from "../passes/loops/group.ts";
import { sizeInBytes } from "../passes/placement/place.ts";
import type { Alone } from "../targets/target.ts";

/** Kernels as functions by themselves, as the target prints them. */
export type AsPrinted = (kernels: readonly Kernel[], arenaBytes: number) => Promise<Alone>;

/** How often a call is measured for its median, and how long at least each time. */
export const [ROUNDS, MILLISECONDS] = [9, 2];
/** Until an engine has compiled a function for good, milliseconds. */
const WARM = 8;

/** Seconds a call, over as many calls as take the milliseconds. */
export function sample(run: () => void, milliseconds: number): number {
  for (let calls = 1; ; calls *= 2) {
    const began = performance.now();
    for (let n = 0; n < calls; n++) run();
    const taken = performance.now() - began;
    if (taken >= milliseconds) return taken / calls / 1000;
  }
}

/** Runs all of them until they are as fast as they will be. */
export async function warm(runs: readonly (() => void)[]): Promise<void> {
  for (let round = 0; round < 2; round++) {
    for (const run of runs) sample(run, WARM / 2);
    await new Promise((resolve) => setTimeout(resolve, WARM)); // engines compile beside
  }
}

/** An address for each argument. */
export function placed(args: readonly string[], buffers: Buffers): { offsets: ReadonlyMap<string, number>; bytes: number } {
  let bytes = 0;
  const offsets = new Map<string, number>();
  for (const name of args) {
    if (offsets.has(name)) continue;
    offsets.set(name, bytes);
    bytes += 64 * Math.ceil(sizeInBytes(buffers.get(name)!) / 64);
  }
  return { offsets, bytes: Math.max(64, bytes) };
}

/** Fills the arena anew. Positive and no smaller than 0.1: nothing is subnormal, or no number. */
export function fill(arena: ArrayBuffer, buffers: Buffers, offsets: ReadonlyMap<string, number>): void {
  for (const [name, offset] of offsets) {
    const { dtype, shape } = buffers.get(name)!;
    const size = sizeOf(shape);
    if (bytesOf(dtype) !== 4) throw new TypeError(`no kernel is measured over ${dtype}`);
    const view = dtype === "f32" ? new Float32Array(arena, offset, size) : new Int32Array(arena, offset, size);
    for (let n = 0, state = 1; n < size; n++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      view[n] = dtype === "f32" ? 0.1 + 0.9 * ((state >>> 8) / 2 ** 24) : state < 0 ? 1 : 0;
    }
  }
}
