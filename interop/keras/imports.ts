/** Imports what nets.py wrote, and judges its prediction by Keras's: `tsx interop/keras/imports.ts <folder> [names]` prints the rows of imports.md. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { importKeras } from "../../compiler/imports/keras/index.ts";
import { row, table, type Recorded } from "../imported.ts";

interface Case {
  readonly inputs: Readonly<Record<string, Recorded>>;
  readonly outputs: Readonly<Record<string, Recorded>>;
}

const [folder, ...only] = process.argv.slice(2) as [string, ...string[]];
const names = readdirSync(folder).filter((name) => name !== "source");

await table(
  names.filter((name) => only.length === 0 || only.includes(name)),
  (name) => {
    const read = (file: string): Buffer => readFileSync(join(folder, name, file));
    const { inputs, outputs } = JSON.parse(read("case.json").toString()) as Case;
    const imported = importKeras(read("model.json").toString(), read, { name, file: "model.json" });
    return row(name, imported, join(folder, "source"), inputs, outputs);
  },
);
