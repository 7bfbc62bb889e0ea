/** Guarantees the plain twin of trainer.ts: the same statements and the same bits, each kernel the loops that its definitions say, a function of its arrays. */

import type { Module } from "../../loop/loop.ts";
import type { Target } from "../target.ts";
import { namesOfShared, printKernels } from "./functions.ts";
import { printGradients, printTrainer } from "./module.ts";
import { Outline } from "./outline.ts";
import type { Kernels } from "./scope.ts";
import { sharingOf } from "./shared.ts";
import { printPlainFunction } from "./statement.ts";

function plainly(module: Module): Kernels {
  const outline = new Outline(module.kernels);
  const sharing = sharingOf(module.kernels, () => true);
  const nameOf = namesOfShared();
  return {
    arena: "const arena = new ArrayBuffer(ARENA_BYTES);",
    options: [],
    bound: () => [],
    call(kernel, args, scope) {
      const shared = sharing.get(kernel);
      const name = shared === undefined ? scope.kernel(kernel) : nameOf(shared, scope.names);
      const rows = shared === undefined ? [] : [`${shared.rows.get(kernel)!}`];
      return `${name}(${[...args.map(scope.view), ...rows].join(", ")});`;
    },
    print: (scope, needs) =>
      printKernels(module.kernels, outline, scope.names, needs, sharing, (kernel, common, shared) => {
        const name = shared === undefined ? scope.kernel(kernel.name) : nameOf(shared, scope.names);
        return printPlainFunction(kernel, name, needs, common, shared);
      }),
  };
}

export const plain: Target = {
  name: "plain",
  file: "trainer.plain.ts",
  printTrainer: (module, facts) => printTrainer(module, facts, plainly(module)),
  printGradients: (module, facts) => printGradients(module, facts, plainly(module)),
};
