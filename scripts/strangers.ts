/**
 * Compiles ordinary models that are drawn, and says which are refused (`npm run strangers -- --seed 1 --models 400`). `--from 100` begins at
 * a later model, `--target wasm` compiles for one, `--print` only shows the models. Two processes share the work with `--seed 1,2` and
 * `--seed 3,4,5`, each with `--rows <file>`; then `--write a.json,b.json` makes test/snapshots/strangers.md of both.
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { explain, refused, rowOf, tryAll, type Row } from "../test/strangers/campaign.ts";
import { TARGETS, type Target } from "../test/strangers/compiled.ts";
import { stranger } from "../test/strangers/families.ts";
import { report } from "../test/strangers/table.ts";
import { root } from "./compiler.ts";

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
const whole = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} needs a whole number, not ${text}`);
  return value;
};
const seeds = values.seed.split(",").map((seed) => whole("seed", seed));
const from = whole("from", values.from);
const models = whole("models", values.models);
const snapshot = join(root, "test", "snapshots", "strangers.md");
const targets = values.target === undefined ? TARGETS : [targetNamed(values.target)];
await main();

function targetNamed(name: string): Target {
  const found = TARGETS.find((target) => target === name);
  if (found === undefined) throw new Error(`--target needs ${TARGETS.join(" or ")}, not ${name}`);
  return found;
}

async function main(): Promise<void> {
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
    const rows = parts.flatMap((text) => JSON.parse(text) as Row[]); // as --rows wrote them
    const text = report(rows, command);
    await writeFile(snapshot, text);
    process.stdout.write(text);
    if (refused(rows).length > 0) process.exitCode = 1;
    return;
  }
  const rows: Row[] = [];
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
