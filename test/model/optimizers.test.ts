/** What is true of every update rule: it follows its published formula, with numbers done by hand. */

import {
  accumulate,
  adadelta,
  adagrad,
  adam,
  adamw,
  constant,
  hyper,
  lion,
  model,
  mul,
  param,
  rmsprop,
  sgd,
  square,
  sub,
  sum,
  type AdamOptions,
} from "adjoint";
import { describe, expect, test } from "vitest";
import type { UpdateRule } from "../../compiler/autodiff/update.ts";
import { runningTrainer } from "../../compiler/check/emitted.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { optimizers } from "../../compiler/model/optimizers/index.ts";
import { close } from "../support/close.ts";
import { trainerOf, weightsOver, withGradients } from "../support/training.ts";

/** A rule in plain numbers, for one weight: from w and g to the next w. */
type Plain = () => (w: number, g: number) => number;

const START = [3, -2, 0.5];
const TARGET = [1, 1, -1];
const CURVATURE = [0.2, 3, 1];

/** loss = ½ Σ a·(w − c)², so that g = a·(w − c). */
const quadratic = (rule: () => UpdateRule) =>
  model("quadratic", {}, () => {
    const w = param("w", [3], constant(START));
    const c = param("c", [3], constant(TARGET), { trainable: false });
    const a = param("a", [3], constant(CURVATURE), { trainable: false });
    return { loss: mul(sum(mul(square(sub(w, c)), a)), 0.5), optimizer: rule() };
  });

const formulas: Readonly<Record<string, { readonly rule: () => UpdateRule; readonly plain: Plain }>> = {
  sgd: { rule: () => sgd({ learningRate: 0.1 }), plain: () => (w, g) => w - 0.1 * g },
  "sgd with decay": {
    rule: () => sgd({ learningRate: 0.1, weightDecay: 0.3 }),
    plain: () => (w, g) => w - 0.1 * (g + 0.3 * w),
  },
  "sgd with momentum and decay": {
    rule: () => sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.3 }),
    plain: () => {
      let buf = 0;
      return (w, g) => w - 0.1 * (buf = 0.9 * buf + g + 0.3 * w);
    },
  },
  "sgd with Nesterov's momentum": {
    rule: () => sgd({ learningRate: 0.1, momentum: 0.8, nesterov: true }),
    plain: () => {
      let buf = 0;
      return (w, g) => {
        buf = 0.8 * buf + g;
        return w - 0.1 * (g + 0.8 * buf);
      };
    },
  },
  adagrad: {
    rule: () => adagrad({ learningRate: 0.5, weightDecay: 0.1, initialAccumulator: 0.2 }),
    plain: () => {
      let s = 0.2;
      return (w, d) => {
        const g = d + 0.1 * w;
        s += g ** 2;
        return w - (0.5 * g) / (Math.sqrt(s) + 1e-10);
      };
    },
  },
  rmsprop: {
    rule: () => rmsprop({ learningRate: 0.1, rho: 0.8, weightDecay: 0.1 }),
    plain: () => {
      let v = 0;
      return (w, d) => {
        const g = d + 0.1 * w;
        v = 0.8 * v + 0.2 * g ** 2;
        return w - (0.1 * g) / (Math.sqrt(v) + 1e-8);
      };
    },
  },
  "rmsprop, centered, with momentum": {
    rule: () => rmsprop({ learningRate: 0.05, centered: true, momentum: 0.5, epsilon: 1e-3 }),
    plain: () => {
      let [v, mean, buf] = [0, 0, 0];
      return (w, g) => {
        v = 0.99 * v + 0.01 * g ** 2;
        mean = 0.99 * mean + 0.01 * g;
        buf = 0.5 * buf + g / (Math.sqrt(v - mean ** 2) + 1e-3);
        return w - 0.05 * buf;
      };
    },
  },
  adadelta: {
    rule: () => adadelta({ epsilon: 1e-2, weightDecay: 0.1 }),
    plain: () => {
      let [v, u] = [0, 0];
      return (w, d) => {
        const g = d + 0.1 * w;
        v = 0.9 * v + 0.1 * g ** 2;
        const step = (Math.sqrt(u + 1e-2) / Math.sqrt(v + 1e-2)) * g;
        u = 0.9 * u + 0.1 * step ** 2;
        return w - step;
      };
    },
  },
  adam: { rule: () => adam({ learningRate: 0.1, weightDecay: 0.2 }), plain: () => adamInNumbers(0.1, 0.9, 0.999, 0.2, 0) },
  "adam with other betas": {
    rule: () => adam({ learningRate: 0.2, beta1: 0.5, beta2: 0.7 }),
    plain: () => adamInNumbers(0.2, 0.5, 0.7, 0, 0),
  },
  adamw: { rule: () => adamw({ learningRate: 0.1 }), plain: () => adamInNumbers(0.1, 0.9, 0.999, 0, 0.01) },
  lion: {
    rule: () => lion({ learningRate: 0.1, weightDecay: 0.2 }),
    plain: () => {
      let m = 0;
      return (w, g) => {
        const c = 0.9 * m + (1 - 0.9) * g;
        m = 0.99 * m + (1 - 0.99) * g;
        return w - 0.1 * (Math.sign(c) + 0.2 * w);
      };
    },
  },
};

function adamInNumbers(rate: number, beta1: number, beta2: number, l2: number, decoupled: number): ReturnType<Plain> {
  let [m, v, t] = [0, 0, 0];
  return (w, d) => {
    const g = d + l2 * w;
    t++;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g ** 2;
    const corrected = Math.sqrt(v / (1 - beta2 ** t)) + 1e-8;
    return w * (1 - rate * decoupled) - (rate * m) / (1 - beta1 ** t) / corrected;
  };
}

