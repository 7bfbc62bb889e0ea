/** The bytes of a module's kernels, assembled from their text. */

import type { Module } from "../../loop/loop.ts";
import { scopeOf } from "../typescript/scope.ts";
import { printWasm, type WasmOptions, type WasmText } from "./text.ts";

export interface Assembled extends WasmText {
  readonly bytes: Uint8Array;
}

/** The text of a module's kernels under the names that the emitted file calls them by. */
export function textOf(module: Module, options?: WasmOptions): WasmText {
  const scope = scopeOf(module, { call: () => "" });
  return printWasm(module.kernels, module.arenaBytes, scope.kernel, options);
}

let loaded: ReturnType<typeof loadAssembler> | undefined;

const loadAssembler = async () => (await import("wabt")).default();

/** Text and bytes. The assembler is loaded when first needed, and once. */
export async function assemble(module: Module, options: WasmOptions = {}): Promise<Assembled> {
  const printed = textOf(module, options);
  const wabt = await (loaded ??= loadAssembler());
  const parsed = wabt.parseWat("kernels.wat", new TextEncoder().encode(printed.text), {
    simd: true,
    sat_float_to_int: true,
    ...(options.threads !== undefined && { threads: true }),
    ...(options.relaxed === true && { relaxed_simd: true }),
  });
  try {
    return { ...printed, bytes: parsed.toBinary({}).buffer.slice() };
  } finally {
    parsed.destroy();
  }
}
