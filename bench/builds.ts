/**
 * Steps a second of workloads under two builds of the compiler, in turns and in processor time; losses of steps 1 and 10 stand beside.
 * Gains are medians of the paired turns, with their lower quartile. Then the first step, from the import of the trainer on, in fresh processes.
 *   npx tsx bench/builds.ts w9 w10 --against <other dist folder> [--target wasm|typescript] [--repeats 7]
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { lowerWorkload, type Target } from "./compiled.ts";
import { batchesFor } from "./data.ts";
import { plain } from "./plain.ts";
import { inTurns, median, processor, quantile } from "./timing.ts";

const { values, positionals } = parseArgs({
  options: { target: { type: "string", default: "wasm" }, against: { type: "string" }, repeats: { type: "string", default: "7" } },
  allowPositionals: true,
});
if (values.target !== "wasm" && values.target !== "typescript") throw new Error(`--target takes wasm or typescript, not ${values.target}`);
if (values.against === undefined) throw new Error("--against names the folder of another build");
const target: Target = values.target;
const folder = mkdtempSync(join(tmpdir(), "adjoint-builds-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const builds = [resolve(values.against), join(fileURLToPath(new URL("../", import.meta.url)), "dist")];
const script = await plain("first-step.ts");

for (const workload of positionals) {
  const trainers = [];
  const files: string[] = [];
  for (const dist of builds) {
    const { trainer, module, file } = await lowerWorkload(workload, target, folder, dist);
    files.push(file);
    const batches = batchesFor(trainer);
    const losses = Array.from({ length: 10 }, (_, n) => JSON.stringify(trainer.step(batches[n % batches.length]!)));
    const flops = module.kernels.reduce((sum, one) => sum + one.flops, 0);
    console.log(`${workload} ${target} ${dist}: losses ${losses[0]} and ${losses[9]}; kernels of ${(flops / 1e6).toFixed(0)} MFLOP`);
    trainers.push((n: number) => trainer.step(batches[n % batches.length]!));
  }
  const turns = inTurns(trainers, { warmUp: 500, repeat: 300, repeats: Number(values.repeats), clock: processor });
  const rate = turns.contenders.map(({ median }) => (1000 / median).toFixed(2));
  console.log(`${workload} ${target}: ${rate[0]} → ${rate[1]} steps/s, ${gains(turns.paired)}`);
  const firsts = Array.from({ length: Number(values.repeats) }, () => files.map(firstStep));
  const [before, after] = [0, 1].map((n) => median(firsts.map((turn) => turn[n]!)).toFixed(1));
  console.log(`${workload} ${target}: first step ${before} → ${after} ms, ${gains(firsts.map(([old, now]) => now! / old!))}`);
}

/** How much more is done in the same time, of the ratios of times; the lower quartile and the ends in brackets. */
function gains(ratios: readonly number[]): string {
  const gained = ratios.map((ratio) => 1 / ratio);
  const [lower, least, most] = [quantile(gained, 0.25), Math.min(...gained), Math.max(...gained)].map((gain) => gain.toFixed(3));
  return `${median(gained).toFixed(3)}× (lower quartile ${lower}; ${least}–${most})`;
}

/** Milliseconds of processor time from the import of a trainer to the end of its first step, in a process of its own. */
function firstStep(file: string): number {
  return Number(execFileSync(process.execPath, [script, pathToFileURL(file).href], { encoding: "utf8" }));
}
