/**
 * Trains every committed trainer, and its WebAssembly form, on every engine, compares the weights bit by bit and writes the table
 * of their hashes to test/snapshots/bits.md (`npm run bits`). `--only lenet,polar` takes some models, whose rows are renewed, or added, where every
 * engine is still the one of the table; `--engines bun,chromium` takes some engines, and the table is printed and not written.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { engines } from "../test/engines/engines.ts";
import { matrixText, printMatrix, readMatrix, renewed, runMatrix } from "../test/engines/matrix.ts";
import { modelFile, modelNames, root } from "./compiler.ts";
import { withEntries } from "./engine-entries.ts";

const { values } = parseArgs({
  options: { only: { type: "string" }, engines: { type: "string" } },
});

function chosen(given: string | undefined, all: readonly string[], flag: string): readonly string[] {
  const some = given?.split(",") ?? all;
  const unknown = some.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`--${flag} knows no ${unknown}; it takes ${all.join(", ")}`);
  return some;
}

const stems = chosen(values.only, modelNames, "only");
const names = chosen(
  values.engines,
  engines.map(({ name }) => name),
  "engines",
);
const models = new Map(await Promise.all(stems.map(async (stem) => [stem, (await modelFile(stem)).default] as const)));
await withEntries(async (entries, work) => {
  const { matrix, faults } = await runMatrix({
    root,
    models,
    engines: engines.filter(({ name }) => names.includes(name)),
    work,
    entries,
    note: (text) => process.stderr.write(`${text}\n`),
  });
  const text = printMatrix(matrix);
  process.stdout.write(text);
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  if (faults.length > 0) process.exitCode = 1;
  else if (values.engines === undefined) {
    const whole = values.only === undefined ? matrix : renewed(readMatrix(matrixText(root)), matrix);
    await writeFile(join(root, "test", "snapshots", "bits.md"), printMatrix(whole));
  }
});
