/**
 * GFLOP/s of convolutions that no workload has: forward, gradient of the input and of the filters, each kernel with its copies timed by
 * itself on what a step has there. Zeros between and around elements do not count as work.
 *   npx tsx bench/convolutions.ts [--target wasm|typescript] [--only strided] [--against <other dist folder>] [--seconds 0.05] [--repeats 5]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { FloatTensor } from "../compiler/index.ts";
import type { Adjoint } from "./compiler.ts";
import { lowerModel, type Target } from "./compiled.ts";
import { stepKernels, type StepKernel } from "./step-kernels.ts";
import { median, processor, timed } from "./timing.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "wasm" },
    only: { type: "string", default: "" },
    against: { type: "string" },
    seconds: { type: "string", default: "0.05" },
    repeats: { type: "string", default: "5" },
    kernels: { type: "boolean", default: false },
  },
});
if (values.target !== "wasm" && values.target !== "typescript") throw new Error(`--target takes wasm or typescript, not ${values.target}`);
const target: Target = values.target;
const folder = mkdtempSync(join(tmpdir(), "adjoint-convolutions-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Batch, channels and pixels a side of the input, filters, kernel, stride; `transposed` doubles its input. */
interface Shape {
  readonly name: string;
  readonly at: readonly [batch: number, channels: number, side: number, filters: number, kernel: number, stride: number];
  readonly kind?: "transposed" | "depthwise";
  /** What stands before the convolution. */
  readonly before?: "relu6";
}

const SHAPES: readonly Shape[] = [
  { name: "plain 3×3, 16 pixels", at: [16, 64, 16, 64, 3, 1] },
  { name: "plain 3×3, 7 pixels", at: [16, 128, 7, 128, 3, 1] },
  { name: "plain 3×3, 4 pixels", at: [16, 256, 4, 256, 3, 1] },
  { name: "plain 3×3, 2 pixels", at: [32, 256, 2, 256, 3, 1] },
  { name: "strided 3×3, 32 pixels", at: [16, 32, 32, 64, 3, 2] },
  { name: "strided 3×3, 14 pixels", at: [16, 64, 14, 128, 3, 2] },
  { name: "strided 3×3, first layer", at: [16, 3, 32, 32, 3, 2] },
  { name: "strided 4×4, 28 pixels", at: [32, 16, 28, 64, 4, 2] },
  { name: "strided 4×4, 14 pixels", at: [32, 64, 14, 128, 4, 2] },
  { name: "strided 4×4, 8 pixels", at: [32, 128, 8, 256, 4, 2] },
  { name: "strided 1×1, 16 pixels", at: [16, 64, 16, 128, 1, 2] },
  { name: "transposed 4×4, 4 pixels", at: [32, 256, 4, 128, 4, 2], kind: "transposed" },
  { name: "transposed 4×4, 7 pixels", at: [32, 128, 7, 64, 4, 2], kind: "transposed" },
  { name: "transposed 4×4, 16 pixels", at: [32, 64, 16, 3, 4, 2], kind: "transposed" },
  { name: "transposed 2×2, 16 pixels", at: [16, 64, 16, 32, 2, 2], kind: "transposed" },
  { name: "depthwise 3×3, 32 pixels", at: [16, 96, 32, 96, 3, 1], kind: "depthwise" },
  { name: "depthwise 3×3, relu6 before", at: [16, 96, 32, 96, 3, 1], kind: "depthwise", before: "relu6" },
  { name: "depthwise strided 3×3", at: [16, 96, 32, 96, 3, 2], kind: "depthwise" },
  { name: "depthwise strided, 16 pixels", at: [16, 144, 16, 144, 3, 2], kind: "depthwise" },
];

/** One convolution of a parameter, whose relu meets given numbers in the loss. */
function modelOf(adjoint: Adjoint, { at: [n, channels, side, filters, kernel, stride], kind, before }: Shape) {
  const { conv2d, conv2dTranspose, depthwiseConv2d, input, minimum, model, mul, normal, param, relu, sgd, sum } = adjoint;
  return model("one", { batch: n }, () => {
    const given = param("x", [n, channels, side, side], normal());
    const x = before === undefined ? given : minimum(relu(given), 6);
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

/** Products and additions that are none with a zero: of a transposed one each input element meets each tap. */
function flopsOf({ at: [n, channels, side, filters, kernel, stride], kind }: Shape): number {
  const positions = kind === "transposed" ? side * side : Math.ceil(side / stride) ** 2;
  return 2 * n * positions * kernel * kernel * filters * (kind === "depthwise" ? 1 : channels);
}

const ROLES = ["forward", "d_x", "d_w"] as const;

function roleOf({ serves }: StepKernel): (typeof ROLES)[number] {
  if (serves.some((name) => /^d_x(\W|$)/.test(name))) return "d_x";
  return serves.some((name) => /^d_(w\.kernel|reverse)|^w\.kernel_/.test(name)) ? "d_w" : "forward";
}

/** Milliseconds of each kernel, median of repeats. */
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
  return all.map(({ times }) => median(times));
}

const root = fileURLToPath(new URL("../", import.meta.url));
const builds = [join(root, "dist"), ...(values.against === undefined ? [] : [resolve(values.against)])];
for (const shape of SHAPES.filter(({ name }) => name.includes(values.only))) {
  for (const dist of builds) {
    const adjoint = (await import(pathToFileURL(join(dist, "index.js")).href)) as Adjoint;
    const { kernels } = stepKernels(await lowerModel(modelOf(adjoint, shape), target, folder, dist), target);
    const times = timesOf(kernels);
    const cells = ROLES.map((role) => {
      const ms = kernels.reduce((total, one, n) => total + (roleOf(one) === role ? times[n]! : 0), 0);
      return `${role} ${(flopsOf(shape) / 1e6 / ms).toFixed(1).padStart(6)}`;
    });
    console.log(`${shape.name.padEnd(30)} ${cells.join("   ")} GFLOP/s${builds.length > 1 ? `   ${dist}` : ""}`);
    if (values.kernels)
      kernels.forEach((one, n) =>
        console.log(`    ${roleOf(one).padEnd(8)} ${(1e3 * times[n]!).toFixed(0).padStart(7)} µs  ${one.kernel}  ${one.serves.join(" ")}`),
      );
  }
}
