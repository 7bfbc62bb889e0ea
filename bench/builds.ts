/**
 * Steps a second of workloads under two builds of the compiler, in turns and in processor time; losses of steps 1 and 10 stand beside.
 *   npx tsx bench/builds.ts w9 w10 --against <other dist folder> [--target wasm|typescript] [--repeats 7]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { lowerWorkload, type Target } from "./compiled.ts";
import { batchesFor } from "./data.ts";
import { inTurns, processor } from "./timing.ts";

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

for (const workload of positionals) {
  const trainers = [];
  for (const dist of builds) {
    const { trainer, module } = await lowerWorkload(workload, target, folder, dist);
    const batches = batchesFor(trainer);
    const losses = Array.from({ length: 10 }, (_, n) => JSON.stringify(trainer.step(batches[n % batches.length]!)));
    const flops = module.kernels.reduce((sum, one) => sum + one.flops, 0);
    console.log(`${workload} ${target} ${dist}: losses ${losses[0]} and ${losses[9]}; kernels of ${(flops / 1e6).toFixed(0)} MFLOP`);
    trainers.push((n: number) => trainer.step(batches[n % batches.length]!));
  }
  const turns = inTurns(trainers, { warmUp: 500, repeat: 300, repeats: Number(values.repeats), clock: processor });
  const rate = turns.contenders.map(({ median }) => (1000 / median).toFixed(2));
  const { median, min, max } = turns.ratio;
  const gain = (ratio: number): string => (1 / ratio).toFixed(2);
  console.log(`${workload} ${target}: ${rate[0]} → ${rate[1]} steps/s, ${gain(median)}× (${gain(max)}–${gain(min)})`);
}
