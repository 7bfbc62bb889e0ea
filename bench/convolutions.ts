/**
 * GFLOP/s of a grid of convolutions that no workload has: forward, gradient of the input and of the filters, each kernel with its copies
 * timed by itself on what a step has there. Zeros between and around elements do not count as work. Beside each the product of its sizes,
 * [n·h·w, c/g·kh·kw]·[c/g·kh·kw, k/g], by the hand-written program (prototypes/simd128.ts); beside those a channel alone, which have no product, their
 * roofline: what is slower of the triad a = b + s·c over as many bytes as they read and store at least, and of their operations at the rate of the
 * square product.
 *   npx tsx bench/convolutions.ts [--only "3×3 stride 2"] [--against <other dist folder>] [--kernels] [--seconds 0.005] [--repeats 12] [--write]
 * Writes bench/convolutions.md with --write; with --only, the other rows stay as that file has them. --only takes a part of a way's name and sizes. The exit code is 1 where one reaches less than a third of what stands beside it.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { markdown } from "../scripts/markdown.ts";
import type { FloatTensor } from "../compiler/index.ts";
import type { Adjoint } from "./compiler.ts";
import { lowerModel } from "./compiled.ts";
import { program } from "./prototypes/simd128.ts";
import { triad } from "./prototypes/triad.ts";
import { timeOf, yardstick } from "./prototypes/sgemm.ts";
import { stepKernels, type StepKernel } from "./step-kernels.ts";
import { processor, quantile, timed } from "./timing.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    against: { type: "string" },
    seconds: { type: "string", default: "0.005" },
    repeats: { type: "string", default: "12" },
    kernels: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const target = "wasm";
// what runs long is optimised: how soon, on a busy machine, is another question
setFlagsFromString("--no-liftoff");
const folder = mkdtempSync(join(tmpdir(), "adjoint-convolutions-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** A way of convolving; `transposed` multiplies the sides of its input by the stride, `depthwise` has filters of a channel each. */
interface Way {
  readonly kind: "plain" | "transposed" | "depthwise";
  readonly kernel: number;
  readonly stride: number;
}

interface Shape extends Way {
  readonly batch: number;
  readonly channels: number;
  readonly side: number;
  readonly filters: number;
}

const way = (kind: Way["kind"], kernel: number, stride: number): Way => ({ kind, kernel, stride });
const WAYS: readonly Way[] = [
  ...[1, 3, 5].flatMap((kernel) => [1, 2].map((stride) => way("plain", kernel, stride))),
  ...[2, 3, 4].map((kernel) => way("transposed", kernel, 2)),
  ...[3, 5].flatMap((kernel) => [1, 2].map((stride) => way("depthwise", kernel, stride))),
];
const SIDES = [8, 16, 32, 64];
const CHANNELS: readonly (readonly [channels: number, filters: number])[] = [
  [3, 32],
  [16, 16],
  [32, 96],
  [64, 64],
  [96, 24],
  [128, 128],
  [256, 256],
];

/** Operations of one case, about, and of one image at most. */
const [WORK, MOST] = [1e8, 1.5e9];

/** Of each way and side two of the pairs of channels, each pair as often as any other. */
const SHAPES: readonly Shape[] = WAYS.flatMap((one, w) =>
  SIDES.flatMap((side, s) =>
    [0, 3].flatMap((more): Shape[] => {
      const [channels, other] = CHANNELS[(2 * w + s + more) % CHANNELS.length]!;
      const filters = one.kind === "depthwise" ? channels : other;
      const own = flopsOf({ ...one, batch: 1, channels, side, filters });
      return own > MOST ? [] : [{ ...one, batch: Math.max(1, Math.min(32, Math.round(WORK / own))), channels, side, filters }];
    }),
  ),
);

const nameOf = ({ kind, kernel, stride }: Way): string =>
  `${kind === "plain" ? "" : `${kind} `}${kernel}×${kernel}${stride > 1 ? ` stride ${stride}` : ""}`;

const sizesOf = ({ batch, channels, side, filters }: Shape): string => `${batch}×${channels}×${side}×${side} → ${filters}`;

/** One convolution of a parameter, whose relu meets given numbers in the loss. */
function modelOf(adjoint: Adjoint, { kind, batch, channels, side, filters, kernel, stride }: Shape) {
  const { conv2d, conv2dTranspose, depthwiseConv2d, input, model, mul, normal, param, relu, sgd, sum } = adjoint;
  return model("one", { batch }, () => {
    const x = param("x", [batch, channels, side, side], normal()) as FloatTensor;
    const options = { strides: stride, padding: "same", name: "w" } as const;
    const y =
      kind === "transposed"
        ? conv2dTranspose(filters, kernel, options)(x)
        : kind === "depthwise"
          ? depthwiseConv2d(kernel, options)(x)
          : conv2d(filters, kernel, options)(x);
    return { loss: sum(mul(relu(y) as FloatTensor, input("r", y.shape))), optimizer: sgd({ learningRate: 1e-6 }) };
  });
}

