/** What is true of sequential: Keras's words give the model that one would write by hand, and unknown words name the nearest. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { glorot, hyper, sequential, sgd, type FloatTensor, type SequentialOptions } from "adjoint";
import { runningTrainer } from "../../compiler/check/emitted.ts";
import { checkModel } from "../../compiler/check/check.ts";
import { show, summarize } from "../../compiler/cli/summary.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { layer, type Layer } from "../../compiler/model/layers/layer.ts";
import { input, labels, param } from "../../compiler/model/leaves.ts";
import { softmaxCrossEntropy, svmLoss } from "../../compiler/model/losses/classes.ts";
import { accuracy } from "../../compiler/model/metrics.ts";
import { model } from "../../compiler/model/model.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { matmul, reshape } from "../../compiler/model/tensors.ts";
import { dotAttrs } from "../../compiler/ops/dot.ts";
import { typescript } from "../../compiler/targets/typescript/index.ts";
import { randomFrom } from "../support/sample.ts";

const dense = (units: number, options: { trainable?: boolean } = {}): Layer =>
  layer("dense", options, ({ c, param }, x) =>
    c.g.dot(x.value, param("kernel", [x.shape.at(-1)!, units], glorot()), dotAttrs([x.shape.length - 1], [0])),
  );
const flatten = (): Layer =>
  layer("flatten", {}, ({ c }, x) => c.g.reshape(x.value, { shape: [x.shape[0]!, x.shape.slice(1).reduce((n, extent) => n * extent, 1)] }));
const softmax = (): Layer =>
  layer("softmax", {}, ({ c }, x) => {
    const wide = { axes: [1], size: [x.shape[1]!] };
    const largest = c.g.stopGradient(c.g.reduceMax(x.value, { axes: [1] }));
    const exps = c.g.exp(c.g.sub(x.value, c.g.broadcast(largest, wide)));
    return c.g.div(exps, c.g.broadcast(c.g.sum(exps, { axes: [1] }), wide));
  });
const sigmoid = (): Layer => layer("sigmoid", {}, ({ c }, x) => c.g.sigmoid(x.value));

const source = { path: "test/model/sequential.test.ts", text: readFileSync(new URL(import.meta.url), "utf8") };
const small = { input: [4], optimizer: "sgd", batchSize: 3 } as const;

/** Random examples for every input of a trainer's entry. */
function drawn(rows: number, width: number, classes: number): { x: Float32Array; y: Int32Array } {
  const random = randomFrom(7);
  return {
    x: Float32Array.from({ length: rows * width }, () => 2 * random() - 1),
    y: Int32Array.from({ length: rows }, () => Math.floor(random() * classes)),
  };
}

