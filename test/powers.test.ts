/** What is true of x^e where x is 0 or negative: value and slopes are PyTorch's, finite wherever a limit is, to second order and on both targets. */

import {
  add,
  constant,
  elementwise,
  grad,
  model,
  mul,
  param,
  pow,
  sgd,
  sub,
  sum,
  type FloatTensor,
  type Model,
  type Scalar,
} from "adjoint";
import { expect, test } from "vitest";
import { runningTrainer } from "../compiler/check/emitted.ts";
import { checkModelGradients } from "../compiler/check/small.ts";
import { isWrong, withinBound } from "../compiler/check/result.ts";
import { lower } from "../compiler/driver/lower.ts";
import { disagreements } from "./support/one-loss.ts";

const TARGETS = ["typescript", "wasm"] as const;

/** Gradients of a loss of two parameters, from the emitted step: at rate 1, what a weight loses. */
async function slopes(
  [x, e]: readonly (readonly number[])[],
  loss: (x: FloatTensor, e: FloatTensor) => Scalar,
  target: (typeof TARGETS)[number],
): Promise<{ loss: number; x: number[]; e: number[] }> {
  const trainer = await runningTrainer(await lower(ofTwo(x!, e!, loss), { target }));
  const found = trainer.step({}) as number;
  const lost = (name: string, from: readonly number[]): number[] => from.map((start, n) => start - trainer.parameters[name]![n]!);
  return { loss: found, x: lost("x", x!), e: lost("e", e!) };
}

const ofTwo = (x: readonly number[], e: readonly number[], loss: (x: FloatTensor, e: FloatTensor) => Scalar): Model =>
  // prettier-ignore
  model("powers", {}, () => ({
    loss: loss(param("x", [x.length], constant(x)), param("e", [e.length], constant(e))),
    optimizer: sgd({ learningRate: 1 }),
  }));

//                   x,  e,   x^e,      ∂/∂x,      ∂/∂e    (torch.pow and its pow_backward formulas)
const TABLE = [
  [0, 0, 1, 0, 0],
  [0, 0.5, 0, Infinity, 0],
  [0, 1, 0, 1, 0],
  [0, 1.5, 0, 0, 0],
  [0, 2, 0, 0, 0],
  [0, 3, 0, 0, 0],
  [2, 0, 1, 0, Math.log(2)],
  [2, 3, 8, 12, 8 * Math.log(2)],
] as const;
const NEGATIVE = [
  [-2, 0, 1, 0],
  [-2, 1, -2, 1],
  [-2, 2, 4, -4],
  [-2, 3, -8, 12],
  [-2, -1, -0.5, -0.25],
] as const;

/** The terms of a sum, each with parameters of its own: what a step takes from them is their slopes. */
async function slopesOf(
  rows: readonly (readonly number[])[],
  term: (x: FloatTensor, e: FloatTensor, n: number) => FloatTensor,
  target: (typeof TARGETS)[number],
): Promise<{ loss: number; x: number[]; e: number[] }> {
  const one = (name: string, value: number): FloatTensor => param(name, [1], constant([value]));
  const declared = model("powers", {}, () => {
    const terms = rows.map(([x, e], n) => sum(term(one(`x${n}`, x!), one(`e${n}`, e!), n)));
    return { loss: terms.reduce((a, b) => add(a, b)), optimizer: sgd({ learningRate: 1 }) };
  });
  const trainer = await runningTrainer(await lower(declared, { target }));
  const loss = trainer.step({}) as number;
  const lost = (of: "x" | "e", start: number, n: number): number => start - (trainer.parameters[`${of}${n}`]?.[0] ?? start);
  return { loss, x: rows.map(([x], n) => lost("x", x!, n)), e: rows.map(([, e], n) => lost("e", e!, n)) };
}

