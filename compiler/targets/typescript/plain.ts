/** The plain twin of trainer.ts: the same statements and the same bits, each kernel the loops that its definitions say, a function of its arrays. */

import type { Module } from "../../loop/loop.ts";
import { Emitted } from "../emitted.ts";
import type { Target } from "../target.ts";
import { FewChecks } from "./few-checks.ts";
import { namesOfShared, printKernels } from "./functions.ts";
import { Outline } from "./outline.ts";
import { scalar } from "./machine.ts";
import { printFile } from "./module.ts";
import { THREEFRY_LOOP } from "./random.ts";
import type { Kernels, Scope } from "./scope.ts";
import { sharingOf, withoutEntry, type Shared } from "./shared.ts";
import { printPlainCall, printPlainFunction } from "./statement.ts";

function plainly(module: Module): Kernels {
  const outline = new Outline(module.kernels);
  const sharing = sharingOf(module, () => true);
  const nameOfShared = namesOfShared();
  const taken = new Set(module.kernels.map(({ name }) => name));
  /** What a kernel is called that no other shares: without the entry's name where none is called so. */
  const nameOf = (kernel: string, shared: Shared | undefined, scope: Pick<Scope, "names" | "kernel">): string => {
    if (shared !== undefined) return nameOfShared(shared, scope.names);
    const bare = withoutEntry(kernel);
    if (bare === kernel || taken.has(bare)) return scope.kernel(kernel);
    const known = own.get(kernel) ?? scope.names.take(bare);
    own.set(kernel, known);
    return known;
  };
  const own = new Map<string, string>();
  return {
    arena: "const arena = new ArrayBuffer(ARENA_BYTES);",
    options: [],
    checks: (module, _, scope) => new FewChecks(module, scope),
    randomBits: THREEFRY_LOOP,
    contents: "named",
    idioms: () => ["Each kernel is the loops that its definitions say, point by point, with the bits of trainer.ts."],
    bound: () => [],
    call(kernel, args, scope) {
      const shared = sharing.get(kernel);
      return printPlainCall(nameOf(kernel, shared, scope), args.map(scope.array), shared?.rows.get(kernel));
    },
    print: (scope, needs) => {
      const kernels = printKernels(module.kernels, outline, scope.names, needs, sharing, (kernel, common, shared) =>
        printPlainFunction(kernel, nameOf(kernel.name, shared, scope), needs, common, shared),
      );
      return kernels.length === 0 ? [] : ["type Floats = Float32Array;\ntype Ints = Int32Array;", ...kernels];
    },
  };
}

export const plain = {
  name: "plain",
  suffix: ".plain",
  asked: { plain: true },
  flags: {
    plain: {
      type: "boolean",
      description: "Write trainer.plain.ts: the same statements and bits, every kernel as its definitions say it, for reading",
    },
  },
  machine: { ...scalar, name: "plain", scheduled: false }, // the bits of trainer.ts, from loops that nobody tuned
  understands: new Set(),
  beside: new Set(),
  reading: "the TypeScript trainer without any schedule",
  emit: async (module, facts, kind = "trainer") => new Emitted(printFile(module, facts, plainly(module), kind)),
} as const satisfies Target;
