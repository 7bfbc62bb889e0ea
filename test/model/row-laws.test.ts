/**
 * What is true of any model's rows: at `count` its loss and gradients are those of the model compiled for a batch of so many, or it says that
 * rows meet; and at a full batch means are over all elements. ROWS_CASES=1000 tries as many; the suite tries few.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { fedLeaves } from "../../compiler/check/draw.ts";
import { evaluateResults } from "../../compiler/check/evaluate.ts";
import { lower } from "../../compiler/driver/lower.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { apart, feed, meaningOf, plainOf, traced, type Meaning } from "../support/row-laws.ts";
import { declareRows, rowModelOf, rowRecipes, type RowRecipe } from "../support/row-models.ts";
import { loadTrainer } from "../support/trainer.ts";

const CASES = Number(process.env["ROWS_CASES"] ?? 60);
/** Prime to the extents of recipes. */
const BATCH = 13;

interface Tried {
  readonly recipe: RowRecipe;
  readonly model: Model;
}

const recipes = fc.sample(rowRecipes, { numRuns: CASES, seed: 1 });
const tried = recipes.flatMap((recipe): Tried | [] => {
  const of = rowModelOf(recipe, BATCH);
  try {
    traced(of, BATCH);
    return { recipe, model: of };
  } catch {
    return []; // a recipe that declares nothing to train
  }
});
const right = tried.filter(({ model }) => traced(model, BATCH).meeting === undefined);

test(
  `${CASES} random models at a short batch are what they would be if compiled for it`,
  () => {
    const failed = right.flatMap(({ recipe, model }) => {
      const whole = traced(model, BATCH);
      return [11, 7].flatMap((count) => {
        const what = apart(meaningOf(whole, BATCH, count, 7), meaningOf(traced(model, count), count, count, 7), 1e-9);
        return what === undefined ? [] : [`${what} at ${count}: ${JSON.stringify(recipe)}`];
      });
    });
    expect(failed).toEqual([]);
    // most models are right, and some are refused: the law is no empty one
    expect(tried.length).toBeGreaterThan(0.9 * CASES);
    expect(right.length).toBeGreaterThan(0.6 * tried.length);
    expect(right.length).toBeLessThan(tried.length);
  },
  60_000 + 1000 * CASES,
);

test(
  "their full batches have the loss of a declaration that knows of no rows",
  () => {
    for (const { recipe, model } of tried) {
      const { graph } = traced(model, BATCH);
      const loss = (of: typeof graph): Meaning =>
        new Map([["loss", Float64Array.of(evaluateResults(of, feed(fedLeaves(of), BATCH, BATCH, 7)).losses.get("train")!)]]);
      expect(apart(loss(graph), loss(plainOf(() => declareRows(recipe, BATCH))), 1e-9), JSON.stringify(recipe)).toBeUndefined();
    }
  },
  60_000 + 1000 * CASES,
);

test.each(["typescript", "wasm"] as const)(
  "%s: a step on a short batch is that of the model compiled for it",
  async (target) => {
    const few = right.slice(0, Math.ceil(CASES / 15));
    for (const { recipe, model } of few) {
      const [whole, short] = [await lower(model, { target }), await lower(model, { target, batch: 11 })];
      const [a, b] = [(await loadTrainer(whole)).createTrainer({ seed: 1 }), (await loadTrainer(short)).createTrainer({ seed: 1 })];
      const nodes = fedLeaves(short.entries[0]!.traced.graph).filter(({ op }) => op === "input");
      const drawn = feed(nodes, 11, 11, 7);
      const batch = Object.fromEntries(
        nodes.map(({ name, type }) => [
          name,
          type.dtype === "i32" ? Int32Array.from(drawn.get(name)!) : Float32Array.from(drawn.get(name)!),
        ]),
      );
      const meaning = (trainer: typeof a, count: number): Meaning => {
        const loss = trainer.step(batch, count) as number;
        const weights = Object.entries(trainer.parameters).map(([name, view]) => [name, Float64Array.from(view)] as const);
        return new Map([["loss", Float64Array.of(loss)], ...weights]);
      };
      expect(apart(meaning(a, 11), meaning(b, 11), 1e-4), JSON.stringify(recipe)).toBeUndefined();
    }
  },
  60_000 + 1000 * CASES,
);

test("a model whose rows meet refuses a short batch on either target", async () => {
  const { model } = tried.find((one) => !right.includes(one))!;
  for (const target of ["typescript", "wasm"] as const) {
    const trainer = (await loadTrainer(await lower(model, { target }))).createTrainer({ seed: 1 });
    expect(() => trainer.step({}, 12)).toThrow(/^a step needs a full batch of 13 rows, but got 12/);
  }
});
