/**
 * Times a training step of each model with the optimizer and without (`--passes none`), in turns in one process, and prints the ratio;
 * writes bench/passes.md. Names of models take some.
 */

import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { LoadedTrainer } from "../compiler/compile.ts";
import type { CompileOptions } from "../compiler/index.ts";
import { chosenModels, imported, root } from "../scripts/compiler.ts";
import { markdown } from "../scripts/markdown.ts";
import { loadCompiler } from "./compiler.ts";
import { batchesFor } from "./data.ts";
import { inTurns, processor, type Spread, type Step } from "./timing.ts";

/** Milliseconds: a step without the optimizer that takes longer is not timed again and again. */
const TOO_LONG = 20_000;
const HEAVY = 1000;
const BRIEF = { warmUp: 1500, repeat: 150, repeats: 7, clock: processor };
const FEW = { warmUp: 1, repeat: 1, repeats: 3, clock: processor };

const given = process.argv.slice(2);
const names = chosenModels(given);
const { models, lower, printTrainer } = await loadCompiler(names);

async function trainerOf(
  name: string,
  passes?: NonNullable<CompileOptions["passes"]>,
): Promise<{ readonly trainer: LoadedTrainer; readonly arena: number; readonly classes: readonly number[] }> {
  const lowered = await lower(models[name]!, passes === undefined ? {} : { passes });
  const { createTrainer } = await imported(await printTrainer(lowered));
  return {
    trainer: createTrainer({ seed: 1 }),
    arena: lowered.module.arenaBytes,
    classes: lowered.module.buffers.flatMap(({ classes }) => classes ?? []),
  };
}

interface Measured {
  readonly arenas: readonly number[];
  readonly steps: readonly Spread[];
  readonly ratio: Spread;
}

async function measure(name: string): Promise<Measured | { readonly arenas: readonly number[]; readonly skipped: string }> {
  const ours = await trainerOf(name);
  const plain = await trainerOf(name, []);
  const batches = batchesFor(ours.trainer, Math.min(10, ...ours.classes));
  const steps = [ours, plain].map(
    ({ trainer }): Step =>
      (n) =>
        trainer.step(batches[n % batches.length]!),
  );
  const arenas = [ours, plain].map(({ arena }) => arena);
  const began = processor();
  steps[1]!(0);
  const first = processor() - began;
  if (first > TOO_LONG) return { arenas, skipped: `a step without the optimizer took ${(first / 1000).toFixed(0)} s` };
  const { contenders, ratio } = inTurns(steps, first > HEAVY ? FEW : BRIEF);
  return { arenas, steps: contenders, ratio };
}

const milliseconds = ({ median }: Spread): string => median.toPrecision(3);
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toPrecision(3);
const rows: string[][] = [];
for (const name of names) {
  const found = await measure(name);
  const times =
    "skipped" in found
      ? ["–", "–", "–", found.skipped]
      : [
          ...found.steps.map(milliseconds),
          `${found.ratio.median.toFixed(2)}×`,
          `${found.ratio.min.toFixed(2)}–${found.ratio.max.toFixed(2)}×`,
        ];
  rows.push([name, ...times, ...found.arenas.map(mebibytes)]);
  process.stderr.write(`${rows.at(-1)!.join("  ")}\n`);
}
const table = markdown(["model", "step, ms", "without, ms", "ratio", "min–max", "arena, MiB", "without, MiB"], rows);
process.stdout.write(`${table}\n`);
if (given.length === 0)
  await writeFile(
    join(root, "bench", "passes.md"),
    `# A step with the optimizer and without\n\nnpx tsx bench/passes.ts, Node ${process.versions.node}, ${availableParallelism()} shared cores: medians of processor time, repeats in turns; without is \`--passes none\`, tiles included. Read the ratios.\n\n${table}\n`,
  );
