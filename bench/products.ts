/**
 * Every matrix product of W1–W5's training steps, its copies included, in turns with the fastest hand-written program of its shape; beside them the square
 * that fits the second cache, and OpenBLAS's sgemm on one thread where --python finds numpy.
 *   npx tsx bench/products.ts [w1 w3 …] [--target wasm|typescript] [--python python3] [--repeats 9] [--write]
 * Writes bench/products.md with --write. The exit code is 1 where a kernel is below its bar, or a square counts for nothing beside OpenBLAS.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { markdown } from "../scripts/markdown.ts";
import type { Target } from "./compiled.ts";
import { fastest, flopsOf, timeOf, yardstick, type Plan, type Tried } from "./prototypes/sgemm.ts";
import type { Shape } from "./prototypes/shape.ts";
import { kernelsOf, type StepKernel } from "./step-kernels.ts";
import { median } from "./timing.ts";

const { values, positionals } = parseArgs({
  options: {
    target: { type: "string" },
    python: { type: "string", default: "python3" },
    repeats: { type: "string", default: "9" },
    write: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const NOTE = `each product of a training step with the copies that it needs, in turns with the fastest of some 60 hand-written
programs (\`prototypes/simd128.ts\`, \`prototypes/scalar.ts\`) of its shape, their copies, biases, masks and updates included. Processor time, medians; \`of it\` is paired by turn.`;

/** What a kernel must reach of the fastest program of its shape, and that of OpenBLAS for it to count. */
const BARS: Readonly<Record<Target, { readonly kernel: number; readonly counts: number }>> = {
  wasm: { kernel: 0.9, counts: 1 / 3 },
  typescript: { kernel: 0.85, counts: 1 / 20 },
};
const workloads = positionals.length > 0 ? positionals : ["w1", "w1-b128", "w2", "w3", "w4", "w5"];
if (values.target !== undefined && values.target !== "wasm" && values.target !== "typescript")
  throw new Error(`--target takes wasm or typescript, not ${values.target}`);
const wanted: readonly Target[] = values.target === undefined ? ["wasm", "typescript"] : [values.target];
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "adjoint-products-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

interface Peer {
  ask(): Promise<number>;
  end(): void;
}

/** Asks OpenBLAS for GFLOP/s; undefined where there is none. */
async function openblas(): Promise<Peer | undefined> {
  const child = spawn(values.python, [fileURLToPath(new URL("peers/openblas.py", import.meta.url))], { stdio: ["pipe", "pipe", "ignore"] });
  child.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  if ((await lines.next()).done) return undefined;
  const ask = async (): Promise<number> => {
    child.stdin.write("40\n");
    return Number((await lines.next()).value);
  };
  return { ask, end: () => void child.stdin.end() };
}

/** What consumes the sums, as kernels are named. */
const CONSUMERS: Readonly<Record<string, NonNullable<Shape["then"]>>> = {
  Sgd: "sgd",
  Adam: "adam",
  Where: "where",
  Add: "add",
  Relu: "relu",
};

/** The shape of a product, by its name and its first statement; undefined of other kernels. */
function shapeOf({ kernel, doc, writes }: StepKernel): Shape | undefined {
  const extents = /^dot([A-Z]\w*)?_(\d+(?:x\d+){2,})$/.exec(kernel);
  const operands = /^\S+ = (?:the sums of \S+|(.+) · (.+))$/.exec(doc[0] ?? "");
  if (extents === null || operands === null) return undefined;
  const all = extents[2]!.split("x").map(Number);
  const isTransposed = (operand = "") => operand.endsWith("ᵀ");
  const isMomentum = extents[1] === "Sgd" && writes.length > 1;
  const then = isMomentum ? "momentum" : CONSUMERS[extents[1] ?? ""];
  return {
    m: all[0]!,
    n: all.at(-1)!,
    k: all.slice(1, -1).reduce((product, extent) => product * extent, 1),
    a: isTransposed(operands[1]) ? "km" : "mk",
    b: isTransposed(operands[2]) ? "nk" : "kn",
    ...(then === undefined ? {} : { then }),
  };
}

/** The numbers in both: gradients of zero, applied thousands of times, would leave moments that are denormal, and slow. */
const FILL = 0.5;

const COPIES = /^(pack|widen|transpose)_/;

