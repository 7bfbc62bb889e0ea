/**
 * What functions of the vocabulary cost beside the composition that one would write by hand: a training step of each, in turns, processor time
 * (`npx tsx bench/vocabulary.ts`, `--target wasm`). Prints the ratio of the medians, ours to theirs, and exits with 1 where one is above 1.5.
 */

import { parseArgs } from "node:util";
import * as adjoint from "../compiler/index.ts";
import { compile, load } from "../compiler/compile.ts";
import type { FloatTensor } from "../compiler/index.ts";
import { inTurns, processor } from "./timing.ts";

const { add, argmax, clip, concatenate, div, einsum, equal, layerNorm, matmul, max, maximum, mean, minimum, mul, oneHot } = adjoint;
const { reshape, resize, slice, softmax, sqrt, square, stack, sub, topK, transpose, where } = adjoint;

type Of = (...xs: FloatTensor[]) => FloatTensor;
interface Case {
  readonly name: string;
  /** Of the operands, which are trained. */
  readonly shapes: readonly (readonly number[])[];
  readonly ours: Of;
  readonly theirs: Of;
}
const flat = (x: unknown): FloatTensor => x as FloatTensor; // shapes of what a bench combines are its own to know
const HEADS = [4, 4, 64, 32] as const;
const EPSILON = 1e-5;

/** Twice as many along an axis: a quarter of the one neighbour and three of the other, at the ends the end's own. */
function doubled(x: FloatTensor, axis: number): FloatTensor {
  const { shape } = x;
  const extent = shape[axis]!;
  const part = (from: number, to: number) =>
    slice(
      x,
      shape.map((_, n) => (n === axis ? from : 0)),
      shape.map((e, n) => (n === axis ? to : e)),
    );
  const [before, after] = [
    concatenate([part(0, 1), part(0, extent - 1)], axis),
    concatenate([part(1, extent), part(extent - 1, extent)], axis),
  ];
  const mixed = (other: unknown) => flat(add(mul(x, 0.75), mul(flat(other), 0.25)));
  return flat(reshape(stack([mixed(before), mixed(after)], axis + 1), shape.with(axis, 2 * extent)));
}

/** The k largest by taking the largest away k times. */
function largest(x: FloatTensor, k: number): FloatTensor {
  let rest = x;
  const found: FloatTensor[] = [];
  for (let n = 0; n < k; n++) {
    found.push(flat(max(rest, [1])));
    if (n + 1 < k) rest = flat(where(equal(flat(oneHot(argmax(rest, 1), x.shape[1]!)), 1), -1e9, rest));
  }
  return flat(stack(found, 1));
}

const CASES: readonly Case[] = [
  {
    name: "clip",
    shapes: [[512, 512]],
    ours: (x) => flat(clip(x!, -0.5, 0.5)),
    theirs: (x) => flat(minimum(flat(maximum(x!, -0.5)), 0.5)),
  },
  {
    name: "layerNorm over [2, 3]",
    shapes: [[16, 32, 16, 16]],
    ours: (x) => flat(layerNorm({ axis: [2, 3], center: false, scale: false } as never)(x as never)),
    theirs: (x) => {
      const centred = flat(sub(x!, mean(x!, [2, 3], { keepDims: true })));
      return flat(div(centred, sqrt(flat(add(mean(square(centred), [2, 3], { keepDims: true }), EPSILON)))));
    },
  },
  {
    name: "resize linear ×2",
    shapes: [[8, 16, 16, 16]],
    ours: (x) => flat(resize(x!, [32, 32], { mode: "linear" })),
    theirs: (x) => doubled(doubled(x!, 2), 3),
  },
  { name: "topK 5 of 64", shapes: [[128, 64]], ours: (x) => flat(topK(x!, 5)[0]), theirs: (x) => largest(x!, 5) },
  {
    name: "attention by einsum",
    shapes: [HEADS, HEADS, HEADS],
    ours: (q, k, v) => flat(einsum("bhqk,bhkd->bhqd", [flat(softmax(flat(einsum("bhqd,bhkd->bhqk", [q!, k!])))), v!])),
    theirs: (q, k, v) => flat(matmul(flat(softmax(flat(matmul(q!, flat(transpose(k!, [0, 1, 3, 2])) as never)))), v as never)),
  },
];
const WORST = 1.5;

const { values } = parseArgs({ options: { target: { type: "string", default: "typescript" }, only: { type: "string" } } });
let isSlow = false;
for (const { name, shapes, ours, theirs } of CASES.filter((one) => values.only === undefined || one.name.includes(values.only))) {
  const stepOf = async (of: Of): Promise<() => number> => {
    const made = adjoint.model("one", {}, () => {
      const xs = shapes.map((shape, n) => adjoint.param(`x${n}`, shape, adjoint.normal(0, 1)));
      return { loss: mean(square(of(...xs))), optimizer: adjoint.sgd({ learningRate: 1e-3 }) };
    });
    const trainer = (await load(await compile(made, { target: values.target as "wasm", effort: "none" }))).createTrainer({ seed: 1 });
    return () => trainer.step({}) as number;
  };
  const [one, other] = [await stepOf(ours), await stepOf(theirs)];
  const [loss, expected] = [one(), other()];
  if (Math.abs(loss - expected) > 1e-4 * Math.abs(expected))
    throw new Error(`${name}: losses ${loss} and ${expected} are of two functions`);
  const { contenders, ratio } = inTurns([other, one], { warmUp: 500, repeat: 200, repeats: 9, clock: processor });
  isSlow ||= ratio.median > WORST;
  const times = contenders.map(({ median }) => `${median.toFixed(3)} ms`);
  console.log(
    `${name.padEnd(24)} by hand ${times[0]}, ours ${times[1]}, ratio ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
  );
}
if (isSlow) process.exitCode = 1;
