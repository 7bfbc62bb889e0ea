/**
 * Trains every model's committed trainer and holds it to the threshold that its file states (`npm run learn`); writes
 * test/snapshots/learn.md. `--only lenet,mnist-mlp` takes some; with `--seeds 0,1,2` each is trained for all of its epochs
 * from every seed and held to its mean.
 */

import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { TrainerModule } from "../compiler/compile.ts";
import { chosenModels, modelFile, root } from "./compiler.ts";
import { learnFully, learnShortly, type Files } from "./learn-run.ts";
import { markdown } from "./markdown.ts";

/** Mean test accuracies of all seeds that the project promises. */
const BARS: Readonly<Record<string, number>> = { lenet: 0.984, "mnist-mlp": 0.975 };

const { values } = parseArgs({ options: { only: { type: "string" }, seeds: { type: "string" } } });
const chosen = chosenModels(values.only?.split(",") ?? []);
const unmade = chosen.find((name) => !existsSync(join(root, "generated", name, "trainer.ts")));
if (unmade !== undefined) throw new Error(`generated/${unmade}/trainer.ts is missing; make it with npm run generate`);
const seeds = values.seeds?.split(",").map(Number);
if (seeds?.some((seed) => !Number.isInteger(seed))) throw new Error(`--seeds needs whole numbers, not ${values.seeds}`);

const failed = await (seeds === undefined ? short() : full(seeds));
if (failed) process.exitCode = 1;

/** A model and its committed trainer, whose types say more than is known here of any. */
async function filesOf(stem: string): Promise<Files> {
  const [trainer, exports] = await Promise.all([import(`../generated/${stem}/trainer.ts`) as Promise<TrainerModule>, modelFile(stem)]);
  const [text, header] = await Promise.all(
    [`models/${stem}.ts`, `generated/${stem}/trainer.ts`].map((file) => readFile(join(root, file), "utf8")),
  );
  return { stem, exports, trainer, text: text!, header: header! };
}

/** One run a model, and the table of them. */
async function short(): Promise<boolean> {
  const rows: { readonly cells: readonly string[]; readonly seconds: string; readonly holds: boolean | undefined }[] = [];
  for (const stem of chosen) {
    process.stderr.write(`${stem} `);
    const began = performance.now();
    const learnt = await learnShortly(await filesOf(stem));
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    process.stderr.write(`${seconds} s\n`);
    const { data, threshold, reached, steps, holds } = learnt;
    const verdict = holds === undefined ? "—" : holds ? "yes" : "**no**";
    rows.push({ cells: [stem, data, threshold, reached, String(steps), verdict], seconds, holds });
  }
  const head = ["model", "data", "threshold", "reached", "steps", "holds"];
  const timed = rows.map(({ cells, seconds }) => [...cells, seconds]);
  process.stdout.write(`${markdown([...head, "seconds"], timed)}\n`);
  if (values.only === undefined) {
    const text = `# What the committed trainers learn\n\nnpm run learn: each trainer, seed 0, for the epochs that its model declares, or less where that would be more than\n8·10¹¹ FLOPs; judged on rows that it was not trained on. Thresholds stand beside the models.\n\n${markdown(
      head,
      rows.map(({ cells }) => cells),
    )}\n`;
    await save("learn.md", text);
  }
  return rows.some(({ holds }) => holds === false);
}

/** All epochs from every seed, each printed, and their mean. */
async function full(seeds: readonly number[]): Promise<boolean> {
  let failed = false;
  for (const stem of chosen) {
    const files = await filesOf(stem);
    const results: number[] = [];
    for (const seed of seeds) {
      const { epochs, accuracy } = await learnFully(files, seed);
      results.push(accuracy);
      say(`${stem}  seed ${seed}  ${epochs} epochs  test accuracy ${percent(accuracy)}`);
    }
    const mean = results.reduce((sum, one) => sum + one, 0) / results.length;
    const bar = BARS[stem];
    const holds = bar === undefined || mean >= bar;
    say(
      `${stem}  mean ${percent(mean)}${bar === undefined ? "" : `, at least ${percent(bar)} wanted: ${holds ? "holds" : "does not hold"}`}`,
    );
    const lines = results.map((accuracy, n) => `seed ${seeds[n]}  ${percent(accuracy)}`);
    await save(
      `learn-${stem}.txt`,
      `npm run learn -- --only ${stem} --seeds ${seeds.join(",")}\n\n${[...lines, `mean    ${percent(mean)}`].join("\n")}\n`,
    );
    failed ||= !holds;
  }
  return failed;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

async function save(name: string, text: string): Promise<void> {
  const folder = join(root, "test", "snapshots");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), text);
}