/** The copies that a kernel reads, and those that they read, in the order of the step; what several read counts for each. */
function copiesFor(kernel: StepKernel, kernels: readonly StepKernel[]): readonly StepKernel[] {
  const before = kernels.slice(0, kernels.indexOf(kernel));
  const direct = kernel.reads.flatMap((name) => before.findLast((one) => COPIES.test(one.kernel) && one.writes.includes(name)) ?? []);
  return direct.flatMap((one) => [...copiesFor(one, kernels), one]);
}

const planText = (plan: Plan): string =>
  Object.entries(plan)
    .flatMap(([name, value]) => (value === false || value === "no" ? [] : [value === true ? name : `${name} ${value}`]))
    .join(", ");

interface Row {
  readonly workload: string;
  readonly kernel: string;
  readonly shape: Shape;
  readonly copies: number;
  /** Milliseconds. */
  readonly ours: number;
  readonly best: Tried & { readonly times: readonly number[] };
  readonly ratio: number;
  readonly turns: readonly { readonly square: number; readonly blas: number | undefined }[];
}

async function measure(
  workload: string,
  target: Target,
  square: Awaited<ReturnType<typeof yardstick>>,
  peer: Peer | undefined,
): Promise<readonly Row[]> {
  const { kernels, arena } = await kernelsOf(workload, target, folder, dist);
  const rows: Row[] = [];
  for (const kernel of kernels) {
    const shape = shapeOf(kernel);
    if (shape === undefined) continue;
    const copies = copiesFor(kernel, kernels);
    const own = [...copies, kernel];
    const ours = {
      run: () => {
        for (const { run } of own) run();
      },
      times: [] as number[],
    };
    const rivals = (await fastest(target, shape, 4)).map((one) => ({ ...one, times: [] as number[] }));
    const turns: Row["turns"][number][] = [];
    timeOf(ours.run, 25);
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      new Float32Array(arena).fill(FILL);
      for (const one of [ours, ...rivals]) one.times.push(timeOf(one.run, 15));
      turns.push({ square: square.flops / 1e6 / timeOf(square.run, 15), blas: await peer?.ask() });
    }
    const best = rivals.reduce((a, b) => (median(b.times) < median(a.times) ? b : a));
    const ratio = median(ours.times.map((time, n) => best.times[n]! / time));
    rows.push({ workload, kernel: kernel.kernel, shape, copies: copies.length, ours: median(ours.times), best, ratio, turns });
    process.stderr.write(`${target} ${workload} ${kernel.kernel}: ${ratio.toFixed(2)}\n`);
  }
  return rows;
}

const peer = await openblas();
let failed = false;
const parts: string[] = [];
for (const target of wanted) {
  const square = await yardstick(target);
  timeOf(square.run, 200);
  const rows: Row[] = [];
  for (const workload of workloads) rows.push(...(await measure(workload, target, square, peer)));
  const turns = rows.flatMap((row) => row.turns);
  const rate = median(turns.map((turn) => turn.square));
  const share = peer === undefined ? undefined : median(turns.map((turn) => turn.square / turn.blas!));
  failed ||= rows.some(({ ratio }) => ratio < BARS[target].kernel) || (share ?? 1) < BARS[target].counts;
  const beside =
    share === undefined
      ? "numpy was not found, so OpenBLAS is not beside it"
      : `${share.toFixed(2)} of OpenBLAS's sgemm (${median(turns.map((turn) => turn.blas!)).toFixed(0)} GFLOP/s)`;
  const table = markdown(
    ["workload", "kernel", "µs with its copies", "GFLOP/s", "the fastest of its shape, µs", "of it", "its plan"],
    rows.map(({ workload, kernel, shape, copies, ours, best, ratio }) => [
      workload,
      `${kernel}${copies > 0 ? ` + ${copies}` : ""}`,
      (1e3 * ours).toPrecision(3),
      (flopsOf(shape) / 1e6 / ours).toFixed(1),
      (1e3 * median(best.times)).toPrecision(3),
      ratio.toFixed(2),
      planText(best.plan),
    ]),
  );
  parts.push(
    `## ${target}\n\nThe square product: ${rate.toFixed(1)} GFLOP/s, ${beside}. A kernel must reach ${BARS[target].kernel} of the fastest hand-written program of its shape.\n\n${table}`,
  );
}
peer?.end();
const text = parts.join("\n\n");
console.log(text);
if (values.write) {
  const head = `# Matrix products beside hand-written programs of their shapes\n\n\`npx tsx bench/products.ts --write\`, on ${cpus()[0]!.model.trim()}, Node ${process.versions.node}: ${NOTE}`;
  writeFileSync(new URL("products.md", import.meta.url), `${head}\n\n${text}\n`);
}
process.exitCode = failed ? 1 : 0;
