/** What is true of warnings: each is one paragraph at the model's line, said once, where the model really will not learn as expected, and nowhere else. */

import {
  adam,
  add,
  batchMean,
  bceWithLogits,
  binaryCrossentropy,
  categoricalCrossentropy,
  constant,
  dense,
  dropout,
  elementwise,
  expandDims,
  flatten,
  glorot,
  greater,
  groups,
  hyper,
  input,
  kl,
  labels,
  less,
  logSoftmax,
  model,
  mse,
  mul,
  param,
  relu,
  sequential,
  sgd,
  sigmoid,
  softmax,
  softmaxCrossEntropy,
  square,
  squeeze,
  sub,
  sum,
  warmup,
  where,
  type Model,
} from "adjoint";
import { describe, expect, test } from "vitest";
import { adviceOn } from "../../compiler/check/advice.ts";
import { printDiagnostic } from "../../compiler/graph/error.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { modelNames, modelOf } from "../support/models.ts";
import type { UpdateRule } from "../../compiler/autodiff/update.ts";
import { context } from "../../compiler/model/context.ts";
import type { FloatTensor, Scalar, Tensor } from "../../compiler/model/tensor.ts";

/** Every warning, its line replaced: `<line>`. */
async function warnings(of: Model): Promise<string[]> {
  const advice = adviceOn(of, await lower(of, { batch: 2 }), {});
  for (const { severity, site } of advice) {
    expect(severity).toBe("warning");
    expect(site).toMatch(/^advice\.test\.ts:\d+$/);
  }
  return advice.map((one) => printDiagnostic({ ...one, site: "<line>" }));
}

type Classes = Tensor<readonly number[], "i32">;
const classifier = (loss: (scores: FloatTensor, y: Classes) => Scalar, rule: () => UpdateRule = sgd): Model =>
  model("classifier", { batch: 2 }, ({ batch }) => {
    const scores = dense(4)(input("x", [batch, 3]));
    const y = labels("y", [batch], { classes: 4 });
    return { loss: loss(scores, y), outputs: { scores }, optimizer: rule() };
  });

const yesNo = (loss: (score: FloatTensor, y: FloatTensor) => Scalar): Model =>
  model("yes-no", { batch: 2 }, ({ batch }) => {
    const score = dense(1)(input("x", [batch, 3]));
    return { loss: loss(score, input("y", [batch, 1])), outputs: { score }, optimizer: sgd() };
  });

/** The places of [length] elements, from an input's shape alone. */
const positions = (length: number): FloatTensor => {
  const c = context();
  return c.tensor(c.g.iota({ dtype: "f32", shape: [length] }, { axis: 0 })) as FloatTensor;
};

describe("a column beside a row of the same things", () => {
  const rows = (error: (x: FloatTensor, y: FloatTensor) => FloatTensor, x: readonly number[] = [1], y: readonly number[] = []): Model =>
    model("rows", { batch: 2 }, ({ batch }) => {
      const pred = dense(x.at(-1)!)(input("x", [batch, ...x.slice(0, -1), 3]));
      return { loss: batchMean(square(error(pred, input("y", [batch, ...y])))), outputs: {}, optimizer: sgd() };
    });

  test("is spread against it", async () => {
    expect(await warnings(rows((pred, y) => sub(pred, y)))).toEqual([
      "<line>\n\n  sub spreads both of its operands: %dense [2,1] and %y [2] make [2,2], every element of the one with every element of the other\n\n  Where they are the same 2 things, give them one shape: squeeze the first with squeeze(…, 1), or make the second a column with expandDims(…, 1). Where all pairs are meant, say so with expandDims(…, 0) of the second.",
    ]);
  });

  test.each<[string, (x: FloatTensor, y: FloatTensor) => FloatTensor, string]>([
    ["the other way round", (pred, y) => sub(y, pred) as FloatTensor, "sub"],
    ["in a product", (pred, y) => mul(pred, y) as FloatTensor, "mul"],
    ["in a comparison", (pred, y) => where(greater(pred, y), pred, 0) as FloatTensor, "greater"],
    ["in a choice", (pred, y) => where(greater(y, 0), pred, 0) as FloatTensor, "where"],
  ])("%s", async (_, error, op) => {
    const found = await warnings(rows(error));
    expect(found.map((text) => text.split("\n")[2])).toEqual([
      expect.stringMatching(new RegExp(`^  ${op} spreads both of its operands: `)),
    ]);
  });

  test.each<[string, Model]>([
    ["both columns", rows((pred, y) => sub(pred, y), [1], [1])],
    ["a squeezed column", rows((pred, y) => sub(squeeze(pred, 1), y) as FloatTensor)],
    ["all pairs, said", rows((pred, y) => sub(pred, expandDims(y, 0)) as FloatTensor)],
    ["a bias", rows((pred) => add(pred, param("c", [1], constant(0))) as FloatTensor)],
    ["rows of another length", rows((pred) => add(pred, param("c", [3], constant(0))) as FloatTensor)],
    ["a mask of positions", rows((pred) => add(pred, sum(where(less(expandDims(positions(5), 1), positions(5)), 1, 0))) as FloatTensor)],
  ])("%s are not", async (_, of) => {
    expect(await warnings(of)).toEqual([]);
  });
});

