/** Keras's way of declaring a model: a list of layers, and words for how it is trained. */

import type { UpdateRule } from "../autodiff/update.ts";
import { anyOf, FUNCTION, listOf, optionsOf, required, TEXT } from "../graph/arguments.ts";
import type { Shape } from "../graph/type.ts";
import { check } from "./arguments.ts";
import { context, type Context } from "./context.ts";
import { lossNamed, metricNamed, optimizerNamed, type KnownLoss, type LossName, type MetricName, type OptimizerName } from "./keras.ts";
import { EXTENT, LAYERS, NAME, RULE, SHAPE } from "./kinds.ts";
import type { Layer } from "./layers/layer.ts";
import { made } from "./layers/residual.ts";
import { input } from "./leaves.ts";
import { model } from "./model.ts";
import type { Declaration, Model } from "./declaration.ts";
import { callSite } from "./site.ts";
import type { FloatTensor } from "./tensor.ts";

/** What `compile` of a sequential model takes, in Keras's words. */
export interface SequentialOptions {
  /** Shape of one example, without the batch: [3, 32, 32]. */
  readonly input: Shape;
  /** A name, an optimizer, or a function that makes one where it declares live scalars. */
  readonly optimizer: OptimizerName | UpdateRule | (() => UpdateRule);
  readonly loss: LossName;
  readonly metrics?: readonly MetricName[];
  /** n rows to train and to evaluate, 1 to predict. Default: 32. */
  readonly batchSize?: number;
  /** Of the labels. Default: as many as the last layer is wide. */
  readonly classes?: number;
}

/** Layers one after the other, to be compiled with a loss and an optimizer. */
export interface Sequential {
  /**
   * The model: its input is x [n, …input], its targets are y, as the loss needs them. The output is `scores`, or, where y is a number for each
   * output, what the last layer is called. Words that do not exist are ModelErrors when the model is compiled.
   */
  compile(options: SequentialOptions): Model;
}

/** Which words there are `keras.ts` knows. */
const OPTIONS = optionsOf<SequentialOptions>({
  input: required(SHAPE),
  optimizer: required(anyOf("the name of an optimizer, or one, such as adam()", TEXT, RULE, FUNCTION)),
  loss: required({ ...TEXT, says: "the name of a loss" }),
  metrics: listOf("a list of names of metrics", { ...TEXT, says: "the name of a metric" }),
  batchSize: EXTENT,
  classes: EXTENT,
});

/** Layers one after another. */
export function sequential(name: string, layers: readonly Layer[]): Sequential {
  check("sequential", { name, layers }, { name: NAME, layers: LAYERS });
  const compile: Sequential["compile"] = (options) => {
    check(`sequential ${JSON.stringify(name)}`, { options }, { options: OPTIONS });
    const site = callSite();
    return model(name, { batch: options.batchSize ?? 32 }, ({ batch }) => {
      const c = context();
      const loss = c.run(() => knownLoss(c, options, layers), site);
      const x: FloatTensor = c.run(() => input("x", [batch, ...options.input]), site);
      const last = layers.reduce((value, layer, n) => c.run(() => made("sequential", n, layer(value)), layer.site ?? site), x);
      return c.run(() => judged(c, loss, last, options), site);
    });
  };
  return { compile };
}

function knownLoss(c: Context, options: SequentialOptions, layers: readonly Layer[]): KnownLoss {
  if (layers.length === 0)
    c.fail("sequential/empty", "sequential needs at least one layer, but the list is empty", "Add a layer, such as dense(10).");
  const loss = lossNamed(c, options.loss);
  if (options.classes !== undefined && loss.targets !== "classes")
    c.fail("sequential/classes", `classes are for losses of class labels, but ${options.loss} has none`, "Leave classes out.");
  return loss;
}

function judged(c: Context, known: KnownLoss, last: FloatTensor, options: SequentialOptions): Declaration {
  const output = known.targets === "numbers" ? (c.layers.at(-1)?.name ?? "scores") : "scores";
  const all = known.judge(last, options.classes);
  const metrics = (options.metrics ?? []).map((word) => [word, metricNamed(c, word, all)] as const);
  for (const [word, { value }] of [["loss", all.loss] as const, ...metrics]) c.named(word, value);
  const { optimizer } = options;
  return {
    loss: all.loss,
    outputs: { [output]: last },
    metrics: Object.fromEntries(metrics),
    optimizer: typeof optimizer === "string" ? optimizerNamed(c, optimizer) : typeof optimizer === "function" ? optimizer() : optimizer,
  };
}
