/** Guarantees kernels as functions of TypeScript by themselves, over one arena and without a trainer around them. */

import { Names } from "../../loop/identifier.ts";
import type { Kernel } from "../../loop/loop.ts";
import { importText, stripTypes } from "../strip.ts";
import type { Alone } from "../target.ts";
import { LIMITS, type Limits } from "./blocks.ts";
import { printKernels } from "./functions.ts";
import { sourcesFor } from "./mathematics/index.ts";
import { Outline } from "./outline.ts";
import { THREEFRY } from "./random.ts";
import { arrayOf, givenNames, printKernelFunction } from "./statement.ts";

/** Under names that no other thing has. */
export const named = (kernels: readonly Kernel[]): Kernel[] => kernels.map((kernel, n) => ({ ...kernel, name: `k${n}` }));

/** Functions of the emitted file's own that kernels call. */
export const supportFor = (needs: ReadonlySet<string>): string[] => [
  ...(needs.has("randomBits") ? [THREEFRY] : []),
  ...sourcesFor([...needs].filter((name) => name !== "randomBits").sort(), "f32"),
];

/** As functions of TypeScript over typed arrays. */
export async function aloneInTypeScript(kernels: readonly Kernel[], arenaBytes: number, limits: Limits = LIMITS): Promise<Alone> {
  const needs = new Set<string>();
  const own = named(kernels);
  const outline = new Outline(own);
  const printed = printKernels(own, outline, new Names(own.map(({ name }) => name)), needs, new Map(), (kernel, common) =>
    printKernelFunction(kernel, kernel.name, needs, "at stores", limits, common),
  );
  const code = await stripTypes([...printed, ...supportFor(needs), `export { ${own.map(({ name }) => name).join(", ")} };`].join("\n"));
  const functions = await importText<Readonly<Record<string, (arrays: Readonly<Record<string, unknown>>) => () => void>>>(code);
  const arena = new ArrayBuffer(arenaBytes);
  const arrays = { Float32Array, Float64Array, Int32Array };
  return {
    arena,
    call(n, offsets) {
      const names = givenNames(own[n]!, outline);
      const views = own[n]!.params.map(
        ({ dtype, length }, at) => [names[at]!, new arrays[arrayOf(dtype)](arena, offsets[at]!, length)] as const,
      );
      return functions[`k${n}`]!(Object.fromEntries(views));
    },
  };
}
