/** Guarantees that random programs mean on every target what they declare, and that a fault would be found, shrunk and shown. */

import { add, constant, groups, model, mul, param, relu, sgd, stopGradient, sub, sum } from "adjoint";
import { describe, expect, test } from "vitest";
import { campaign } from "./fuzz/campaign.ts";
import { boundsOf, check, DOUBTS, referenceOf } from "./fuzz/check.ts";
import type { Recipe, Step } from "./fuzz/recipe.ts";
import { planOf } from "./fuzz/run.ts";
import { OPS } from "./fuzz/steps.ts";
import { targets, type ProgramTarget } from "./fuzz/targets.ts";
import { trainerOf } from "./support/training.ts";

const step = (op: Step["op"], n = 0, m = 0): Step => ({ op, a: 0, b: 0, n, m });
const plain: Recipe = { rows: 2, extents: [3], steps: [], losses: [0], phases: 1, rule: 0, rate: 0, wrapper: 0, seed: 1 };

// thousands more, with other seeds: npm run fuzz
test("100 random programs mean what they declare", { timeout: 900_000 }, async () => {
  const { counts, mismatches } = await campaign({ programs: 100, seed: 20261124 });
  expect(mismatches.join("\n")).toBe("");
  expect(counts.programs).toBe(100);
  // nothing is learnt from what is not compared
  expect(counts.discarded.kink + counts.discarded.overflow).toBeLessThan(10);
  expect(counts.loose / counts.compared).toBeLessThan(0.02);
});

test.each(OPS)("a program of one %s step is compared", async (op) => {
  const outcome = await check({ ...plain, rows: 3, steps: [step("unary", 3), step(op, 1, 2)] });
  expect(outcome).toMatchObject({ kind: "same" });
});

describe("found by random programs", () => {
  test.each<[law: string, recipe: Recipe]>([
    ["a total may read what an update in its own loops writes", { ...plain, rows: 1, steps: [step("unary")], losses: [2, 0], rule: 9 }],
    ["the slope of a power with a constant exponent is a constant", { ...plain, steps: [{ op: "powers", a: 1, b: 1, n: 3, m: 0 }] }],
    ["the slope of a constant's power chooses by a constant condition", { ...plain, steps: [{ op: "powers", a: 1, b: 1, n: 5, m: 1 }] }],
    [
      "a guarded read of one position outside its buffer stays behind its guard",
      { ...plain, rows: 1, extents: [], steps: [step("concat"), { ...step("unary"), a: 1 }, { ...step("windowMax", 0, 23), a: 5 }] },
    ],
    [
      "what is copied into a margin has the type of what is computed, not of the place it is found by",
      { ...plain, rows: 3, extents: [13], steps: [{ op: "broadcast", a: 7, b: 0, n: 3, m: 15 }, step("windowMax", 40, 4), step("unary")] },
    ],
    [
      "a mask that reads outside is copied behind its guard",
      { ...plain, rows: 1, extents: [2, 13], steps: [{ ...step("unary"), a: 1 }, step("imageLayer", 0, 40), step("broadcasting")] },
    ],
    [
      "a stretch between two turns of a guard reads no local of another",
      {
        ...plain,
        rows: 3,
        extents: [1, 3],
        steps: [{ op: "slice", a: 7, b: 0, n: 0, m: 4 }, { op: "conv", a: 5, b: 0, n: 1, m: 32 }, step("unary")],
        losses: [6, 0],
        wrapper: 8,
      },
    ],
    [
      "nothing is copied before the kernel that makes it",
      {
        ...plain,
        rows: 1,
        extents: [13],
        losses: [7, 0],
        seed: 0,
        steps: [
          { op: "unary", a: 1, b: 0, n: 0, m: 0 },
          { op: "largest", a: 0, b: 0, n: 42, m: 0 },
          { op: "pad", a: 0, b: 0, n: 0, m: 1 },
          { op: "unary", a: 6, b: 0, n: 0, m: 0 },
          { op: "unary", a: 1, b: 0, n: 9, m: 0 },
          { op: "unary", a: 0, b: 0, n: 0, m: 0 },
          { op: "unary", a: 1, b: 0, n: 0, m: 0 },
          { op: "broadcast", a: 4, b: 0, n: 0, m: 0 },
        ],
      },
    ],
    [
      "noise is tried often enough not to stay small by chance",
      { ...plain, rows: 3, extents: [7, 5, 13], steps: [step("rowsLayer", 24)], seed: 1812 },
    ],
    ["a whole number has no −0", { ...plain, rows: 1, extents: [], steps: [step("whole", 4, 9), step("unary")], seed: 3637 }],
    [
      "a short sum against a known number is written out, and no total",
      { ...plain, rows: 3, steps: [step("spreadOut", 1), { op: "sum", a: 0, b: 0, n: 3, m: 0 }], seed: 0 },
    ],
    [
      "a scalar reads the element that a padding leaves, not the first",
      {
        ...plain,
        rows: 1,
        extents: [],
        seed: 0,
        steps: [
          { op: "sum", a: 3, b: 0, n: 3, m: 0 },
          step("reshape"),
          step("unary"),
          step("unary"),
          step("unary"),
          step("pad", 16),
          { op: "unary", a: 5, b: 0, n: 0, m: 0 },
        ],
      },
    ],
  ])("%s", async (_, recipe) => {
    expect(await check(recipe)).toMatchObject({ kind: "same", f32: "compared" });
  });
});

