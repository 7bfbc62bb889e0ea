/** What is true of whatever stands around a rule: clipping, groups, phases, accumulation and averages do what they say. */

import {
  accumulate,
  adadelta,
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  constant,
  cosineDecay,
  dense as denseLayer,
  ema,
  groups,
  input,
  lion,
  matmul,
  mean,
  model,
  mse,
  mul,
  neg,
  normal,
  param,
  rmsprop,
  sgd,
  state,
  tanh,
  zeros,
  type FloatTensor,
} from "adjoint";
import { describe, expect, test } from "vitest";
import type { UpdateRule } from "../../compiler/autodiff/update.ts";
import { compile } from "../../compiler/compile.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { close } from "../support/close.ts";
import { dense, rules } from "../support/rules.ts";
import { complaintsAbout } from "../support/typecheck.ts";
import { trainerOf, weightsOver, withGradients } from "../support/training.ts";

describe("clipping", () => {
  const plain = () => sgd({ learningRate: 1 });

  test("by value holds every element between the limits", async () => {
    const rule = () => clipByValue(plain(), 0.5);
    const trainer = await trainerOf(withGradients({ w: [3, -0.25, -7, 0.5] }, 0, rule));
    expect(weightsOver(trainer, "w", 1)[0]).toEqual([-0.5, 0.25, 0.5, -0.5]);
  });

  test("by global norm scales all gradients by one number: ‖(3, 4)‖ = 5", async () => {
    const rule = () => clipByGlobalNorm(plain(), 2);
    const trainer = await trainerOf(withGradients({ u: [3], w: [0, 4] }, 0, rule));
    trainer.step({});
    const scale = 2 / (5 + 1e-6);
    close(trainer.parameters["u"]!, [-3 * scale], 1e-7);
    close(trainer.parameters["w"]!, [0, -4 * scale], 1e-7);
  });

  test("by each gradient's own norm, each its own limit", async () => {
    const trainer = await trainerOf(withGradients({ u: [3], w: [0, 4], v: [0.5, 0.5] }, 0, () => clipByNorm(plain(), 2)));
    trainer.step({});
    close(trainer.parameters["u"]!, [(-3 * 2) / (3 + 1e-6)], 1e-7);
    close(trainer.parameters["w"]!, [0, (-4 * 2) / (4 + 1e-6)], 1e-7);
    expect([...trainer.parameters["v"]!]).toEqual([-0.5, -0.5]);
  });

  test("twice takes the norm twice: the outer limit first, then the tighter one", async () => {
    const rule = () => clipByGlobalNorm(clipByGlobalNorm(plain(), 0.5), 2);
    const trainer = await trainerOf(withGradients({ u: [3], w: [4] }, 0, rule));
    trainer.step({});
    close(trainer.parameters["u"]!, [-0.3], 1e-6);
  });

  test("leaves gradients below the limit alone, to the bit", async () => {
    const gradients = { u: [0.3, -0.1], w: [0.7] };
    const free = await trainerOf(withGradients(gradients, 1, plain));
    for (const rule of [() => clipByGlobalNorm(plain(), 1), () => clipByValue(plain(), 1)]) {
      const clipped = await trainerOf(withGradients(gradients, 1, rule));
      expect(weightsOver(clipped, "u", 3)).toEqual(weightsOver(free, "u", 3));
      for (const values of [free.parameters["u"]!, free.parameters["w"]!]) values.fill(1);
    }
  });

  test("comes before the moments: Adam's m is of clipped gradients", async () => {
    const rule = () => clipByValue(adam(), 0.5);
    const trainer = await trainerOf(withGradients({ w: [3] }, 0, rule));
    trainer.step({});
    close(trainer.state["w.m"]!, [0.05], 1e-7);
  });
});

