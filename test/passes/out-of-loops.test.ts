/** What is true of loops that are left smaller: the same meaning, by the law of each op for all turns at once. */

import { describe, expect, test } from "vitest";
import { drawLeaf, fedLeaves } from "../../compiler/check/draw.ts";
import { evaluateGraph, evaluateResults } from "../../compiler/check/evaluate.ts";
import { Builder } from "../../compiler/graph/build.ts";
import { bodyOf, type Graph, type Node, type Value } from "../../compiler/graph/graph.ts";
import { sizeOf, type TensorType } from "../../compiler/graph/type.ts";
import { verifyGraph } from "../../compiler/graph/verify.ts";
import {
  dense,
  glorot,
  grad,
  input,
  matmul,
  add,
  mean,
  model,
  mul,
  param,
  scan,
  sgd,
  sum,
  tanh,
  type FloatTensor,
} from "../../compiler/index.ts";
import { batchingOf } from "../../compiler/ops/batching.ts";
import { callsOn, opOf, ops } from "../../compiler/ops/index.ts";
import type { Op } from "../../compiler/ops/op.ts";
import { algebra, fold, gradients, inBodies, outOfLoops, prune, share } from "../../compiler/passes/graph/index.ts";
import { close } from "../support/close.ts";
import { traced } from "../support/row-laws.ts";
import { randomFrom } from "../support/sample.ts"; // prettier-ignore

const STEPS = 3;

/** Values of an op at each turn by itself, and for all turns at once. */
function bothWays(op: Op, inputs: readonly TensorType[], attrs: Node["attrs"], along: readonly boolean[]): [number[], number[]] {
  const random = randomFrom(7);
  const data = inputs.map(({ shape }, n) => Float64Array.from({ length: sizeOf(shape) * (along[n] ? STEPS : 1) }, () => 2 * random() - 1));
  const of = ({ dtype, shape }: TensorType, whole: boolean): TensorType => ({ dtype: dtype === "f32" ? "f64" : dtype, shape: whole ? [STEPS, ...shape] : shape });
  const leaf = (b: Builder, n: number, whole: boolean): Value => b.append(opOf("input"), [], {}, `x${n}`, of(inputs[n]!, whole));
  const one = new Builder("one");
  const y = one.append(op, inputs.map((_, n) => leaf(one, n, false)), attrs);
  const each = Array.from({ length: STEPS }, (_, step) => {
    const feed = data.map((values, n): [string, Float64Array] => [`x${n}`, along[n] ? values.slice((step * values.length) / STEPS, ((step + 1) * values.length) / STEPS) : values]);
    return [...evaluateGraph(one.graph(), new Map(feed))[y]!.data];
  });
  const all = new Builder("all");
  const given = inputs.map((_, n) => ({ value: leaf(all, n, along[n]!), along: along[n]! }));
  const append = (values: readonly Value[], own = attrs): Value => all.append(op, values, own);
  const made = batchingOf(op)!({ g: callsOn(all), attrs, type: one.typeOf(y), inputs: given, steps: STEPS, append });
  expect(all.typeOf(made).shape).toEqual([STEPS, ...one.typeOf(y).shape]);
  return [[...evaluateGraph(all.graph(), new Map(data.map((values, n) => [`x${n}`, values])))[made]!.data], each.flat()];
} // prettier-ignore

const known = Object.values<Op>(ops).filter((op) => batchingOf(op) !== undefined && op.arity !== 0);

describe("an op for all turns at once is the op at each", () => {
  test("the ops that have such a law", () => {
    expect(known.filter(({ elementwise }) => elementwise !== true).map(({ name }) => name)).toEqual([
      "transpose", "reshape", "broadcast", "slice", "pad", "reverse", "sum", "reduceMax", "dot", "concat",
    ]); // prettier-ignore
  });
  test.each(known.map((op) => ({ name: op.name, op })))("$name", ({ op }) => {
    let compared = 0;
    for (const { inputs, attrs } of op.samples) {
      if (inputs.some(({ dtype }) => dtype !== "f32")) continue;
      for (let bits = 1; bits < 2 ** Math.min(inputs.length, 3); bits++) {
        const [all, each] = bothWays(op, inputs, attrs, inputs.map((_, n) => ((bits >> Math.min(n, 2)) & 1) === 1)); // prettier-ignore
        close(all, each, 1e-13);
        compared++;
      }
    }
    const isOfTruths = op.samples.every(({ inputs }) => inputs.some(({ dtype }) => dtype !== "f32"));
    expect(compared > 0 || isOfTruths).toBe(true);
  });
});

