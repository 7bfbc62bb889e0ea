/**
 * Imports what nets.py wrote, compiles it at a batch of one, and judges its prediction by ONNX Runtime's: `tsx interop/onnx/imports.ts <folder> [names]`
 * prints the rows of imports.md.
 */

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { compile, load, type Model } from "../../compiler/index.ts";
import { summarize } from "../../compiler/cli/summary.ts";
import { importOnnx } from "../../compiler/imports/onnx/index.ts";

interface Recorded {
  readonly dims: readonly number[];
  readonly integers?: boolean;
  readonly data: readonly number[];
}
interface Case {
  readonly batch?: number;
  readonly sizes?: Readonly<Record<string, number>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, Recorded>>;
  readonly outputs: Readonly<Record<string, Recorded>>;
}

const [folder, ...only] = process.argv.slice(2) as [string, ...string[]];
const root = new URL("../../", import.meta.url);
const sources = join(folder, "source");
mkdirSync(sources, { recursive: true });
const grouped = (n: number): string => n.toLocaleString("en-US");

const files = readdirSync(folder).filter((file) => file.endsWith(".onnx"));
const bySize = files.toSorted((a, b) => statSync(join(folder, a)).size - statSync(join(folder, b)).size);
console.log(
  "| file | parameters | lines | compile, s | arena, bytes | FLOPs a step | difference |\n| --- | --- | --- | --- | --- | --- | --- |",
);
for (const file of bySize) {
  const name = file.replace(".onnx", "");
  if (only.length > 0 && !only.includes(name)) continue;
  try {
    console.log(await row(name, file));
  } catch (error) {
    console.log(`| ${name} | ${(error as Error).name}: ${(error as Error).message.slice(0, 300)} |`);
    process.exitCode = 1;
  }
}

async function row(name: string, file: string): Promise<string> {
  const { batch, sizes = {}, values = {}, inputs, outputs } = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Case;
  const imported = importOnnx(readFileSync(join(folder, file)), { name, file, sizes, values, ...(batch === undefined ? {} : { batch }) });
  const source = await format(imported.source, { parser: "babel-ts", printWidth: 140 });
  const path = join(sources, `${name}.ts`);
  writeFileSync(path, source.replace('from "adjoint"', `from ${JSON.stringify(new URL("compiler/index.ts", root).href)}`));
  const { default: model } = (await import(path)) as { default: Model };
  const begun = process.cpuUsage();
  const compiled = await compile(model, { effort: "none", batch: 1, ...(process.env["F64"] === undefined ? {} : { dtype: "f64" }) });
  const spent = process.cpuUsage(begun);
  const seconds = (spent.user + spent.system) / 1e6;
  const { flopsPerStep, arenaBytes } = summarize(compiled.lowered);
  const trainer = (await load(compiled)).createTrainer({ seed: 1 });
  const held = { ...trainer.parameters, ...trainer.state };
  let parameters = 0;
  for (const weight of imported.weights) {
    held[weight.name]!.set(Float32Array.from(weight.values));
    if (trainer.parameters[weight.name] !== undefined) parameters += weight.values.length;
  }
  const given = Object.entries(inputs).map(
    ([key, { integers, data }]) =>
      [
        key,
        integers === true ? Int32Array.from(data) : (process.env["F64"] === undefined ? Float32Array : Float64Array).from(data),
      ] as const,
  );
  const predicted = trainer.predict(Object.fromEntries(given));
  let worst = 0;
  for (const [key, { data }] of Object.entries(outputs)) {
    const most = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const off = data.reduce((largest, value, n) => Math.max(largest, Math.abs(value - predicted[key]![n]!)), 0) / most;
    if (process.env["EACH"] !== undefined) console.log(key, off);
    worst = Math.max(worst, off);
  }
  return `| ${name} | ${grouped(parameters)} | ${source.split("\n").length - 1} | ${seconds.toFixed(1)} | ${grouped(arenaBytes)} | ${grouped(flopsPerStep)} | ${worst.toExponential(1)} |`;
}