describe("groups", () => {
  test("train each parameter by its own rule and rate, the last takes the rest", async () => {
    const rule = ({ a, b }: Readonly<Record<string, FloatTensor>>) =>
      groups([
        { parameters: [a!], optimizer: sgd({ learningRate: 1 }) },
        { parameters: [b!], optimizer: sgd({ learningRate: 0.25, momentum: 0.5 }) },
        { optimizer: adam({ learningRate: 0.1 }) },
      ]);
    const trainer = await trainerOf(withGradients({ a: [2], b: [2], c: [2], d: [-2] }, 0, rule));
    weightsOver(trainer, "a", 2);
    const found = ["a", "b", "c", "d"].map((name) => trainer.parameters[name]![0]!);
    close(found, [-4, -0.5 - 0.75, -0.2, 0.2], 1e-6);
  });

  test("take a layer by its name", async () => {
    const rule = () => groups([{ parameters: ["head"], optimizer: sgd({ learningRate: 1 }) }, { optimizer: sgd({ learningRate: 0 }) }]);
    const trainer = await trainerOf(withGradients({ "head.kernel": [1], "head.bias": [1], "header.kernel": [1] }, 0, rule));
    trainer.step({});
    expect(Object.entries(trainer.parameters).flatMap(([name, [w]]) => (name.startsWith("head") ? [w] : []))).toEqual([-1, -1, 0]);
  });

  test("keep powers of β apart", async () => {
    const rule = ({ a }: Readonly<Record<string, FloatTensor>>) =>
      groups([{ parameters: [a!], optimizer: adam({ beta1: 0.5 }) }, { optimizer: adam() }]);
    const trainer = await trainerOf(withGradients({ a: [2], b: [2] }, 0, rule));
    weightsOver(trainer, "a", 2);
    close(trainer.state["group1.adam.1-beta1^t"]!, [0.75], 1e-7);
    close(trainer.state["group2.adam.1-beta1^t"]!, [0.19], 1e-7);
  });
});

test("phases keep powers of β apart, so that each is corrected by its own count", async () => {
  const two = model("two phases", {}, () => {
    const [a, b] = [param("a", [], constant(1)), param("b", [], constant(1))];
    const phase = (name: string, w: typeof a) => ({ name, loss: mul(w, 2), parameters: [w], optimizer: adam({ learningRate: 0.1 }) });
    return { phases: [phase("first", a), phase("second", b)] };
  });
  const trainer = await trainerOf(two);
  for (let n = 0; n < 3; n++) trainer.step({});
  close(trainer.state["first.adam.1-beta1^t"]!, [1 - 0.9 ** 3], 1e-7);
  close([...trainer.parameters["a"]!, ...trainer.parameters["b"]!], [0.7, 0.7], 2e-7);
});

describe("phases that name layers", () => {
  const two = (first: readonly string[], second: readonly string[]) =>
    model("adversaries", { batch: 2 }, ({ batch }) => {
      const made = denseLayer(3, { name: "maker" })(input("z", [batch, 2]));
      const judged = mean(denseLayer(1, { name: "judge.last" })(denseLayer(2, { name: "judge.first" })(made)));
      return {
        phases: [
          { name: "judging", loss: judged, parameters: first, optimizer: sgd() },
          { name: "making", loss: neg(judged), parameters: second, optimizer: sgd() },
        ],
      };
    });

  test("train all of their parameters, and no others", async () => {
    const trainer = await trainerOf(two(["judge"], ["maker"]));
    const { phases } = trainer as unknown as { phases: Readonly<Record<string, (batch: object) => number>> };
    const changedBy = (phase: string): string[] => {
      const before = Object.entries(trainer.parameters).map(([name, w]) => [name, [...w]] as const);
      phases[phase]!({ z: Float32Array.of(1, 2, 3, 4) });
      return before.flatMap(([name, w]) => (w.some((v, n) => v !== trainer.parameters[name]![n]) ? [name] : []));
    };
    expect(changedBy("judging")).toEqual(["judge.first.kernel", "judge.first.bias", "judge.last.kernel", "judge.last.bias"]);
    expect(changedBy("making")).toEqual(["maker.kernel", "maker.bias"]);
  });

  test("refuse a name of nothing, and leave no parameter out", async () => {
    await expect(lower(two(["judges"], ["maker"]))).rejects.toThrow(
      'phase "judging" trains "judges", but no trainable parameter or layer is called that',
    );
    await expect(lower(two(["judge.first"], ["maker"]))).rejects.toThrow(
      'parameter "judge.last.kernel" is trainable, but no loss of any phase reaches it',
    );
  });
});

/** A net whose loss is the mean over its rows. */
const net = (rows: number, rule: () => UpdateRule) =>
  model("net", { batch: rows }, ({ batch }) => {
    const x = input("x", [batch, 4]);
    const y = input("y", [batch, 2]);
    const W1 = param("W1", [4, 5], normal());
    const W2 = param("W2", [5, 2], normal());
    const scores = matmul(tanh(matmul(x, W1)), W2);
    return { loss: mse(scores, y), optimizer: rule() };
  });

const rows = (from: number, count: number, width: number): Float32Array =>
  Float32Array.from({ length: count * width }, (_, n) => Math.sin(1.7 * (from * width + n + width)));
const batchAt = (from: number, count: number) => ({ x: rows(from, count, 4), y: rows(from, count, 2) });

