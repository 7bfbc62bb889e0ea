/**
 * The yardsticks for 3×3 convolutions of stride 1: the best hand-written Winograd F(2×2,3×3) and F(4×4,3×3) that is known here, one core,
 * SIMD128, and their errors beside those of the compiler's own kernels on the shapes of W5, timed in turns with them.
 *   npx tsx bench/prototypes/winograd.ts [--seconds 0.1] [--repeats 7] [--only c2]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Call } from "../../compiler/loop/loop.ts";
import { lowerWorkload, type LoweredWorkload } from "../compiled.ts";
import { median, processor, timed } from "../timing.ts";
import { BATCH, winograd, type Convolution, type Winograd } from "./winograd-module.ts";

interface Shape extends Convolution {
  /** The name of the compiler's kernel. */
  readonly conv: string;
}

/** W5's convolutions of the forward pass, then the gradients of their inputs: the kernels the compiler makes. */
const SHAPES: Readonly<Record<string, Shape>> = {
  c1: { channels: 3, filters: 32, side: 32, conv: "convRelu_64x32x32x3x3x3x32" },
  c2: { channels: 32, filters: 32, side: 32, conv: "convRelu_64x32x32x3x3x32x32" },
  c3: { channels: 32, filters: 64, side: 16, conv: "convRelu_64x64x16x3x3x32x16" },
  c4: { channels: 64, filters: 64, side: 16, conv: "convRelu_64x64x16x3x3x64x16" },
};

type Called = Extract<Call, { kind: "call" }>;

interface Direct {
  readonly pad: () => void;
  readonly pack: () => void;
  readonly convolve: () => void;
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly bias: Float32Array;
  readonly y: Float32Array;
}

/** The compiler's own way of one shape: a margin of zeros, filters in order, the direct kernel; and views of what it reads and writes. */
function direct({ module, trainer, functions }: LoweredWorkload, { conv }: Shape): Direct {
  const calls = module.entries.find(({ name }) => name === "train")!.calls.filter((call) => call.kind === "call");
  const own = calls.find(({ kernel }) => kernel === conv);
  if (own === undefined) throw new Error(`the compiler makes no kernel ${conv}`);
  const [padded, packed, bias, y] = own.args as [string, string, string, string]; // of a convolution with a bias
  const [padding, packing] = [padded, packed].map((name) => calls.find(({ args }) => args.at(-1) === name)!) as [Called, Called];
  const arena = trainer.inputs["x"]!.buffer;
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const view = (name: string): Float32Array => new Float32Array(arena, slots.get(name)!.offset, slots.get(name)!.bytes / 4);
  const called = ({ kernel, args }: Called): (() => void) => {
    const [run, at] = [functions[kernel]!, args.map((name) => slots.get(name)!.offset)];
    return () => run(...at);
  };
  return {
    pad: called(padding),
    pack: called(packing),
    convolve: called(own),
    x: view(padding.args[0]!),
    w: view(packing.args[0]!),
    bias: view(bias),
    y: view(y),
  };
}

