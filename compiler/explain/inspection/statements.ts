/** The statements of an entry: what each computes, reads, writes and costs, and why it stands alone. */

import type { CompiledEntry, Lowered } from "../../driver/lower.ts";
import { loadsOf } from "../../loop/build.ts";
import { flopsOfScalar } from "../../loop/flops.ts";
import type { Call, Kernel } from "../../loop/loop.ts";
import { loopAround, timesOf } from "../../loop/turns.ts";
import type { KernelCallFacts, KernelFacts } from "../model.ts";
import type { StatementLines } from "./lines.ts";
import { toldBy, type Known } from "./nodes.ts";
import type { InspectedStatement } from "./types.ts";

/** What is asked of a kernel's calls, by entry and statement. */
export type CallFacts = ReadonlyMap<string, KernelCallFacts>;
export const callKey = (entry: string, number: number): string => `${number} ${entry}`;

export const callFacts = (kernels: readonly KernelFacts[]): CallFacts =>
  new Map(kernels.flatMap(({ calls }) => calls.map((call) => [callKey(call.entry, call.statement), call] as const)));

export function statementsOf(
  { module }: Lowered,
  compiled: CompiledEntry,
  n: number,
  known: Known,
  facts: CallFacts,
  lines: readonly (StatementLines | undefined)[],
): readonly InspectedStatement[] {
  const entry = module.entries[n]!;
  const kernels = new Map(module.kernels.map((kernel) => [kernel.name, kernel]));
  return entry.calls.map((call, at): InspectedStatement => {
    const own = facts.get(callKey(entry.name, at + 1));
    const loop = loopAround(entry.loops, at);
    const where = lines[at];
    const { reads, writes } = accessOf(call, kernels);
    const flops = call.kind === "call" ? kernels.get(call.kernel)!.flops : flopsOfScalar(call.value);
    return {
      number: at + 1,
      kind: call.kind === "call" ? "kernel" : "scalar",
      ...(call.kind === "call" ? { kernel: call.kernel } : {}),
      ...(where?.part === undefined ? {} : { part: where.part }),
      times: timesOf(entry.loops, at),
      ...(loop === undefined ? {} : { loop: loop.node }),
      ...(where === undefined ? {} : { lines: { first: where.first, last: where.last }, code: where.code }),
      told: call.doc,
      nodes: toldBy(compiled.program.calls[at]!, known),
      reads,
      writes,
      flops,
      bytesMoved: own?.bytesMoved ?? 0,
      ...(own === undefined ? {} : { atBest: own.atBest }),
      stages: own?.stages ?? [],
      apart: own?.neighbours ?? [],
    };
  });
}

/** Buffers that a statement reads and writes: of a call, by what the kernel does with its parameters. */
function accessOf(
  call: Call,
  kernels: ReadonlyMap<string, Kernel>,
): { readonly reads: readonly string[]; readonly writes: readonly string[] } {
  if (call.kind !== "call") {
    const reads = [...new Set(loadsOf(call.value).map(({ buffer }) => buffer))];
    return { reads, writes: call.kind === "store" ? [call.buffer] : [] };
  }
  const { params } = kernels.get(call.kernel)!;
  const that = (access: "read" | "write"): string[] => [
    ...new Set(call.args.filter((_, n) => params[n]!.access === access || params[n]!.access === "update")),
  ];
  return { reads: that("read"), writes: that("write") };
}
