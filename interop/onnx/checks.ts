/**
 * Checks the gradients of imported nets as `adjoint compile` does, at a batch of one and at their small or shipped instance: `tsx interop/onnx/checks.ts
 * <folder of nets.py> [names]` prints the rows of imports.md. What is wrong of a net refuses it, and the exit code says so.
 */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../compiler/index.ts";
import { verdictOf } from "../../compiler/check/result.ts";
import { importOnnx } from "../../compiler/imports/onnx/index.ts";
import { modelOf } from "../imported.ts";

interface Case {
  readonly batch?: number;
  readonly sizes?: Readonly<Record<string, number>>;
  readonly values?: Readonly<Record<string, number>>;
}

const [folder, ...only] = process.argv.slice(2) as [string, ...string[]];
const files = readdirSync(folder).filter((file) => file.endsWith(".onnx"));
const size = (file: string): number => statSync(join(folder, file)).size;

console.log("| file | instance | judgements that hold | left open | processor time, s |\n| --- | --- | --- | --- | --- |");
for (const file of files.toSorted((a, b) => size(a) - size(b))) {
  const name = file.replace(".onnx", "");
  if (only.length > 0 && !only.includes(name)) continue;
  const { batch, sizes = {}, values = {} } = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Case;
  const told = { name, file, sizes, values, ...(batch === undefined ? {} : { batch }) };
  const { model } = await modelOf(importOnnx(readFileSync(join(folder, file)), told), `${name}.checked`, join(folder, "source"));
  const begun = process.cpuUsage();
  try {
    const { check } = await compile(model, { effort: "quick", batch: batch ?? 1 });
    const { user, system } = process.cpuUsage(begun);
    const verdicts = check!.tensors.map(verdictOf);
    const count = (verdict: string): number => verdicts.filter((one) => one === verdict).length;
    console.log(
      `| ${name} | ${check!.instance ?? "its own"} | ${count("holds")} | ${count("not judged")} | ${((user + system) / 1e6).toFixed(0)} |`,
    );
  } catch (error) {
    console.log(`| ${name} | ${(error as Error).name}: ${(error as Error).message.slice(0, 400)} |`);
    process.exitCode = 1;
  }
}
