/** What is true of wrong options: each is refused where the model can still be mended, by optimizer, option and line. */

import {
  accumulate,
  adadelta,
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  clipByValue,
  constant,
  cosineDecay,
  ema,
  exponentialDecay,
  groups,
  hyper,
  lion,
  model,
  ModelError,
  mul,
  oneCycle,
  param,
  piecewise,
  rmsprop,
  sgd,
  stepDecay,
  warmup,
  type FloatTensor,
} from "adjoint";
import { expect, test } from "vitest";
import type { UpdateRule } from "../../compiler/autodiff/update.ts";
import { lower } from "../../compiler/driver/lower.ts";

const declared = (rule: (w: FloatTensor, frozen: FloatTensor) => UpdateRule) =>
  model("options", {}, () => {
    const w = param("w", [], constant(1));
    const v = param("layer.v", [], constant(1));
    const frozen = param("frozen", [], constant(1), { trainable: false });
    return { loss: mul(mul(w, v), frozen), optimizer: rule(w, frozen) };
  });

/** What lowering says, without the line numbers of this file. */
async function complaint(rule: Parameters<typeof declared>[0]): Promise<string> {
  try {
    await lower(declared(rule));
  } catch (error) {
    if (error instanceof ModelError) return error.message.replace(/\.ts:\d+/g, ".ts:LINE");
    throw error;
  }
  return "accepted";
}

/** As JavaScript passes it, whose callers no type checks. */
const anything = (value: unknown): never => value as never;

const cases: readonly (readonly [() => unknown, law: string, remedy: string])[] = [
  [
    () => adam({ learningRate: -1 }),
    "adam: learningRate needs a finite number of at least 0, a hyper or a schedule, but got -1",
    "Change learningRate, or leave it out for its default.",
  ],
  [
    () => adam({ learningRate: hyper("r", -1) }),
    "adam: learningRate needs a finite number of at least 0, a hyper or a schedule, but got the tensor %r f32[]",
    "Change learningRate, or leave it out for its default.",
  ],
  [
    () => sgd({ learningRate: Infinity }),
    "sgd: learningRate needs a finite number of at least 0, a hyper or a schedule, but got Infinity",
    "Change learningRate, or leave it out for its default.",
  ],
  [
    () => sgd({ learningRate: anything("0.1") }),
    'sgd: learningRate needs a finite number of at least 0, a hyper or a schedule, but got "0.1"',
    "Change learningRate, or leave it out for its default.",
  ],
  [() => sgd(anything({ lr: 0.1 })), 'sgd: has no option "lr"', "Its options are learningRate, momentum, nesterov, weightDecay."],
  [
    () => adam(anything(0.1)),
    "adam: needs its options as an object, but got 0.1",
    "Write { … } with names: learningRate, beta1, beta2, epsilon, weightDecay, amsgrad.",
  ],
  [
    () => sgd({ momentum: 1 }),
    "sgd: momentum needs a number of at least 0 and below 1, but got 1",
    "Change momentum, or leave it out for its default.",
  ],
  [
    () => sgd({ nesterov: true }),
    "sgd: nesterov needs a momentum above 0, but got 0",
    "Give momentum, for example 0.9, or leave nesterov out.",
  ],
  [
    () => adamw({ beta1: NaN }),
    "adamw: beta1 needs a number of at least 0 and below 1, but got NaN",
    "Change beta1, or leave it out for its default.",
  ],
  [
    () => adam({ beta2: -0.1 }),
    "adam: beta2 needs a number of at least 0 and below 1, but got -0.1",
    "Change beta2, or leave it out for its default.",
  ],
  [
    () => rmsprop({ epsilon: 0 }),
    "rmsprop: epsilon needs a finite number above 0, but got 0",
    "Change epsilon, or leave it out for its default.",
  ],
  [
    () => rmsprop({ centered: anything("no") }),
    'rmsprop: centered needs true or false, but got "no"',
    "Change centered, or leave it out for its default.",
  ],
  [
    () => adagrad({ initialAccumulator: -1 }),
    "adagrad: initialAccumulator needs a finite number of at least 0, but got -1",
    "Change initialAccumulator, or leave it out for its default.",
  ],
  [
    () => adadelta({ rho: 1.5 }),
    "adadelta: rho needs a number of at least 0 and below 1, but got 1.5",
    "Change rho, or leave it out for its default.",
  ],
  [
    () => lion({ weightDecay: -0.1 }),
    "lion: weightDecay needs a finite number of at least 0, but got -0.1",
    "Change weightDecay, or leave it out for its default.",
  ],
  [() => clipByValue(adam(), 0), "clipByValue: limit needs a finite number above 0, but got 0", "Change limit."],
  [
    () => clipByGlobalNorm(anything(adam), 1),
    "clipByGlobalNorm: rule needs an optimizer, such as adam(), but got the function adam",
    "Make one by its call: sgd(), adam(), adamw({ learningRate: 1e-3 }).",
  ],
  [() => accumulate(sgd(), 2.5), "accumulate: k needs a whole number of at least 1, but got 2.5", "Change k."],
  [() => ema(sgd(), 1), "ema: decay needs a number of at least 0 and below 1, but got 1", "Change decay."],
  [
    () => cosineDecay(0.1, anything(undefined)),
    "cosineDecay: needs its options as an object, but got undefined",
    "Write { … } with names: steps, to.",
  ],
  [
    () => cosineDecay(0.1, { steps: 10, to: -1 }),
    "cosineDecay: to needs a finite number of at least 0, but got -1",
    "Change to, or leave it out for its default.",
  ],
  [() => stepDecay(0.1, { every: 0 }), "stepDecay: every needs a whole number of at least 1, but got 0", "Change every."],
  [() => exponentialDecay(0.1, { factor: 0 }), "exponentialDecay: factor needs a finite number above 0, but got 0", "Change factor."],
  [() => warmup(-1, 0.1), "warmup: steps needs a whole number of at least 1, but got -1", "Change steps."],
  [
    () => oneCycle(0.1, { steps: 3 }),
    "oneCycle: needs more than one step to rise, but warmup·steps = 0.8999999999999999",
    "Raise steps or warmup.",
  ],
  [
    () => oneCycle(0.1, { steps: 30, warmup: 1 }),
    "oneCycle: warmup needs a number above 0 and below 1, but got 1",
    "Change warmup, or leave it out for its default.",
  ],
  [
    () => piecewise([0.1, 0.2], { at: [] }),
    "piecewise: needs one rate more than boundaries, but got 2 rates and 0 boundaries",
    "Give a rate before each boundary, and one after the last.",
  ],
  [() => piecewise([0.1, 0.2, 0.3], { at: [5, 5] }), "piecewise: needs boundaries that rise, but got [5, 5]", "Sort them, each once."],
  [
    () => piecewise([0.1, -0.2], { at: [5] }),
    "piecewise: rates[1] needs a finite number of at least 0, a hyper or a schedule, but got -0.2",
    "Change rates[1].",
  ],
  [
    () => groups(anything([{ optimizer: sgd() }, { optimizer: adam() }])),
    "groups: group 1 needs parameters, but names none",
    "List them, or make it the last group, which takes the rest.",
  ],
  [
    () => groups(anything([{ parameters: ["w"], optimizer: sgd() }])),
    "groups: the last group takes every parameter that no other names, but it names its own",
    "Add a last group of an optimizer alone: { optimizer: … }.",
  ],
  [
    () => groups([{ optimizer: anything("adam") }]),
    'groups: list[0].optimizer needs an optimizer, such as adam(), but got "adam"',
    "Make one by its call: sgd(), adam(), adamw({ learningRate: 1e-3 }).",
  ],
];

