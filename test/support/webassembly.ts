/** Guarantees an instance of kernels assembled in a test; without DOM types the engine's WebAssembly has no values of its own. */

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

export type Exports = { readonly memory: { readonly buffer: ArrayBuffer } } & Readonly<Record<string, (...offsets: number[]) => void>>; // prettier-ignore

export const compileBytes = (bytes: Uint8Array): object => new WebAssembly.Module(bytes);
export const instantiate = (bytes: Uint8Array): Exports => new WebAssembly.Instance(compileBytes(bytes)).exports as Exports; // prettier-ignore