describe("a loss of raw scores", () => {
  test("given probabilities", async () => {
    expect(await warnings(classifier((scores, y) => softmaxCrossEntropy(softmax(scores), y)))).toEqual([
      "<line>\n\n  softmaxCrossEntropy takes raw scores, but %div holds probabilities already: they would be squashed twice, and the model learns slowly\n\n  Leave out the activation before it, or use categoricalCrossentropy, which takes probabilities.",
    ]);
    expect(await warnings(yesNo((score, y) => bceWithLogits(sigmoid(score), y)))).toEqual([
      "<line>\n\n  bceWithLogits takes raw scores, but %sigmoid holds probabilities already: they would be squashed twice, and the model learns slowly\n\n  Leave out the activation before it, or use binaryCrossentropy, which takes probabilities.",
    ]);
  });

  test("given logarithms of them", async () => {
    expect(await warnings(classifier((scores, y) => softmaxCrossEntropy(logSoftmax(scores), y)))).toEqual([
      "<line>\n\n  softmaxCrossEntropy takes raw scores, but %sub holds logarithms of probabilities already\n\n  Leave out the logSoftmax before it: the loss takes the logarithm itself.",
    ]);
  });

  test("sees through movements, and through layers", async () => {
    const through = model("through", { batch: 2 }, ({ batch }) => {
      const probabilities = dense(4, { activation: "softmax" })(input("x", [batch, 3]));
      const y = labels("y", [batch], { classes: 4 });
      return { loss: softmaxCrossEntropy(flatten()(probabilities), y), outputs: {}, optimizer: sgd() };
    });
    expect((await warnings(through)).map((text) => text.split("\n")[2])).toEqual([
      "  softmaxCrossEntropy takes raw scores, but %flatten holds probabilities already: they would be squashed twice, and the model learns slowly",
    ]);
  });
});

describe("a loss of probabilities", () => {
  test("given raw scores", async () => {
    expect(await warnings(classifier((scores, y) => categoricalCrossentropy(scores, y)))).toEqual([
      "<line>\n\n  categoricalCrossentropy takes probabilities, but %dense holds raw scores: the logarithm of a negative number is not a number\n\n  Put a softmax before it, or use softmaxCrossEntropy, which takes raw scores.",
    ]);
    expect(await warnings(yesNo((score, y) => binaryCrossentropy(score, y)))).toEqual([
      "<line>\n\n  binaryCrossentropy takes probabilities, but %dense holds raw scores: the logarithm of a negative number is not a number\n\n  Put a sigmoid before it, or use bceWithLogits, which takes raw scores.",
    ]);
    expect(await warnings(yesNo((score, y) => kl(logSoftmax(score), y)))).toEqual([
      "<line>\n\n  kl takes probabilities, but %sub holds logarithms of probabilities: the logarithm of a negative number is not a number\n\n  Put a softmax before it, or use softmaxCrossEntropy, which takes raw scores.",
    ]);
  });

  test("by Keras's words too, at the line that lists the layers", async () => {
    const listed = sequential("listed", [dense(4)]).compile({
      input: [3],
      optimizer: "adam",
      loss: "sparse_categorical_crossentropy",
      batchSize: 2,
    });
    const advice = adviceOn(listed, await lower(listed), {});
    expect(advice.map(({ code }) => code)).toEqual(["advice/probabilities"]);
  });

  test.each<[string, Model]>([
    ["softmax", classifier((scores, y) => categoricalCrossentropy(softmax(scores), y))],
    ["sigmoid", yesNo((score, y) => binaryCrossentropy(sigmoid(score), y))],
    ["what only its author knows", yesNo((score, y) => binaryCrossentropy(square(score), y))],
  ])("given %s says nothing", async (_, of) => expect(await warnings(of)).toEqual([]));
});

