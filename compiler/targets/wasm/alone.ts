/** Kernels as exports of a WebAssembly instance by themselves, whose memory is the arena, without a trainer around them. */

import type { Kernel, Module } from "../../loop/loop.ts";
import { importText, stripTypes } from "../strip.ts";
import type { Alone } from "../target.ts";
import { named, supportFor } from "../typescript/alone.ts";
import { assemble } from "./assemble.ts";
import type { WasmOptions } from "./text.ts";

type Functions = Readonly<Record<string, (...values: number[]) => number>>;

/** The part of the engine's WebAssembly that is used here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: { readonly mathematics: Functions }) => { readonly exports: unknown };
};

/** As exports of a WebAssembly instance, whose memory is the arena. */
export async function aloneInWasm(kernels: readonly Kernel[], arenaBytes: number, options: WasmOptions = {}): Promise<Alone> {
  const module: Module = { name: "alone", entries: [], buffers: [], slots: [], kernels: named(kernels), arenaBytes };
  const { bytes, imports } = assemble(module, options);
  const mathematics = await importText<Functions>(
    `${await stripTypes(supportFor(new Set(imports)).join("\n"))}\nexport { ${imports.join(", ")} };`,
  );
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), { mathematics }).exports as {
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
