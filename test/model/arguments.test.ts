/** What is said of a wrong argument, in full: the line, the function, what was expected, what came, the nearest name, the remedy. */

import * as adjoint from "adjoint";
import { add, dense, input, model, ModelError, mul, param, sequential, sgd, sum, zeros, type Model } from "adjoint";
import { describe, expect, test } from "vitest";
import { lower } from "../../compiler/driver/lower.ts";
import { InputError } from "../../compiler/cli/errors.ts";
import { readDataDeclaration } from "../../compiler/cli/data.ts";
import type { LoadedModel } from "../../compiler/cli/load-model.ts";
import { earlyStopping, fit, type Trainer } from "../../runtime/index.ts";

/** As JavaScript passes it, whose callers no type checks. */
const anything = (value: unknown): never => value as never;

/** What is said, without the line numbers of this file. */
async function complaint(make: () => unknown): Promise<string> {
  try {
    await lower(make() as Model); // it throws before there is one, or holds what JavaScript may pass
  } catch (error) {
    if (error instanceof ModelError) return error.message.replace(/\.ts:\d+/g, ".ts:LINE");
    throw error;
  }
  return "accepted";
}

const MAKE = "Make one by its call: sgd(), adam(), adamw({ learningRate: 1e-3 }).";
const RETURNED = "Its options are loss, optimizer, outputs, metrics, generate.";
const w = () => param("w", [3], zeros());
const declared = (declare: (instance: { batch: number }) => unknown) => () => model("m", { batch: 4 }, anything(declare));
const within = (body: (x: adjoint.FloatTensor) => unknown) => declared(() => (body(input("x", [4, 3])), 1));
const returns = 'what the function of model "m" returns';

