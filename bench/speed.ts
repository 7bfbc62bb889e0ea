/**
 * The workloads W1–W12: adjoint's targets and the peers, each in a process of its own, timed in turns; steps a second as medians.
 *   npx tsx bench/speed.ts [w1 w4 …] [--only adjoint-wasm,jax] [--clock cpu|wall] [--seconds 0.4] [--repeats 5] [--python python3] [--json file]
 */

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Emitted } from "../compiler/targets/emitted.ts";
import { compiledTrainer, type CompiledTrainer } from "./compiled.ts";
import type { Hello, Ran } from "./contender.ts";
import { plain } from "./plain.ts";
import { start, type Process } from "./process.ts";
import { machineText, workloadTable, type Machine, type Result, type Row } from "./speed-table.ts";
import { SPECS, type Spec } from "./workloads/specs.ts";
import { median } from "./timing.ts";
import { writeWorkload } from "./written.ts";

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

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const clock = values.clock;
const folder = mkdtempSync(join(tmpdir(), "adjoint-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Losses of one training agree to this; float64 and a different order of sums stay within it over ten steps. */
const TOLERANCE = 1e-4;
/** Where a step takes longer, one turn is timed. What is compiled before the first step counts for its start, not for its steps. */
const VERY_SLOW_MS = 20000;
/** Slower than this a step, a contender is timed over as many steps as there are repeats, and no more. */
const SLOW_MS = 4000;

/** Whether this engine has multiply-add, by the smallest module that uses it: (f32x4.relaxed_madd) of three zeros. */
const RELAXED = new Emitted("", {
  bytes: Buffer.from("CABhc20BAAAAAQUBYAABewMCAQAKEwERAEEA/Q9BAP0PQQD9D/2FAgs=", "base64"),
}).runs;

type Command = readonly [program: string, args: readonly string[]];

/** Who is compared. */
interface Contestant {
  readonly command: (dir: string) => Command | Promise<Command>;
  /** What it computes instead: its losses are not compared. */
  readonly loose?: (spec: Spec) => string | false;
  /** Why it has no such workload. */
  readonly skip?: (spec: Spec) => string | false;
}

const node =
  (module: string, argument: (dir: string) => string) =>
  async (dir: string): Promise<Command> => [
    process.execPath,
    [await plain("contender.ts"), await plain(`peers/${module}.ts`), dir, argument(dir)],
  ];
const noLayers = ({ layers }: Spec): string | false => layers.length === 0 && "not built";
const isImage = (spec: Spec): boolean => spec.input.length === 3;
const CONTENDERS: Readonly<Record<string, Contestant>> = {
  "adjoint-wasm": { command: node("adjoint", (dir) => join(dir, "wasm.mjs")) },
  "adjoint-fast": {
    command: node("adjoint", (dir) => join(dir, "wasm.relaxed.winograd.mjs")),
    loose: () => "--relaxed --winograd",
    skip: () => !RELAXED && "this Node has no relaxed SIMD",
  },
  "adjoint-ts": { command: node("adjoint", (dir) => join(dir, "typescript.mjs")) },
  torch: { command: (dir) => [values.python, [here("peers/pytorch.py"), dir, "1"]] },
  torch2: { command: (dir) => [values.python, [here("peers/pytorch.py"), dir, "2"]] },
  xla: { command: (dir) => [values.python, [here("peers/xla.py"), dir]], skip: ({ program }) => program === undefined && "not built" },
  jax: { command: node("jax", () => ""), skip: noLayers },
  "tfjs-wasm": { command: node("tfjs-step", () => "wasm"), skip: (spec) => noLayers(spec) || (isImage(spec) && "no gradient of filters") },
  "tfjs-cpu": {
    command: node("tfjs-step", () => "cpu"),
    skip: (spec) => noLayers(spec) || (spec.input[0] === 3 && "minutes a step"),
  },
  convnetjs: { command: node("convnet", () => ""), skip: noLayers, loose: (spec) => spec.optimizer.kind === "adam" && "no Adam" },
  "brain.js": {
    command: node("brain", () => ""),
    loose: () => "other loss",
    skip: (spec) => (isImage(spec) || spec.loss === "svm" || spec.layers.length === 0) && "dense nets only",
  },
};
const chosen = values.only?.split(",") ?? Object.keys(CONTENDERS);
const workloads = positionals.length > 0 ? positionals : Object.keys(SPECS);

const bare = await bareEngine();
const results: Result[] = [];
for (const workload of workloads) {
  const result = await measure(workload);
  results.push(result);
  console.log(`\n${workloadTable(result, clock)}`);
}
const machine: Machine = {
  cpu: cpus()[0]!.model,
  cores: availableParallelism(),
  node: process.versions.node,
  v8: process.versions.v8,
  clock,
  load: loadavg().map((n) => Number(n.toFixed(1))),
  bareEngineMB: bare,
};
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine, results }, null, 1));
console.log(`\n${machineText(machine, results)}`);
const holds = results.every(({ rows }) => rows.every(({ agrees }) => agrees !== false));
process.exit(holds ? 0 : 1);