/** Positions of the smaller map, each of which meets every tap. */
function positionsOf({ kind, side, stride }: Shape): number {
  return kind === "transposed" ? side * side : Math.ceil(side / stride) ** 2;
}

/** Products and additions that are none with a zero: of a transposed one each input element meets each tap. */
function flopsOf(shape: Shape): number {
  const { kind, batch, channels, filters, kernel } = shape;
  return 2 * batch * positionsOf(shape) * kernel * kernel * filters * (kind === "depthwise" ? 1 : channels);
}

/** Bytes of input and output: what each of the three reads and stores, the filters aside. */
const bytesOf = (shape: Shape): number => 4 * shape.batch * (shape.channels * shape.side ** 2 + shape.filters * outsideOf(shape) ** 2);
const outsideOf = ({ kind, side, stride }: Shape): number => (kind === "transposed" ? side * stride : Math.ceil(side / stride));

/** The lower quartile: what else runs on the machine shares its memory and its cores' units, and takes processor time that way. */
const undisturbed = (times: readonly number[]): number =>
  quantile(
    times.toSorted((a, b) => a - b),
    0.25,
  );

/** Rows of a product at most: more of them are as fast. */
const ROWS = 2048;
const products = new Map<string, number>();

/** GFLOP/s of the product of a convolution's sizes; of a transposed one each phase of the output has a share of the taps. */
async function productOf(shape: Shape): Promise<number> {
  const { kind, batch, channels, kernel, stride, filters } = shape;
  const rows = batch * outsideOf(shape) ** 2;
  const m = Math.max(4, Math.min(ROWS, rows - (rows % 4)));
  const k = kind === "transposed" ? channels * Math.ceil(kernel / stride) ** 2 : channels * kernel * kernel;
  const key = `${m} ${k} ${filters}`;
  const known = products.get(key);
  if (known !== undefined) return known;
  const sizes = { m, n: filters, k, a: "mk", b: "kn" } as const;
  const { run } = await program(sizes, { rows: 4, terms: Math.min(k, 256), outer: "columns", copyA: false, copyB: "all" });
  timeOf(run, 10);
  const rate = (2 * m * k * filters) / 1e6 / undisturbed(Array.from({ length: 5 }, () => timeOf(run, 3)));
  products.set(key, rate);
  return rate;
}

/** Milliseconds of a triad over so many bytes. */
async function triadOf(bytes: number): Promise<number> {
  const { run } = await triad(bytes);
  timeOf(run, 10);
  return undisturbed(Array.from({ length: 5 }, () => timeOf(run, 3)));
}

/** Milliseconds that a convolution of channels alone takes at best, and what takes them. */
async function rooflineOf(shape: Shape): Promise<{ readonly ms: number; readonly limit: string }> {
  const [bytes, flops] = [bytesOf(shape), flopsOf(shape)];
  const memory = await triadOf(bytes);
  square ??= await squareRate();
  const arithmetic = flops / 1e6 / square;
  return memory > arithmetic
    ? { ms: memory, limit: `${(bytes / 1e6 / memory).toFixed(1)} GB/s` }
    : { ms: arithmetic, limit: `${square.toFixed(1)} GFLOP/s` };
}

let square: number | undefined;
async function squareRate(): Promise<number> {
  const { flops, run } = await yardstick("wasm");
  timeOf(run, 10);
  return flops / 1e6 / undisturbed(Array.from({ length: 5 }, () => timeOf(run, 3)));
}

const ROLES = ["forward", "d_x", "d_w"] as const;

/** What a kernel is for; undefined of the loss and of the gradient of the bias. */
function roleOf({ serves }: StepKernel): (typeof ROLES)[number] | undefined {
  if (serves.some((name) => /^d_x(\W|_|$)/.test(name))) return "d_x";
  if (serves.some((name) => /^d_(w\.kernel|reverse)|^w\.kernel_/.test(name))) return "d_w";
  if (serves.includes("w.product")) return "forward";
  return serves.includes("sum") || serves.some((name) => name.startsWith("d_")) ? undefined : "forward";
}

