/** What is true of a model's entries together: what a trainer keeps is the same in all of them. */

import { expect, test } from "vitest";
import { add, compile, input, matmul, mean, model, param, sgd, zeros } from "../../compiler/index.ts";

test("a parameter whose shape follows the batch is refused where batches differ, and fine where they do not", async () => {
  const of = (batch: number | { train: number; evaluate: number; predict: number }) =>
    model("rows", { batch }, ({ batch: rows }) => {
      const x = input("x", [rows, 2]);
      const shift = param("shift", [rows, 1], zeros());
      return { loss: mean(add(matmul(x, param("W", [2, 1], zeros())), shift)), optimizer: sgd({ learningRate: 0.1 }) };
    });
  await expect(compile(of({ train: 6, evaluate: 3, predict: 6 }), { effort: "none" })).rejects.toThrow(
    'the parameter "shift" has the shape [6,1] in a training step and [3,1] in evaluation: what a trainer keeps has one shape for all its batches',
  );
  await expect(compile(of({ train: 6, evaluate: 6, predict: 1 }), { effort: "none" })).rejects.toThrow("and [1,1] in prediction");
  const { files } = await compile(of({ train: 6, evaluate: 6, predict: 6 }), { effort: "none" });
  expect(files.has("trainer.ts")).toBe(true);
});
