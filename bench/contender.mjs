/**
 * One contender in a process of its own: `node contender.mjs <peer module> <folder of the workload> [argument]`.
 * Says { first, version, rss } after its first step, then answers lines { kind: "losses" | "run", steps } until its input ends.
 */

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { peak } from "./peak.mjs";

const [, , peer, folder, argument] = process.argv;
const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
const data = openSync(`${folder}/data.bin`);
const read = ({ shape, dtype, offset }) => {
  const values = new (dtype === "i32" ? Int32Array : Float32Array)(shape.reduce((a, b) => a * b, 1));
  if (readSync(data, values, { position: offset }) < values.byteLength) throw new Error(`${folder}/data.bin ends early`);
  return values;
};
const workload = {
  spec: manifest.spec,
  parameters: manifest.parameters.map((entry) => ({ ...entry, values: read(entry) })),
  batches: manifest.batches.map(({ x, y }) => ({ x: read(x), y: read(y), shape: x.shape })),
};
closeSync(data);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const imported = performance.now();
const { build } = await import(pathToFileURL(peer).href);
const { version, restore, step } = await build(workload, argument);
const first = await step(0);
say({ first, version, rss: peak(), sinceImport: performance.now() - imported });

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, steps } = JSON.parse(line);
  if (kind === "losses") {
    await restore();
    const losses = [];
    for (let n = 0; n < steps; n++) losses.push(await step(n));
    say({ losses });
  } else {
    const before = process.cpuUsage();
    const began = performance.now();
    for (let n = 0; n < steps; n++) {
      const loss = step(n);
      if (loss instanceof Promise) await loss;
    }
    const { user, system } = process.cpuUsage(before);
    say({ wall: performance.now() - began, cpu: (user + system) / 1e3, rss: peak() });
  }
}
process.exit(0);
