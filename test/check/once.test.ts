/** What the check computes once: numbers by position, what graphs have in common, and functions of one form. */

import { expect, test } from "vitest";
import { input, matmul, model, mse, normal, param, relu, sgd } from "adjoint";
import { randomOf, below, fedLeaves } from "../../compiler/check/draw.ts";
import { drawsOf } from "../../compiler/check/domain.ts";
import { evaluateGraph, Evaluations } from "../../compiler/check/evaluate.ts";
import { FunctionTexts } from "../../compiler/check/function-texts.ts";
import { smallEntries } from "../../compiler/check/instance.ts";
import { Memo } from "../../compiler/check/memo.ts";
import { gradients } from "../../compiler/passes/graph/gradients.ts";

test.each([100, 2 ** 16, 2 ** 16 + 1, 2 ** 30])("of %i positions those that were set are known, and no others", (positions) => {
  const random = randomOf(1, "memo");
  const [memo, map] = [new Memo(positions), new Map<number, number>()];
  for (let n = 0; n < 5000; n++) {
    const at = below(random, positions);
    expect(memo.get(at)).toBe(map.get(at));
    memo.set(at, n);
    map.set(at, n);
    expect(memo.get((at + 1) % positions)).toBe(map.get((at + 1) % positions));
  }
  for (const [at, value] of map) expect(memo.get(at)).toBe(value);
});

const one = model("one", { batch: 3 }, ({ batch }) => {
  const [x, y] = [input("x", [batch, 4]), input("y", [batch, 2])];
  const hidden = relu(matmul(x, param("W", [4, 2], normal())));
  return { loss: mse(hidden, y), optimizer: sgd({ learningRate: 0.1 }) };
});

test("a graph and its gradients have values as if each were evaluated by itself, and share what they have in common", () => {
  const { purpose, traced } = smallEntries(one, {})[0]!;
  const draws = drawsOf(one, {});
  const evaluations = new Evaluations((leaf) => draws.leaf(leaf, 1, 3));
  const phase = (purpose as Extract<typeof purpose, { kind: "train" }>).phase; // the first entry trains
  const values = [traced.graph, gradients(phase).run(traced.graph)].map((graph) => {
    const found = evaluations.of(graph);
    const feed = new Map(fedLeaves(graph).map((leaf) => [leaf.name, draws.leaf(leaf, 1, 3)]));
    expect(found.map(({ data }) => data)).toEqual(evaluateGraph(graph, feed).map(({ data }) => data));
    return found;
  });
  const [forward, both] = values as [(typeof values)[0], (typeof values)[0]];
  expect(forward.every((value) => both.includes(value))).toBe(true);
});

test("functions whose texts differ in numbers and axes alone are made of one text, each with its own", async () => {
  const texts = new FunctionTexts();
  const rows = (axis: string, extent: number, factor: number): string =>
    `(x, locals) => { const x0 = x[3]; let t12 = 0; for (let ${axis} = 0; ${axis} < ${extent}; ${axis}++) t12 += ${factor} * x0[${axis}]; return t12 + locals["rate.3 of 17"]; }`;
  const [a, b] = [texts.add(rows("k7", 3, 1.5e-7), ["k7"]), texts.add(rows("i", 4, 25), ["i"])] as const;
  const other = texts.add(`(x) => x[3].length - 17`, []);
  expect(b.name).toBe(a.name);
  expect(other.name).not.toBe(a.name);
  const of = await texts.load<(x: readonly number[][], locals: Readonly<Record<string, number>>) => number>();
  const given = [[[], [], [], [1, 10, 100, 1000]], { "rate.3 of 17": 5 }] as const;
  expect([a, b, other].map((one) => of(one)(given[0] as unknown as number[][], given[1]))).toEqual([1.5e-7 * 111 + 5, 25 * 1111 + 5, -13]);
});
