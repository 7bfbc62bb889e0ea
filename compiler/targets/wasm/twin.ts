/** The strict twin of trainer.wasm.ts: the same loops as TypeScript, every operation rounded, and so the same bits. */

import type { Module } from "../../loop/loop.ts";
import { blockComment } from "../typescript/comment.ts";
import { printScalar, type Printer } from "../typescript/expression.ts";
import { functionsOf } from "../typescript/functions.ts";
import { Outline } from "../typescript/outline.ts";
import type { Kernels } from "../typescript/scope.ts";
import { printArrayTypes, printKernelFunction } from "../typescript/statement.ts";
import { printFile } from "../typescript/module.ts";
import { Emitted } from "../emitted.ts";
import type { Target } from "../target.ts";
import { simd } from "./machine.ts";
import { FLOAT_FUNCTIONS, type FloatFunction } from "./mathematics.ts";

const BITS = `const floats = new Float32Array(1);
const integers = new Int32Array(floats.buffer);

/** The bits of a float32. */
function bitsOf(x: number): number {
  floats[0] = x;
  return integers[0]!;
}

/** The float32 of these bits. */
function floatOf(bits: number): number {
  integers[0] = bits;
  return floats[0]!;
}`;

function printFunction({ name, doc, lets, value }: FloatFunction, needs: Set<string>): string {
  const printer: Printer = { bufferName: String, localName: String, needs, strict: true };
  return [
    blockComment([doc]),
    `function ${name}32(x: number): number {`,
    ...lets.map((one) => `const ${one.name} = ${printScalar(one.value, printer)};`),
    `return ${printScalar(value, printer)};`,
    "}",
  ].join("\n");
}

const strictly = (module: Module): Kernels => ({
  ...functionsOf(module, { outline: new Outline([]), sharing: new Map(), turning: [] }),
  print: (scope, needs) => {
    const used = new Set<string>();
    const kernels = module.kernels.map((kernel) => printKernelFunction(kernel, scope.kernel(kernel.name), used, "strict"));
    const functions = [...FLOAT_FUNCTIONS].reverse().flatMap((one) => (used.has(`${one.name}32`) ? printFunction(one, used) : []));
    const own = new Set(["bitsOf", "floatOf", ...FLOAT_FUNCTIONS.map(({ name }) => `${name}32`)]);
    const types = printArrayTypes(used);
    for (const name of used) if (!own.has(name)) needs.add(name);
    return [types, ...kernels, ...functions, ...(used.has("bitsOf") || used.has("floatOf") ? [BITS] : [])];
  },
});

export const twin = {
  name: "twin",
  suffix: ".twin",
  asked: { target: "twin" },
  machine: simd,
  understands: new Set(["winograd", "gradients", "memory"]),
  beside: new Set(),
  reading: "the loops of the WebAssembly module in TypeScript, every operation rounded as there",
  emit: async (module, facts, kind = "trainer") => new Emitted(printFile(module, facts, strictly(module), kind)),
} as const satisfies Target;
