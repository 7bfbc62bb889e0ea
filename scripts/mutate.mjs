/** Edits committed trainers, one place at a time, and writes which edits `adjoint verify` catches to test/snapshots/mutate.md (`npm run mutate`). */

import { rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" } } });
const seed = Number(values.seed);
if (!Number.isInteger(seed)) throw new Error(`--seed needs a whole number, not ${values.seed}`);
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

// beside the library, which the models import, and the packages that the bundle names
const script = join(root, "dist", `mutate-${process.pid}.mjs`);
try {
  await build({
    entryPoints: [join(root, "test", "mutate", "campaign.ts")],
    outfile: script,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
  const { mutate, subjectOf, report, MODELS } = await import(pathToFileURL(script).href);
  const outcomes = [];
  for (const [model, count] of Object.entries(MODELS)) {
    const found = await mutate(await subjectOf(model), count, seed);
    outcomes.push(...found);
    const survivors = found.filter(({ reason }) => reason === undefined);
    process.stderr.write(`${model}: ${found.length - survivors.length} of ${found.length} caught\n`);
  }
  const text = report(outcomes, seed);
  process.stdout.write(text);
  await writeFile(join(root, "test", "snapshots", "mutate.md"), text);
  if (/NOT (CAUGHT|ARGUED)/.test(text)) process.exitCode = 1;
} finally {
  await rm(script, { force: true });
}
