/**
 * The workloads W1–W6: adjoint's targets and the peers, each in a process of its own, timed in turns; steps a second as medians.
 *   node bench/speed.mjs [w1 w4 …] [--only adjoint-wasm,jax] [--clock cpu|wall] [--seconds 0.4] [--repeats 5] [--python python3] [--json file]
 */

import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { compiledTrainer } from "./compiled.mjs";
import { batchesFor } from "./data.mjs";
import { machineText, workloadTable } from "./speed-table.mjs";
import { SPECS } from "./workloads/specs.mjs";
import { median } from "./timing.mjs";

const { values, positionals } = parseArgs({
  options: {
    only: { type: "string" },
    clock: { type: "string", default: "cpu" },
    seconds: { type: "string", default: "0.4" },
    repeats: { type: "string", default: "5" },
    python: { type: "string", default: "python3" },
    json: { type: "string" },
  },
  allowPositionals: true,
});
const unknown = positionals.find((name) => SPECS[name] === undefined);
if (unknown !== undefined) {
  console.error(`no workload "${unknown}": there are ${Object.keys(SPECS).join(", ")}`);
  process.exit(2);
}
if (values.clock !== "cpu" && values.clock !== "wall") {
  console.error(`--clock takes cpu or wall, not "${values.clock}"`);
  process.exit(2);
}

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "adjoint-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Losses of one training agree to this; float64 and a different order of sums stay within it over ten steps. */
const TOLERANCE = 1e-4;
/** Where the first step takes longer, one more is timed and no losses after the first are compared. */
const VERY_SLOW_MS = 20000;
/** Slower than this a step, a contender is timed over as many steps as there are repeats, and no more. */
const SLOW_MS = 4000;

/** Whether this engine has multiply-add, by the smallest module that uses it: (f32x4.relaxed_madd) of three zeros. */
const RELAXED = WebAssembly.validate(
  Uint8Array.of(
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    1,
    5,
    1,
    96,
    0,
    1,
    123,
    3,
    2,
    1,
    0,
    10,
    19,
    1,
    17,
    0,
    65,
    0,
    253,
    15,
    65,
    0,
    253,
    15,
    65,
    0,
    253,
    15,
    253,
    133,
    2,
    11,
  ),
);

/** Contenders by name, and what is compared with them; `skip` says why one has no such workload. */
const node = (module, argument) => (dir) => [process.execPath, [here("contender.mjs"), here(`peers/${module}.mjs`), dir, argument(dir)]];
const isImage = (spec) => spec.input.length === 3;
const CONTENDERS = {
  "adjoint-wasm": { command: node("adjoint", (dir) => join(dir, "wasm.mjs")) },
  "adjoint-fast": {
    command: node("adjoint", (dir) => join(dir, "wasm.relaxed.winograd.mjs")),
    loose: () => "--relaxed --winograd",
    skip: () => !RELAXED && "this Node has no relaxed SIMD",
  },
  "adjoint-ts": { command: node("adjoint", (dir) => join(dir, "typescript.mjs")) },
  torch: { command: (dir) => [values.python, [here("peers/pytorch.py"), dir, "1"]] },
  torch2: { command: (dir) => [values.python, [here("peers/pytorch.py"), dir, "2"]] },
  jax: { command: node("jax", () => "") },
  "tfjs-wasm": { command: node("tfjs-step", () => "wasm"), skip: (spec) => isImage(spec) && "no gradient of filters" },
  "tfjs-cpu": {
    command: node("tfjs-step", () => "cpu"),
    skip: (spec) => spec.input[0] === 3 && "minutes a step",
  },
  convnetjs: { command: node("convnet", () => ""), loose: (spec) => spec.optimizer.kind === "adam" && "no Adam" },
  "brain.js": {
    command: node("brain", () => ""),
    loose: () => "other loss",
    skip: (spec) => (isImage(spec) || spec.loss === "svm") && "dense nets only",
  },
};
const chosen = values.only?.split(",") ?? Object.keys(CONTENDERS);
const workloads = positionals.length > 0 ? positionals : Object.keys(SPECS);

const bare = await bareEngine();
const results = [];
for (const workload of workloads) {
  results.push(await measure(workload));
  console.log(`\n${workloadTable(results.at(-1), values.clock)}`);
}
const machine = {
  cpu: cpus()[0].model,
  cores: availableParallelism(),
  node: process.versions.node,
  v8: process.versions.v8,
  clock: values.clock,
  load: loadavg().map((n) => Number(n.toFixed(1))),
  bareEngineMB: bare,
};
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine, results }, null, 1));
console.log(`\n${machineText(machine, results)}`);
const holds = results.every(({ rows }) => rows.every(({ agrees }) => agrees !== false));
process.exit(holds ? 0 : 1);

