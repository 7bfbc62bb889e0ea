/** Guarantees the plain twin of trainer.ts: the same statements and the same bits, each kernel the loops that its definitions say, a function of its arrays. */

import type { Module } from "../../loop/loop.ts";
import { Emitted } from "../emitted.ts";
import type { Target } from "../target.ts";
import { printKernels } from "./functions.ts";
import { Outline } from "./outline.ts";
import { scalar } from "./machine.ts";
import { printFile } from "./module.ts";
import type { Kernels } from "./scope.ts";
import { printPlainFunction } from "./statement.ts";

function plainly(module: Module): Kernels {
  const outline = new Outline(module.kernels);
  return {
    arena: "const arena = new ArrayBuffer(ARENA_BYTES);",
    options: [],
    idioms: () => ["Each kernel is the loops that its definitions say, point by point, with the bits of trainer.ts."],
    bound: () => [],
    call: (kernel, args, scope) => `${scope.kernel(kernel)}(${args.map(scope.view).join(", ")});`,
    print: (scope, needs) =>
      printKernels(module.kernels, outline, scope.names, needs, (kernel, common) =>
        printPlainFunction(kernel, scope.kernel(kernel.name), needs, common),
      ),
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