/** Milliseconds of each kernel. */
function timesOf(kernels: readonly StepKernel[]): readonly number[] {
  const all = kernels.map((one) => ({ one, count: 1, times: [] as number[] }));
  for (const each of all) {
    each.one.prepare();
    for (const first of [true, false]) {
      const ms = Math.max(timed(each.one.run, each.count, processor), 0.02);
      each.count = Math.max(1, Math.round((each.count * Number(values.seconds) * (first ? 300 : 1000)) / ms));
    }
  }
  for (let repeat = 0; repeat < Number(values.repeats); repeat++)
    for (const each of all) each.times.push(timed(each.one.run, each.count, processor) / each.count);
  return all.map(({ times }) => undisturbed(times));
}

const root = fileURLToPath(new URL("../", import.meta.url));
const builds = [join(root, "dist"), ...(values.against === undefined ? [] : [resolve(values.against)])];

/** What a role must reach of what stands beside it. */
const LEAST = 1 / 3;

const rows: string[][] = [];
let failed = 0;
for (const shape of SHAPES.filter((one) => `${nameOf(one)} ${sizesOf(one)}`.includes(values.only))) {
  const isDepthwise = shape.kind === "depthwise";
  const roofline = isDepthwise ? await rooflineOf(shape) : undefined;
  const beside = roofline?.ms ?? (await productOf(shape));
  for (const [n, dist] of builds.entries()) {
    const adjoint = (await import(pathToFileURL(join(dist, "index.js")).href)) as Adjoint;
    const { kernels } = stepKernels(await lowerModel(modelOf(adjoint, shape), target, folder, dist), target);
    const times = timesOf(kernels);
    const all = ROLES.map((role) => {
      const ms = kernels.reduce((total, one, at) => total + (roleOf(one) === role ? times[at]! : 0), 0);
      return { rate: flopsOf(shape) / 1e6 / ms, share: isDepthwise ? beside / ms : flopsOf(shape) / 1e6 / ms / beside };
    });
    const isLow = all.some(({ share }) => share < LEAST);
    if (n === 0 && isLow) failed++;
    const cells = [
      nameOf(shape),
      sizesOf(shape),
      ...all.map(({ rate, share }) => `${rate.toFixed(1)} (${share.toFixed(2)})`),
      roofline?.limit ?? `${beside.toFixed(1)} GFLOP/s`,
    ];
    if (n === 0) rows.push(cells);
    console.log(
      `${cells.map((cell, at) => cell.padEnd([24, 26, 14, 14, 14][at] ?? 0)).join(" ")}${isLow ? "  low" : ""}${n > 0 ? `  ${dist}` : ""}`,
    );
    if (values.kernels)
      kernels.forEach((one, at) =>
        console.log(
          `    ${(roleOf(one) ?? "").padEnd(8)} ${(1e3 * times[at]!).toFixed(0).padStart(7)} µs  ${one.kernel}  ${one.serves.join(" ")}`,
        ),
      );
  }
}
console.log(`${failed} of ${rows.length} below ${LEAST.toFixed(2)}`);

/** The rows of the committed table, by way and sizes. */
function rowsBefore(file: URL): ReadonlyMap<string, readonly string[]> {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const cells = lines
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return new Map(cells.map((row) => [`${row[0]} ${row[1]}`, row]));
}

const isBelow = (row: readonly string[]): boolean => row.some((cell) => Number(/\((\d\.\d+)\)/.exec(cell)?.[1] ?? 1) < LEAST);

if (values.write) {
  const file = new URL("convolutions.md", import.meta.url);
  const measured = new Map(rows.map((row) => [`${row[0]} ${row[1]}`, row]));
  const before = rowsBefore(file);
  const all = SHAPES.flatMap((shape) => {
    const key = `${nameOf(shape)} ${sizesOf(shape)}`;
    return [measured.get(key) ?? before.get(key) ?? []].filter((row) => row.length > 0);
  });
  const low = all.filter(isBelow).length;
  const table = markdown(
    ["", "n×c×h×w → filters", ...ROLES, "beside"],
    all.map((row) => [...row]),
  );
  const text = `# Convolutions beside the products of their sizes

\`npx tsx bench/convolutions.ts --write\`, on ${cpus()[0]!.model.trim()}, Node ${process.versions.node}, WebAssembly. GFLOP/s by processor time, lower quartiles, of each
convolution's forward pass and of the gradients of its input and of its filters, with the copies that they need; in brackets the part of the hand-written
product of its sizes (\`prototypes/simd128.ts\`), or for a channel alone of its roofline: the slower of the triad over the bytes of its input and output and
of its operations at the rate of the square product. Zeros count as no work. ${all.length - low} of ${all.length} of the grid's ${SHAPES.length} reach a third in all three.

${table}
`;
  writeFileSync(file, text);
}
process.exitCode = failed > 0 ? 1 : 0;