/** Normal numbers from a fixed seed. */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (((bits ^ (bits >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** relu(x ∗ w + b) of one image in float64. */
function judge({ channels, filters, side }: Convolution, x: Float32Array, w: Float32Array, bias: Float32Array, n: number): Float64Array {
  const y = new Float64Array(filters * side * side);
  for (let o = 0; o < filters; o++)
    for (let i = 0; i < side; i++)
      for (let j = 0; j < side; j++) {
        let total = bias[o]!;
        for (let c = 0; c < channels; c++)
          for (let r = Math.max(0, 1 - i); r < Math.min(3, side + 1 - i); r++)
            for (let s = Math.max(0, 1 - j); s < Math.min(3, side + 1 - j); s++)
              total += w[((o * channels + c) * 3 + r) * 3 + s]! * x[((n * channels + c) * side + i + r - 1) * side + j + s - 1]!;
        y[(o * side + i) * side + j] = Math.max(0, total);
      }
  return y;
}

/** Largest and root-mean-square error over two images, each by the largest and root-mean-square value. */
function errorOf(y: Float32Array, wanted: readonly (readonly [n: number, image: Float64Array])[], size: number): string {
  let [worst, largest, errors, squares] = [0, 0, 0, 0];
  for (const [n, image] of wanted)
    image.forEach((value, at) => {
      const error = Math.abs(y[n * size + at]! - value);
      worst = Math.max(worst, error);
      largest = Math.max(largest, Math.abs(value));
      errors += error ** 2;
      squares += value ** 2;
    });
  return `max ${(worst / largest).toExponential(1)}, rms ${Math.sqrt(errors / squares).toExponential(1)}`;
}

/** What is timed. */
interface Contender {
  readonly label: string;
  readonly run: () => void;
  readonly prepare: () => void;
  /** What it computes; a part computes nothing of its own. */
  readonly y?: Float32Array;
  /** How often a part runs in a whole convolution. */
  readonly blocks?: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "0.1" },
      repeats: { type: "string", default: "7" },
      only: { type: "string" },
      tiles: { type: "string", default: "64" },
      parts: { type: "boolean", default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "adjoint-winograd-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const dist = fileURLToPath(new URL("../../dist", import.meta.url));
  const compiled = await lowerWorkload("w5", "wasm", folder, dist);
  for (const [name, shape] of Object.entries(SHAPES)) {
    if (values.only !== undefined && values.only !== name) continue;
    const { channels, filters, side } = shape;
    const own = direct(compiled, shape);
    const normal = normals(7);
    for (const data of [own.x, own.w, own.bias]) for (let n = 0; n < data.length; n++) data[n] = normal();
    const [x, w, bias] = [own.x, own.w, own.bias].map((data) => data.slice());
    const wanted = [0, BATCH - 1].map((n) => [n, judge(shape, x!, w!, bias!, n)] as const);
    const fast: ({ readonly m: number } & Winograd)[] = [];
    for (const m of [2, 4] as const) {
      const one = await winograd(shape, m, Number(values.tiles));
      one.w.set(w!);
      one.bias.set(bias!);
      for (let n = 0; n < x!.length; n++) {
        const [column, row, image] = [n % side, Math.floor(n / side) % side, Math.floor(n / side / side)];
        one.x[(image! * (side + 2) + row! + 1) * (side + 2) + column! + 1] = x![n]!;
      }
      fast.push({ m, ...one });
    }
    const size = filters * side * side;
    const all: Contender[] = [
      // the margin is made anew each time: its slot is shared with other buffers in a step, so it is timed apart
      {
        label: "direct",
        y: own.y,
        run: own.convolve,
        prepare: () => {
          own.x.set(x!);
          own.bias.set(bias!);
          own.w.set(w!);
          own.pad();
          own.pack();
        },
      },
      ...fast.map(({ m, run, y }) => ({ label: `F(${m}×${m},3×3)`, y, run, prepare: () => {} })),
    ];
    if (values.parts)
      for (const { m, parts, blocks } of fast)
        for (const [part, run] of Object.entries(parts))
          all.push({ label: `  ${m} ${part}`, run, prepare: () => {}, blocks: part === "filter" ? 1 : blocks });
    const timedAll = all.map((one) => {
      one.prepare();
      one.run();
      const error = one.y === undefined ? undefined : errorOf(one.y, wanted, size);
      const once = timed(one.run, 3, () => performance.now()) / 3;
      return { ...one, error, count: Math.max(1, Math.round((Number(values.seconds) * 1e3) / once)), times: [] as number[] };
    });
    for (let repeat = 0; repeat < Number(values.repeats); repeat++)
      for (const one of timedAll) {
        one.prepare();
        one.run();
        one.times.push(timed(one.run, one.count, processor) / one.count);
      }
    const flops = 2 * BATCH * size * channels * 9;
    console.log(`${name}: ${BATCH}×${channels}×${side}×${side} → ${filters}, ${(flops / 1e6).toFixed(0)} MFLOP`);
    const [base] = timedAll;
    for (const one of timedAll) {
      const ms = median(one.times) * (one.blocks ?? 1);
      const ratio = median(base!.times.map((time, n) => time / one.times[n]!));
      console.log(
        one.error !== undefined
          ? `  ${one.label.padEnd(14)} ${ms.toFixed(2).padStart(7)} ms  ${(flops / 1e6 / ms).toFixed(1).padStart(6)} GFLOP/s  ${ratio.toFixed(2)} of direct  error ${one.error}`
          : `  ${one.label.padEnd(14)} ${ms.toFixed(2).padStart(7)} ms`,
      );
    }
  }
}

await main();
