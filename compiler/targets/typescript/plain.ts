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
import type { Kernels } from "./scope.ts";
import { sharingOf } from "./shared.ts";
import { printPlainFunction } from "./statement.ts";

function plainly(module: Module): Kernels {
  const outline = new Outline(module.kernels);
  const sharing = sharingOf(module, () => true);
  const nameOf = namesOfShared();
  return {
    arena: "const arena = new ArrayBuffer(ARENA_BYTES);",
    options: [],
    checks: (module, _, scope) => new FewChecks(module, scope),
    randomBits: THREEFRY_LOOP,
    idioms: () => ["Each kernel is the loops that its definitions say, point by point, with the bits of trainer.ts."],
    bound: () => [],
    call(kernel, args, scope) {
      const shared = sharing.get(kernel);
      const name = shared === undefined ? scope.kernel(kernel) : nameOf(shared, scope.names);
      const rows = shared === undefined ? [] : [`${shared.rows.get(kernel)!}`];
      return `${name}(${[...args.map(scope.array), ...rows].join(", ")});`;
    },
    print: (scope, needs) => {
      const kernels = printKernels(module.kernels, outline, scope.names, needs, sharing, (kernel, common, shared) => {
        const name = shared === undefined ? scope.kernel(kernel.name) : nameOf(shared, scope.names);
        return printPlainFunction(kernel, name, needs, common, shared);
      });
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
