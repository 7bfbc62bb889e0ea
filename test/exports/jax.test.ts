/** A model as a program in JAX: its text, without Python. What it computes is judged in interop/jax. */

import { expect, test } from "vitest";
import {
  accuracy,
  adam,
  add,
  dense,
  dropout,
  embedding,
  flatten,
  glorot,
  hyper,
  input,
  labels,
  lstm,
  matmul,
  maxPool2d,
  conv2d,
  mean,
  model,
  mul,
  param,
  sgd,
  softmaxCrossEntropy,
  zeros,
  type Model,
} from "adjoint";
import { exportModel, exportProgram } from "../../compiler/export.ts";
import type { FloatTensor } from "../../compiler/model/tensor.ts";
import circuit from "../../models/circuit.ts";

const textOf = async (one: Model, entries: readonly "gradients"[] = []): Promise<string> =>
  new TextDecoder().decode(await exportProgram(one, { to: "jax", entries }));

/** The lines of a function. */
const functionIn = (text: string, name: string): string => new RegExp(`^def ${name}\\([^]*?\\n(?=\\n\\n)`, "m").exec(text)?.[0] ?? "";

const classified = (of: (x: FloatTensor) => FloatTensor): Model =>
  model("case", { batch: 4 }, ({ batch }) => {
    const scores = of(input("x", [batch, 1, 6, 6]));
    const y = labels("y", [batch], { classes: 3 });
    return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, metrics: { accuracy: accuracy(scores, y) }, optimizer: adam() };
  });

test("the chain rule on one screen", async () => {
  const text = await textOf(circuit);
  expect(text).toBe(await textOf(circuit));
  await expect(functionIn(text, "step")).toMatchFileSnapshot("jax/circuit.py");
});

test("layers, windows and a loop in the words of JAX", async () => {
  const picture = classified((x) => dense(3)(dropout(0.5)(flatten()(maxPool2d(2)(conv2d(2, 3, { padding: "same" })(x))))));
  const text = await textOf(picture);
  await expect(functionIn(text, "step")).toMatchFileSnapshot("jax/picture.py");
  for (const helper of ["windows", "window_argmax", "window_gather", "window_scatter", "bits"]) expect(text).toContain(`\ndef ${helper}(`);
  expect(text).not.toContain("def rows_at(");
});

test("a loop is lax.scan, there and back", async () => {
  const words = model("words", { batch: 2 }, ({ batch }) => {
    const h = lstm(3)(embedding(5, 4)(labels("x", [batch, 6], { classes: 5 })));
    return { loss: mean(mul(h, h)), optimizer: sgd() };
  });
  const text = await textOf(words);
  expect(text.match(/lax\.scan\(/g)).toHaveLength(3); // forward in step and evaluation, backward once
  expect(text.match(/reverse=True/g)).toHaveLength(1);
  expect(text).toContain("rows_at(embedding_table, x)");
  expect(text).toContain("def added_at(");
});

test("lines are no longer than 100 signs, where they are code", async () => {
  const picture = classified((x) => dense(3)(flatten()(x)));
  const code = (await textOf(picture, ["gradients"])).split("\n").filter((line) => !/^\s*#|"""|^[A-Za-z ]/.test(line));
  expect(code.filter((line) => line.length > 100)).toEqual([]);
});

test("names that Python has, or that are no names there, are others; a text from a model stays one", async () => {
  const odd = model("odd", { batch: 2 }, ({ batch }) => {
    const lambda = param("lambda", [3, 1], glorot());
    const state = param("state", [2, 1], zeros());
    const text = param('a "quoted" \\ name', [2, 1], zeros());
    const y = add(add(matmul(input("def", [batch, 3]), lambda), state), text);
    return { loss: mean(mul(y, y)), outputs: { return: y }, optimizer: sgd({ learningRate: hyper("class", 0.1) }) };
  });
  const text = await textOf(odd);
  expect(text).toContain('lambda_ = compute(state["lambda"])');
  expect(text).toContain('state_ = compute(state["state"])');
  expect(text).toContain('def_ = compute(batch["def"])');
  expect(text).toContain(`"a \\"quoted\\" \\\\ name"`);
  expect(text).toContain('HYPER: dict[str, float] = {"class": 0.1}');
});

test("engines that write prediction and those that write programs are not mixed up", async () => {
  expect(() => exportModel(circuit, { to: "jax", weights: {} })).toThrow("exportModel writes graphs of prediction");
  await expect(exportProgram(circuit, { to: "onnx" })).rejects.toThrow("exportProgram writes what trains");
  await expect(exportProgram(circuit, { to: "jaxx" })).rejects.toThrow('there is no engine "jaxx"; did you mean jax?');
});
