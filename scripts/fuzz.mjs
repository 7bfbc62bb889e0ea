/** Compiles and runs random programs (`npm run fuzz -- --programs 10000`, or `--minutes 30`) and writes what became of them, after each batch, to test/snapshots/fuzz.txt. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values } = parseArgs({
  options: {
    programs: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string", default: "1" },
    /** Of a mismatch: runs that one program again. */
    path: { type: "string" },
  },
});
const number = (name) => {
  const value = Number(values[name]);
  if (!(value > 0)) throw new Error(`--${name} needs a number above 0, not ${values[name]}`);
  return value;
};
const minutes = values.minutes === undefined ? Infinity : number("minutes");
const programs = values.programs === undefined ? (minutes === Infinity ? 1000 : Infinity) : number("programs");
const seed = number("seed");
/** Programs under one seed of fast-check; the next has the next seed. */
const BATCH = 100;
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

// beside the packages that the bundle names
await mkdir(join(root, "dist"), { recursive: true });
const work = await mkdtemp(join(root, "dist", "fuzz-"));
try {
  await main();
} finally {
  await rm(work, { recursive: true });
}

async function main() {
  const script = join(work, "campaign.mjs");
  await build({
    entryPoints: [join(root, "test", "fuzz", "campaign.ts")],
    outfile: script,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
  const { campaign, added, noCounts, report } = await import(pathToFileURL(script).href);
  if (values.path !== undefined) return again(await campaign({ programs: 1, seed, path: values.path }));

  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 60_000;
  const mismatches = [];
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

function again({ mismatches }) {
  process.stdout.write(mismatches[0] ?? "no mismatch\n");
  if (mismatches.length > 0) process.exitCode = 1;
}
