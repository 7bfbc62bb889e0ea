/** What is true of update rules: step for step their weights are those of torch.optim and of Keras (interop/pytorch/optimizers.py, interop/keras/rules.py). */

import { readFileSync } from "node:fs";
import { constant, model, mul, param, square, sub, sum } from "adjoint";
import { expect, test } from "vitest";
import { sizeOf } from "../../compiler/graph/type.ts";
import { optimizers } from "../../compiler/model/optimizers/index.ts";
import { trainerOf } from "../support/training.ts";

interface Row {
  readonly rule: keyof typeof optimizers;
  readonly options: Readonly<Record<string, number | boolean>>;
  /** Of the weights; default: [3]. */
  readonly shape?: readonly number[];
  /** After each step. */
  readonly weights: readonly (readonly number[])[];
}

const rows = ["./optimizers.json", "../keras/optimizers.json"].flatMap(
  (file) => JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as readonly Row[],
);
const byRule = [...new Set(rows.map(({ rule }) => rule))].map((rule) => [rule, rows.filter((row) => row.rule === rule)] as const);

/** Start, target and curvature, as interop/pytorch/optimizers.py has them. */
function quadratic(shape: readonly number[]): readonly [number[], number[], number[]] {
  if (String(shape) === "3")
    return [
      [3, -2, 0.5],
      [1, 1, -1],
      [0.2, 3, 1],
    ];
  const of = (at: (i: number) => number): number[] => Array.from({ length: sizeOf(shape) }, (_, i) => at(i) / 2);
  return [of((i) => ((7 * i + 3) % 11) - 5), of((i) => ((5 * i + 1) % 7) - 3), of((i) => ((3 * i + 2) % 5) + 1)];
}

/** A weight a row, on ½ Σ a·(w − c)². */
const quadratics = (some: readonly Row[]) =>
  model("quadratics", {}, () => {
    const phases = some.map(({ rule, options, shape = [3] }, n) => {
      const [start, target, curvature] = quadratic(shape);
      const [c, a] = [constant(target, shape), constant(curvature, shape)];
      const w = param(`w${n}`, shape, constant(start));
      return { name: `p${n}`, loss: mul(sum(mul(square(sub(w, c)), a)), 0.5), parameters: [w], optimizer: optimizers[rule](options) };
    });
    return { phases };
  });

test.each(byRule)("%s", async (_, some) => {
  const trainer = await trainerOf(quadratics(some));
  const steps = some[0]!.weights.length;
  const wrong: string[] = [];
  for (let step = 0; step < steps; step++) {
    trainer.step({});
    some.forEach(({ options, shape, weights }, n) => {
      const found = Array.from(trainer.parameters[`w${n}`]!);
      const off = weights[step]!.findIndex((theirs, at) => !(Math.abs(theirs - found[at]!) <= 4e-6 * Math.max(1, Math.abs(theirs))));
      if (off >= 0)
        wrong.push(`${JSON.stringify({ ...options, shape })} after ${step + 1}: ${found.join(", ")}, not ${weights[step]!.join(", ")}`);
    });
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});