test.each(Object.keys(formulas))("%s follows its formula for ten steps on a quadratic", async (name) => {
  const { rule, plain } = formulas[name]!;
  const steps = START.map(plain);
  const found = weightsOver(await trainerOf(quadratic(rule)), "w", 10);
  let w = [...START];
  found.forEach((weights, n) => {
    w = w.map((value, at) => steps[at]!(value, CURVATURE[at]! * (value - TARGET[at]!)));
    close(weights, w, 2e-5, `step ${n + 1}`);
  });
  expect(Math.max(...w.map((value, at) => Math.abs(value - START[at]!)))).toBeGreaterThan(0.3);
});

// w = 1, g = 2 in both steps; the numbers done by hand from PyTorch's documentation
const byHand: readonly { readonly name: string; readonly rule: () => UpdateRule; readonly w: readonly [number, number] }[] = [
  { name: "sgd", rule: () => sgd(), w: [0.98, 0.96] },
  // buf 2, 3.8;  g + 0.9·buf = 3.8, 5.42
  { name: "sgd, Nesterov", rule: () => sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }), w: [0.62, 0.078] },
  // 2/√4, 2/√8
  { name: "adagrad", rule: () => adagrad(), w: [0.99, 0.9829289322] },
  // v 0.04, 0.0796;  2/0.2, 2/0.2821347196
  { name: "rmsprop", rule: () => rmsprop(), w: [0.9, 0.8291118797] },
  // a constant gradient: m̂ = 2, √v̂ = 2
  { name: "adam", rule: () => adam(), w: [0.999, 0.998] },
  // each step shrinks by 1 − 0.001·0.01 first
  { name: "adamw", rule: () => adamw(), w: [0.99899, 0.9979800101] },
  // Δ = √1e-6/√0.400001·2, then u = 1e-6 of it, √(1e-6 + 0.1·Δ²)/√0.760001·2
  { name: "adadelta", rule: () => adadelta(), w: [0.9968377263, 0.993593301] },
  { name: "lion", rule: () => lion(), w: [0.9999, 0.9998] },
];

test.each(byHand.map((row) => [row.name, row] as const))("%s gives the numbers done by hand", async (_, { rule, w }) => {
  const trainer = await trainerOf(withGradients({ w: [2] }, 1, rule));
  close(weightsOver(trainer, "w", 2).flat(), w, 1.2e-7);
});

describe.each(["typescript", "wasm"] as const)("bias correction in float32, %s", (target) => {
  const taking = async (rule: UpdateRule, gradients: readonly number[]) =>
    runningTrainer(
      await lower(
        withGradients({ w: gradients }, 0, () => rule),
        { target },
      ),
    );

  test.each([
    ["adam", adam],
    ["adamw", (options: AdamOptions) => adamw({ ...options, weightDecay: 0 })],
    ["accumulate(adam)", (options: AdamOptions) => accumulate(adam(options), 1)],
  ] as const)("%s takes a whole rate a step under a constant gradient, early and late", async (_, rule) => {
    const trainer = await taking(rule({ learningRate: 1 }), [1, -1000, 0.001, 1, 1]);
    const ones = (t: number) => [-t, t, -t, -t, -t];
    // 0.001 / (0.001 + 1e-8): ε itself takes 1e-5 of the third
    const taken = (t: number) => trainer.parameters["w"]!.map((w, n) => w / ones(t)[n]! / (n === 2 ? 1 / (1 + 1e-5) : 1));
    for (let t = 1; t <= 2000; t++) {
      trainer.step({});
      if (t <= 3 || t % 500 === 0) close([...taken(t)], [1, 1, 1, 1, 1], t <= 3 ? 2.5e-7 : 1e-5, `after ${t}`);
    }
  });

  test("1 − β^t has the digits of float32 from the first step on", async () => {
    const trainer = await taking(adam({ learningRate: 1 }), [1]);
    for (let t = 1; t <= 12_000; t++) {
      trainer.step({});
      const [c1, c2] = [0.9, 0.999].map((beta, n) => trainer.state[`adam.1-beta${n + 1}^t`]![0]! / (1 - beta ** t));
      if (t <= 10) close([c1!, c2!], [1, 1], 3e-7, `after ${t}`);
      else close([c1!, c2!], [1, 1], 4e-5, `after ${t}`);
    }
  });
});

test("the rules are known by Keras's names, and carry them", () => {
  expect(Object.keys(optimizers)).toEqual([
    "sgd",
    "adagrad",
    "rmsprop",
    "adam",
    "adamw",
    "adamax",
    "nadam",
    "adadelta",
    "lion",
    "adafactor",
    "lamb",
    "ftrl",
    "muon",
    "scheduleFreeAdamw",
  ]);
  for (const [name, make] of Object.entries(optimizers)) expect(make().name).toBe(name);
});

test("a hyper is a live rate", async () => {
  const rule = () => rmsprop({ learningRate: hyper("rate", 0.5), momentum: 0.9 });
  const trainer = await trainerOf(withGradients({ w: [2] }, 1, rule));
  const live = trainer as unknown as { hyper: Record<string, number> }; // what every emitted trainer has
  live.hyper["rate"] = 0;
  expect(weightsOver(trainer, "w", 2)).toEqual([[1], [1]]);
  live.hyper["rate"] = 0.5;
  expect(weightsOver(trainer, "w", 1)[0]![0]).not.toBe(1);
});
