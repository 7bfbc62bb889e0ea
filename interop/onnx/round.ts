/**
 * Nets that go in and come out: `tsx interop/onnx/round.ts <folder> <names>` imports files that nets.py wrote, exports them again beside themselves,
 * as <name>.again.onnx, and prints how many nodes of each operator there are in both.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportModel } from "../../compiler/export.ts";
import { importOnnx } from "../../compiler/imports/onnx/index.ts";
import { readModel } from "../../compiler/imports/onnx/proto.ts";
import { modelOf } from "../imported.ts";

const [folder, ...names] = process.argv.slice(2) as [string, ...string[]];

const countsOf = (bytes: Uint8Array): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { op } of readModel(bytes).graph.nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return counts;
};

for (const name of names) {
  const file = `${name}.onnx`;
  const before = readFileSync(join(folder, file));
  const { batch, sizes = {} } = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as {
    batch?: number;
    sizes?: Record<string, number>;
  };
  const imported = importOnnx(before, { name, file, sizes, ...(batch === undefined ? {} : { batch }) });
  const { model } = await modelOf(imported, `${name}.again`, join(folder, "source"));
  const { bytes } = exportModel(model, { to: "onnx", weights: Object.fromEntries(imported.weights.map((one) => [one.name, one.values])) });
  writeFileSync(join(folder, `${name}.again.onnx`), bytes);
  const [there, here] = [countsOf(before), countsOf(bytes)];
  const kinds = [...new Set([...there.keys(), ...here.keys()])].toSorted();
  const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, n) => sum + n, 0);
  console.log(`\n### ${name}\n\n| operator | in | out |\n| --- | --- | --- |`);
  for (const kind of kinds) console.log(`| ${kind} | ${there.get(kind) ?? 0} | ${here.get(kind) ?? 0} |`);
  console.log(`| all | ${total(there)} | ${total(here)} |`);
  if (total(here) > total(there)) process.exitCode = 1;
}