const cases: Readonly<Record<string, readonly [make: () => unknown, law: string, remedy: string]>> = {
  "no options": [
    () =>
      model(
        "m",
        anything(() => 1),
        anything(undefined),
      ),
    'model "m": needs its options as an object, such as { batch: 32 }, but got a function',
    "Write { … } with names: batch, memory, trainable.",
  ],
  "a batch in Keras's words": [
    () => model("m", anything({ batchSize: 4 }), anything(w)),
    'model "m": has no option "batchSize"; did you mean batch?',
    "Its options are batch, memory, trainable.",
  ],
  "a batch in PyTorch's words": [
    () => model("m", anything({ batch_size: 4 }), anything(w)),
    'model "m": has no option "batch_size"; did you mean batch?',
    "Its options are batch, memory, trainable.",
  ],
  "a batch that is a text": [
    () => model("m", anything({ batch: "4" }), anything(w)),
    'model "m": batch needs a whole number above 0, but got "4"',
    "Change batch, or leave it out for its default.",
  ],
  "a batch of two sizes": [
    () => model("m", { batch: anything({ train: 4, predict: 1 }) }, anything(w)),
    'model "m": batch.evaluate needs a whole number above 0, but got undefined',
    "Change batch.evaluate.",
  ],
  "no name": [() => model(anything(undefined), {}, anything(w)), "model: name needs a name, as a text, but got undefined", "Change name."],
  "no function": [() => model("m", {}, anything(undefined)), 'model "m": declare needs a function, but got undefined', "Change declare."],
  "nothing returned": [
    declared(() => {}),
    `${returns}: needs { loss, optimizer }, and outputs and metrics where there are some, but got undefined`,
    "Write { … } with names: loss, optimizer, outputs, metrics, generate.",
  ],
  "no optimizer": [
    declared(() => ({ loss: sum(w()) })),
    `${returns}: optimizer needs an optimizer, such as adam(), but got undefined`,
    MAKE,
  ],
  "an optimizer's name": [
    declared(() => ({ loss: sum(w()), optimizer: "adam" })),
    `${returns}: optimizer needs an optimizer, such as adam(), but got "adam"`,
    MAKE,
  ],
  "an optimizer without its call": [
    declared(() => ({ loss: sum(w()), optimizer: adjoint.adam })),
    `${returns}: optimizer needs an optimizer, such as adam(), but got the function adam`,
    MAKE,
  ],
  "no loss": [declared(() => ({ optimizer: sgd() })), `${returns}: loss needs a tensor of floats, but got undefined`, "Change loss."],
  "a tensor for outputs": [
    declared(() => {
      const s = w();
      return { loss: sum(s), optimizer: sgd(), outputs: s };
    }),
    `${returns}: outputs needs tensors by name, such as { scores }, but got the tensor %w f32[3]`,
    "Write outputs: { scores }, each with the name that predict is to give it.",
  ],
  "a number for an output": [
    declared(() => ({ loss: sum(w()), optimizer: sgd(), outputs: { s: 1 } })),
    `${returns}: outputs.s needs a tensor, but got 1`,
    "Change outputs.s.",
  ],
  "metric for metrics": [
    declared(() => ({ loss: sum(w()), optimizer: sgd(), metric: {} })),
    `${returns}: has no option "metric"; did you mean metrics?`,
    RETURNED,
  ],
  "a phase without optimizer": [
    declared(() => ({ phases: [{ name: "all", loss: sum(w()) }] })),
    `${returns}: phases[0].optimizer needs an optimizer, such as adam(), but got undefined`,
    MAKE,
  ],
  "phases that are none": [
    declared(() => ({ phases: { name: "all" } })),
    `${returns}: phases needs a list of phases, { name, loss, optimizer }, but got an object`,
    "Change phases.",
  ],
  "an option of a layer": [
    within(() => dense(4, anything({ actvation: "relu" }))),
    'dense: has no option "actvation"; did you mean activation?',
    "Its options are activation, useBias, kernelInitializer, biasInitializer, kernel, bias, name, trainable.",
  ],
  "a layer's units": [within(() => dense(anything("4"))), 'dense: units needs a whole number above 0, but got "4"', "Change units."],
  "an initializer's name": [
    within(() => dense(4, { kernelInitializer: anything("he") })),
    'dense: kernelInitializer needs an initializer, such as zeros(), but got "he"',
    "Call one: zeros(), glorot(), he(), constant(1).",
  ],
  "a layer of a number": [within(() => dense(4)(anything(3))), "dense: x needs a tensor, but got 3", "Change x."],
  "a number for axes": [
    within((x) => sum(x, anything(1))),
    "sum: axes needs a list of axes, such as [0], but got 1",
    "Change axes, or leave it out for its default.",
  ],
  "a list for a tensor": [
    within((x) => add(x, anything([1, 2]))),
    "add: b needs a tensor of floats or a number, but got [1, 2]",
    "Change b.",
  ],
  "nothing for a tensor": [
    within((x) => mul(x, anything(undefined))),
    "mul: b needs a tensor of floats or a number, but got undefined",
    "Change b.",
  ],
  "labels for floats": [
    within(() => adjoint.exp(anything(adjoint.labels("y", [4], { classes: 2 })))),
    "exp: x needs a tensor of floats, but got the tensor %y i32[4]",
    "Change x.",
  ],
  "a shape that is a number": [
    within(() => input("z", anything(784))),
    'input "z": shape needs a shape, such as [3, 32, 32], but got 784',
    "Change shape.",
  ],
  "labels without classes": [
    within(() => adjoint.labels("y", [4], anything(undefined))),
    'labels "y": needs its options as an object, but got undefined',
    "Write { … } with names: classes, rows.",
  ],
  "a formula that is none": [() => adjoint.elementwise(anything(2)), "elementwise: text needs a text, but got 2", "Change text."],
  "layers that are none": [
    () => sequential("s", anything([dense(2), "relu"])),
    'sequential: layers[1] needs a layer, such as dense(10), but got "relu"',
    "Change layers[1].",
  ],
  "words of sequential": [
    () => sequential("s", [dense(2)]).compile(anything({ input: [3], loss: "mse", optimiser: "sgd" })),
    'sequential "s": has no option "optimiser"; did you mean optimizer?',
    "Its options are input, optimizer, loss, metrics, batchSize, classes.",
  ],
};

describe("declarations", () => {
  test.each(Object.entries(cases))("%s", async (_, [make, law, remedy]) => {
    expect(await complaint(make)).toBe(`arguments.test.ts:LINE\n\n  ${law}\n\n  ${remedy}`);
  });

  test("what the function returns is told at the line of model, with the lines around it", async () => {
    const source = { path: "test/model/arguments.test.ts", text: "one\n".repeat(300) };
    const make = declared(() => ({ loss: sum(w()), optimizer: "adam" }));
    await expect(lower(make(), { source })).rejects.toThrow(/^test\/model\/arguments\.test\.ts:(\d+)\n\n.*\n {2}> +\1 \| one\n/);
  });

  test("a batch that is asked for and was given no size is 1, and that is said", async () => {
    const one = (options: adjoint.ModelOptions, extent: (batch: number) => number) =>
      model("m", options, ({ batch }) => ({ loss: sum(mul(input("x", [extent(batch)]), param("w", [], zeros()))), optimizer: sgd() }));
    const advice = async (made: Model): Promise<readonly string[]> => {
      const { diagnostics } = await adjoint.compile(made, { effort: "none" });
      return diagnostics.filter(({ code }) => code === "advice/batch").map(({ law }) => law);
    };
    expect(await advice(one({}, (batch) => batch))).toEqual([
      'model "m" does not say how many rows a batch has, so each entry point takes 1',
    ]);
    expect(await advice(one({ batch: 1 }, (batch) => batch))).toEqual([]);
    const plain = model("m", {}, () => ({ loss: sum(w()), optimizer: sgd() }));
    expect(await advice(plain)).toEqual([]);
  });
});

