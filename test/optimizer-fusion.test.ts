/** What is true of fusion under every rule: the gradient of a parameter is used where it is made, and never stored. */

import { accumulate, adam, clipByGlobalNorm } from "adjoint";
import { expect, test } from "vitest";
import type { UpdateRule } from "../compiler/autodiff/update.ts";
import { lower } from "../compiler/driver/lower.ts";
import { dense, rules } from "./support/rules.ts";

/** Buffers that hold a parameter's gradient between statements. */
const storedGradients = async (rule: () => UpdateRule): Promise<string[]> => {
  const { module } = await lower(dense(rule));
  const scratch = module.buffers.filter(({ role, shape }) => role === "scratch" && shape.length > 0);
  return scratch.map(({ name }) => name).filter((name) => /^d_[Wbc](_|$)/.test(name));
};

/** In which statement of a step a value is computed. */
async function placesOf(rule: () => UpdateRule): Promise<(node: string) => number> {
  const { module } = await lower(dense(rule));
  const step = module.entries[0]!.calls;
  return (node) => step.findIndex(({ doc }) => doc.some((line) => line.node === node));
}

const scheduleFreeAdamw = rules["scheduleFreeAdamw"]!;
const others = Object.entries(rules).filter(([name]) => name !== "scheduleFreeAdamw");

test.each(others)("%s updates every parameter where its gradient is made", async (_, rule) => {
  expect(await storedGradients(rule)).toEqual([]);
  const computing = await placesOf(rule);
  for (const name of ["W", "b", "c"]) {
    expect(computing(`${name}_next`)).toBe(computing(`d_${name}`));
    expect(computing(`${name}_next`)).toBeGreaterThan(-1);
  }
});

test("scheduleFreeAdamw, which keeps two points, uses every gradient where it is made, and moves both points in a statement after it", async () => {
  expect(await storedGradients(scheduleFreeAdamw)).toEqual([]);
  const computing = await placesOf(scheduleFreeAdamw);
  for (const name of ["W", "b", "c"]) {
    expect(computing(`${name}.v_next`)).toBe(computing(`d_${name}`));
    expect(computing(`${name}_next`)).toBeGreaterThan(computing(`d_${name}`));
    expect(computing(`${name}.ahead_next`)).toBe(computing(`${name}_next`));
  }
});

test("a clip by global norm stores them all: none is used before the last is known", async () => {
  const rule = () => clipByGlobalNorm(adam(), 1);
  expect((await storedGradients(rule)).sort()).toEqual(["d_W", "d_b", "d_c"]);
  const totals = await storedGradients(() => accumulate(rule(), 2));
  expect(totals.sort()).toEqual(["d_W_total", "d_b_total", "d_c_total"]);
});
