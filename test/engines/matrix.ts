/** Guarantees the table of weights: for each model, steps and what every engine's weights hash to; read from and written as text. */

import { readFileSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Model } from "../../compiler/model/declaration.ts";
import { stripTypes } from "../../compiler/targets/strip.ts";
import { classesOf, committedTrainer, stepsOf, wasmAndTwin } from "./emit.ts";
import type { Engine } from "./engines.ts";
import type { Job } from "./job.ts";

export interface Row {
  readonly model: string;
  readonly steps: number;
  /** SHA-256 of bytes() of the TypeScript trainer, and of the WebAssembly one and its twin. */
  readonly typescript: string;
  readonly wasm: string;
}

export interface Matrix {
  readonly rows: readonly Row[];
  /** Engine by engine: who it was, how many results it gave, and how many are not the table's. */
  readonly engines: readonly { readonly version: string; readonly results: number; readonly others: number }[];
}

const aligned = (lines: readonly (readonly string[])[]): string => {
  const widths = lines[0]!.map((_, n) => Math.max(...lines.map((line) => line[n]!.length)));
  const row = (cells: readonly string[]): string => `| ${cells.map((cell, n) => cell.padEnd(widths[n]!)).join(" | ")} |\n`;
  return [lines[0]!, widths.map((width) => "-".repeat(width)), ...lines.slice(1)].map(row).join("");
};

export const printMatrix = ({ rows, engines }: Matrix): string => `# The same bits everywhere

npm run bits: each committed trainer (seed 7) and its WebAssembly form, trained on batches of exact numbers; SHA-256 of
bytes(), the parameters and the state, after that many steps. The strict twin of the WebAssembly form, run on the first
engine, has to have its hash.

${aligned([["model", "steps", "TypeScript", "WebAssembly"], ...rows.map(({ model, steps, typescript, wasm }) => [model, String(steps), typescript, wasm])])}
${aligned([["engine", "results", "not as in the table"], ...engines.map(({ version, results, others }) => [version, String(results), String(others)])])}`;

export function readMatrix(text: string): Matrix {
  const cells = text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const body = cells.filter(([first]) => !/^(-+|model|engine)$/.test(first!));
  return {
    rows: body
      .filter((row) => row.length === 4)
      .map(([model, steps, typescript, wasm]) => ({ model: model!, steps: Number(steps), typescript: typescript!, wasm: wasm! })),
    engines: body
      .filter((row) => row.length === 3)
      .map(([version, results, others]) => ({ version: version!, results: Number(results), others: Number(others) })),
  };
}

export const matrixText = (root: string): string => readFileSync(`${root}test/snapshots/bits.md`, "utf8");

/** The table with the rows of some models renewed. Throws where an engine is another than then: its other rows would be of none. */
export function renewed(table: Matrix, { rows, engines }: Matrix): Matrix {
  const [then, now] = [table, { engines }].map((one) => one.engines.map(({ version }) => version).join(", "));
  if (then !== now) throw new Error(`the table is of ${then}, but this run of ${now}; run npm run bits without --only`);
  const kept = table.rows.filter((row) => !rows.some(({ model }) => model === row.model));
  const added = kept.length + rows.length - table.rows.length; // models that the table did not have, each with as many results as the others
  return {
    rows: [...kept, ...rows].sort((a, b) => (a.model < b.model ? -1 : 1)),
    engines: table.engines.map((one, n) => ({ ...one, results: one.results + (added * engines[n]!.results) / rows.length })),
  };
}

export interface MatrixOptions {
  readonly root: string;
  readonly models: ReadonlyMap<string, Model>;
  readonly engines: readonly Engine[];
  /** An empty folder, and the built entry points that go into it. */
  readonly work: string;
  readonly entries: string;
  note(text: string): void;
}

/** Emits every trainer, has every engine run them, and compares with what the first engine found. */
export async function runMatrix({
  root,
  models,
  engines,
  work,
  entries,
  note,
}: MatrixOptions): Promise<{ readonly matrix: Matrix; readonly faults: readonly string[] }> {
  await cp(entries, work, { recursive: true });
  const jobs: Job[] = [];
  const twins: Job[] = [];
  for (const [name, model] of models) {
    const text = committedTrainer(root, name);
    const [steps, classes] = [stepsOf(text), classesOf(text)];
    const put = async (kind: string, code: string): Promise<Job> => {
      await writeFile(join(work, `${name}.${kind}.js`), code);
      return { name: `${name} ${kind}`, module: `${name}.${kind}.js`, steps, classes };
    };
    const { wasm, twin } = await wasmAndTwin(model);
    jobs.push(await put("typescript", await stripTypes(text)), await put("wasm", wasm));
    twins.push(await put("twin", twin));
    note(`emitted ${name}`);
  }
  const faults: string[] = [];
  const found: Matrix["engines"][number][] = [];
  const table = new Map<string, string>();
  for (const [n, engine] of engines.entries()) {
    const version = await engine.version();
    if (version === undefined) {
      faults.push(`${engine.name} did not run: ${engine.remedy}`);
      continue;
    }
    const own = n === 0 ? [...jobs, ...twins] : jobs;
    const folder = join(work, "..", `engine-${n}`);
    await mkdir(folder);
    await cp(work, folder, { recursive: true });
    await writeFile(join(folder, "jobs.json"), JSON.stringify(own));
    const outcomes = new Map<string, string>();
    const began = performance.now();
    await engine.run(folder, ({ name, hash }) => void outcomes.set(name, hash));
    note(`${version}: ${outcomes.size} results, ${((performance.now() - began) / 1000).toFixed(0)} s`);
    let others = 0;
    for (const { name } of own) {
      const hash = outcomes.get(name) ?? "nothing";
      const expected = table.get(name.replace(/ twin$/, " wasm"));
      if (expected === undefined && /^[0-9a-f]{64}$/.test(hash)) table.set(name, hash);
      if (expected === hash || table.get(name) === hash) continue;
      others++;
      faults.push(`${version}: ${name} gives ${hash}, not ${expected ?? "a hash"}`);
    }
    found.push({ version, results: outcomes.size, others });
  }
  const rows = [...models.keys()].map((model) => ({
    model,
    steps: jobs.find(({ name }) => name === `${model} wasm`)!.steps,
    typescript: table.get(`${model} typescript`) ?? "none",
    wasm: table.get(`${model} wasm`) ?? "none",
  }));
  return { matrix: { rows, engines: found }, faults };
}
