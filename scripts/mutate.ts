/** Edits committed trainers, one place at a time, and writes which edits `adjoint verify` catches to test/snapshots/mutate.md (`npm run mutate`). */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mutate, report, subjectOf, SUBJECTS, type Outcome } from "../test/mutate/campaign.ts";
import { root } from "./compiler.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" } } });
const seed = Number(values.seed);
if (!Number.isInteger(seed)) throw new Error(`--seed needs a whole number, not ${values.seed}`);
process.chdir(root);

const outcomes: Outcome[] = [];
for (const { model, count, kernels } of SUBJECTS) {
  const found = await mutate(await subjectOf(model), count, seed, kernels);
  outcomes.push(...found);
  const survivors = found.filter(({ reason }) => reason === undefined);
  process.stderr.write(
    `${model}${kernels === undefined ? "" : `, kernels ${kernels}`}: ${found.length - survivors.length} of ${found.length} caught\n`,
  );
}
const text = report(outcomes, seed);
process.stdout.write(text);
await writeFile(join(root, "test", "snapshots", "mutate.md"), text);
if (/NOT (CAUGHT|ARGUED)/.test(text)) process.exitCode = 1;