async function measure(workload) {
  const spec = SPECS[workload];
  const dir = join(folder, workload);
  mkdirSync(dir);
  const compiled = {};
  for (const target of ["typescript", "wasm"]) {
    note(`${workload}: compiling for ${target}`);
    compiled[target] = await compiledTrainer(workload, target, dir);
  }
  if (RELAXED && chosen.includes("adjoint-fast")) await compiledTrainer(workload, "wasm", dir, { relaxed: true, winograd: true });
  await writeWorkload(spec, compiled.typescript.file, dir);

  const rows = [];
  const running = [];
  for (const name of chosen) {
    const { command, skip, loose } = CONTENDERS[name];
    const why = skip?.(spec) || undefined;
    if (why !== undefined) {
      rows.push({ name, skipped: why });
      continue;
    }
    note(`${workload}: starting ${name}`);
    const process = start(...command(dir));
    const began = performance.now();
    const hello = await process.ask();
    if (hello === undefined) {
      rows.push({ name, skipped: process.failure() });
      continue;
    }
    const row = { name, ...hello, startMs: performance.now() - began, rssMB: hello.rss / 1024, note: loose?.(spec) || undefined };
    rows.push(row);
    running.push({ row, process });
  }

  for (const { row, process } of running) {
    if (row.startMs > VERY_SLOW_MS) {
      row.probe = row.startMs;
      continue;
    }
    const once = await process.ask({ kind: "run", steps: 1 });
    row.probe = once.wall;
    if (once.wall > SLOW_MS) continue;
    row.losses = (await process.ask({ kind: "losses", steps: 10 })).losses;
  }
  const judge = running.find(({ row }) => row.losses !== undefined)?.row;
  for (const { row } of running) {
    if (row.note !== undefined) continue;
    row.agrees = row.losses === undefined ? near(row.first, judge.losses[0]) : [0, 9].every((n) => near(row.losses[n], judge.losses[n]));
  }

  const seconds = Number(values.seconds) * 1e3;
  for (const one of running) {
    if (one.row.probe > SLOW_MS) {
      one.steps = 1;
      continue;
    }
    // warm-up, then as many steps as fill a turn
    let steps = 1;
    let spent = 0;
    for (;;) {
      const { cpu } = await one.process.ask({ kind: "run", steps });
      spent += cpu;
      one.steps = Math.max(1, Math.round((seconds * steps) / cpu));
      if (spent > 1.5 * seconds || cpu > seconds) break;
      steps = Math.max(1, Math.min(one.steps, 4 * steps));
    }
  }
  for (const { row } of running) row.times = [];
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    note(`${workload}: turn ${repeat + 1}`);
    for (const { row, process, steps } of running) {
      if (repeat > 0 && (row.startMs > VERY_SLOW_MS || (repeat > 1 && row.probe > SLOW_MS))) continue;
      const { wall, cpu, rss } = await process.ask({ kind: "run", steps });
      row.times.push({ wall: wall / steps, cpu: cpu / steps });
      row.peakMB = rss / 1024;
    }
  }
  for (const { row, process } of running) {
    process.end();
    row.stepMs = { wall: median(row.times.map(({ wall }) => wall)), cpu: median(row.times.map(({ cpu }) => cpu)) };
  }
  return { workload, spec, compiled, rows };
}

function near(a, b) {
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}

function note(text) {
  process.stderr.write(`${text} …\n`);
}

/** Initial weights of the trainer itself, and batches, as bytes that every peer reads. */
async function writeWorkload(spec, file, dir) {
  const { createTrainer, PARAMETERS } = await import(pathToFileURL(file).href);
  const trainer = createTrainer({ seed: 1 });
  const chunks = [];
  let offset = 0;
  const put = (view, shape) => {
    const entry = { shape, dtype: view instanceof Int32Array ? "i32" : "f32", offset };
    chunks.push(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
    offset += view.byteLength;
    return entry;
  };
  const parameters = PARAMETERS.map(({ name, shape }) => ({ name, ...put(trainer.parameters[name].slice(), shape) }));
  const fed = batchesFor(trainer).slice(0, spec.batch * trainer.inputs.x.length > 1e7 ? 2 : 8);
  if (spec.loss === "mse") for (const { x, y } of fed) y.forEach((_, n) => (y[n] = Math.sin(3 * x[2 * n]) * x[2 * n + 1]));
  const batches = fed.map(({ x, y }) => ({
    x: put(x, [spec.batch, ...spec.input]),
    y: put(y, spec.loss === "mse" ? [spec.batch, 1] : [spec.batch]),
  }));
  writeFileSync(join(dir, "data.bin"), Buffer.concat(chunks));
  writeFileSync(join(dir, "manifest.json"), JSON.stringify({ spec, parameters, batches }));
}

/** A contender's process: `ask` sends a line and gives the answer; undefined where it ended. */
function start(command, args) {
  const env = { ...process.env, OMP_WAIT_POLICY: "passive" };
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env });
  let errors = "";
  let failed = false;
  const waiting = [];
  const lines = [];
  const deliver = (line) => (waiting.length > 0 ? waiting.shift()(line) : lines.push(line));
  child.on("error", (error) => ((errors = error.message), (failed = true), deliver(undefined)));
  child.stdin.on("error", () => {});
  child.stderr.on("data", (data) => (errors += data));
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => line.startsWith("{") && deliver(JSON.parse(line)));
  reader.on("close", () => ((failed = true), deliver(undefined)));
  return {
    ask(message) {
      if (message !== undefined) child.stdin.write(`${JSON.stringify(message)}\n`);
      if (lines.length > 0) return Promise.resolve(lines.shift());
      return failed ? Promise.resolve(undefined) : new Promise((resolve) => waiting.push(resolve));
    },
    failure: () => errors.split("\n").findLast((line) => /Error|ENOENT/.test(line)) ?? "it ended without a word",
    end: () => child.stdin.end(),
  };
}

/** Megabytes of an engine that runs nothing. */
async function bareEngine() {
  const script = `import { peak } from "${new URL("peak.mjs", import.meta.url).href}"; console.log(JSON.stringify({ rss: peak() }))`;
  const { rss } = await start(process.execPath, ["--input-type=module", "-e", script]).ask();
  return rss / 1024;
}
