/** Guarantees trainer.wasm.ts: the TypeScript trainer's own step over WebAssembly kernels, their bytes inside, their memory the arena. */

import type { Module } from "../../loop/loop.ts";
import { line } from "../typescript/comment.ts";
import { printGradients, printTrainer } from "../typescript/module.ts";
import type { Kernels, Scope } from "../typescript/scope.ts";
import type { Target } from "../target.ts";
import { assemble, type Assembled } from "./assemble.ts";

/** 76 characters of base64 a line would be 1,000 lines: one string. */
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function printInstantiate(
  module: Module,
  scope: Scope,
  { imports, bytes }: Assembled,
  where: "embedded" | "external",
): string {
  const members = module.kernels.map(({ name, params, doc }) => {
    const offsets = params.map((param) => `${param.name}: number`).join(", ");
    return `/** ${line(doc.join("; ")).replace(/\*\//g, "*\\/")} */\nreadonly ${scope.kernel(name)}: (${offsets}) => void;`;
  });
  const given = imports.length === 0 ? "" : `, { mathematics: { ${imports.join(", ")} } }`;
  const embedded = `module ?? new WebAssembly.Module(Uint8Array.from(atob(KERNELS), (c) => c.charCodeAt(0)))`;
  return `/** What is used here of the engine's WebAssembly. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports?: { readonly mathematics: Readonly<Record<string, (...values: number[]) => number>> },
  ) => { readonly exports: unknown };
};
${where === "embedded" ? "declare const atob: (text: string) => string;\n" : ""}
/** Kernels take the byte offsets of what they read and write; the memory is the arena. */
interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer };
  ${members.join("\n  ")}
}

/** An instance with a memory of its own, of the given module${where === "embedded" ? " or of the bytes below" : ""}. */
function instantiate(module: object${where === "embedded" ? " | undefined" : ""}): Kernels {
  const compiled = ${where === "embedded" ? embedded : "module"};
  return new WebAssembly.Instance(compiled${given}).exports as Kernels; // what the text of the kernels exports
}
${where === "embedded" ? `\n/** The kernels: ${bytes.length.toLocaleString("en-US")} bytes of WebAssembly, SIMD128. */\nconst KERNELS = "${base64(bytes)}";` : ""}`;
}

/** Kernels as exports of a WebAssembly instance. */
function exportsOf(module: Module, assembled: Assembled, where: "embedded" | "external"): Kernels {
  const offsets = new Map(module.slots.map(({ buffer, offset }) => [buffer, offset]));
  return {
    arena: `const kernels = instantiate(options.module);\n  const arena = kernels.memory.buffer;`,
    options: [where === "embedded" ? "readonly module?: object" : "readonly module: object"],
    call: (kernel, args, scope) => {
      const shown = args.map((name) => `${offsets.get(name)!} /* ${scope.view(name)} */`);
      return `kernels.${scope.kernel(kernel)}(${shown.join(", ")});`;
    },
    print: (scope, needs) => {
      for (const name of assembled.imports) needs.add(name);
      return [printInstantiate(module, scope, assembled, where)];
    },
  };
}

const targetOf = (name: string, where: "embedded" | "external"): Target => ({
  name,
  file: "trainer.wasm.ts",
  printTrainer: async (module, facts) =>
    printTrainer(module, facts, exportsOf(module, await assemble(module), where)),
  printGradients: async (module, facts) =>
    printGradients(module, facts, exportsOf(module, await assemble(module), where)),
});

export const wasm: Target = targetOf("wasm", "embedded");

/** The bytes lie beside the file, and whoever makes a trainer gives the compiled module. */
export const wasmExternal: Target = targetOf("wasm-external", "external");
