/** The words of WebAssembly text that hand-written programs are made of, and of such a text its exports. */

import loadWabt from "wabt";

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

export const get = (name: string): string => `(local.get $${name})`;
export const set = (name: string, value: string): string => `(local.set $${name} ${value})`;
export const i32 = (value: number): string => `(i32.const ${value})`;
export const add = (a: string, b: string): string => `(i32.add ${a} ${b})`;
export const times = (a: string, factor: number): string => `(i32.mul ${a} ${i32(factor)})`;
export const f32 = (op: string, a: string, b: string): string => `(f32x4.${op} ${a} ${b})`;
export const splat = (value: number): string => `(v128.const f32x4 ${value} ${value} ${value} ${value})`;

/** The body for each value of the local `name` from the one to the other. */
export const loop = (name: string, from: string, to: string, step: number, body: string): string => `${set(name, from)}
  (block $out_${name} (loop $in_${name}
    (br_if $out_${name} (i32.ge_s ${get(name)} ${to}))
    ${body}
    ${set(name, add(get(name), i32(step)))}
    (br $in_${name})))`;

/** What an instance of a module exports, as whoever wrote its text knows. */
export async function exportsOf<Exports>(text: string): Promise<Exports> {
  const wabt = await loadWabt();
  const parsed = wabt.parseWat("prototype.wat", text, { simd: true });
  const { buffer } = parsed.toBinary({});
  parsed.destroy();
  return new WebAssembly.Instance(new WebAssembly.Module(buffer)).exports as Exports;
}