describe("the lecture's Keras example", () => {
  const net = sequential("keras", [flatten(), dense(7), dense(5), softmax()]).compile({
    input: [3, 2, 2],
    optimizer: "adam",
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy", "top_2"],
    batchSize: 4,
  });

  test("has Keras's batches", () => expect(net.batch).toEqual({ train: 4, evaluate: 4, predict: 1 }));

  test("passes the check, and its header names the rewrite", async () => {
    const { holds, tensors } = await checkModel(net, { effort: "quick" });
    expect(tensors.filter(({ worst, bound }) => !(worst <= bound))).toEqual([]);
    expect(holds).toBe(true);
    const { module, facts } = await lower(net);
    const law = "log(c ? softmax(x) : 1) → c ? x − logsumexp(x) : 0";
    expect(facts.approximations).toEqual([law]);
    expect((await typescript.emit(module, facts)).text).toContain(`//   approximate rewrites: ${law}\n`);
  }, 20_000);

  test("does what softmaxCrossEntropy does on the scores", async () => {
    const byHand = model("by hand", { batch: 4 }, ({ batch }) => {
      const x = input("x", [batch, 3, 2, 2]);
      const scores = matmul(
        matmul(reshape(x, [batch, 12]), param("dense.kernel", [12, 7], glorot())),
        param("dense_2.kernel", [7, 5], glorot()),
      );
      const y = labels("y", [batch], { classes: 5 });
      return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, metrics: { accuracy: accuracy(scores, y) }, optimizer: sgd() };
    });
    const [one, other] = [await runningTrainer(await lower(net)), await runningTrainer(await lower(byHand))];
    expect(Object.keys(one.parameters)).toEqual(["dense.kernel", "dense_2.kernel"]);
    const batch = drawn(4, 12, 5);
    const [a, b] = [one.evaluate(batch), other.evaluate(batch)];
    expect(a["loss"]).toBeCloseTo(b["loss"]!, 5);
    expect(a["accuracy"]).toBe(b["accuracy"]);
    const { scores } = one.predict({ x: batch.x.slice(0, 12) });
    const s = Array.from(other.predict({ x: batch.x.slice(0, 12) })["scores"]!, Math.exp);
    s.forEach((e, n) => expect(scores![n]).toBeCloseTo(e / s.reduce((m, v) => m + v, 0), 6));
  });

  test("cites the line of each layer, and of compile for the rest", () => {
    const { graph } = net.trace({
      entry: "train",
      batch: 4,
      float: "f32",
      small: false,
      citation: { cite: () => "model.ts", textOf: () => undefined },
    });
    const lineOf = (op: string): number => Number(graph.nodes.find((node) => node.op === op)!.origin.site.split(":")[1]);
    const at = (text: string): number => source.text.slice(0, source.text.indexOf(text)).split("\n").length;
    expect(lineOf("exp")).toBe(at('layer("softmax"'));
    expect(lineOf("log")).toBe(at('sequential("keras"'));
    expect(lineOf("input")).toBe(at('sequential("keras"'));
  });
});

describe("initial loss with weights scaled by 1e-3", () => {
  const inputOf = { input: [1, 4, 4], optimizer: "adam", batchSize: 64 } as const;
  const hidden = [flatten(), dense(12), sigmoid()];
  test.each<[string, Model, number]>([
    [
      "softmax, ten classes: ln 10",
      sequential("softmax", [...hidden, dense(10), softmax()]).compile({ ...inputOf, loss: "sparse_categorical_crossentropy" }),
      Math.log(10),
    ],
    [
      "softmax from logits: ln 10",
      sequential("logits", [...hidden, dense(10)]).compile({ ...inputOf, loss: "softmax_crossentropy_with_logits" }),
      Math.log(10),
    ],
    ["SVM, ten classes: 9", sequential("svm", [...hidden, dense(10)]).compile({ ...inputOf, loss: "multiclass_svm" }), 9],
    ["yes or no: ln 2", sequential("binary", [...hidden, dense(1), sigmoid()]).compile({ ...inputOf, loss: "bce" }), Math.log(2)],
  ])("%s", async (name, net, expected) => {
    const trainer = await runningTrainer(await lower(net));
    for (const view of Object.values(trainer.parameters)) view.forEach((w, n) => (view[n] = w * 1e-3));
    const batch = drawn(64, 16, name.startsWith("yes") ? 2 : 10);
    const before = trainer.evaluate(batch)["loss"]! / 64;
    expect(Math.abs(before / expected - 1)).toBeLessThan(0.01);
    expect(trainer.step(batch)).toBeCloseTo(before, 4);
  });
});

