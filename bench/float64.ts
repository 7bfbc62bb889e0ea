/**
 * Ten steps of workloads in float64, ours beside PyTorch's, from the same weights and batches; and how far the same steps in float32 part
 * from them, ours and PyTorch's. Where the first are one training and the second are not, rounding parts them, and nothing that is meant.
 *   npx tsx bench/float64.ts [w9 w10 …] --python <python that imports torch>
 * The exit code is 1 where losses in float64 differ by more than 1e-9 of themselves.
 */

import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { markdown } from "../scripts/markdown.ts";
import type { TrainerModule } from "../compiler/compile.ts";
import { compiledTrainer } from "./compiled.ts";
import { readWorkload } from "./contender-files.ts";
import { start } from "./process.ts";
import { SPECS } from "./workloads/specs.ts";
import { writeWorkload } from "./written.ts";

const { values, positionals } = parseArgs({ options: { python: { type: "string", default: "python3" } }, allowPositionals: true });
const workloads = positionals.length > 0 ? positionals : ["w7", "w8", "w9", "w10", "w12"];
const folder = mkdtempSync(join(tmpdir(), "adjoint-float64-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const STEPS = 10;
/** Relative difference of losses that are one training in float64. */
const SAME = 1e-9;

type Losses = readonly number[];

/** Of a compiled trainer, from the weights that lie in a folder. */
async function ours(file: string, dir: string): Promise<Losses> {
  const { createTrainer } = (await import(pathToFileURL(file).href)) as TrainerModule;
  const trainer = createTrainer({ seed: 1 });
  const { parameters, batches } = readWorkload(dir);
  for (const { name, values: own } of parameters) trainer.parameters[name]!.set(own);
  const alike = (values: Float32Array | Int32Array, name: "x" | "y"): Float32Array => {
    const Floats = trainer.inputs[name]!.constructor as Float32ArrayConstructor;
    return Floats.from(values);
  };
  return Array.from({ length: STEPS }, (_, n) => {
    const { x, y } = batches[n % batches.length]!;
    const loss: unknown = trainer.step({ x: alike(x, "x"), y: alike(y, "y") });
    return typeof loss === "number" ? loss : Object.values(loss as Readonly<Record<string, number>>).reduce((a, b) => a + b, 0);
  });
}

async function theirs(dir: string, floats: "float32" | "float64"): Promise<Losses> {
  const peer = start(values.python, [fileURLToPath(new URL("peers/pytorch.py", import.meta.url)), dir, "1", floats]);
  if ((await peer.ask()) === undefined) throw new Error(peer.failure());
  const { losses } = (await peer.ask<{ readonly losses: Losses }>({ kind: "losses", steps: STEPS }))!;
  peer.end();
  return losses;
}

/** The largest relative difference, and at which step. */
function apart(a: Losses, b: Losses): { readonly by: number; readonly step: number } {
  const by = a.map((loss, n) => Math.abs(loss - b[n]!) / Math.abs(b[n]!));
  const most = Math.max(...by);
  return { by: most, step: by.indexOf(most) + 1 };
}

const rows: string[][] = [];
let same = true;
for (const workload of workloads) {
  const dir = join(folder, workload);
  mkdirSync(dir);
  const single = await compiledTrainer(workload, "wasm", dir);
  await writeWorkload(SPECS[workload]!, single.file, dir);
  const double = await compiledTrainer(workload, "typescript", dir, { dtype: "f64" });
  const truth = await theirs(dir, "float64");
  const all = { double: await ours(double.file, dir), single: await ours(single.file, dir), torch: await theirs(dir, "float32") };
  for (const [who, losses] of Object.entries({ truth, ...all })) process.stderr.write(`${workload} ${who} ${losses.join(" ")}\n`);
  const found = apart(all.double, truth);
  same &&= found.by <= SAME;
  const shown = ({ by, step }: { readonly by: number; readonly step: number }): string => `${by.toExponential(1)} at step ${step}`;
  rows.push([
    workload,
    truth[0]!.toPrecision(8),
    truth.at(-1)!.toPrecision(8),
    ...[found, apart(all.single, truth), apart(all.torch, truth)].map(shown),
  ]);
}
console.log(markdown(["", "loss 1 in float64", "loss 10", "ours in float64", "WebAssembly, float32", "PyTorch, float32"], rows));
process.exitCode = same ? 0 : 1;
