/**
 * Times of a step of workloads under two builds of the compiler, and of the first one from the import of the trainer on: processes in turns,
 * processor time; losses of steps 1 and 10 stand beside. Gains are medians of the paired turns, with their lower quartile.
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
import { median, quantile } from "./timing.ts";

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
const script = await plain("builds-process.ts");

for (const workload of positionals) {
  const files: string[] = [];
  for (const dist of builds) {
    const { trainer, module, file } = await lowerWorkload(workload, target, folder, dist);
    files.push(file);
    const batches = batchesFor(trainer);
    const losses = Array.from({ length: 10 }, (_, n) => JSON.stringify(trainer.step(batches[n % batches.length]!)));
    const flops = module.kernels.reduce((sum, one) => sum + one.flops, 0);
    console.log(`${workload} ${target} ${dist}: losses ${losses[0]} and ${losses[9]}; kernels of ${(flops / 1e6).toFixed(0)} MFLOP`);
  }
  const turns = Array.from({ length: Number(values.repeats) }, () => files.map(timesOf));
  for (const [what, kind] of [
    ["step", "step"],
    ["first step", "first"],
  ] as const) {
    const [before, after] = [0, 1].map((n) => median(turns.map((turn) => turn[n]![kind])).toFixed(3));
    console.log(`${workload} ${target}: ${what} ${before} → ${after} ms, ${gains(turns.map(([old, now]) => now![kind] / old![kind]))}`);
  }
}

/** How much more is done in the same time, of the ratios of times; the lower quartile and the ends in brackets. */
function gains(ratios: readonly number[]): string {
  const gained = ratios.map((ratio) => 1 / ratio);
  const [lower, least, most] = [quantile(gained, 0.25), Math.min(...gained), Math.max(...gained)].map((gain) => gain.toFixed(3));
  return `${median(gained).toFixed(3)}× (lower quartile ${lower}; ${least}–${most})`;
}

/** Of a trainer in a process of its own: what else an engine has compiled, and where, is no part of it. */
function timesOf(file: string): { readonly first: number; readonly step: number } {
  const printed = execFileSync(process.execPath, [script, pathToFileURL(file).href], { encoding: "utf8" });
  return JSON.parse(printed) as { readonly first: number; readonly step: number };
}