describe("y is what the loss needs", () => {
  const inputsOf = (options: Partial<SequentialOptions>, layers: readonly Layer[] = [dense(5)]) => {
    const { graph } = sequential("net", layers)
      .compile({ ...small, loss: "mse", ...options })
      .trace({ entry: "evaluate", batch: 3, float: "f32", small: false, citation: { cite: () => "", textOf: () => undefined } });
    const y = graph.nodes.find(({ name, op }) => name === "y" && op === "input")!;
    return { type: y.type, classes: y.attrs["classes"] };
  };
  const float = (...shape: number[]) => ({ type: { dtype: "f32", shape }, classes: undefined });
  const label = (classes: number) => ({ type: { dtype: "i32", shape: [3] }, classes });
  test.each<[Partial<SequentialOptions>, object, (readonly Layer[])?]>([
    [{ loss: "multiclass_svm" }, label(5)],
    [{ loss: "sparse_categorical_crossentropy", classes: 5 }, label(5)],
    [{ loss: "categorical_crossentropy", metrics: ["accuracy", "top_3"] }, float(3, 5)],
    [{ loss: "bce", metrics: ["accuracy", "binary_accuracy"] }, float(3, 5)],
    [{ loss: "hinge", metrics: ["accuracy"] }, label(2), [dense(1)]],
    [{ loss: "huber", metrics: ["mse", "mean_absolute_error"] }, float(3, 5)],
    [{ loss: "kl_divergence" }, float(3, 5)],
    [{ loss: "cosine_similarity" }, float(3, 5)],
  ])("%o", (options, expected, layers) => expect(inputsOf(options, layers)).toEqual(expected));

  test("an output of numbers is named after its layer", () => {
    const outputs = (loss: "mae" | "multiclass_svm") =>
      sequential("net", [dense(5), dense(2)])
        .compile({ ...small, loss })
        .trace({ entry: "predict", batch: 1, float: "f32", small: false, citation: { cite: () => "", textOf: () => undefined } })
        .graph.results.map((result) => (result.kind === "output" ? result.name : ""));
    expect(outputs("mae")).toEqual(["dense_2"]);
    expect(outputs("multiclass_svm")).toEqual(["scores"]);
  });

  test("an optimizer may declare live scalars", async () => {
    const net = sequential("live", [dense(5)]).compile({
      ...small,
      loss: "multiclass_svm",
      optimizer: () => sgd({ learningRate: hyper("rate", 0.1) }),
    });
    const { buffers } = (await lower(net)).module;
    expect(buffers.filter(({ role }) => role === "hyper").map(({ name }) => name)).toEqual(["rate"]);
  });
});

describe("unknown words name the nearest, at the model's line", () => {
  // what JavaScript may pass
  const said = (options: object, layers: readonly Layer[] = [dense(5)]): string => {
    const net = sequential("net", layers).compile({ ...small, loss: "multiclass_svm", ...options } as SequentialOptions);
    try {
      net.trace({ entry: "train", batch: 3, float: "f32", small: false, citation: { cite: () => "model.ts", textOf: () => undefined } });
    } catch (error) {
      return (error as Error).message.replace(/model\.ts:\d+/, "model.ts:8");
    }
    return "nothing";
  };
  const LOSSES =
    "sparse_categorical_crossentropy, categorical_crossentropy, softmax_crossentropy_with_logits, multiclass_svm, binary_crossentropy, bce, bce_with_logits, hinge, squared_hinge, dice, mean_squared_error, mse, mean_absolute_error, mae, huber, log_cosh, smooth_l1, kl_divergence, cosine_similarity";
  const METRICS = "accuracy, binary_accuracy, mean_squared_error, mse, mean_absolute_error, mae, top_5";
  test.each<[string, object, string, (readonly Layer[])?]>([
    [
      "loss",
      { loss: "sparse_categorical_crossentropi" },
      `there is no loss "sparse_categorical_crossentropi"; did you mean sparse_categorical_crossentropy?\n\n  Known are ${LOSSES}.`,
    ],
    ["loss, nothing near", { loss: "perplexity" }, `there is no loss "perplexity"\n\n  Known are ${LOSSES}.`],
    ["loss, of every object", { loss: "toString" }, `there is no loss "toString"\n\n  Known are ${LOSSES}.`],
    [
      "optimizer",
      { optimizer: "adamm" },
      `there is no optimizer "adamm"; did you mean adam?\n\n  Known are sgd, adagrad, rmsprop, adam, adamw, adamax, nadam, adadelta, lion, adafactor, lamb, ftrl, muon, scheduleFreeAdamw.`,
    ],
    ["metric", { metrics: ["acuracy"] }, `there is no metric "acuracy"; did you mean accuracy?\n\n  Known are ${METRICS}.`],
    ["metric without a number", { metrics: ["top_k"] }, `there is no metric "top_k"; did you mean top_5?\n\n  Known are ${METRICS}.`],
    [
      "metric of another kind",
      { loss: "mse", metrics: ["accuracy"] },
      `the metric "accuracy" does not fit this loss, whose targets are of another kind\n\n  Leave the metric out, or choose another loss.`,
    ],
    [
      "top of numbers",
      { loss: "mse", metrics: ["top_5"] },
      `the metric "top_5" does not fit this loss, whose targets are of another kind\n\n  Leave the metric out, or choose another loss.`,
    ],
    ["classes of numbers", { loss: "mse", classes: 3 }, `classes are for losses of class labels, but mse has none\n\n  Leave classes out.`],
    ["no layers", {}, `sequential needs at least one layer, but the list is empty\n\n  Add a layer, such as dense(10).`, []],
  ])("%s", (_, options, message, layers) => expect(said(options, layers)).toBe(`model.ts:8\n\n  ${message}`));

  test("a last layer of another width than the classes", () => {
    expect(said({ classes: 10 })).toBe(`model.ts:8

  svmLoss needs a score a class, but there are 5 scores and 10 classes

    scores    f32[3,5]
    y         i32[3]

  Make the last layer as wide as there are classes.`);
  });
});