describe("dropout after the last layer", () => {
  const dropped = (rate: number, through: boolean): Model =>
    model("dropped", { batch: 2 }, ({ batch }) => {
      const last = dense(4)(input("x", [batch, 3]));
      const scores = dropout(rate)(last);
      const y = input("y", [batch, 4]);
      return { loss: mse(through ? scores : last, y), outputs: { scores }, optimizer: sgd() };
    });

  test("is told of once, by the loss that reads it", async () => {
    expect(await warnings(dropped(0.5, true))).toEqual([
      "<line>\n\n  mse reads %dropout, which dropout has zeroed at random in training, with no layer after it\n\n  Put the dropout before the last layer.",
    ]);
  });

  test("is told of by the output where no loss reads it", async () => {
    const of = dropped(0.5, false);
    const advice = adviceOn(of, await lower(of), {});
    expect(advice.map(printDiagnostic)).toEqual([
      'dropped\n\n  output "scores" reads %dropout, which dropout has zeroed at random in training, with no layer after it\n\n  Put the dropout before the last layer.',
    ]);
  });

  test("of nothing, or before it, says nothing", async () => {
    expect(await warnings(dropped(0, true))).toEqual([]);
    const before = classifier((scores, y) => softmaxCrossEntropy(dense(4)(relu(dropout(0.5)(relu(scores)))), y));
    expect(await warnings(before)).toEqual([]);
  });
});

describe("a learning rate of 0", () => {
  const trained = (rule: () => UpdateRule) => warnings(classifier(softmaxCrossEntropy, rule));

  test.each([
    ["sgd", () => sgd({ learningRate: 0 })],
    ["adam", () => adam({ learningRate: 0 })],
    ["sgd", () => groups([{ parameters: ["dense.bias"], optimizer: sgd({ learningRate: 0 }) }, { optimizer: adam() }])],
  ])("of %s, alone or in a group, is told of once", async (name, rule) => {
    expect(await trained(rule)).toEqual([
      `<line>\n\n  ${name}: the learning rate is 0, so what it trains never changes\n\n  Give it a learningRate above 0, or freeze the parameters with { trainable: false }.`,
    ]);
  });

  test("that can be set is told of as such", async () => {
    expect(await trained(() => sgd({ learningRate: hyper("rate", 0) }))).toEqual([
      '<line>\n\n  sgd: the learning rate "rate" starts at 0, so what it trains does not change until trainer.hyper.rate is set\n\n  Start it above 0.',
    ]);
  });

  test("that grows from 0 says nothing", async () => {
    expect(await trained(() => sgd({ learningRate: warmup(5, 0.1) }))).toEqual([]);
  });
});

describe("a formula", () => {
  const written = (text: string): Promise<string[]> => warnings(yesNo((score, y) => mse(elementwise(text)(score), y)));
  const remedy = "\n\n  Write it so that no exponential sees a large argument, for example with sigmoid, tanh or log1p(exp(-abs(x))).";

  test("whose slope overflows in a tail, or whose value does", async () => {
    expect(await written("x * tanh(log(1 + exp(x)))")).toEqual([
      `<line>\n\n  the slope of the formula "x * tanh(log(1 + exp(x)))" is not a number at x = 10000, because a part of it overflows${remedy}`,
    ]);
    expect(await written("exp(-x) / (1 + exp(-x))")).toEqual([
      `<line>\n\n  the value of the formula "exp(-x) / (1 + exp(-x))" is not a number at x = -10000, because a part of it overflows${remedy}`,
    ]);
  });

  test.each(["x * sigmoid(x)", "max(x, 0) + log1p(exp(-abs(x)))", "exp(x)", "log(x)", "x > 0 ? x : 0.1 * x", "x * x * x"])(
    "%s says nothing",
    async (text) => {
      expect(await written(text)).toEqual([]);
    },
  );
});

test("a relu that no input wakes, and two layers without anything between them", async () => {
  const dead = model("dead", { batch: 2 }, ({ batch }) => {
    const [W, b] = [param("W", [4], glorot()), param("b", [4], constant(-50))];
    const asleep = relu(add(mul(input("x", [batch, 4]), W), b));
    return { loss: mse(asleep, input("y", [batch, 4])), outputs: {}, optimizer: sgd() };
  });
  expect(await warnings(dead)).toEqual([
    "<line>\n\n  %relu: no unit of this relu is above 0 at the starting weights, so no gradient passes it and nothing before it learns\n\n  Start its weights from he() or glorot(), and its bias from zeros().",
  ]);
  const linear = classifier((scores, y) => softmaxCrossEntropy(dense(4)(scores), y));
  expect((await warnings(linear)).map((text) => text.replace(/advice\.test\.ts:\d+/, "<other line>"))).toEqual([
    "<line>\n\n  two linear layers with nothing between them are one linear layer: %dense_2.product follows %dense.product, <other line>\n\n  Put an activation between them (relu is a good default), or leave one of them out.",
  ]);
});

test.each(modelNames)("%s has none", async (name) => {
  const of = await modelOf(name);
  expect(adviceOn(of, await lower(of), {})).toEqual([]);
});