test.each(cases.map(([make, law, remedy]) => ({ make, law, remedy })))("$law", async ({ make, law, remedy }) => {
  const text = await complaint(() => make() as UpdateRule); // it throws before there is one
  expect(text).toBe(`optimizer-options.test.ts:LINE\n\n  ${law}\n\n  ${remedy}`);
});

test("the line is the call's, with the lines around it where the model's text is known", async () => {
  const source = { path: "test/model/optimizer-options.test.ts", text: "one\n".repeat(200) };
  const make = () =>
    lower(
      declared(() => adam({ beta1: 2 })),
      { source },
    );
  await expect(make()).rejects.toThrow(/^test\/model\/optimizer-options\.test\.ts:(\d+)\n\n.*\n {2}> \1 \| one\n/);
});

test("outside a model, the line that made the rule is told", () => {
  expect(() => adam({ beta1: 2 })).toThrow(
    /^optimizer-options\.test\.ts:\d+\n\n {2}adam: beta1 needs a number of at least 0 and below 1, but got 2\n/,
  );
});

const late: readonly (readonly [Parameters<typeof declared>[0], law: string, remedy: string])[] = [
  [
    (w) => groups([{ parameters: [w], optimizer: sgd() }, { parameters: ["w"], optimizer: adam() }, { optimizer: sgd() }]),
    'groups: parameter "w" is in two groups',
    "Leave it in one of them.",
  ],
  [
    () => groups([{ parameters: ["head"], optimizer: sgd() }, { optimizer: adam() }]),
    'groups: no trained parameter or layer is called "head"',
    "The trained parameters are w, layer.v.",
  ],
  [
    (_, frozen) => groups([{ parameters: [frozen], optimizer: sgd() }, { optimizer: adam() }]),
    'groups: group 1 lists "frozen", which is frozen, not trained',
    "List parameters made by param, not frozen.",
  ],
  [
    (w) => groups([{ parameters: [mul(w, 2)], optimizer: sgd() }, { optimizer: adam() }]),
    'groups: group 1 lists "mul_3", which is made by mul, not trained',
    "List parameters made by param, not frozen.",
  ],
  [
    () => ema(ema(sgd(), 0.5), 0.9),
    'ema(ema(sgd, 0.5), 0.9): "w.ema" would be written twice in one step',
    "Wrap a rule in ema or accumulate once, and train a parameter by one rule.",
  ],
  [
    () => accumulate(accumulate(sgd(), 2), 2),
    'accumulate(accumulate(sgd, 2), 2): "w.accumulated" would be written twice in one step',
    "Wrap a rule in ema or accumulate once, and train a parameter by one rule.",
  ],
];

test.each(late.map(([rule, law, remedy]) => ({ rule, law, remedy })))("$law", async ({ rule, law, remedy }) => {
  expect(await complaint(rule)).toBe(`optimizer-options.test.ts:LINE\n\n  ${law}\n\n  ${remedy}`);
});