describe("summary", () => {
  test("is the table people know", async () => {
    const net = sequential("net", [flatten(), dense(7), dense(7, { trainable: false }), dense(5), softmax()]).compile({
      ...small,
      input: [2, 2],
      loss: "sparse_categorical_crossentropy",
    });
    const text = show(summarize(await lower(net)));
    expect(text.split("\n").slice(0, 9).join("\n")).toBe(`model net

layer             kind     output shape  parameters
────────────────  ───────  ────────────  ──────────
flatten           flatten  [3, 4]                 0
dense             dense    [3, 7]                28
dense_2 (frozen)  dense    [3, 7]                49
dense_3           dense    [3, 5]                35
softmax           softmax  [3, 5]                 0`);
    expect(text).toMatch(/\ntrainable parameters +63\nfrozen parameters +49\n/);
    expect(text).toMatch(/a training step +[\d,]+ FLOPs\narena, all memory there is +[\d,]+ bytes/);
  });

  test("of many layers shows the first, and counts the others", async () => {
    const deep = sequential("deep", [flatten(), ...Array.from({ length: 30 }, () => dense(3)), softmax()]).compile({
      ...small,
      input: [2],
      loss: "sparse_categorical_crossentropy",
    });
    const lines = show(summarize(await lower(deep)), 5).split("\n");
    expect(lines.slice(4, 10)).toEqual([
      "flatten  flatten  [3, 2]                 0",
      "dense    dense    [3, 3]                 6",
      "dense_2  dense    [3, 3]                 9",
      "dense_3  dense    [3, 3]                 9",
      "… and 28 layers more",
      "",
    ]);
  });

  test("lists parameters of no layer beside the layers, and alone where there are none", async () => {
    const mixed = (layers: readonly Layer[]): Model =>
      model("mixed", { batch: 2 }, ({ batch }) => {
        const x: FloatTensor = input("x", [batch, 3]);
        const inner = layers.reduce((value, one) => one(value), x);
        const scores = matmul(inner as FloatTensor<readonly [number, number]>, param("W", [3, 2], glorot()));
        return { loss: svmLoss(scores, labels("y", [batch], { classes: 2 })), optimizer: sgd() };
      });
    const loose = "parameter  shape   number\n─────────  ──────  ──────\nW          [3, 2]       6\n";
    const both = summarize(await lower(mixed([dense(3)])));
    expect(both.layers).toEqual([{ name: "dense", kind: "dense", shape: [2, 3], parameters: 9 }]);
    expect(show(both)).toContain(`dense  dense  [2, 3]                 9\n\n${loose}`);
    const none = show(summarize(await lower(mixed([]))));
    expect(none.startsWith(`model mixed\n\n${loose}`)).toBe(true);
  });
});
