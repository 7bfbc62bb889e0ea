/**
 * Imports what nets.py wrote, compiles it at a batch of one, and judges its prediction by ONNX Runtime's: `tsx interop/onnx/imports.ts <folder> [names]`
 * prints the rows of imports.md; with LAST=2 in the environment only the last two layers with weights train.
 */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { importOnnx } from "../../compiler/imports/onnx/index.ts";
import { row, table, type Recorded } from "../imported.ts";

interface Case {
  readonly batch?: number;
  readonly sizes?: Readonly<Record<string, number>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, Recorded>>;
  readonly outputs: Readonly<Record<string, Recorded>>;
}

const [folder, ...only] = process.argv.slice(2) as [string, ...string[]];
const last = process.env["LAST"];
const files = readdirSync(folder).filter((file) => file.endsWith(".onnx"));
const names = files
  .toSorted((a, b) => statSync(join(folder, a)).size - statSync(join(folder, b)).size)
  .map((file) => file.replace(".onnx", ""));

await table(
  names.filter((name) => only.length === 0 || only.includes(name)),
  (name) => {
    const file = `${name}.onnx`;
    const { batch, sizes = {}, values = {}, inputs, outputs } = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Case;
    const told = {
      name,
      file,
      sizes,
      values,
      ...(batch === undefined ? {} : { batch }),
      ...(last === undefined ? {} : { train: [`last:${last}`] }),
    };
    return row(name, importOnnx(readFileSync(join(folder, file)), told), join(folder, "source"), inputs, outputs);
  },
);
