/**
 * Compiles ordinary models that are drawn, and says which are refused (`npm run strangers -- --seed 1 --models 400`). `--from 100` begins at
 * a later model, `--target wasm` compiles for one, `--print` only shows the models. Two processes share the work with `--seed 1,2` and
 * `--seed 3,4,5`, each with `--rows <file>`; then `--write a.json,b.json` makes test/snapshots/strangers.md of both.
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1,2,3,4,5" },
    models: { type: "string", default: "400" },
    from: { type: "string", default: "0" },
    target: { type: "string" },
    print: { type: "boolean", default: false },
    rows: { type: "string" },
    write: { type: "string" },
  },
});
const whole = (name, text) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} needs a whole number, not ${text}`);
  return value;
};
const seeds = values.seed.split(",").map((seed) => whole("seed", seed));
const from = whole("from", values.from);
const models = whole("models", values.models);
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const snapshot = join(root, "test", "snapshots", "strangers.md");

// beside the packages that the bundle names
await mkdir(join(root, "dist"), { recursive: true });
const work = await mkdtemp(join(root, "dist", "strangers-"));
try {
  await main();
} finally {
  await rm(work, { recursive: true });
}

async function main() {
  const outfile = join(work, "strangers.mjs");
  await build({
    stdin: {
      contents: `export * from "./campaign.ts"; export * from "./table.ts"; export { stranger } from "./families.ts"; export { TARGETS } from "./compiled.ts";`,
      resolveDir: join(root, "test", "strangers"),
    },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    alias: { adjoint: join(root, "compiler", "index.ts") },
  });
  const { tryAll, rowOf, refused, explain, report, stranger, TARGETS } = await import(pathToFileURL(outfile).href);
  if (values.target !== undefined && !TARGETS.includes(values.target))
    throw new Error(`--target needs ${TARGETS.join(" or ")}, not ${values.target}`);
  if (values.print) {
    for (const seed of seeds)
      for (let n = from; n < from + models; n++) {
        const { family, text } = stranger(seed, n);
        process.stdout.write(`// seed ${seed}, model ${n}: ${family}\n${text}\n`);
      }
    return;
  }
  const command = `npm run strangers -- --seed ${seeds.join(",")} --models ${models}`;
  if (values.write !== undefined) {
    const parts = await Promise.all(values.write.split(",").map((file) => readFile(file, "utf8")));
    const rows = parts.flatMap((text) => JSON.parse(text));
    const text = report(rows, command);
    await writeFile(snapshot, text);
    process.stdout.write(text);
    if (refused(rows).length > 0) process.exitCode = 1;
    return;
  }
  const rows = [];
  const targets = values.target === undefined ? TARGETS : [values.target];
  for (const seed of seeds)
    for await (const tried of tryAll({ seed, from, to: from + models, targets })) {
      const row = rowOf(tried);
      rows.push(row);
      if (refused([row]).length > 0) process.stdout.write(`${explain(tried)}\n`);
      const seconds = row.outcomes.map((outcome) => outcome.seconds.toFixed(1)).join(" + ");
      process.stderr.write(
        `seed ${seed}, model ${tried.n}: ${tried.stranger.family}, ${seconds} s; ${refused(rows).length} of ${rows.length} refused\n`,
      );
      // a run that is ended early says how far it came
      if (values.rows !== undefined && rows.length % 10 === 0) await writeFile(values.rows, JSON.stringify(rows));
    }
  if (values.rows !== undefined) await writeFile(values.rows, JSON.stringify(rows));
  process.stdout.write(report(rows, command));
  if (refused(rows).length > 0) process.exitCode = 1;
}
