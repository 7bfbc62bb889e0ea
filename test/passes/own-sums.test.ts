/** What is true of a sum of what the same loops make: it is taken as it stands, for nothing could be copied in front of those loops. */

import { constant, input, model, mse, mul, param, sgd } from "adjoint";
import { expect, test } from "vitest";
import { lower } from "../../compiler/driver/lower.ts";
import { loadTrainer } from "../support/trainer.ts";

test.each(["typescript", "wasm"] as const)("as %s, a mean over four million differences, in the loops of its gradient", async (target) => {
  const n = 2048;
  const one = await lower(
    model("differences", { batch: 1 }, () => {
      const w = param("w", [n, n], constant(0.5));
      return {
        loss: mse(mul(input("x", [n, n], { rows: false }), w), input("y", [n, n], { rows: false })),
        optimizer: sgd({ learningRate: n * n }),
      };
    }),
    { target },
  );
  expect(one.module.buffers.filter(({ name }) => name.includes("difference"))).toEqual([]);
  const trainer = (await loadTrainer(one)).createTrainer({ seed: 1 });
  const filled = (value: number): Float32Array => new Float32Array(n * n).fill(value);
  // (3·½ − 1)² = ¼, and w − n²·2·(3·½ − 1)·3/n² = ½ − 3
  expect(trainer.step({ x: filled(3), y: filled(1) })).toBe(0.25);
  expect(new Set(trainer.parameters["w"])).toEqual(new Set([-2.5]));
});