const flat = (x: unknown) => x as FloatTensor; // shapes of what tests combine are theirs to know

const net = model("net", { batch: 4 }, ({ batch }) => {
  const [W, V] = [param("W", [3, 2], glorot()), param("V", [2, 5], glorot())];
  const cell = dense(2);
  const step = (h: FloatTensor, x: FloatTensor) => {
    const next = flat(tanh(add(matmul(x, W), cell(h))));
    return { carry: next, y: flat(matmul(next, V)) };
  };
  const { carry, ys } = scan(step, flat(input("h", [batch, 2])), flat(input("x", [batch, 6, 3])));
  return { loss: add(mean(mul(carry, carry)), mean(mul(ys, ys))) as never, optimizer: sgd() };
});

const curved = model("curved", { batch: 4 }, ({ batch }) => {
  const R = param("R", [2, 2], glorot());
  const inner = (h: FloatTensor, x: FloatTensor) => ({ carry: flat(tanh(add(x, matmul(h, R)))), y: flat(mul(h, x)) });
  const outer = (h: FloatTensor, x: FloatTensor) => {
    const { carry, ys } = scan(inner, h, x, { reverse: true });
    return { carry, y: flat(sum(ys, [1])) };
  };
  const { carry, ys } = scan(outer, flat(input("h", [batch, 2])), flat(input("x", [batch, 3, 2, 2])));
  const [slope] = grad(add(mean(mul(carry, carry)), mean(ys)) as never, [R]);
  return { loss: add(sum(mul(slope, slope)), mean(carry)) as never, optimizer: sgd() };
});

const tidied = [prune, fold, algebra, share];
const tidy = (graph: Graph): Graph => tidied.reduce((now, pass) => inBodies(pass).run(now), graph);
const bodies = (graph: Graph): Graph[] => graph.nodes.flatMap((node) => bodyOf(node) ?? []);
const dots = ({ nodes }: Graph): number => nodes.filter(({ op }) => op === "dot").length;

test.each([net, curved])("$name means the same with less in its loops", (of) => {
  const before = tidy(gradients({ name: "train", rule: sgd() }).run(traced(of, 4).graph));
  const laws: string[] = [];
  const after = inBodies(outOfLoops).run(before, (law) => laws.push(law));
  verifyGraph(after, opOf);
  expect(laws.length).toBeGreaterThan(0);
  const feed = new Map(fedLeaves(before).map((leaf, n) => [leaf.name, drawLeaf(leaf, 3, 4, { ordinal: n, domain: "normal" })]));
  const [a, b] = [evaluateResults(before, feed), evaluateResults(after, feed)];
  close([...b.losses.values()], [...a.losses.values()], 1e-12);
  for (const [name, { data }] of a.outputs) close(b.outputs.get(name)!.data, data, 1e-12);
});

test("of a recurrent net only the recurrence stays: input projection before, output and weight gradients after", () => {
  const before = tidy(gradients({ name: "train", rule: sgd() }).run(traced(net, 4).graph));
  const after = tidy(inBodies(outOfLoops).run(before));
  expect(bodies(before).map(dots)).toEqual([3, 6]);
  expect(bodies(after).map(dots)).toEqual([1, 1]);
  // x·W and h·V, their gradients and those of the cell's kernel
  expect(dots(after)).toBe(2 + 3 + 2);
  const carries = after.nodes.flatMap((node) => (bodyOf(node) === undefined ? [] : [node.attrs["carries"]]));
  expect(carries).toEqual([1, 1]);
});

test("a graph without loops is left as it is", () => {
  const plain = gradients({ name: "train", rule: sgd() }).run(traced(model("plain", { batch: 4 }, ({ batch }) => ({ loss: mean(dense(2)(flat(input("x", [batch, 3])))) as never, optimizer: sgd() })), 4).graph); // prettier-ignore
  expect(outOfLoops.run(plain)).toBe(plain);
});
