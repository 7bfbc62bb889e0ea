/** Kills a checkpointed training run with SIGKILL at random moments (`npm run crash -- --kills 200`) and writes what became of it to test/snapshots/crash.txt. */

import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { root } from "./compiler.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});
const KILLS = Number(values.kills);
if (!Number.isInteger(KILLS) || KILLS < 1) throw new Error(`--kills needs a whole number of at least 1, not ${values.kills}`);
const STEPS_BETWEEN = 4;
const result = join(root, "test", "snapshots", "crash.txt");
const work = await mkdtemp(join(tmpdir(), "adjoint-crash-"));

/** What a run said before it ended. */
interface Said {
  readonly lastStep: number;
  readonly saved: number;
  readonly phase: "starting" | "training" | "writing";
  readonly resumed?: number;
  readonly hash?: string;
  readonly note?: string;
}

interface Run extends Said {
  readonly killed: boolean;
  readonly errors: string;
}

try {
  await main();
} finally {
  await rm(work, { recursive: true });
}

async function main(): Promise<void> {
  const script = join(work, "run.mjs");
  await build({
    entryPoints: [join(root, "scripts", "crash-run.ts")],
    outfile: script,
    bundle: true,
    format: "esm",
    platform: "node",
    // picocolors is CommonJS and asks for Node's own modules
    banner: {
      js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`,
    },
  });

  const began = performance.now();
  const straight = await run(script, join(work, "straight"));
  const length = performance.now() - began;
  const total = straight.lastStep;
  if (straight.hash === undefined) throw new Error(`the uninterrupted run did not end: ${straight.errors}`);

  const random = generator(Number(values.seed));
  const counts = { starting: 0, training: 0, writing: 0 };
  const faults: string[] = [];
  let kills = 0;
  let runs = 0;
  let same = 0;
  let mostLost = 0;
  while (kills < KILLS) {
    const folder = join(work, `run-${++runs}`);
    let before = { lastStep: 0, saved: 0 };
    for (;;) {
      const moment = kills < KILLS ? random() * length : undefined;
      const now = await run(script, folder, moment);
      if (now.resumed !== undefined) {
        const lost = before.lastStep - now.resumed;
        mostLost = Math.max(mostLost, lost);
        if (now.resumed < before.saved) faults.push(`run ${runs}: went on from step ${now.resumed}, though ${before.saved} was saved`);
        if (lost > STEPS_BETWEEN) faults.push(`run ${runs}: lost ${lost} steps`);
      }
      if (now.note !== undefined) faults.push(`run ${runs}: ${now.note}`);
      if (now.errors !== "") faults.push(`run ${runs}: ${now.errors}`);
      before = {
        lastStep: Math.max(before.lastStep, now.lastStep),
        saved: Math.max(before.saved, now.saved),
      };
      if (!now.killed) {
        if (now.hash === straight.hash) same++;
        else faults.push(`run ${runs}: ended with other weights or another history`);
        break;
      }
      kills++;
      counts[now.phase]++;
      if (kills % 20 === 0) process.stderr.write(`${kills} of ${KILLS} kills\n`);
    }
    await rm(folder, { recursive: true });
  }

  const full = await diskFull(script, straight);
  faults.push(...full.faults);

  const text = `npm run crash -- --kills ${KILLS}

generated/linear-softmax, ${total} steps of 64 rows, a checkpoint every ${STEPS_BETWEEN} steps and at the end,
killed (SIGKILL) at random moments, each time started again in the same folder.

kills                                   ${kills}
  before the first step                 ${counts.starting}
  between or within steps               ${counts.training}
  while a checkpoint was written        ${counts.writing}
runs that were brought to their end     ${runs}
ended with the uninterrupted run's hash ${same}
most steps lost by a kill               ${mostLost} (at most ${STEPS_BETWEEN} are since the last checkpoint)
file-size limit during a run            ${full.text}
faults                                  ${faults.length}
${faults.map((fault) => `  ${fault}\n`).join("")}`;
  process.stdout.write(text);
  await mkdir(dirname(result), { recursive: true });
  await writeFile(result, text);
  if (faults.length > 0) process.exitCode = 1;
}

/** A real disk that takes no more: the limit on the size of a file ends the run, and lifted lets it go on to its end. */
async function diskFull(script: string, straight: Run): Promise<{ readonly faults: readonly string[]; readonly text: string }> {
  const folder = join(work, "full");
  const before = await run(script, folder, undefined, `exec "$0" "$@" 90`);
  const limited = await run(script, folder, undefined, `ulimit -f 8; exec "$0" "$@"`);
  const after = await run(script, folder);
  const faults: string[] = [];
  if (!/EFBIG.*the checkpoints before it are as they were/s.test(limited.errors))
    faults.push(`file-size limit: no message, but ${limited.errors || "an end"}`);
  if ((after.resumed ?? 0) < before.saved)
    faults.push(`file-size limit: went on from step ${after.resumed}, though ${before.saved} was saved`);
  if (after.hash !== straight.hash) faults.push("file-size limit: ended with other weights or another history");
  const text = faults.length === 0 ? "EFBIG, named; went on from the checkpoint before, to the same hash" : "see below";
  return { faults, text };
}

/** Runs the script, under a shell's `limits`, killed after `moment` milliseconds, and reads what it said. */
function run(script: string, folder: string, moment?: number, limits?: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const given = [script, folder, String(STEPS_BETWEEN)];
    const child = limits === undefined ? spawn(process.execPath, given) : spawn("sh", ["-c", limits, process.execPath, ...given]);
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    child.stderr.on("data", (chunk) => (errors += String(chunk)));
    const timer = moment === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), moment);
    child.on("error", reject);
    child.on("close", (_, signal) => {
      clearTimeout(timer);
      resolve({ killed: signal === "SIGKILL", errors: errors.trim(), ...read(output) });
    });
  });
}

/** What the script said: its last step and checkpoint, and what it was at when it spoke last. */
function read(output: string): Said {
  const said: { -readonly [K in keyof Said]: Said[K] } = { lastStep: 0, saved: 0, phase: "starting" };
  for (const line of output.split("\n").slice(0, -1)) {
    const [word, ...rest] = line.split(" ");
    if (word === "resumed") said.resumed = Number(rest[0]);
    if (word === "step") said.lastStep = Number(rest[0]);
    if (word === "saved") said.saved = Number(rest[0]);
    if (word === "done") said.hash = rest.join(" ");
    if (word === "note") said.note = rest.join(" ");
    said.phase = word === "writing" ? "writing" : "training";
  }
  return said;
}

/** Numbers from 0 to 1, the same for the same seed; the moments they name are real time, and never the same. */
function generator(seed: number): () => number {
  let bits = seed >>> 0;
  return () => {
    bits = (bits + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
