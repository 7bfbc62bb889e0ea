/** Guarantees the model that a recipe describes: every value is read, every trained parameter is reached, in every entry alike. */

import type { UpdateRule } from "../../compiler/autodiff/update.ts";
import type { Value } from "../../compiler/graph/graph.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { dependents } from "../../compiler/graph/walk.ts";
import { checkpoint } from "../../compiler/model/autodiff.ts";
import { bceWithLogits } from "../../compiler/model/losses/binary.ts";
import { softmaxCrossEntropy, svmLoss } from "../../compiler/model/losses/classes.ts";
import { huber, mse } from "../../compiler/model/losses/numbers.ts";
import { l1, l2 } from "../../compiler/model/losses/penalties.ts";
import { hyper } from "../../compiler/model/leaves.ts";
import { model } from "../../compiler/model/model.ts";
import type { Declaration, Model } from "../../compiler/model/declaration.ts";
import {
  accumulate,
  adadelta,
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  clipByValue,
  cosineDecay,
  ema,
  exponentialDecay,
  groups,
  lion,
  rmsprop,
  sgd,
  stepDecay,
  warmup,
  type Rate,
} from "../../compiler/model/optimizers/index.ts";
import type { FloatTensor, Scalar, Tensor } from "../../compiler/model/tensor.ts";
import { apply } from "./steps.ts";
import { axesOf, benchOf, float, fresh, freshLabels, number, push, shapeOf, type Bench } from "./bench.ts";
import type { Recipe, Step } from "./recipe.ts";

export const modelOf = (recipe: Recipe): Model =>
  model("random", { batch: { train: recipe.rows, evaluate: recipe.rows, predict: recipe.rows } }, ({ batch }) => declare(recipe, batch));

function declare(recipe: Recipe, rows: number): Declaration {
  const b = benchOf(rows);
  b.floats.push(fresh(b, [rows, ...recipe.extents], 1));
  b.floats.push(fresh(b, shapeOf(b, b.floats[0]!), 0));
  b.floats.reverse(); // shrunk steps work on the input
  run(b, recipe.steps);
  const shown = b.floats.slice(-2);
  const outputs = Object.fromEntries([
    ...shown.map((value, n) => [`out${n}`, b.c.tensor(value)] as const),
    ...b.wholes.slice(-1).map(({ value }) => ["place", b.c.tensor(value)] as const),
    ...b.truths.slice(-1).map((value) => ["truth", b.c.tensor(value)] as const),
  ]);
  for (const { value } of b.wholes) if (unread(b, value)) push(b, b.g.cast(value, { to: b.c.float }));
  for (const value of b.truths) if (unread(b, value)) push(b, b.g.cast(value, { to: b.c.float }));
  const sinks = b.floats.filter((value) => unread(b, value));
  const terms = sinks.map((value, n) => term(b, value, recipe.losses[n % recipe.losses.length]!));
  // the rule names a group by the first parameter, so a gradient must reach it
  if (recipe.wrapper === 5) terms.push(l2([float(b, b.floats[0]!)], 0.01));
  const metrics = {
    shown: total(
      b,
      shown.map((value) => mean(b, value)),
    ),
  };
  if (recipe.phases === 1 || terms.length < 2) return { loss: total(b, terms), optimizer: ruleOf(b, recipe, 0), outputs, metrics };
  const losses = [0, 1].map((which) =>
    total(
      b,
      terms.filter((_, n) => n % 2 === which),
    ),
  );
  return {
    phases: losses.map((loss, n) => ({
      name: `phase${n}`,
      loss,
      optimizer: ruleOf(b, { ...recipe, rule: recipe.rule + n }, n),
      ...(n === 1 ? { parameters: trainedBy(b, loss) } : {}),
    })),
    outputs,
    metrics,
  };
}

/** Runs steps; those after a `checkpoint` lie in a region of their own. */
function run(b: Bench, steps: readonly Step[]): void {
  const at = steps.findIndex(({ op }) => op === "checkpoint");
  const [before, rest] = at < 0 ? [steps, []] : [steps.slice(0, at), steps.slice(at)];
  for (const step of before) apply(b, step);
  const [first, ...others] = rest;
  if (first === undefined) return;
  const inside = 1 + (first.m % 3);
  checkpoint((): Tensor => {
    for (const step of others.slice(0, inside)) apply(b, step);
    return b.c.tensor(b.floats.at(-1)!);
  });
  run(b, others.slice(inside));
}

