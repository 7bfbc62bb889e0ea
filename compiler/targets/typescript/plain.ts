/** Guarantees the plain twin of trainer.ts: the same statements and the same bits, each kernel the loops that its definitions say, a function of its arrays. */

import type { Module } from "../../loop/loop.ts";
import type { Target } from "../target.ts";
import { printKernels } from "./functions.ts";
import { printGradients, printTrainer } from "./module.ts";
import { Outline } from "./outline.ts";
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

export const plain: Target = {
  name: "plain",
  file: "trainer.plain.ts",
  printTrainer: (module, facts) => printTrainer(module, facts, plainly(module)),
  printGradients: (module, facts) => printGradients(module, facts, plainly(module)),
};
