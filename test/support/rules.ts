/** Guarantees every update rule and wrapper, each with options that use all of it, on a dense layer. */

import {
  accumulate,
  adadelta,
  adafactor,
  adagrad,
  adam,
  adamax,
  adamw,
  add,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  cosineDecay,
  ema,
  ftrl,
  glorot,
  groups,
  hyper,
  input,
  inverseSquareRoot,
  labels,
  lamb,
  lion,
  matmul,
  model,
  muon,
  nadam,
  oneCycle,
  param,
  rmsprop,
  scheduleFreeAdamw,
  sgd,
  softmaxCrossEntropy,
  tanh,
  warmup,
  zeros,
} from "adjoint";
import type { UpdateRule } from "../../compiler/autodiff/update.ts";
import type { Model } from "../../compiler/model/declaration.ts";

/** scores = tanh(x·W + b) + c. */
export const dense = (rule: () => UpdateRule): Model =>
  model("dense", { batch: 4 }, ({ batch }) => {
    const x = input("x", [batch, 7]);
    const y = labels("y", [batch], { classes: 3 });
    const W = param("W", [7, 3], glorot());
    const [b, c] = [param("b", [3], zeros()), param("c", [3], zeros())];
    const scores = add(tanh(add(matmul(x, W), b)), c);
    return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: rule() };
  });

/** Rules that see one gradient at a time. */
export const rules: Readonly<Record<string, () => UpdateRule>> = {
  sgd: () => sgd(),
  "sgd with all options": () => sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  adagrad: () => adagrad({ weightDecay: 0.1 }),
  rmsprop: () => rmsprop({ momentum: 0.5, centered: true, learningRate: hyper("rate", 0.1) }),
  adam: () => adam({ weightDecay: 0.1, learningRate: warmup(2, cosineDecay(0.1, { steps: 9 })) }),
  adamw: () => adamw({ learningRate: oneCycle(0.1, { steps: 20 }) }),
  adadelta: () => adadelta(),
  "adam with the largest square": () => adam({ amsgrad: true }),
  adamax: () => adamax({ weightDecay: 0.1 }),
  nadam: () => nadam({ learningRate: inverseSquareRoot(0.1, { every: 3 }) }),
  lion: () => lion({ weightDecay: 0.1 }),
  ftrl: () => ftrl({ learningRate: 0.1, l1: 0.01, l2: 0.1, l2Shrinkage: 0.1, beta: 0.1 }),
  scheduleFreeAdamw: () => scheduleFreeAdamw({ learningRate: warmup(2, 0.1), weightDecay: 0.1 }),
  "clipByValue(sgd)": () => clipByValue(sgd({ momentum: 0.9 }), 1e-3),
  "clipByValue(adam)": () => clipByValue(adam(), 0.01),
  "accumulate(sgd)": () => accumulate(sgd({ momentum: 0.9 }), 4),
  "accumulate(adam)": () => accumulate(adam({ learningRate: cosineDecay(0.1, { steps: 9 }) }), 4),
  "accumulate(lion)": () => accumulate(lion(), 2),
  "ema(rmsprop)": () => ema(rmsprop(), 0.9),
  "ema(accumulate(clipByValue(adadelta)))": () => ema(accumulate(clipByValue(adadelta(), 1), 2), 0.5),
  groups: () =>
    groups([
      { parameters: ["W"], optimizer: adam({ beta1: 0.5 }) },
      { parameters: ["b"], optimizer: accumulate(sgd(), 2) },
      { optimizer: clipByValue(adam(), 1) },
    ]),
};

/** Rules that need all of a gradient first, or all gradients. */
export const globalRules: Readonly<Record<string, () => UpdateRule>> = {
  adafactor: () => adafactor({ weightDecay: 0.1 }),
  "accumulate(adafactor)": () => accumulate(adafactor(), 2),
  lamb: () => lamb({ weightDecay: 0.1 }),
  muon: () => muon({ learningRate: 0.01 }),
  "clipByNorm(sgd)": () => clipByNorm(sgd({ momentum: 0.9 }), 0.01),
  "clipByGlobalNorm(sgd)": () => clipByGlobalNorm(sgd(), 0.01),
  "clipByGlobalNorm(adam)": () => clipByGlobalNorm(adam(), 0.1),
  "accumulate(clipByGlobalNorm(adamw))": () => accumulate(clipByGlobalNorm(adamw(), 0.1), 2),
};
