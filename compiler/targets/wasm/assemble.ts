/** The bytes of a module's kernels, assembled from their text. */

import assembled from "watr/compile";
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

/** Text and bytes. */
export function assemble(module: Module, options: WasmOptions = {}): Assembled {
  const printed = textOf(module, options);
  return { ...printed, bytes: assembled(printed.text) };
}
