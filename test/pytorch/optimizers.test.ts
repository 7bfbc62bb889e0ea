/** What is true of Adam's kin: step for step their weights are those of torch.optim (interop/pytorch/optimizers.py). */

import { readFileSync } from "node:fs";
import { constant, model, mul, param, square, sub, sum } from "adjoint";
import { expect, test } from "vitest";
import { optimizers } from "../../compiler/model/optimizers/index.ts";
import { trainerOf } from "../support/training.ts";

interface Row {
  readonly rule: "adam" | "adamw" | "adamax" | "nadam";
  readonly options: Readonly<Record<string, number | boolean>>;
  /** After each step. */
  readonly weights: readonly (readonly number[])[];
}

const rows = JSON.parse(readFileSync(new URL("./optimizers.json", import.meta.url), "utf8")) as readonly Row[];
const byRule = [...new Set(rows.map(({ rule }) => rule))].map((rule) => [rule, rows.filter((row) => row.rule === rule)] as const);

/** A weight a row, on ½ Σ a·(w − c)². */
const quadratics = (some: readonly Row[]) =>
  model("quadratics", {}, () => {
    const known = (name: string, values: readonly number[]) => param(name, [3], constant(values), { trainable: false });
    const [c, a] = [known("c", [1, 1, -1]), known("a", [0.2, 3, 1])];
    const phases = some.map(({ rule, options }, n) => {
      const w = param(`w${n}`, [3], constant([3, -2, 0.5]));
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
    some.forEach(({ options, weights }, n) => {
      const found = Array.from(trainer.parameters[`w${n}`]!);
      const off = weights[step]!.findIndex((theirs, at) => !(Math.abs(theirs - found[at]!) <= 2e-6 * Math.max(1, Math.abs(theirs))));
      if (off >= 0) wrong.push(`${JSON.stringify(options)} after ${step + 1}: ${found.join(", ")}, not ${weights[step]!.join(", ")}`);
    });
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});