test("what rounding decides in one noisy run of many is doubted before it is called a difference", () => {
  const factor = 0.7;
  /** Whether bounds are found for w < 0.7·w + 0.3·w + 2^-40·margin, in so many times as many noisy runs. */
  const says = (margin: number, doubts: number): boolean => {
    const declared = model("margin", {}, () => {
      const w = param("w", [1], constant(1.1));
      const both = add(mul(w, factor), mul(w, 1 - factor));
      return { loss: sum(relu(sub(add(both, margin * 2 ** -40), w))), optimizer: sgd() };
    });
    const plan = planOf(declared, 1, 1);
    return boundsOf(plan, referenceOf(plan), "f64", doubts) !== undefined;
  };
  const margins = Array.from({ length: 30 }, (_, n) => n / 8);
  const [few, many] = [1, DOUBTS].map((doubts) => margins.filter((margin) => says(margin, doubts)));
  // more runs never decide more, and there are margins that the first few runs take for safe
  expect(few).toEqual(expect.arrayContaining(many!));
  expect(many!.length).toBeGreaterThan(0);
  expect(many!.length).toBeLessThan(few!.length);
});

test("groups of parameters that no gradient reaches are left as they are", async () => {
  const declared = model("still", {}, () => {
    const w = param("w", [2], constant(1));
    return { loss: sum(stopGradient(w)), optimizer: groups([{ parameters: [w], optimizer: sgd() }, { optimizer: sgd() }]) };
  });
  const trainer = await trainerOf(declared);
  expect(trainer.step({})).toBe(2);
  expect([...trainer.parameters["w"]!]).toEqual([1, 1]);
});

describe("a fault", () => {
  /** One element of the first weight is off by one part in 1e9 after each step. */
  const broken: ProgramTarget = {
    name: "broken",
    dtype: "f64",
    target: "typescript",
    async trainer(lowered) {
      const trainer = await targets[0]!.trainer(lowered);
      const step: typeof trainer.step = (batch, count) => {
        const losses = trainer.step(batch, count);
        const [weights] = Object.values(trainer.parameters);
        weights![0]! *= 1 + 1e-9;
        return losses;
      };
      return { ...trainer, step };
    },
  };

  test("of one part in 1e9 is found, shrunk and shown as text with what reproduces it", async () => {
    const { mismatches } = await campaign({ programs: 5, seed: 3, targets: [broken] });
    expect(mismatches).toHaveLength(1);
    const [text] = mismatches as [string];
    expect(text).toMatch(/^broken: step 1 p1, element 0: /);
    expect(text).toMatch(/^graph random \{$/m);
    const [, path] = /^reproduce: npm run fuzz -- --seed 3 --path ([\d:]+)$/m.exec(text)!;
    const recipe = JSON.parse(/^recipe (.*)$/m.exec(text)![1]!) as Recipe;
    expect(recipe).toMatchObject({ rows: 1, extents: [], steps: [{ op: "unary", n: 0 }], rule: 0 });
    const again = await campaign({ programs: 1, seed: 3, path: path!, targets: [broken] });
    expect(again.mismatches).toEqual(mismatches);
  });
});