for (const target of TARGETS) {
  test(`tensors as exponents, ${target}`, async () => {
    const found = await slopesOf(TABLE, (x, e) => pow(x, e) as FloatTensor, target);
    expect(found.loss).toBeCloseTo(
      TABLE.reduce((total, [, , y]) => total + y, 0),
      4,
    );
    TABLE.forEach(([x, e, , d_x, d_e], n) => {
      expect(found.x[n], `∂(${x}^${e})/∂x`).toBeCloseTo(d_x, 4);
      expect(found.e[n], `∂(${x}^${e})/∂e`).toBeCloseTo(d_e, 4);
    });
  });

  test(`numbers as exponents, ${target}`, async () => {
    const rows = [...TABLE, ...NEGATIVE];
    const found = await slopesOf(rows, (x, e, n) => add(pow(x, rows[n]![1]), mul(e, 0)) as FloatTensor, target);
    expect(found.loss).toBeCloseTo(
      rows.reduce((total, [, , y]) => total + y, 0),
      4,
    );
    rows.forEach(([x, e, , d_x], n) => expect(found.x[n], `∂(${x}^${e})/∂x`).toBeCloseTo(d_x, 4));
    const written = await slopes([[0, 0], [0]], (a, b) => add(sum(elementwise("x^0 + x^2")(a)), sum(b)), target);
    expect([written.loss, written.x]).toEqual([2, [0, 0]]);
  });

  test(`negative numbers to whole powers that are a tensor, ${target}`, async () => {
    const fixed = (e: readonly number[]) => param("whole", [e.length], constant(e), { trainable: false });
    const [x, e] = [NEGATIVE.map(([base]) => base), NEGATIVE.map(([, exponent]) => exponent)];
    const found = await slopes([x, [0]], (a, b) => add(sum(pow(a, fixed(e))), sum(b)), target);
    NEGATIVE.forEach(([, , , d_x], n) => expect(found.x[n]).toBeCloseTo(d_x, 5));
  });

  test(`Σ (x − w)ⁿ for n = 0 … 3 at x = w, and its slope's slope, ${target}`, async () => {
    const start = [1, -2, 0.5, 0];
    const fixed = () => param("fixed", [4], constant(start), { trainable: false });
    const numbers = (d: FloatTensor): Scalar => [0, 1, 2, 3].map((n) => sum(pow(d, n))).reduce((a, b) => add(a, b));
    const tensor = (d: FloatTensor): Scalar => sum(pow(d, param("n", [4], constant([0, 1, 2, 3]), { trainable: false })));
    // d = x − w = 0: slopes of dⁿ are 0, 1, 0, 0 and their slopes 0, 0, 2, 0
    const first = await slopes([start, [0]], (x, e) => add(numbers(sub(x, fixed()) as FloatTensor), sum(e)), target);
    expect(first).toEqual({ loss: 4, x: [1, 1, 1, 1], e: [1] });
    const each = await slopes([start, [0]], (x, e) => add(tensor(sub(x, fixed()) as FloatTensor), sum(e)), target);
    expect(each).toEqual({ loss: 1, x: [0, 1, 0, 0], e: [1] });
    const second =
      (of: (d: FloatTensor) => Scalar) =>
      (x: FloatTensor, e: FloatTensor): Scalar =>
        add(sum(grad(of(sub(x, fixed()) as FloatTensor), [x])[0]!), sum(e));
    expect((await slopes([start, [0]], second(numbers), target)).x).toEqual([2, 2, 2, 2]);
    expect((await slopes([start, [0]], second(tensor), target)).x).toEqual([0, 0, 2, 0]);
  });
}

test("slopes and slopes of slopes agree with forward mode and differences, for negative bases as well", async () => {
  for (const e of [0, 1, 2, 3, -1, 0.5, 1.5]) {
    const base = (n: number): FloatTensor => param("x", [n], constant(Number.isInteger(e) ? [-1.5, 0.75, -0.5] : [1.5, 0.75, 0.5]));
    const twice = (x: FloatTensor): Scalar => sum(mul(grad(sum(mul(pow(x, e), mul(x, x))), [x])[0]!, x));
    const tensors = await checkModelGradients(
      model("powers", { batch: 3 }, () => ({ loss: twice(base(3)), optimizer: sgd() })),
      {},
      { coordinates: Infinity, directions: 2, seed: 3 },
    );
    expect(
      tensors.filter((one) => !withinBound(one)),
      `x^${e}`,
    ).toEqual([]);
  }
});

test("at an exponent of 0 and a base that is not, the mixed slope is 1 / x", async () => {
  const { failed } = await disagreements(() => {
    const [x, e] = [param("x", [3], constant([0.5, 2, 3])), param("e", [3], constant([0, 0, 0]))];
    return sum(mul(grad(sum(pow(x, e)), [x])[0]!, x));
  });
  // at an exponent of 0 differences meet both branches on either side: what can be judged is right
  expect(failed.filter(isWrong)).toEqual([]);
  const mixed = await slopes([[0.5], [0]], (x, e) => sum(grad(sum(pow(x, e)), [x])[0]!), "typescript");
  expect(mixed.e[0]).toBeCloseTo(2, 5);
});
