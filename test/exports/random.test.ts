/** Random models of the fuzzer as programs for other engines: each has its form there. What they compute is judged in interop. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { exportProgram } from "../../compiler/export.ts";
import { modelOf } from "../fuzz/build.ts";
import { anyRecipe } from "../fuzz/recipe.ts";

test.each(fc.sample(anyRecipe, { numRuns: 6, seed: 1 }).map((recipe, n) => [n, recipe] as const))("random model %i", async (_, recipe) => {
  const model = modelOf(recipe);
  const [jax, onnx] = [await exportProgram(model, { to: "jax" }), await exportProgram(model, { to: "onnx-step" })];
  expect(new TextDecoder().decode(jax)).toContain("def step(");
  expect(onnx.length).toBeGreaterThan(100);
});
