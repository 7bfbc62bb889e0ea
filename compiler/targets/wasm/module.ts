/** Kernels as exports of a WebAssembly instance whose memory is the arena, for the TypeScript trainer's own step to call. */

import { dividedKernels, divisionOf, SLICE, type Section } from "../../loop/divide.ts";
import type { Module } from "../../loop/loop.ts";
import { storageOf } from "../../loop/turns.ts";
import { AllChecks } from "../typescript/checks.ts";
import { base64 } from "../base64.ts";
import { blockComment } from "../typescript/comment.ts";
import { THREEFRY } from "../typescript/random.ts";
import { printIndex } from "../typescript/expression.ts";
import { bytesAt, type Kernels, type Scope } from "../typescript/scope.ts";
import type { Facts, Kind } from "../target.ts";
import type { Assembled } from "./assemble.ts";
import { SlicedCalls } from "../typescript/slices.ts";
import { Names } from "../../loop/identifier.ts";
import { memberOf, ONE, printTeam, sectionsOf, Statements } from "./threads.ts";

export type Where = "embedded" | "external";

/** What the engine compiles: the decoded text, or a file as whoever makes a trainer has read it. */
const BYTES: Readonly<Record<Where, string>> = { embedded: "Uint8Array", external: "Uint8Array | ArrayBuffer" };

/** The type member of a kernel's export. */
function printMember(doc: readonly string[], name: string, params: readonly string[]): string {
  const given = params.map((param) => `${param}: number`).join(", ");
  return `${blockComment(doc)}\nreadonly ${/^\w+$/.test(name) ? name : JSON.stringify(name)}: (${given}) => void;`;
}

/** With the range of parts that a divided kernel takes, under names that none of its arrays has. */
function withRange(params: readonly string[]): readonly string[] {
  const names = new Names(params);
  return [...params, ...["first", "end", "parts"].map((name) => names.take(name))];
}

/** The engine's WebAssembly as far as the file uses it. */
function printEngine(imports: readonly string[], shared: boolean, where: Where): string {
  const members = [
    ...(imports.length === 0 ? [] : ["readonly mathematics: Readonly<Record<string, (...values: number[]) => number>>"]),
    ...(shared ? ["readonly arena: { readonly memory: object }"] : []),
  ];
  return `/** What is used here of the engine's WebAssembly. */
declare const WebAssembly: {
  readonly Module: new (bytes: ${BYTES[where]}) => object;
  readonly validate: (bytes: ${BYTES[where]}) => boolean;
  readonly Instance: new (module: object, imports?: { ${members.join("; ")} }) => { readonly exports: unknown };
  ${shared ? "readonly Memory: new (pages: { readonly initial: number; readonly maximum: number; readonly shared: true }) => object;" : ""}
};`;
}

function printInstantiate(
  module: Module,
  scope: Scope,
  assembled: Assembled,
  where: Where,
  divided: ReadonlyMap<string, readonly Section[]>,
  shared: boolean,
  relaxed: boolean,
): string {
  const { imports, bytes } = assembled;
  const members = module.kernels.flatMap((kernel) => {
    const name = scope.kernel(kernel.name);
    const params = kernel.params.map((param) => param.name);
    return sectionsOf(divided.get(kernel.name), name).map((section) =>
      printMember(kernel.doc, section.name, section.divided ? withRange(params) : params),
    );
  });
  const given = [...(imports.length === 0 ? [] : [`mathematics: { ${imports.join(", ")} }`]), ...(shared ? ["arena: { memory }"] : [])];
  const modules = where === "embedded" ? "object | undefined" : "object";
  const compiled =
    where === "embedded"
      ? `module === undefined ? readModule(Uint8Array.from(atob(KERNELS), (c) => c.charCodeAt(0))) : checkModule(module, "the kernels compiled")`
      : `module instanceof Uint8Array || module instanceof ArrayBuffer ? readModule(module) : checkModule(module, "trainer.wasm, compiled or its bytes")`;
  const of = where === "embedded" ? " or of the bytes below" : " or of its bytes";
  return `${printEngine(imports, shared, where)}
${where === "embedded" ? "declare const atob: (text: string) => string;\n" : ""}
/** Kernels take the byte offsets of what they read and write; the memory is the arena. */
interface Kernels {
  readonly memory: { readonly buffer: ${shared ? "ArrayBufferLike" : "ArrayBuffer"} };
  ${members.join("\n  ")}
}

${
  shared
    ? `/** The compiled kernels: the given module${of}. */
function compiled(module: ${modules}): object {
  return ${compiled};
}

/** An instance over the given memory. */
function instantiate(module: object, memory: object): Kernels {
  return new WebAssembly.Instance(module, { ${given.join(", ")} }).exports as Kernels; // what the text of the kernels exports
}`
    : `/** An instance with a memory of its own, of the given module${of}. */
function instantiate(module: ${modules}): Kernels {
  const compiled = ${compiled};
  return new WebAssembly.Instance(compiled${given.length === 0 ? "" : `, { ${given.join(", ")} }`}).exports as Kernels; // what the text of the kernels exports
}`
}
${readModule(where, relaxed)}${where === "embedded" ? `\n/** The kernels: ${bytes.length.toLocaleString("en-US")} bytes of WebAssembly, SIMD128. */\nconst KERNELS = "${base64(bytes)}";` : ""}`;
}

