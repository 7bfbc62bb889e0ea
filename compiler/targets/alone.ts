/** Guarantees kernels as functions by themselves, over one arena and without a trainer around them, printed as their target prints them. */

import type { Kernel, Module } from "../loop/loop.ts";
import { importText, stripTypes } from "./strip.ts";
import { sourcesFor } from "./typescript/mathematics/index.ts";
import { THREEFRY } from "./typescript/random.ts";
import { LIMITS, type Limits } from "./typescript/blocks.ts";
import { Names } from "../loop/identifier.ts";
import { printKernels } from "./typescript/functions.ts";
import { Outline } from "./typescript/outline.ts";
import { arrayOf, givenNames, printKernelFunction } from "./typescript/statement.ts";
import { assemble, compileBytes } from "./wasm/assemble.ts";
import type { WasmOptions } from "./wasm/text.ts";

export interface Alone {
  readonly arena: ArrayBuffer;
  /** A kernel, numbered as it was given, over parameters at these byte offsets. */
  readonly call: (kernel: number, offsets: readonly number[]) => () => void;
}

type Functions = Readonly<Record<string, (...values: number[]) => number>>;

/** The part of the engine's WebAssembly that is used here. */
declare const WebAssembly: {
  readonly Instance: new (module: object, imports: { readonly mathematics: Functions }) => { readonly exports: unknown };
};

const named = (kernels: readonly Kernel[]): Kernel[] => kernels.map((kernel, n) => ({ ...kernel, name: `k${n}` }));

/** Functions of the emitted file's own that kernels call. */
const supportFor = (needs: ReadonlySet<string>): string[] => [
  ...(needs.has("randomBits") ? [THREEFRY] : []),
  ...sourcesFor([...needs].filter((name) => name !== "randomBits").sort(), "f32"),
];

/** As functions of TypeScript over typed arrays. */
export async function aloneInTypeScript(kernels: readonly Kernel[], arenaBytes: number, limits: Limits = LIMITS): Promise<Alone> {
  const needs = new Set<string>();
  const own = named(kernels);
  const outline = new Outline(own);
  const printed = printKernels(own, outline, new Names(own.map(({ name }) => name)), needs, (kernel, common) =>
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

/** As exports of a WebAssembly instance, whose memory is the arena. */
export async function aloneInWasm(kernels: readonly Kernel[], arenaBytes: number, options: WasmOptions = {}): Promise<Alone> {
  const module: Module = { name: "alone", entries: [], buffers: [], slots: [], kernels: named(kernels), arenaBytes };
  const { bytes, imports } = await assemble(module, options);
  const mathematics = await importText<Functions>(
    `${await stripTypes(supportFor(new Set(imports)).join("\n"))}\nexport { ${imports.join(", ")} };`,
  );
  const exports = new WebAssembly.Instance(compileBytes(bytes), { mathematics }).exports as {
    readonly memory: { readonly buffer: ArrayBuffer };
  } & Readonly<Record<string, (...offsets: number[]) => void>>; // what the text of the kernels exports
  return {
    arena: exports.memory.buffer,
    call(n, offsets) {
      const run = exports[`k${n}`]!;
      return () => run(...offsets);
    },
  };
}
