/** What a target makes of a module, each part once: the file's text, the bytes that its kernels are compiled to, and the file as it runs. */

import { importText, stripTypes } from "./strip.ts";

/** Kernels that the engine compiles apart from the file's text. */
export interface CompiledKernels {
  readonly bytes: Uint8Array;
  /** The file that they lie in beside the text; undefined where the text holds them. */
  readonly file?: string;
}

/** What the constructor of an emitted file is given: the compiled kernels, where they lie beside it. */
export interface Given {
  readonly module?: object;
  readonly seed?: number;
}

/** The part of the engine's WebAssembly that is used here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly validate: (bytes: Uint8Array) => boolean;
};

export class Emitted {
  readonly text: string;
  readonly kernels: CompiledKernels | undefined;
  #loaded: Promise<unknown> | undefined;

  constructor(text: string, kernels?: CompiledKernels) {
    this.text = text;
    this.kernels = kernels;
  }

  /** The same, written otherwise. */
  written(text: string): Emitted {
    return new Emitted(text, this.kernels);
  }

  /** Files that lie beside the text, by name. */
  get binaries(): ReadonlyMap<string, Uint8Array> {
    const { bytes, file } = this.kernels ?? {};
    return new Map(bytes === undefined || file === undefined ? [] : [[file, bytes]]);
  }

  /** Whether this engine reads the kernels, which may use what is newer than itself. */
  get runs(): boolean {
    return this.kernels === undefined || WebAssembly.validate(this.kernels.bytes);
  }

  /** What to give to its constructor. */
  get given(): Given {
    return this.kernels?.file === undefined ? {} : { module: new WebAssembly.Module(this.kernels.bytes) };
  }

  /** Its exports; the caller states what they are. */
  async load<Exports>(): Promise<Exports> {
    this.#loaded ??= stripTypes(this.text).then(importText);
    return (await this.#loaded) as Exports;
  }
}
