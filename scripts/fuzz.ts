/** Compiles and runs random programs (`npm run fuzz -- --programs 10000`, or `--minutes 30`) and writes what became of them, after each batch, to test/snapshots/fuzz.txt. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { added, campaign, noCounts, report, type Campaign } from "../test/fuzz/campaign.ts";
import { root } from "./compiler.ts";

const { values } = parseArgs({
  options: {
    programs: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string", default: "1" },
    /** Of a mismatch: runs that one program again. */
    path: { type: "string" },
  },
});
const number = (name: "programs" | "minutes" | "seed"): number => {
  const value = Number(values[name]);
  if (!(value > 0)) throw new Error(`--${name} needs a number above 0, not ${values[name]}`);
  return value;
};
const minutes = values.minutes === undefined ? Infinity : number("minutes");
const programs = values.programs === undefined ? (minutes === Infinity ? 1000 : Infinity) : number("programs");
const seed = number("seed");
/** Programs under one seed of fast-check; the next has the next seed. */
const BATCH = 100;

if (values.path === undefined) await run();
else again(await campaign({ programs: 1, seed, path: values.path }));

async function run(): Promise<void> {
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 60_000;
  const mismatches: string[] = [];
  let counts = noCounts();
  let batch = seed;
  let text = "";
  const limits = [...(programs < Infinity ? [`--programs ${programs}`] : []), ...(minutes < Infinity ? [`--minutes ${minutes}`] : [])].join(
    " ",
  );
  for (; counts.programs < programs && elapsed() < minutes; batch++) {
    const wanted = Math.min(BATCH, programs - counts.programs);
    const found = await campaign({ programs: wanted, seed: batch });
    counts = added(counts, found.counts);
    for (const text of found.mismatches) process.stdout.write(`${text}\n`);
    mismatches.push(...found.mismatches);
    process.stderr.write(`seed ${batch}: ${counts.programs} programs, ${mismatches.length} mismatches, ${elapsed().toFixed(1)} minutes\n`);
    text = `npm run fuzz -- ${limits} --seed ${seed}\n\n${report(counts, mismatches, seed, batch)}`;
    // a run that is ended early says how far it came
    await writeFile(join(root, "test", "snapshots", "fuzz.txt"), text);
  }
  process.stdout.write(text);
  if (mismatches.length > 0) process.exitCode = 1;
}

function again({ mismatches }: Campaign): void {
  process.stdout.write(mismatches[0] ?? "no mismatch\n");
  if (mismatches.length > 0) process.exitCode = 1;
}