describe("accumulation over three micro-batches", () => {
  const rules: Readonly<Record<string, () => UpdateRule>> = {
    "sgd with momentum": () => sgd({ learningRate: 0.1, momentum: 0.9 }),
    "adam on a schedule": () => adam({ learningRate: cosineDecay(0.1, { steps: 4 }) }),
    rmsprop: () => rmsprop(),
    "adagrad, clipped by global norm": () => clipByGlobalNorm(adagrad(), 0.01),
    "adamw with an average": () => ema(adamw(), 0.5),
    "groups of lion and adadelta": () =>
      groups([{ parameters: ["W1"], optimizer: lion({ learningRate: 0.01 }) }, { optimizer: adadelta() }]),
  };

  test.each(Object.keys(rules))("of %s equals one batch three times as large", async (name) => {
    const rule = rules[name]!;
    const micro = await trainerOf(net(4, () => accumulate(rule(), 3)));
    const large = await trainerOf(net(12, rule));
    for (let update = 0; update < 3; update++) {
      large.step(batchAt(12 * update, 12));
      for (let n = 0; n < 3; n++) micro.step(batchAt(12 * update + 4 * n, 4));
      for (const parameter of ["W1", "W2"]) close(micro.parameters[parameter]!, large.parameters[parameter]!, 2e-6, `update ${update + 1}`);
      for (const name of Object.keys(large.state)) if (name !== "stepCount") close(micro.state[name]!, large.state[name]!, 2e-6, name);
    }
    expect(Object.keys(large.state).length).toBeGreaterThan(1);
  });

  test("leaves weights and moments unchanged in the steps between, to the bit", async () => {
    const trainer = await trainerOf(net(4, () => accumulate(adam(), 3)));
    const kept = (): unknown =>
      Object.entries({ ...trainer.parameters, ...trainer.state })
        .filter(([name]) => !/accumulate|stepCount/.test(name))
        .map(([name, values]) => [name, [...values]]);
    for (let update = 0; update < 2; update++) {
      const before = kept();
      trainer.step(batchAt(0, 4));
      trainer.step(batchAt(4, 4));
      expect(kept()).toEqual(before);
      trainer.step(batchAt(8, 4));
      expect(kept()).not.toEqual(before);
      expect([...trainer.state["W1.accumulated"]!]).toEqual(Array(20).fill(0));
    }
  });
});

describe("the average of weights", () => {
  test("starts as the first update's weights and then follows them", async () => {
    const trainer = await trainerOf(withGradients({ w: [2, -1] }, 1, () => ema(sgd({ learningRate: 0.5 }), 0.75)));
    const weights = weightsOver(trainer, "w", 4);
    expect(weights[3]).toEqual([-3, 3]);
    const [first, ...later] = weights as [number[], ...number[][]];
    const average = later.reduce((before, w) => before.map((e, at) => 0.75 * e + 0.25 * w[at]!), first);
    expect([...trainer.state["w.ema"]!]).toEqual(average); // all of them exact in float32
  });

  test("counts the updates of what it wraps", async () => {
    const rule = (inner: (rule: UpdateRule) => UpdateRule) => () => inner(sgd({ learningRate: 0.5 }));
    const outside = await trainerOf(
      withGradients(
        { w: [2] },
        1,
        rule((one) => ema(accumulate(one, 2), 0.5)),
      ),
    );
    const inside = await trainerOf(
      withGradients(
        { w: [2] },
        1,
        rule((one) => accumulate(ema(one, 0.5), 2)),
      ),
    );
    weightsOver(outside, "w", 4); // 1, 0, 0, −1: half of each step's weights
    expect([...outside.state["w.ema"]!]).toEqual([-0.375]);
    weightsOver(inside, "w", 4); // 0, −1: half of each update's
    expect([...inside.state["w.ema"]!]).toEqual([-0.5]);
  });
});

test("a state of the model's own with the name of a moment is refused", async () => {
  const taken = model("taken", {}, () => {
    const w = param("w", [], constant(1));
    const own = state("w.m", [], zeros());
    return { loss: mul(w, own), optimizer: adam() };
  });
  await expect(lower(taken)).rejects.toThrow(
    'adam: needs a state "w.m", but the model declares a state of that name\n\n  Give the model\'s own another name.',
  );
});

test("what is emitted for any of them is as strict as TypeScript can be", async () => {
  const texts = ["groups", "accumulate(adam)", "ema(accumulate(clipByValue(adadelta)))"].map(async (name) => {
    const { files } = await compile(dense(rules[name]!), { effort: "none" });
    return [name, files.get("trainer.ts")!] as const;
  });
  expect(complaintsAbout(new Map(await Promise.all(texts)))).toEqual([]);
}, 30_000);
