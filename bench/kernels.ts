/**
 * Every kernel of a workload's training step, timed by itself in turns with the hand-written sgemm of bench/prototypes on what a step has there when it comes to it.
 *   npx tsx bench/kernels.ts w1 [--target wasm|typescript] [--against <other dist folder>] [--seconds 0.05] [--repeats 7] [--winograd]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { yardstick } from "./prototypes/sgemm.ts";
import type { Target } from "./compiled.ts";
import { kernelsOf, type StepKernel } from "./step-kernels.ts";
import { median, processor, timed } from "./timing.ts";

const { values, positionals } = parseArgs({
  options: {
    target: { type: "string", default: "wasm" },
    against: { type: "string" },
    seconds: { type: "string", default: "0.05" },
    repeats: { type: "string", default: "7" },
    least: { type: "string", default: "0" },
    winograd: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const root = fileURLToPath(new URL("../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "adjoint-kernels-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

if (values.target !== "wasm" && values.target !== "typescript") throw new Error(`--target takes wasm or typescript, not ${values.target}`);
const target: Target = values.target;

/** A build of the compiler, and what it makes of a step. */
interface Version {
  readonly label: string;
  readonly kernels: readonly StepKernel[];
}

interface Contender extends Pick<StepKernel, "kernel" | "flops" | "run" | "prepare"> {
  readonly version: number;
}

const square = await yardstick(target);
for (const workload of positionals) {
  const own = join(root, "dist");
  const compared = [
    { label: "ours", dist: own, options: {} },
    ...(values.winograd ? [{ label: "--winograd", dist: own, options: { winograd: true } }] : []),
    ...(values.against === undefined ? [] : [{ label: values.against, dist: resolve(values.against), options: {} }]),
  ];
  const versions: Version[] = [];
  for (const { label, dist, options } of compared) versions.push({ label, ...(await kernelsOf(workload, target, folder, dist, options)) });
  report(workload, versions);
}

function report(workload: string, versions: readonly Version[]): void {
  const repeats = Number(values.repeats);
  const all = versions.flatMap(({ kernels }, version) => kernels.map((one) => ({ ...one, version })));
  const prototype: Contender = { ...square, kernel: "prototype", version: 0, prepare: () => {} };
  const contenders = [prototype, ...all].map((one: Contender) => ({ ...one, count: 1, times: [] as number[] }));
  for (const one of contenders) {
    let count = 1;
    for (;;) {
      one.prepare();
      const ms = timed(one.run, count, processor);
      one.count = Math.max(1, Math.round((count * Number(values.seconds) * 1e3) / Math.max(ms, 0.01)));
      if (ms > 500 * Number(values.seconds)) break;
      count = Math.min(one.count, count * 8) || 1;
    }
  }
  for (let repeat = 0; repeat < repeats; repeat++)
    for (const one of contenders) {
      one.prepare();
      const ms = timed(one.run, one.count, processor);
      one.times.push(ms / one.count);
    }
  const best = contenders[0]!;
  const rate = ({ flops, times }: { readonly flops: number; readonly times: readonly number[] }): number => flops / 1e6 / median(times);
  console.log(`\n${workload} ${target}: prototype ${rate(best).toFixed(1)} GFLOP/s`);
  versions.forEach(({ label }, version) => {
    const own = contenders.filter((one) => one !== best && one.version === version);
    const total = own.reduce((sum, { times }) => sum + median(times), 0);
    console.log(`${versions.length > 1 ? `[${label}] ` : ""}${total.toFixed(3)} ms in all`);
    for (const one of own) {
      const share = median(one.times) / total;
      if (share < Number(values.least)) continue;
      const ratios = one.times.map((time, n) => one.flops / time / (best.flops / best.times[n]!));
      console.log(
        `  ${one.kernel.padEnd(52)} ${(1e3 * median(one.times)).toFixed(1).padStart(9)} µs ${(100 * share).toFixed(1).padStart(5)} %  ${rate(one).toFixed(2).padStart(6)} GFLOP/s  ${median(ratios).toFixed(2)} of the prototype`,
      );
    }
  });
}
