/**
 * Every matrix product of W1–W5's training steps, its copies included, in turns with the fastest hand-written program of its shape; beside them the square
 * that fits the second cache, and OpenBLAS's sgemm on one thread where --python finds numpy.
 *   npx tsx bench/products.ts [w1 w3 …] [--target wasm|typescript] [--python python3] [--repeats 9] [--write]
 *   npx tsx bench/products.ts --grid 200 [--repeats 5] [--write]
 * Writes bench/products.md with --write. The exit code is 1 where a kernel is below its bar, or a square counts for nothing beside OpenBLAS.
 * With --grid, WebAssembly's products of so many seeded shapes that no workload has, in products-grid.md; the bar is then 0.8 on 95 % of them, and 0.6 on all.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { markdown } from "../scripts/markdown.ts";
import type { FloatTensor } from "../compiler/index.ts";
import type { Adjoint } from "./compiler.ts";
import { lowerModel, type Target } from "./compiled.ts";
import { uniform } from "./data.ts";
import { fastest, flopsOf, timeOf, yardstick, type Plan, type Tried } from "./prototypes/sgemm.ts";
import type { Shape } from "./prototypes/shape.ts";
import { sgemm } from "./sgemm.ts";
import { kernelsOf, stepKernels, type StepKernel } from "./step-kernels.ts";
import { median } from "./timing.ts";

const { values, positionals } = parseArgs({
  options: {
    target: { type: "string" },
    python: { type: "string", default: "python3" },
    repeats: { type: "string", default: "9" },
    write: { type: "boolean", default: false },
    grid: { type: "string" },
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
  { kernels, arena }: Awaited<ReturnType<typeof kernelsOf>>,
  square: Awaited<ReturnType<typeof yardstick>>,
  ask: (shape: Shape) => Promise<number | undefined>,
): Promise<readonly Row[]> {
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
    // hand-written tiles are of four rows: of others the next whole tiles, by the row
    const wide = { ...shape, m: values.grid === undefined ? shape.m : 4 * Math.ceil(shape.m / 4) };
    const part = shape.m < 4 ? 1 : shape.m / wide.m;
    const rivals = (await fastest(target, wide, values.grid === undefined ? 4 : 2)).map((one) => ({ ...one, times: [] as number[] }));
    const turns: Row["turns"][number][] = [];
    timeOf(ours.run, 25);
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      new Float32Array(arena).fill(FILL);
      ours.times.push(timeOf(ours.run, 15));
      for (const one of rivals) one.times.push(part * timeOf(one.run, 15));
      turns.push({ square: square.flops / 1e6 / timeOf(square.run, 15), blas: await ask(shape) });
    }
    const best = rivals.reduce((a, b) => (median(b.times) < median(a.times) ? b : a));
    const ratio = median(ours.times.map((time, n) => best.times[n]! / time));
    rows.push({ workload, kernel: kernel.kernel, shape, copies: copies.length, ours: median(ours.times), best, ratio, turns });
    process.stderr.write(`${target} ${workload} ${kernel.kernel}: ${ratio.toFixed(2)}\n`);
  }
  return rows;
}

/** Rows, columns and terms that the grid's products have at least and at most. */
const GRID = { rows: [1, 512], columns: [3, 1024], terms: [9, 4608] } as const;
/** What all of them must reach of the fastest, and what most of them; and what part those are. */
const LEAST = { all: 0.6, most: 0.8, part: 0.95 };

/** A dense layer of a parameter: its product and those of both gradients. */
async function dense(rows: number, columns: number, terms: number): Promise<Awaited<ReturnType<typeof kernelsOf>>> {
  const adjoint = (await import(pathToFileURL(join(dist, "index.js")).href)) as Adjoint;
  const { labels, model, normal, param, sgd, softmaxCrossEntropy } = adjoint;
  const declared = model("product", { batch: rows }, () => {
    const x = param("x", [rows, terms], normal()) as FloatTensor;
    const scores = adjoint.dense(columns)(x) as FloatTensor;
    return { loss: softmaxCrossEntropy(scores, labels("y", [rows], { classes: columns })), optimizer: sgd({ learningRate: 1e-6 }) };
  });
  return stepKernels(await lowerModel(declared, "wasm", folder, dist), "wasm", Math.min(10, columns));
}

