/** Which kernels of the file for readers compute what a trainer's kernels do: those that make the same values there. */

import type { Call, Module, Program } from "../loop/loop.ts";
import { schedule } from "../passes/loops/schedule.ts";
import { together } from "../passes/placement/place.ts";
import type { Reading } from "../targets/target.ts";
import { isDefinitions, type Level } from "./observe.ts";

/** An entry that was scheduled, and what each pass made of it. */
interface Scheduled {
  readonly name: string;
  readonly passes: readonly { readonly pass: string; readonly after: Level }[];
  readonly program: Program;
}

const madeBy = (call: Call): string[] => (call.kind === "call" ? call.group.stages.map(({ definition }) => definition.name) : []);

/**
 * By kernel of the module, what its twins are called there; a copy of an operand, which the file for readers does without, has none.
 * Undefined where the definitions were not fused, so that there is no such file.
 */
export function twinsOf(
  entries: readonly Scheduled[],
  module: Module,
  { machine, named }: Reading,
): ReadonlyMap<string, readonly string[]> | undefined {
  const plain: Program[] = [];
  for (const { name, passes } of entries) {
    const fused = passes.find(({ pass }) => pass === "fuse")?.after;
    if (fused === undefined || !isDefinitions(fused)) return undefined;
    plain.push({ ...schedule(machine).run(fused), name });
  }
  const { programs, kernels, nameOf } = together(plain, machine);
  const names = named(kernels);
  const twins = new Map<string, Set<string>>();
  module.entries.forEach(({ calls }, n) => {
    const makers = new Map<string, string>();
    programs[n]!.calls.forEach((call, at) => {
      if (call.kind === "call") for (const value of madeBy(plain[n]!.calls[at]!)) makers.set(value, names.get(nameOf.get(call.kernel)!)!);
    });
    calls.forEach((call, at) => {
      if (call.kind !== "call") return;
      const own = madeBy(entries[n]!.program.calls[at]!).flatMap((value) => makers.get(value) ?? []);
      twins.set(call.kernel, new Set([...(twins.get(call.kernel) ?? []), ...own]));
    });
  });
  return new Map([...twins].map(([kernel, all]) => [kernel, [...all]]));
}
