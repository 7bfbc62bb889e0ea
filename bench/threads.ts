/**
 * A step on several threads beside as many processes of one thread: in turns, one process of one thread, a team, and as many processes as the team has threads,
 * all at once. The last is what the machine's cores, caches and memory give; the bar is 0.85 of it, and the same bits.
 *   npx tsx bench/threads.ts [w3 w5 …] [--threads 2 | 1,2,4] [--kernels] [--seconds 0.5] [--repeats 7]
 * --kernels: the time of each call of a step, alone, beside the other processes, and by the team.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compiledTrainer } from "./compiled.ts";
import type { CallTime, Ran } from "./threads-process.ts";
import { start, type Process } from "./threads-start.ts";
import { median } from "./timing.ts";

const { values, positionals } = parseArgs({
  options: {
    threads: { type: "string", default: "2" },
    kernels: { type: "boolean", default: false },
    seconds: { type: "string", default: "0.5" },
    repeats: { type: "string", default: "7" },
    least: { type: "string", default: "0.005" },
  },
  allowPositionals: true,
});
const BAR = 0.85;
const sizes = values.threads.split(",").map(Number);
const seconds = Number(values.seconds);
const folder = mkdtempSync(join(tmpdir(), "adjoint-threads-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

type Sets<T> = Readonly<Record<"one" | "team" | "beside", T>>;

console.log(`${cpus()[0]!.model}, ${availableParallelism()} cores, Node ${process.versions.node}`);
let holds = true;
for (const workload of positionals.length > 0 ? positionals : ["w3", "w5"])
  for (const threads of sizes) holds = (await measure(workload, threads)) && holds;
process.exit(holds ? 0 : 1);

async function measure(workload: string, threads: number): Promise<boolean> {
  const own = join(folder, `${workload}-${threads}`);
  // processes run the file that knows no threads, the fastest there is
  const plain = await compiledTrainer(workload, "wasm", own);
  const divided = await compiledTrainer(workload, "wasm", own, { threads });
  for (const { file } of [plain, divided]) if (values.kernels) watch(file);
  const alone = await Promise.all(Array.from({ length: threads }, () => start(plain.file, 1)));
  const team = await start(divided.file, threads);
  const sets: Sets<readonly Process[]> = { one: alone.slice(0, 1), team: [team], beside: alone };
  const bits = await Promise.all([alone[0]!, team].map((process) => process.bits()));
  const turns: Sets<(readonly Ran[])[]> = { one: [], team: [], beside: [] };
  for (let turn = 0; turn <= Number(values.repeats); turn++)
    for (const name of ["one", "team", "beside"] as const) {
      const all = await Promise.all(sets[name].map((process) => process.run(seconds)));
      if (turn > 0) turns[name].push(all); // the first warms up
    }
  for (const process of [...alone, team]) process.end();
  const rate = (name: keyof typeof sets): number => median(turns[name].map((all) => all.reduce((sum, one) => sum + one.steps / one.ms, 0)));
  const ratio = median(
    turns.team.map(([all], turn) => all!.steps / all!.ms / turns.beside[turn]!.reduce((sum, one) => sum + one.steps / one.ms, 0)),
  );
  const same = bits[0] === bits[1];
  const show = (name: keyof typeof sets): string => `${(1e3 * rate(name)).toFixed(1)} steps/s`;
  console.log(
    `\n${workload}: one thread ${show("one")}, ${threads} threads ${show("team")} (${(rate("team") / rate("one")).toFixed(2)}×), ${threads} processes ${show("beside")}: ratio ${ratio.toFixed(3)}, ${same ? "same bits" : "OTHER BITS"}`,
  );
  if (values.kernels) printKernels(turns, threads);
  return same && ratio >= BAR;
}

function printKernels(turns: Sets<readonly (readonly Ran[])[]>, threads: number): void {
  const of = (name: keyof typeof turns): CallTime[] =>
    turns[name][0]![0]!.calls!.map(({ call }, n) => ({
      call,
      ms: median(turns[name].flatMap((all) => all.map(({ calls }) => calls![n]!.ms))),
    }));
  const [one, team, beside] = [of("one"), of("team"), of("beside")] as const;
  // a call of one thread is one or more of the team, a section each
  const total = one.reduce((sum, { ms }) => sum + ms, 0);
  let at = 0;
  for (const [n, { call, ms }] of one.entries()) {
    const sections = [team[at++]!];
    while (team[at]?.call.startsWith(`${call}.`)) sections.push(team[at++]!);
    const together = sections.reduce((sum, section) => sum + section.ms, 0);
    if (Math.max(ms, together) < total * Number(values.least)) continue;
    console.log(
      `  ${call.padEnd(48)} ${us(ms)} alone ${us(beside[n]!.ms)} beside ${us(together)} team   ${(beside[n]!.ms / together / threads).toFixed(2)}   lost ${us(together - beside[n]!.ms / threads)}`,
    );
  }
  console.log(
    `  ${"in all".padEnd(48)} ${us(total)} alone ${us(beside.reduce((s, { ms }) => s + ms, 0))} beside ${us(team.reduce((s, { ms }) => s + ms, 0))} team`,
  );
}

function us(ms: number): string {
  return `${(1e3 * ms).toFixed(0).padStart(7)} µs`;
}

/** Each call of a step takes its time: a watcher stands between a step and its kernels. */
function watch(file: string): void {
  const text = readFileSync(file, "utf8");
  const names = [...text.matchAll(/case \d+:\s*return kernels(?:\.(\w+)|\["([^"]+)"\])/g)].map(([, plain, quoted]) => plain ?? quoted);
  const watched = text.replace(
    /const (\{ kernels, run \}|kernels) = (options\.team \?\? alone\(options\.module\)|instantiate\(options\.module\));/,
    (_, left: string, team: string) =>
      left === "kernels" ? `const kernels = watched({ kernels: ${team} }).kernels;` : `const { kernels, run } = watched(${team});`,
  );
  if (watched === text) throw new Error(`${file} makes its kernels otherwise`);
  writeFileSync(
    file,
    `${watched}
export const timesOf = [];
const NAMES = ${JSON.stringify(names)};
function watched({ kernels, run }) {
  const timed = (call, fn) => (...args) => { const began = performance.now(); fn(...args); timesOf.push({ call, ms: performance.now() - began }); };
  const own = Object.fromEntries(Object.entries(kernels).map(([name, value]) => [name, typeof value === "function" ? timed(name, value) : value]));
  const runs = NAMES.map((name, n) => timed(name, () => run(n)));
  return { kernels: own, run: (n) => runs[n]() };
}
`,
  );
}