/** A row while it is taken. */
type Open = { -readonly [K in keyof Row]: Row[K] } & {
  /** Milliseconds of a step, roughly. */
  probe: number;
  steps: number;
  readonly startMs: number;
  readonly first: number;
  readonly times: { readonly wall: number; readonly cpu: number }[];
};

/** The answer of a process that has not ended. */
async function asked<Answer>(process: Process, question: object): Promise<Answer> {
  const answer = await process.ask<Answer>(question);
  if (answer === undefined) throw new Error(process.failure());
  return answer;
}

async function measure(workload: string): Promise<Result> {
  const spec = SPECS[workload]!;
  const dir = join(folder, workload);
  mkdirSync(dir);
  const compiled: Record<string, CompiledTrainer> = {};
  for (const target of ["typescript", "wasm"] as const) {
    note(`${workload}: compiling for ${target}`);
    compiled[target] = await compiledTrainer(workload, target, dir);
  }
  if (RELAXED && chosen.includes("adjoint-fast")) await compiledTrainer(workload, "wasm", dir, { relaxed: true, winograd: true });
  await writeWorkload(spec, compiled["typescript"]!.file, dir);

  const rows: Row[] = [];
  const running: { readonly row: Open; readonly process: Process }[] = [];
  for (const name of chosen) {
    const { command, skip, loose } = CONTENDERS[name]!;
    const why = skip?.(spec) || undefined;
    if (why !== undefined) {
      rows.push({ name, skipped: why });
      continue;
    }
    note(`${workload}: starting ${name}`);
    const process = start(...(await command(dir)));
    const began = performance.now();
    const hello = await process.ask<Hello>();
    if (hello === undefined) {
      rows.push({ name, skipped: process.failure() });
      continue;
    }
    const startMs = performance.now() - began;
    const remark = loose?.(spec) || undefined;
    const row: Open = { name, ...hello, startMs, ...(remark === undefined ? {} : { note: remark }), probe: startMs, steps: 1, times: [] };
    rows.push(row);
    running.push({ row, process });
  }

  for (const { row, process } of running) {
    const once = await asked<Ran>(process, { kind: "run", steps: 1 });
    row.probe = once.wall;
    if (once.wall > SLOW_MS) continue;
    row.losses = (await asked<{ readonly losses: readonly number[] }>(process, { kind: "losses", steps: 10 })).losses;
  }
  const judge = running.find(({ row }) => row.losses !== undefined)?.row;
  for (const { row } of running) {
    if (row.note !== undefined) continue;
    const [mine, judged] = [row.losses, judge?.losses];
    if (judged === undefined) continue;
    row.agrees = mine === undefined ? near(row.first, judged[0]!) : [0, 9].every((n) => near(mine[n]!, judged[n]!));
  }

  const seconds = Number(values.seconds) * 1e3;
  for (const { row, process } of running) {
    if (row.probe > SLOW_MS) continue;
    // warm-up, then as many steps as fill a turn
    let steps = 1;
    let spent = 0;
    for (;;) {
      const { cpu } = await asked<Ran>(process, { kind: "run", steps });
      spent += cpu;
      row.steps = Math.max(1, Math.round((seconds * steps) / cpu));
      if (spent > 1.5 * seconds || cpu > seconds) break;
      steps = Math.max(1, Math.min(row.steps, 4 * steps));
    }
  }
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    note(`${workload}: turn ${repeat + 1}`);
    for (const { row, process } of running) {
      if (repeat > 0 && (row.probe > VERY_SLOW_MS || (repeat > 1 && row.probe > SLOW_MS))) continue;
      const { wall, cpu, rss } = await asked<Ran>(process, { kind: "run", steps: row.steps });
      row.times.push({ wall: wall / row.steps, cpu: cpu / row.steps });
      row.peakMB = rss / 1024;
    }
  }
  for (const { row, process } of running) {
    process.end();
    row.stepMs = { wall: median(row.times.map(({ wall }) => wall)), cpu: median(row.times.map(({ cpu }) => cpu)) };
  }
  return { workload, spec, compiled, rows };
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}

function note(text: string): void {
  process.stderr.write(`${text} …\n`);
}

/** Megabytes of an engine that runs nothing. */
async function bareEngine(): Promise<number> {
  const script = `import { peak } from "${pathToFileURL(await plain("peak.ts")).href}"; console.log(JSON.stringify({ rss: peak() }))`;
  const said = await start(process.execPath, ["--input-type=module", "-e", script]).ask<{ readonly rss: number }>();
  return said!.rss / 1024;
}
