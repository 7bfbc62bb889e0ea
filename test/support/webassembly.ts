/** Guarantees an instance of kernels assembled in a test; without DOM types the engine's WebAssembly has no values of its own. */

import { Emitted } from "../../compiler/targets/emitted.ts";

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

export type Exports = { readonly memory: { readonly buffer: ArrayBuffer } } & Readonly<Record<string, (...offsets: number[]) => void>>;

export const compileBytes = (bytes: Uint8Array): object => new WebAssembly.Module(bytes);
export const instantiate = (bytes: Uint8Array): Exports => new WebAssembly.Instance(compileBytes(bytes)).exports as Exports;

/** Whether this engine has relaxed SIMD, by the smallest module that uses it: engines from Node 22 on read it as they are. */
export const RELAXED = new Emitted("", {
  bytes: Uint8Array.from([
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    1,
    5,
    1,
    96,
    0,
    1,
    123,
    3,
    2,
    1,
    0,
    10,
    61,
    1,
    59,
    0,
    ...Array.from({ length: 3 }, () => [253, 12, ...new Array<number>(16).fill(0)]).flat(),
    253,
    133,
    2,
    11,
  ]),
}).runs;
/** Flags of a node that has relaxed SIMD. */
export const RELAXED_FLAGS: readonly string[] = RELAXED ? [] : ["--experimental-wasm-relaxed-simd"];