/** Where the engine or its processor may be older than what the kernels use, or nobody may compile bytes. */
const readModule = (where: Where, relaxed: boolean): string => `
/** Throws an Error that says what to do where the engine has no ${relaxed ? "relaxed " : ""}SIMD, or compiles no bytes. */
function readModule(bytes: ${BYTES[where]}): object {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    const message = typeof WebAssembly === "object" && WebAssembly.validate(bytes)
      ? \`no bytes may be compiled here (\${String(error)}): ${FORBIDDEN[where]}, and let the policy of a page say 'wasm-unsafe-eval'\`
      : "this engine does not read the kernels, which use ${relaxed ? "relaxed SIMD; compile without --relaxed" : "WebAssembly SIMD; use trainer.ts, which adjoint compile writes without --target wasm"}";
    throw new Error(message, { cause: error });
  }
}
`;

/** What gives those a module who may not compile one. */
const FORBIDDEN: Readonly<Record<Where, string>> = {
  embedded: "compile with --wasm external and import trainer.wasm as a module for createTrainer({ module }), as at the edge",
  external: "import trainer.wasm as a module for createTrainer({ module }), as at the edge",
};

/** Kernels as exports of a WebAssembly instance; where threads share some, of one instance a thread over the same memory. */
export function exportsOf(module: Module, where: Where, facts: Facts, kind: Kind, assembled: Assembled): Kernels {
  const { threads } = facts;
  const divided = dividedKernels(module.kernels, divisionOf(facts));
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const buffers = new Map(module.buffers.map((buffer) => [buffer.name, buffer]));
  const offset = (name: string): string => {
    const buffer = buffers.get(name)!;
    return printIndex(bytesAt(buffer, slots.get(storageOf(buffer))!));
  };
  const statements = divided.size === 0 || threads === undefined ? undefined : new Statements(divided);
  const sliced = facts.sliced === true ? new SlicedCalls(module, divided, SLICE) : undefined;
  const given = where === "embedded" ? "readonly module?: object" : "/** trainer.wasm: compiled, or its bytes. */ readonly module: object";
  return {
    arena:
      statements === undefined
        ? `const kernels = instantiate(options.module);\n  const arena = kernels.memory.buffer;`
        : `const { kernels, run } = ${kind === "trainer" ? "options.team ?? " : ""}alone(options.module);\n  const arena = kernels.memory.buffer;`,
    options: [
      { name: "module", member: given },
      ...(statements === undefined || kind === "gradients"
        ? []
        : [{ name: "team", member: "/** Threads that createThreadedTrainer gathered. */ readonly team?: Team" }]),
    ],
    call: (kernel, args, scope, trains) => {
      const shown = args.map((name) => `${offset(name)} /* ${scope.array(name).replace("]!", "]")} */`).join(", ");
      const name = scope.kernel(kernel);
      if (sliced !== undefined) {
        const given = (range: string): string => [...(args.length === 0 ? [] : [shown]), ...(range === "" ? [] : [range])].join(", ");
        return sliced.call(kernel, name, trains, {
          call: (section, range) => `${memberOf(section)}(${given(range)});`,
          part: (section) => `(first, end, parts) => ${memberOf(section)}(${given("first, end, parts")})`,
        });
      }
      return statements?.call(kernel, name, shown, args.map(scope.array).join(", ")) ?? `kernels.${name}(${shown});`;
    },
    bound: () => [],
    checks: (of, made, scope) => new AllChecks(of, made, scope),
    randomBits: THREEFRY,
    contents: "told",
    idioms: () => ["A statement `kernels.relu_4x3(0 /* x */, 48 /* h */)` gives a kernel the byte offsets of its arrays in the memory."],
    print: (scope, needs) => {
      for (const name of assembled.imports) needs.add(name);
      const instantiate = printInstantiate(module, scope, assembled, where, divided, statements !== undefined, facts.relaxed === true);
      if (statements === undefined) return threads === undefined || kind !== "trainer" ? [instantiate] : [ONE(where), instantiate];
      return [...printTeam(statements, module.arenaBytes, { where, threads: kind === "trainer" ? threads : undefined }), instantiate];
    },
  };
}