/** Whether no other value of the bench depends on this one. */
function unread({ c, floats, wholes, truths }: Bench, value: Value): boolean {
  const depends = dependents(c.builder.nodes, [value]);
  return ![...floats, ...truths, ...wholes.map((whole) => whole.value)].some((other) => other !== value && depends[other]);
}

function trainedBy(b: Bench, loss: Scalar): FloatTensor[] {
  const { nodes } = b.c.builder;
  return nodes.flatMap(({ op, attrs }, at) => {
    const trained = op === "param" && attrs["trainable"] !== false;
    return trained && dependents(nodes, [at as Value])[loss.value] ? [float(b, at as Value)] : [];
  });
}

const total = (b: Bench, terms: readonly Scalar[]): Scalar =>
  float(
    b,
    terms.map(({ value }) => value).reduce((sum, term) => b.g.add(sum, term)),
  ) as Scalar;

function mean(b: Bench, value: Value): Scalar {
  const shape = shapeOf(b, value);
  const sum = shape.length === 0 ? value : b.g.sum(value, { axes: axesOf(shape) });
  return float(b, b.g.mul(sum, number(b, 1 / sizeOf(shape)))) as Scalar;
}

/** How one value enters the loss. Losses of a batch need one, and count its real rows only. */
function term(b: Bench, value: Value, kind: number): Scalar {
  const { g, rows } = b;
  const shape = shapeOf(b, value);
  const x = float(b, value);
  const width = sizeOf(shape) / rows;
  const perRow = shape.length > 0 && shape[0] === rows;
  const flat = (): FloatTensor => float(b, g.reshape(value, { shape: [rows, width] }));
  if (perRow && kind === 1) return mse(x, float(b, fresh(b, shape, 1)));
  if (perRow && kind === 2 && width > 1) return softmaxCrossEntropy(flat(), freshLabels(b, [rows], width));
  if (perRow && kind === 3 && width > 1) return svmLoss(flat(), freshLabels(b, [rows], width));
  if (perRow && kind === 4) return huber(x, float(b, fresh(b, shape, 1)));
  if (perRow && kind === 5) return bceWithLogits(x, freshLabels(b, shape, 2));
  if (kind === 6) return mean(b, g.mul(g.sin(value), value));
  if (kind === 7) return mean(b, g.abs(value));
  if (kind === 8) return l2([x], 0.05);
  if (kind === 9) return l1([x], 0.05);
  if (shape.length === 0) return x as Scalar;
  return mean(b, g.tanh(value));
}

function rateOf(kind: number, of: string): Rate {
  const rates = [
    () => 0.5,
    () => 0.1,
    () => hyper(`rate${of}`, 0.25),
    () => stepDecay(0.5, { every: 1 }),
    () => cosineDecay(0.5, { steps: 3 }),
    () => warmup(2, 0.5),
    () => exponentialDecay(hyper(`rate${of}`, 0.5), { factor: 0.5 }),
  ];
  return rates[kind % rates.length]!();
}

function ruleOf(b: Bench, { rule, rate, wrapper, phases }: Recipe, phase: number): UpdateRule {
  const learningRate = rateOf(rate, `${phase}`);
  const rules = [
    () => sgd({ learningRate }),
    () => sgd({ learningRate, momentum: 0.9 }),
    () => sgd({ learningRate, momentum: 0.8, nesterov: true }),
    () => sgd({ learningRate, weightDecay: 0.1 }),
    () => sgd({ learningRate, momentum: 0.5, weightDecay: 0.01 }),
    () => adam({ learningRate }),
    () => adamw({ learningRate, weightDecay: 0.1 }),
    () => rmsprop({ learningRate }),
    () => adagrad({ learningRate }),
    () => adadelta({ learningRate }),
    () => lion({ learningRate, weightDecay: 0.1 }),
  ];
  const made = rules[rule % rules.length]!();
  if (wrapper === 6) return clipByValue(made, 0.1);
  if (wrapper === 7) return clipByGlobalNorm(made, 0.3);
  if (wrapper === 8) return accumulate(made, 2);
  if (wrapper === 9) return ema(made, 0.8);
  const first = b.c.builder.nodes.find(({ op, attrs }) => op === "param" && attrs["trainable"] !== false);
  return wrapper === 5 && first !== undefined && phases === 1 && rule < 3
    ? groups([{ parameters: [first.name], optimizer: sgd({ learningRate: 0.05 }) }, { optimizer: made }])
    : made;
}
