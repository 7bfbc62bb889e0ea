/** A workload's trainers as modules on disk, types removed, as the built compiler makes them now. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform, type TransformOptions } from "esbuild";
import type { TrainerModule, LoadedTrainer } from "../compiler/compile.ts";
import type { CompileOptions, Model } from "../compiler/index.ts";
import type { Module } from "../compiler/loop/loop.ts";
import type { Adjoint } from "./compiler.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
let names = 0;

/** The model that a workload's file declares. */
async function declared(workload: string, folder: string, dist: string): Promise<Model> {
  const file = join(folder, `${workload}.${names++}.model.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [`bench/workloads/${workload}.ts`],
    outfile: file,
    bundle: true,
    format: "esm",
    platform: "node",
    external: ["adjoint"],
    plugins: [
      {
        name: "adjoint",
        setup: (b) => b.onResolve({ filter: /^adjoint$/ }, () => ({ path: pathToFileURL(join(dist, "index.js")).href, external: true })),
      },
    ],
    logLevel: "error",
  });
  return ((await import(pathToFileURL(file).href)) as { readonly default: Model }).default;
}

const PLAIN: TransformOptions = { loader: "ts", format: "esm", target: "es2022" };

export interface Shipped {
  readonly minified: number;
  readonly gzip: number;
}

/** Bytes of a trainer's text as it is shipped: minified, and after gzip. */
export async function shipped(text: string): Promise<Shipped> {
  const { code } = await transform(text, { ...PLAIN, minify: true });
  return { minified: code.length, gzip: gzipSync(code, { level: 9 }).length };
}

export type Target = "typescript" | "wasm";

export interface CompiledTrainer extends Shipped {
  readonly file: string;
  readonly milliseconds: number;
  readonly flops: number;
  readonly arena: number;
}

/** The compiler of a build. */
const compilerIn = async (dist: string): Promise<Adjoint> => (await import(pathToFileURL(join(dist, "index.js")).href)) as Adjoint;

/** Where the trainer lies; how long compiling took, without the check; how many bytes are shipped, minified and after gzip. */
export async function compiledTrainer(
  workload: string,
  target: Target,
  folder: string,
  options: Pick<CompileOptions, "relaxed" | "winograd" | "threads" | "dtype"> = {},
): Promise<CompiledTrainer> {
  mkdirSync(folder, { recursive: true });
  const { compile } = await compilerIn(join(root, "dist"));
  const model = await declared(workload, folder, join(root, "dist"));
  const path = `bench/workloads/${workload}.ts`;
  const source = { path, text: readFileSync(join(root, path), "utf8") };
  const began = performance.now();
  const { files, lowered } = await compile(model, {
    source,
    target,
    effort: "none",
    ...options,
  });
  const milliseconds = performance.now() - began;
  const text = trainerIn(files);
  const file = join(folder, `${[target, ...Object.keys(options)].join(".")}.mjs`);
  writeFileSync(file, (await transform(text, PLAIN)).code);
  const flops = lowered.module.kernels.reduce((sum, { flops }) => sum + flops, 0);
  return { file, milliseconds, ...(await shipped(text)), flops, arena: lowered.module.arenaBytes };
}

/** A kernel of WebAssembly takes the addresses of its arrays; one of TypeScript is bound to them. */
export type KernelFunction = (...at: readonly number[]) => void;

export interface LoweredWorkload {
  readonly file: string;
  readonly module: Module;
  readonly trainer: LoadedTrainer;
  /** By name for WebAssembly; for TypeScript by number, in the order of the calls. */
  readonly functions: Readonly<Record<string | number, KernelFunction>>;
}

/** A trainer leaves its kernels there for whoever made it. */
const left = globalThis as { kernelsOfBench?: LoweredWorkload["functions"] };

const trainerIn = (files: ReadonlyMap<string, string>): string => [...files].find(([name]) => /^trainer\..*ts$/.test(name))![1];

/** Functions that run a kernel each: one that is bound to its arrays, or one that is given them, by the statements of all entries. */
function kernelCallsIn(code: string): readonly string[] {
  const entries = code.slice(0, code.indexOf("const arena = "));
  const calls = [...entries.matchAll(/^ {4,6}(\w+)\(([\w$, ]*)\);$/gm)].flatMap(([, name, given]) =>
    /^(?:check|feed)/.test(name!) ? [] : [given === "" ? name! : `() => ${name}(${given})`],
  );
  return [...new Set(calls)];
}

/** The module that a compiler (the folder of its build) makes of a workload; and a trainer with its kernels. */
export async function lowerWorkload(
  workload: string,
  target: Target,
  folder: string,
  dist: string,
  options: Pick<CompileOptions, "winograd"> = {},
): Promise<LoweredWorkload> {
  mkdirSync(folder, { recursive: true });
  return lowerModel(await declared(workload, folder, dist), target, folder, dist, options);
}

/** The same of a model. */
export async function lowerModel(
  model: Model,
  target: Target,
  folder: string,
  dist: string,
  options: Pick<CompileOptions, "winograd"> = {},
): Promise<LoweredWorkload> {
  const { compile } = await compilerIn(dist);
  const { files, lowered } = await compile(model, { target, effort: "none", ...options });
  const { module } = lowered;
  const text = trainerIn(files);
  const { code } = await transform(text, PLAIN);
  const file = join(folder, `${module.name}.${target}.${names++}.mjs`);
  // WebAssembly: the exports of its instance; TypeScript: its kernels by kernel and arrays, in the order of the calls
  const reached =
    target === "wasm"
      ? code.replace(/return (new WebAssembly\.Instance\([^;]*)\.exports/, "return globalThis.kernelsOfBench = $1.exports")
      : code.replace(/^  return \{$/m, `  globalThis.kernelsOfBench = [${kernelCallsIn(code).join(", ")}];\n$&`);
  writeFileSync(file, reached);
  const { createTrainer } = (await import(pathToFileURL(file).href)) as TrainerModule;
  const trainer = createTrainer({ seed: 1 });
  return { file, module, trainer, functions: left.kernelsOfBench! };
}
