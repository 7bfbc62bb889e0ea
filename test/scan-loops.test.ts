/** What is true of loops that stay loops: the bits of the same steps written out, on every target; source and plan that do not grow with the turns. */

import { describe, expect, test } from "vitest";
import {
  adam,
  add,
  dense,
  grad,
  gru,
  input,
  lstm,
  mean,
  model,
  mse,
  mul,
  normal,
  param,
  scan,
  simpleRnn,
  sum,
  tanh,
  type FloatTensor,
  type Model,
} from "../compiler/index.ts";
import { compile, load, type CompileOptions, type LoadedTrainer, type TrainerModule } from "../compiler/compile.ts";
import { lower } from "../compiler/driver/lower.ts";
import { checkPlan } from "../compiler/passes/placement/check-plan.ts";
import { OPTIONAL } from "../compiler/passes/selection.ts";

const flat = (x: unknown) => x as FloatTensor; // shapes of what tests combine are theirs to know

/** A model that fits [n, steps, 3] to [n, steps, 2] through a recurrence. */
const fitting = (name: string, recurrence: (x: FloatTensor) => FloatTensor, steps = 5): Model =>
  model(name, { batch: { train: 4, evaluate: 4, predict: 2 } }, ({ batch }) => {
    const x = input("x", [batch, steps, 3]);
    const y = input("y", [batch, steps, 2]);
    const out = dense(2)(recurrence(flat(x)));
    return { loss: mse(flat(out), flat(y)), outputs: { out }, optimizer: adam({ learningRate: 0.01 }) };
  });

/** Carries that are stacked, that are not, and that end in the loss; a scan in the step of a scan. */
const several = (x: FloatTensor): FloatTensor => {
  const w = param("w", [3], normal(1));
  const inner = (h: FloatTensor, v: FloatTensor) => ({ carry: flat(tanh(add(mul(h, 0.5), v))), y: h });
  const step = (carry: { h: FloatTensor; sum: FloatTensor }, v: FloatTensor) => {
    const h = flat(tanh(add(mul(carry.h, w), v)));
    const pair = flat(dense(4, { name: "pair" })(h));
    return {
      carry: { h, sum: flat(add(mul(carry.sum, 0.9), mul(h, v))) },
      y: flat(add(mul(carry.sum, h), mean(pair, [1], { keepDims: true }))),
    };
  };
  const zero = flat(mul(mean(x, [1]), 0));
  const { carry, ys } = scan(step, { h: zero, sum: zero }, x, { reverse: true });
  const twice = scan(inner, carry.sum, ys).ys;
  return flat(add(twice, ys));
};

/** A loss that holds the slope of itself: its gradient goes back through loops that go back. */
const curved = model("curved", { batch: { train: 4, evaluate: 4, predict: 2 } }, ({ batch }) => {
  const x = input("x", [batch, 5, 3]);
  const w = param("w", [3], normal(1));
  const step = (h: FloatTensor, v: FloatTensor) => ({ carry: flat(tanh(add(mul(h, w), v))), y: h });
  const out = dense(2)(scan(step, flat(mul(mean(x, [1]), 0)), flat(x)).ys);
  const loss = mse(flat(out), flat(input("y", [batch, 5, 2])));
  const [slope] = grad(loss, [w]);
  return { loss: add(loss, sum(mul(slope, slope))) as never, outputs: { out }, optimizer: adam({ learningRate: 0.01 }) };
});

const MODELS = {
  simpleRnn: fitting("simple-rnn", (x) => flat(simpleRnn(6, { returnSequences: true })(x))),
  lstm: fitting("lstm", (x) => flat(lstm(5, { returnSequences: true })(x))),
  "two layers of gru": fitting("gru", (x) => flat(gru(4, { returnSequences: true })(gru(5, { returnSequences: true })(x)))),
  "several carries, in reverse": fitting("several", several),
  "differentiated twice": curved,
} as const;

const withoutLoops = OPTIONAL.filter((pass) => pass !== "loops");

async function trainerOf(of: Model, options: CompileOptions): Promise<LoadedTrainer> {
  const compiled = await compile(of, { ...options, effort: "none" });
  return (await load<TrainerModule>(compiled)).createTrainer({ seed: 3 });
}

/** Three steps, one of them short, an evaluation and a prediction. */
function trained(trainer: LoadedTrainer): {
  readonly weights: string;
  readonly losses: readonly number[];
  readonly out: readonly number[];
} {
  let state = 7;
  const values = (length: number): Float32Array =>
    Float32Array.from({ length }, () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * 2 - 1);
  const batch = () => ({ x: values(60), y: values(40) });
  const losses = [trainer.step(batch()), trainer.step(batch(), 3), trainer.step(batch()), trainer.evaluate(batch()).loss];
  return { weights: Buffer.from(trainer.bytes()).toString("hex"), losses, out: [...trainer.predict({ x: values(30) })["out"]!] };
}

describe.each(Object.entries(MODELS))("%s", (_, of) => {
  test.each(["typescript", "wasm"] as const)("%s: the bits of the steps written out", async (target) => {
    const looped = await trainerOf(of, { target });
    const written = await trainerOf(of, { target, passes: withoutLoops });
    const found = trained(looped);
    expect(found.losses.every(Number.isFinite)).toBe(true);
    expect(found).toEqual(trained(written));
  });
});

test("the step has a loop forward and one back, and the check holds it to the interpreter", async () => {
  const { files } = await compile(MODELS.simpleRnn, { effort: "quick" });
  const text = files.get("trainer.ts")!;
  expect(text.match(/for \(let t = 0; t < 5; t\+\+\) \{/g)).toHaveLength(3);
  expect(text.match(/for \(let t = 4; t >= 0; t--\) \{/g)).toHaveLength(1);
});

test("the plan of a loop is refused where two places of it share bytes", async () => {
  const { module } = await lower(MODELS.simpleRnn);
  const { offset } = module.slots.find(({ buffer }) => buffer === "d_simpleRnn.inputs")!;
  const slots = module.slots.map((slot) => (slot.buffer.endsWith("_carried") ? { ...slot, offset } : slot));
  expect(() => checkPlan({ ...module, slots })).toThrow(
    /^train, statement \d+ \(.+\): stores .+ over .+, but element 0 is loaded after it was overwritten$/,
  );
});

test.each(["typescript", "wasm"] as const)("%s: source does not grow with the turns", async (target) => {
  const sizeOf = async (steps: number): Promise<number> => {
    const recurrence = (x: FloatTensor) => flat(lstm(5, { returnSequences: true })(x));
    const { files } = await compile(fitting("sized", recurrence, steps), { effort: "none", target });
    return [...files].find(([name]) => /^trainer(\.wasm)?\.ts$/.test(name))![1].length;
  };
  const [few, many] = [await sizeOf(16), await sizeOf(256)];
  expect(many / few).toBeLessThan(1.02);
});
