/** What is true of long rows of operations: they are cut before an assembler or a pass recurs over them, and give what the row says on each target. */

import { describe, expect, test } from "vitest";
import { compile, load } from "../compiler/compile.ts";
import { add, input, model, mul, mse, param, relu, sgd, sub, tanh, zeros, type FloatTensor } from "../compiler/index.ts";

type Row = FloatTensor<readonly [number, number]>;

/** Rows, and what they give of one number. */
const ROWS: Readonly<Record<string, { readonly of: (x: Row) => Row; readonly value: (x: number) => number }>> = {
  "160 tanh": { of: (x) => again(160, tanh, x), value: (x) => again(160, Math.tanh, x) },
  "600 additions": { of: (x) => again(600, (h) => add(h, 0.25), x), value: (x) => x + 150 },
  // each step reads what it computes twice: without cuts it would be written out 2^40 times
  "40 squares": { of: (x) => again(40, (h) => mul(h, h), x), value: (x) => again(40, (h) => h * h, x) },
  "60 relu of differences": {
    of: (x) => again(60, (h) => relu(sub(h, 0.01)), x),
    value: (x) => again(60, (h) => Math.max(h - 0.01, 0), x),
  },
};

function again<T>(times: number, step: (x: T) => T, x: T): T {
  let now = x;
  for (let n = 0; n < times; n++) now = step(now);
  return now;
}

describe.each(["typescript", "wasm"] as const)("on the target %s", (target) => {
  test.each(Object.entries(ROWS))("%s", { timeout: 120_000 }, async (_, { of, value }) => {
    const long = model("long", { batch: { train: 2, evaluate: 2, predict: 2 } }, ({ batch }) => {
      const x = input("x", [batch, 3]);
      const shift = param("shift", [3], zeros());
      const y = of(add(x, shift));
      return { loss: mse(y, input("t", [batch, 3])), outputs: { y }, optimizer: sgd({ learningRate: 0.1 }) };
    });
    const trainer = (await load(await compile(long, { target, effort: "none" }))).createTrainer({ seed: 1 });
    const x = Float32Array.from([0.5, -0.5, 0.9, 0.99, -0.2, 0.7]);
    const { y } = trainer.predict({ x });
    y!.forEach((one, n) => expect(one).toBeCloseTo(value(x[n]!), 4));
    expect(trainer.step({ x, t: x })).toBeTypeOf("number");
  });
});
