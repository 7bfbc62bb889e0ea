/**
 * One contender in a process of its own: `node contender.mjs <peer module> <folder of the workload> [argument]`, both built by plain.ts.
 * Says { first, version, rss } after its first step, then answers lines { kind: "losses" | "run", steps } until its input ends.
 */

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { readWorkload } from "./contender-files.ts";
import { peak } from "./peak.ts";
import type { Build } from "./peers/workload.ts";

/** What is said after the first step: its loss, KiB, and milliseconds since the library was imported. */
export interface Hello {
  readonly first: number;
  readonly version: string;
  readonly rss: number;
  readonly sinceImport: number;
}

export type Question = { readonly kind: "losses" | "run"; readonly steps: number };

/** Milliseconds by both clocks, and KiB. */
export interface Ran {
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
}

const [peer, folder, argument] = process.argv.slice(2) as [string, string, string];
const workload = readWorkload(folder);
const say = (message: Hello | Ran | { readonly losses: readonly number[] }): void =>
  void process.stdout.write(`${JSON.stringify(message)}\n`);

const imported = performance.now();
const { build } = (await import(pathToFileURL(peer).href)) as { readonly build: Build };
const { version, restore, step } = await build(workload, argument);
const first = await step(0);
say({ first, version, rss: peak(), sinceImport: performance.now() - imported });

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, steps } = JSON.parse(line) as Question;
  if (kind === "losses") {
    restore();
    const losses: number[] = [];
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
