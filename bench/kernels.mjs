/**
 * Every kernel of a workload's training step, timed by itself in turns with the hand-written sgemm of bench/prototypes on what a step has there when it comes to it.
 *   node bench/kernels.mjs w1 [--target wasm|typescript] [--against <other dist folder>] [--seconds 0.05] [--repeats 7] [--winograd]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { yardstick } from "./prototypes/sgemm.mjs";
import { kernelsOf } from "./step-kernels.mjs";
import { median, processor, timed } from "./timing.mjs";

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

const square = await yardstick(values.target);
for (const workload of positionals) {
  const own = join(root, "dist");
  const compared = [
    { label: "ours", dist: own, options: {} },
    ...(values.winograd ? [{ label: "--winograd", dist: own, options: { winograd: true } }] : []),
    ...(values.against === undefined ? [] : [{ label: values.against, dist: resolve(values.against), options: {} }]),
  ];
  const versions = [];
  for (const { label, dist, options } of compared)
    versions.push({ label, ...(await kernelsOf(workload, values.target, folder, dist, options)) });
  report(workload, versions);
}

function report(workload, versions) {
  const repeats = Number(values.repeats);
  const all = versions.flatMap(({ kernels }, version) => kernels.map((one) => ({ ...one, version })));
  const contenders = [{ ...square, kernel: "prototype", version: 0, prepare: () => {} }, ...all];
  for (const one of contenders) {
    let count = 1;
    for (;;) {
      one.prepare();
      const ms = timed(one.run, count, processor);
      one.count = Math.max(1, Math.round((count * Number(values.seconds) * 1e3) / Math.max(ms, 0.01)));
      if (ms > 500 * Number(values.seconds)) break;
      count = Math.min(one.count, count * 8) || 1;
    }
    one.times = [];
  }
  for (let repeat = 0; repeat < repeats; repeat++)
    for (const one of contenders) {
      one.prepare();
      const ms = timed(one.run, one.count, processor);
      one.times.push(ms / one.count);
    }
  const best = contenders[0];
  const rate = ({ flops, times }) => flops / 1e6 / median(times);
  console.log(`\n${workload} ${values.target}: prototype ${rate(best).toFixed(1)} GFLOP/s`);
  versions.forEach(({ label }, version) => {
    const own = contenders.filter((one) => one !== best && one.version === version);
    const total = own.reduce((sum, { times }) => sum + median(times), 0);
    console.log(`${versions.length > 1 ? `[${label}] ` : ""}${total.toFixed(3)} ms in all`);
    for (const one of own) {
      const share = median(one.times) / total;
      if (share < Number(values.least)) continue;
      const ratios = one.times.map((time, n) => one.flops / time / (best.flops / best.times[n]));
      console.log(
        `  ${one.kernel.padEnd(52)} ${(1e3 * median(one.times)).toFixed(1).padStart(9)} µs ${(100 * share).toFixed(1).padStart(5)} %  ${rate(one).toFixed(2).padStart(6)} GFLOP/s  ${median(ratios).toFixed(2)} of the prototype`,
      );
    }
  });
}
