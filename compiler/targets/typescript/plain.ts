/** The plain twin of trainer.ts: the same statements and the same bits, each kernel the loops that its definitions say, a function of its arrays. */

import { Names } from "../../loop/identifier.ts";
import type { Kernel, Module } from "../../loop/loop.ts";
import { Emitted } from "../emitted.ts";
import type { Reading } from "../target.ts";
import { FewChecks } from "./few-checks.ts";
import { namesOfShared, printKernels } from "./functions.ts";
import { Outline } from "./outline.ts";
import { scalar } from "./machine.ts";
import { printFile } from "./module.ts";
import { THREEFRY_LOOP } from "./random.ts";
import type { Kernels, Scope } from "./scope.ts";
import { numbersGiven, sharingOf, withoutEntry, type Sharing } from "./shared.ts";
import { printPlainCall, printPlainFunction } from "./statement.ts";

/** What functions are called, by kernel: without the entry's name where none is called so, with N where they are given how many rows. */
function namesIn(kernels: readonly Kernel[], sharing: Sharing): ReadonlyMap<string, string> {
  const taken = new Names(kernels.map(({ name }) => name));
  const own = new Set(kernels.map(({ name }) => name));
  const nameOf = namesOfShared();
  return new Map(
    kernels.map(({ name }) => {
      const shared = sharing.get(name);
      if (shared !== undefined) return [name, nameOf(shared, taken, String)];
      const bare = withoutEntry(name);
      return [name, own.has(bare) ? name : taken.take(bare)];
    }),
  );
}

function plainly(module: Module): Kernels {
  const outline = new Outline(module.kernels);
  const sharing = sharingOf(module, () => true);
  const names = namesIn(module.kernels, sharing);
  const own = new Map<string, string>();
  const nameOf = (kernel: string, scope: Pick<Scope, "names" | "kernel">): string => {
    const name = names.get(kernel)!;
    const known = own.get(name) ?? (name === kernel ? scope.kernel(kernel) : scope.names.take(name));
    own.set(name, known);
    return known;
  };
  return {
    arena: "const arena = new ArrayBuffer(ARENA_BYTES);",
    options: [],
    checks: (module, _, scope) => new FewChecks(module, scope),
    randomBits: THREEFRY_LOOP,
    contents: "named",
    idioms: () => ["Each kernel is the loops that its definitions say, point by point, with the bits of trainer.ts."],
    bound: () => [],
    call(kernel, args, scope) {
      return printPlainCall(nameOf(kernel, scope), args.map(scope.array), numbersGiven(sharing.get(kernel), kernel));
    },
    print: (scope, needs) => {
      const kernels = printKernels(module.kernels, outline, scope.names, needs, sharing, (kernel, common, shared) =>
        printPlainFunction(kernel, nameOf(kernel.name, scope), needs, common, shared),
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
  named: (kernels) =>
    namesIn(
      kernels,
      sharingOf({ kernels, entries: [] }, () => true),
    ),
} as const satisfies Reading;