describe("compile and load", () => {
  const tiny = model("tiny", {}, () => ({ loss: sum(w()), optimizer: sgd() }));
  const refused = async (made: () => Promise<unknown>): Promise<string> => {
    const error = await made().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelError);
    return (error as ModelError).diagnostic.law; // as just expected
  };
  test("options", async () => {
    expect(await refused(() => adjoint.compile(anything(undefined)))).toBe(
      "compile: model needs a model, made by model(…), but got undefined",
    );
    expect(await refused(() => adjoint.compile(tiny, { target: anything("none") }))).toBe(
      'compile: target needs "typescript" or "wasm" or "wasm-external" or "plain" or "twin", but got "none"',
    );
    expect(await refused(() => adjoint.compile(tiny, { target: anything("wsam") }))).toBe(
      'compile: target needs "typescript" or "wasm" or "wasm-external" or "plain" or "twin", but got "wsam"; did you mean wasm?',
    );
    expect(await refused(() => adjoint.compile(tiny, anything({ targets: "wasm" })))).toBe(
      'compile: has no option "targets"; did you mean target?',
    );
  });
  test("what is loaded", async () => {
    expect(await refused(() => adjoint.load(anything(adjoint.compile(tiny, { effort: "none" }))))).toBe(
      "load: compiled needs what compile resolves to, but got a Promise",
    );
    const compiled = await adjoint.compile(tiny, { effort: "none" });
    expect(await refused(() => adjoint.load(compiled, "trainr.ts"))).toBe(
      'the compilation has no file "trainr.ts"; did you mean trainer.ts?',
    );
  });
});

describe("the runtime", () => {
  const trainer = {
    step: () => 1,
    evaluate: () => ({ count: 1 }),
    predict: () => ({}),
    batch: { train: 1, evaluate: 1, predict: 1 },
    inputs: {},
  } as unknown as Trainer;
  const refusals: readonly (readonly [unknown, unknown, unknown, string])[] = [
    [undefined, {}, { epochs: 1 }, "fit: trainer must be a trainer, made by createTrainer(), not undefined"],
    [trainer, null, { epochs: 1 }, "fit: data must be a record of arrays, such as { x, y }, not null"],
    [trainer, {}, undefined, "fit needs its options as an object, not undefined"],
    [
      trainer,
      {},
      { epoch: 3 },
      'fit has no option "epoch"; did you mean epochs? its options are epochs, batchSize, shuffle, validation, trainingMetrics, callbacks, augment, checkpoint, signal',
    ],
    [trainer, {}, { epochs: "3" }, 'epochs must be a whole number of at least 1, not "3"'],
    [trainer, {}, { epochs: 1, shuffle: true }, "shuffle must be { seed }, not true"],
    [
      trainer,
      {},
      { epochs: 1, callbacks: { onEpoh: () => {} } },
      "callbacks must be a callback with functions onStep, onEpoch, onResume, kept, onTurn, onEnd, as far as it has them, or a list of such, not an object",
    ],
    [
      trainer,
      {},
      { epochs: 1, checkpoint: { tables: { PARAMETERS: [], STATE: [] } } },
      "checkpoint.store must be a store with functions write, read, list and remove, not undefined",
    ],
  ];
  test.each(refusals)("fit(%o, %o, %o)", async (given, data, options, message) => {
    await expect(fit(anything(given), anything(data), anything(options))).rejects.toThrowError(new TypeError(message));
  });
  test("early stopping", () => {
    expect(() => earlyStopping(anything({ patience: 3, moniter: "loss" }))).toThrowError(
      new TypeError(
        'earlyStopping has no option "moniter"; did you mean monitor? its options are monitor, patience, minDelta, mode, restoreBest',
      ),
    );
  });
});

test("data: a name that the source does not know, and what is no declaration", () => {
  const reading = (data: unknown) => () => readDataDeclaration({ shown: "m.ts", data } as LoadedModel);
  expect(reading({ source: "mnist", epoch: 5 })).toThrowError(
    new InputError('m.ts gives its data "epoch", which no mnist source takes; did you mean epochs?; it takes source, epochs, validation'),
  );
  expect(reading("mnist")).toThrowError(
    new InputError(
      'm.ts exports "mnist" as its data, which need to be an object; write export const data = { source: "mnist", epochs: 5 }',
    ),
  );
});
