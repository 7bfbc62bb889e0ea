/** Compiles what was imported, at a batch of one, and judges its prediction by another program's: one row of a table. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { compile, load, type Model } from "../compiler/index.ts";
import { summarize } from "../compiler/cli/summary.ts";
import type { Imported } from "../compiler/imports/written.ts";

export interface Recorded {
  readonly dims: readonly number[];
  readonly integers?: boolean;
  readonly data: readonly number[];
}

export const HEAD =
  "| file | parameters | lines | compile, s | arena, bytes | FLOPs a step | difference |\n| --- | --- | --- | --- | --- | --- | --- |";
const grouped = (n: number): string => n.toLocaleString("en-US");
const root = new URL("../", import.meta.url);

/** The model of an imported source, which is written into the folder; its import of "adjoint" leads here. */
export async function modelOf(
  { source }: Imported,
  name: string,
  folder: string,
): Promise<{ readonly model: Model; readonly lines: number }> {
  const text = await format(source, { parser: "babel-ts", printWidth: 140 });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.ts`);
  writeFileSync(path, text.replace('from "adjoint"', `from ${JSON.stringify(new URL("compiler/index.ts", root).href)}`));
  const { default: model } = (await import(path)) as { default: Model };
  return { model, lines: text.split("\n").length - 1 };
}

/** A row: parameters, lines, processor seconds of the compile without its check, arena, FLOPs, and the largest difference beside the largest output. */
export async function row(
  name: string,
  imported: Imported,
  folder: string,
  inputs: Readonly<Record<string, Recorded>>,
  outputs: Readonly<Record<string, Recorded>>,
): Promise<string> {
  const f64 = process.env["F64"] !== undefined;
  const { model, lines } = await modelOf(imported, name, folder);
  const begun = process.cpuUsage();
  const batch = Object.values(inputs)[0]!.dims[0]!;
  const compiled = await compile(model, { effort: "none", batch, ...(f64 ? { dtype: "f64" } : {}) });
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
      [key, integers === true ? Int32Array.from(data) : (f64 ? Float64Array : Float32Array).from(data)] as const,
  );
  const predicted = trainer.predict(Object.fromEntries(given));
  let worst = 0;
  for (const [key, { data }] of Object.entries(outputs)) {
    const most = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const off = data.reduce((largest, value, n) => Math.max(largest, Math.abs(value - predicted[key]![n]!)), 0) / most;
    if (process.env["EACH"] !== undefined) console.log(key, off);
    worst = Math.max(worst, off);
  }
  return `| ${name} | ${grouped(parameters)} | ${lines} | ${seconds.toFixed(1)} | ${grouped(arenaBytes)} | ${grouped(flopsPerStep)} | ${worst.toExponential(1)} |`;
}

/** Prints a table, a row a name; a row that fails says so, and the exit code too. */
export async function table(names: readonly string[], rowOf: (name: string) => Promise<string>): Promise<void> {
  console.log(HEAD);
  for (const name of names)
    try {
      console.log(await rowOf(name));
    } catch (error) {
      console.log(`| ${name} | ${(error as Error).name}: ${(error as Error).message.slice(0, 300)} |`);
      process.exitCode = 1;
    }
}
