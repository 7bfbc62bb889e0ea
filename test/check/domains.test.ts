/** What is true of where the check draws inputs from: as they say, as the graph shows, or wherever the loss is a number; where that is nowhere, the model is told why. */

import {
  add,
  batchMean,
  binaryCrossentropy,
  categoricalCrossentropy,
  dense,
  input,
  kl,
  log,
  log1p,
  model,
  mse,
  mul,
  normal,
  param,
  pow,
  sgd,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  type FloatTensor,
  type Scalar,
} from "adjoint";
import { describe, expect, test } from "vitest";
import { checkModel } from "../../compiler/check/check.ts";
import { drawsOf } from "../../compiler/check/domain.ts";
import { fedLeaves } from "../../compiler/check/draw.ts";
import { verdictOf } from "../../compiler/check/result.ts";
import { compile } from "../../compiler/compile.ts";
import { entriesOf } from "../../compiler/driver/entries.ts";
import { ModelError } from "../../compiler/graph/error.ts";
import type { Model } from "../../compiler/model/declaration.ts";

type Rows = FloatTensor<[number, number]>;

/** A loss of x and y [batch, 4], and a weight that scales x's function. */
const losing = (loss: (x: Rows, y: Rows) => Scalar, names: readonly [string, string] = ["x", "y"]): Model =>
  model("domains", { batch: 4 }, ({ batch }) => ({
    loss: loss(input(names[0], [batch, 4]), input(names[1], [batch, 4])),
    optimizer: sgd(),
  }));
const weighed = (x: FloatTensor, y: FloatTensor): Scalar => mse(mul(x, param("w", [4], normal())) as Rows, y as Rows);
const penalised = (loss: Scalar): Scalar => add(loss, sum(square(param("w", [4], normal())), [0]));

/** Contents of the inputs at the small instance, by name. */
function drawn(one: Model): Record<string, Float64Array> {
  const [{ traced }] = entriesOf(one, { batch: 3, small: true, dtype: "f64" }, "trainer") as [ReturnType<typeof entriesOf>[number]];
  const draws = drawsOf(one, {});
  return Object.fromEntries(
    fedLeaves(traced.graph)
      .filter(({ op }) => op === "input")
      .map((node) => [node.name, draws.leaf(node, 7, 3)]),
  );
}

describe("what has a domain compiles, and is judged in full", () => {
  test.each<[string, (x: Rows, y: Rows) => Scalar]>([
    ["log", (x, y) => weighed(log(x), y)],
    ["sqrt", (x, y) => weighed(sqrt(x), y)],
    ["log1p", (x, y) => weighed(log1p(x), y)],
    ["pow", (x, y) => weighed(pow(x, 1.5), y)],
    ["log of a difference", (x, y) => weighed(log(sub(x, 3)), y)],
    ["kl against a fed target", (x, y) => kl(y, softmax(dense(4)(x)) as Rows)],
    ["binary cross-entropy of fed probabilities", (x, y) => penalised(binaryCrossentropy(x, y))],
    ["cross-entropy of fed probabilities", (x, y) => penalised(categoricalCrossentropy(x, y))],
  ])("%s", async (_, loss) => {
    const one = losing(loss);
    expect(Object.values(drawn(one)).every((values) => values.every(Number.isFinite))).toBe(true);
    const { tensors } = await checkModel(one, { effort: "quick" });
    expect(tensors.filter((tensor) => verdictOf(tensor) === "wrong")).toEqual([]);
    expect(tensors.filter(({ method, unjudged }) => unjudged !== undefined && /forward|central|one step/.test(method))).toEqual([]);
  });
});

describe("an input's own domain", () => {
  const within = (domain: NonNullable<Parameters<typeof input>[2]>["domain"]): Float64Array =>
    drawn(
      model("own", { batch: 4 }, ({ batch }) => ({
        loss: batchMean(sum(mul(input("x", [batch, 5], domain === undefined ? {} : { domain }), param("w", [5], normal())), [1])),
        optimizer: sgd(),
      })),
    )["x"]!;

  test("is what is drawn from", () => {
    expect(within(undefined).some((value) => value < 0)).toBe(true);
    expect(within("positive").every((value) => value > 0)).toBe(true);
    expect(within("unit").every((value) => value > 0 && value < 1)).toBe(true);
    expect(within([-3, -2]).every((value) => value >= -3 && value < -2)).toBe(true);
    const rows = within("probabilities");
    for (let row = 0; row < 3; row++) expect(rows.subarray(5 * row, 5 * row + 5).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  test.each<[unknown, string]>([
    ["negative", '"negative"'],
    [[2, 1], "[2, 1]"],
    [[0, Infinity], "[0, Infinity]"],
    [3, "3"],
  ])("is refused where it is none: %j", (domain, shown) => {
    expect(() => within(domain as "unit")).toThrow(
      `input "x": domain needs "positive", "probabilities", "unit" or [low, high] with low < high, but got ${shown}`,
    );
  });
});

test("names seed nothing: leaves of other names get the same contents", () => {
  const [a, b] = [losing((x, y) => weighed(x, y)), losing((x, y) => weighed(x, y), ["left", "right"])].map(drawn) as [
    Record<string, Float64Array>,
    Record<string, Float64Array>,
  ];
  expect(b["left"]).toEqual(a["x"]);
  expect(b["right"]).toEqual(a["y"]);
  expect(a["x"]).not.toEqual(a["y"]);
});

test("where no draw is finite, the error is the model's: the op that made it, its operands and their shapes there", async () => {
  const negative = losing((x, y) => weighed(log(sub(-1, square(x))), y));
  const error: unknown = await compile(negative).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ModelError);
  const { law, operands, remedy, site } = (error as ModelError).diagnostic;
  expect(law).toMatch(
    /^the loss cannot be checked: wherever inputs are drawn from, %log = log\(%sub\) is not a number, with %sub from -\S+ to -1\S*$/,
  );
  expect(operands.map(({ name, type }) => [name, type.shape])).toEqual([["sub", [4, 4]]]);
  expect(site).toMatch(/domains\.test\.ts:\d+$/);
  expect(remedy).toContain('input("x", shape, { domain: "positive" })');
});