/** Products of so many shapes, three a layer: sizes spread evenly by their logarithms, seeded. */
async function grid(count: number): Promise<void> {
  const square = await yardstick("wasm");
  const random = uniform(20240229);
  const peer = await sgemm(values.python, "openblas");
  const between = ([least, most]: readonly [number, number]): number =>
    Math.round(Math.exp(Math.log(least) + random() * Math.log(most / least)));
  const rows: Row[] = [];
  while (rows.length < count) {
    const [m, n, k] = [GRID.rows, GRID.columns, GRID.terms].map(between) as [number, number, number];
    rows.push(
      ...(await measure(`${m}×${n}×${k}`, "wasm", await dense(m, n, k), square, (shape) => peer?.ask(shape) ?? Promise.resolve(undefined))),
    );
  }
  peer?.end();
  const ordered = rows.toSorted((a, b) => a.ratio - b.ratio);
  const share = ordered.filter(({ ratio }) => ratio >= LEAST.most).length / rows.length;
  const blasOf = ({ shape, ours, turns }: Row): number | undefined => {
    const blas = turns.flatMap((turn) => turn.blas ?? []);
    return blas.length === 0 || shape.m * shape.n * shape.k < 1e6 ? undefined : flopsOf(shape) / 1e6 / ours / median(blas);
  };
  const besideBlas = rows.flatMap((row) => blasOf(row) ?? []).toSorted((a, b) => a - b);
  const of = (all: readonly number[], part: number): string => (all[Math.floor(part * (all.length - 1))] ?? NaN).toFixed(2);
  const ratios = ordered.map(({ ratio }) => ratio);
  const text = `# Products of shapes that no workload has

\`npx tsx bench/products.ts --grid ${count} --write\`, on ${cpus()[0]!.model.trim()}, Node ${process.versions.node}, WebAssembly: dense layers of ${GRID.rows.join(" to ")} rows,
${GRID.columns.join(" to ")} columns and ${GRID.terms.join(" to ")} terms, seeded, and both their gradients, with their copies and what consumes them, in turns with the fastest
of some 60 hand-written programs of their shapes. Processor time, medians.

Of ${rows.length}: ${(100 * share).toFixed(1)} % reach ${LEAST.most} of the fastest (bar ${100 * LEAST.part} %), the lowest ${ratios[0]!.toFixed(2)} (bar ${LEAST.all}), a tenth ${of(ratios, 0.1)} or less, the median ${of(ratios, 0.5)}.
${besideBlas.length === 0 ? "" : `Of OpenBLAS's sgemm, above a million multiplications (${besideBlas.length} of them): the lowest ${of(besideBlas, 0)}, a tenth ${of(besideBlas, 0.1)} or less, the median ${of(besideBlas, 0.5)}.\n`}
The forty that are farthest from it:

${markdown(
  ["rows×columns×terms of the layer", "kernel", "µs", "GFLOP/s", "the fastest, µs", "of it", "its plan", "of OpenBLAS"],
  ordered
    .slice(0, 40)
    .map((row) => [
      row.workload,
      `${row.kernel}${row.copies > 0 ? ` + ${row.copies}` : ""}`,
      (1e3 * row.ours).toPrecision(3),
      (flopsOf(row.shape) / 1e6 / row.ours).toFixed(1),
      (1e3 * median(row.best.times)).toPrecision(3),
      row.ratio.toFixed(2),
      planText(row.best.plan),
      blasOf(row)?.toFixed(2) ?? "",
    ]),
)}`;
  console.log(text);
  if (values.write) writeFileSync(new URL("products-grid.md", import.meta.url), `${text}\n`);
  process.exit(share < LEAST.part || ratios[0]! < LEAST.all ? 1 : 0);
}

if (values.grid !== undefined) await grid(Number(values.grid));

const peer = await sgemm(values.python, "openblas");
let failed = false;
const parts: string[] = [];
for (const target of wanted) {
  const square = await yardstick(target);
  timeOf(square.run, 200);
  const rows: Row[] = [];
  for (const workload of workloads) {
    const lowered = await kernelsOf(workload, target, folder, dist);
    rows.push(...(await measure(workload, target, lowered, square, () => peer?.ask() ?? Promise.resolve(undefined))));
  }
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
