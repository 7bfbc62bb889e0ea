/**
 * Every model of models/ and every workload on one thread and on two, in turns, with the machine as it is and beside one process that is
 * always busy: two threads never lose. The bars are 0.95 and 0.85 of one thread's rate, and the same bits.
 *   npx tsx bench/threads-models.ts [mnist-mlp w5 …] [--seconds 0.4] [--repeats 7] [--write]
 * --write: bench/threads.md.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { transform } from "esbuild";
import { format } from "prettier";
import { compiledTrainer } from "./compiled.ts";
import { start } from "./threads-start.ts";
import { median } from "./timing.ts";

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: "string", default: "0.4" },
    repeats: { type: "string", default: "7" },
    write: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const root = fileURLToPath(new URL("../", import.meta.url));
const seconds = Number(values.seconds);
const BARS = { alone: 0.95, busy: 0.85 } as const;
const folder = mkdtempSync(join(tmpdir(), "adjoint-threads-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const { compile } = (await import(join(root, "dist/index.js"))) as typeof import("../compiler/index.ts");
const { loadModel } = (await import(join(root, "dist/node.js"))) as typeof import("../compiler/node.ts");

interface Row {
  readonly name: string;
  /** Statements of a step that threads share. */
  readonly shared: number;
  /** Steps a second of one thread, the machine as it is. */
  readonly rate: number;
  /** The rate of two threads by that of one, paired: the median and the lower quartile. */
  readonly alone: readonly [number, number];
  readonly busy: readonly [number, number];
  readonly same: boolean;
}

const stems = (folder: string): string[] => readdirSync(join(root, folder)).map((file) => basename(file, ".ts"));
const workloads = stems("bench/workloads")
  .filter((name) => /^w\d+$/.test(name))
  .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
const names = positionals.length > 0 ? positionals : [...stems("models"), ...workloads];
const rows: Row[] = [];
for (const name of names) {
  const row = await measure(name);
  rows.push(row);
  console.log(`${name}: ${lineOf(row).join("  ")}`);
}
const text = `# One thread and two

\`npx tsx bench/threads-models.ts --write\` makes this table: each model and each workload of the bench on one thread and on two in turns, and both beside a process that is always busy. ${cpus()[0]!.model.trim()},
${availableParallelism()} cores, Node ${process.versions.node}, load ${loadavg()[0]!.toFixed(1)} at the end, which includes the bench itself. Bars: ${BARS.alone} and ${BARS.busy} of one thread's rate (medians of ${values.repeats} paired turns; the lower quartile in brackets).

| model | shared statements of a step | steps/s, one thread | two threads | beside a busy process | bits |
| --- | --- | --- | --- | --- | --- |
${rows.map((row) => `| ${[row.name, ...lineOf(row)].join(" | ")} |`).join("\n")}
`;
if (values.write) writeFileSync(join(root, "bench/threads.md"), await format(text, { parser: "markdown", printWidth: 140 }));
const failing = rows.filter(({ alone, busy, same }) => alone[0] < BARS.alone || busy[0] < BARS.busy || !same);
console.log(failing.length === 0 ? "holds" : `does not hold: ${failing.map(({ name }) => name).join(", ")}`);
process.exit(failing.length === 0 ? 0 : 1);

function lineOf({ shared, rate, alone, busy, same }: Row): readonly string[] {
  const ratio = ([middle, low]: readonly [number, number]): string => `${middle.toFixed(2)} (${low.toFixed(2)})`;
  return [String(shared), rate.toFixed(rate < 10 ? 2 : 0), ratio(alone), ratio(busy), same ? "same" : "OTHER"];
}

interface Made {
  readonly file: string;
  readonly shared: number;
  /** Labels that all of its inputs take. */
  readonly classes: number;
}

async function made(name: string, threads: number | undefined): Promise<Made> {
  const own = join(folder, name);
  const options = threads === undefined ? {} : { threads };
  if (!existsSync(join(root, "models", `${name}.ts`))) {
    const { file } = await compiledTrainer(name, "wasm", own, options);
    return { file, shared: sharedIn(readFileSync(file, "utf8")), classes: 10 };
  }
  mkdirSync(own, { recursive: true });
  const { model, source } = await loadModel(join(root, "models", `${name}.ts`));
  const { files, lowered } = await compile(model, { source, target: "wasm", effort: "none", ...options });
  const script = (await transform(files.get("trainer.wasm.ts")!, { loader: "ts", format: "esm", target: "es2022" })).code;
  const file = join(own, `${threads ?? 1}.mjs`);
  writeFileSync(file, script);
  return { file, shared: sharedIn(script), classes: Math.min(10, ...lowered.module.buffers.flatMap((buffer) => buffer.classes ?? [])) };
}

function sharedIn(script: string): number {
  return new Set(script.match(/^ *case \d+:/gm)).size;
}

async function measure(name: string): Promise<Row> {
  const [plain, divided] = [await made(name, undefined), await made(name, 2)];
  const one = await start(plain.file, 1, plain.classes);
  const two = await start(divided.file, 2, divided.classes);
  const same = (await one.bits()) === (await two.bits());
  const turns = async (): Promise<{ readonly one: number; readonly two: number }[]> => {
    const all: { readonly one: number; readonly two: number }[] = [];
    for (let turn = 0; turn <= Number(values.repeats); turn++) {
      const rates: Record<string, number> = {};
      // who goes first takes turns too
      for (const [which, of] of turn % 2 === 0
        ? ([
            ["one", one],
            ["two", two],
          ] as const)
        : ([
            ["two", two],
            ["one", one],
          ] as const)) {
        const { steps, ms } = await of.run(seconds);
        rates[which] = (1e3 * steps) / ms;
      }
      if (turn > 0) all.push(rates as { one: number; two: number });
    }
    return all;
  };
  const quiet = await turns();
  const other = spawn(process.execPath, ["-e", "for (;;);"]);
  const beside = await turns();
  other.kill();
  one.end();
  two.end();
  const ratios = (all: typeof quiet): readonly [number, number] => {
    const sorted = all.map(({ one, two }) => two / one).sort((a, b) => a - b);
    return [median(sorted), sorted[Math.floor(sorted.length / 4)]!];
  };
  return { name, shared: divided.shared, rate: median(quiet.map(({ one }) => one)), alone: ratios(quiet), busy: ratios(beside), same };
}
