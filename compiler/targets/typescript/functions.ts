/** Guarantees kernels as functions of the emitted file itself, over one ArrayBuffer. */

import type { Module } from "../../loop/loop.ts";
import type { Kernels } from "./scope.ts";
import { printKernelFunction } from "./statement.ts";

/** Kernels over views of the arena, each bound once to the arrays that a statement gives it. */
export function functionsOf(module: Module): Kernels {
  const kernels = new Map(module.kernels.map((kernel) => [kernel.name, kernel]));
  const bound = new Map<string, { readonly name: string; readonly made: string }>();
  return {
    arena: "const arena = new ArrayBuffer(ARENA_BYTES);",
    options: [],
    call(kernel, args, scope) {
      const made = `${scope.kernel(kernel)}(${args.map(scope.view).join(", ")})`;
      const written = args.filter((_, n) => kernels.get(kernel)!.params[n]!.access !== "read").at(-1)!;
      const one = bound.get(made) ?? {
        name: scope.names.take(`${scope.kernel(kernel).replace(/_\d.*/, "")}_${scope.view(written)}`),
        made,
      };
      bound.set(made, one);
      return `${one.name}();`;
    },
    bound: () => [...bound.values()].map(({ name, made }) => `const ${name} = ${made};`),
    print: (scope, needs) => module.kernels.map((kernel) => printKernelFunction(kernel, scope.kernel(kernel.name), needs)),
  };
}
