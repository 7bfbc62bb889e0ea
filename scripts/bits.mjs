/**
 * Trains every committed trainer, and its WebAssembly form, on every engine, compares the weights bit by bit and writes the table
 * of their hashes to test/snapshots/bits.md (`npm run bits`). `--only lenet,polar` takes some models, whose rows are renewed where every
 * engine is still the one of the table; `--engines bun,chromium` takes some engines, and the table is printed and not written.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundled, modelStems, root } from "./engine-bundle.mjs";

const { values } = parseArgs({
  options: { only: { type: "string" }, engines: { type: "string" } },
});
const stems = await modelStems();
const chosen = (given, all, flag) => {
  const some = given?.split(",") ?? all;
  const unknown = some.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`--${flag} knows no ${unknown}; it takes ${all.join(", ")}`);
  return some;
};

const only = chosen(values.only, stems, "only");
await bundled(only, "matrix", async ({ code, models, entries, folder }) => {
  const { engines, matrixText, printMatrix, readMatrix, renewed, runMatrix } = code;
  const names = chosen(
    values.engines,
    engines.map(({ name }) => name),
    "engines",
  );
  const work = join(folder, "trainers");
  await mkdir(work);
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
