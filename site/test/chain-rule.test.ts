/** The page of the chain rule says the right numbers: the lecture's, central differences and mathjs's derivatives. */

import { derivative, evaluate } from "mathjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { CHROMIUM, openSite, type Opened, type Site } from "./support/site.ts";

describe.skipIf(CHROMIUM === undefined)("the chain rule", () => {
  let site: Site;
  let opened: Opened;
  let page: Page;
  beforeAll(async () => {
    site = await openSite();
    opened = await site.open("chain-rule.html");
    page = opened.page;
    await settled("(x + y) * z");
  });
  afterAll(() => site.close());

  /** Waits until the page has compiled and run this formula. */
  const settled = (formula: string): Promise<unknown> =>
    page.waitForFunction((text) => document.body.dataset["settled"] === text, formula, { timeout: 60_000 });
  const numbers = (): Promise<Record<string, { value: number; gradient: number }>> =>
    page.$$eval("#circuit [data-node]", (nodes) =>
      Object.fromEntries(
        nodes.map((node) => {
          const { node: name, value, gradient } = (node as SVGElement).dataset;
          return [name!, { value: Number(value), gradient: Number(gradient) }];
        }),
      ),
    );
  async function type(formula: string): Promise<void> {
    await page.evaluate(() => delete document.body.dataset["settled"]);
    await page.fill("#formula", formula);
    await page.press("#formula", "Enter");
    await settled(formula);
  }

  test("of (x + y)·z it shows −12, and −4, −4 and 3", async () => {
    expect(await numbers()).toEqual({
      x: { value: -2, gradient: -4 },
      y: { value: 5, gradient: -4 },
      z: { value: -4, gradient: 3 },
      q: { value: 3, gradient: -4 },
      f: { value: -12, gradient: 1 },
    });
    expect(await page.textContent("#returned")).toBe("Run now, it came to f = −12 and ∂f/∂x = −4, ∂f/∂y = −4, ∂f/∂z = 3.");
    const code = await page.$$eval(".statement", (all) =>
      all.map((one) => [one.querySelector("b")!.textContent, one.querySelector("code")!.textContent]),
    );
    expect(code).toEqual([
      ["q = x + y", "const q = Math.fround(x[0]! + y[0]!);"],
      ["f = q ⊙ z", "const f = Math.fround(q * z[0]!);"],
      ["d_q = z", "const d_q = z[0]!;"],
      ["d_z = q", "const d_z = q;"],
      ["d_y = d_q", "const d_y = d_q;"],
      ["d_x = d_q", "const d_x = d_q;"],
    ]);
  });

  test("a step lights up its node, its wires and its statements, and says upstream × local", async () => {
    await page.click("#first");
    expect(await page.$$eval("#circuit .value", (all) => all.map((one) => one.textContent))).toEqual(["−2", "5", "−4"]);
    const seen: unknown[] = [];
    for (let step = 0; step < 4; step++) {
      await page.click("#step");
      if (step === 3) break; // after the last all is shown
      seen.push([
        await page.getAttribute("#circuit .node.now", "data-node"),
        await page.$$eval(".statement.lit", (all) => all.map((one) => (one as HTMLElement).dataset["statement"])),
      ]);
    }
    expect(seen).toEqual([
      ["q", ["1"]],
      ["f", ["2"]],
      ["f", ["4", "5"]],
    ]);
    await page.click("#back");
    expect(await page.textContent("#now")).toBe(
      "Backward: the gradient of f by itself is 1; on it goes to q: 1 × −4 = −4, where ∂f/∂q is z; to z: 1 × 3 = 3, where ∂f/∂z is q.",
    );
    await page.click("#last");
  });

  test("edited values are run by the same code", async () => {
    await page.fill('[data-variable="z"]', "2");
    await page.waitForFunction(() => document.querySelector<SVGElement>('[data-node="f"]')!.dataset["value"] === "6");
    expect(await numbers()).toMatchObject({ x: { gradient: 2 }, z: { gradient: 3 } });
  });

  test("fifty formulas have the gradients of central differences and of mathjs", async () => {
    for (const { formula, values } of formulas(50)) {
      await page.evaluate(() => delete document.body.dataset["settled"]);
      await page.fill("#formula", formula);
      await page.press("#formula", "Enter");
      await settled(formula);
      for (const [name, value] of Object.entries(values)) {
        await page.evaluate(() => delete document.body.dataset["settled"]);
        await page.fill(`[data-variable="${name}"]`, String(value));
        await settled(formula);
      }
      const found = await numbers();
      expect(found["f"]!.value, formula).toBeCloseTo(evaluate(formula, values) as number, 9);
      for (const name of Object.keys(values)) {
        const h = 1e-5 * Math.max(1, Math.abs(values[name]!));
        const at = (by: number): number => evaluate(formula, { ...values, [name]: values[name]! + by }) as number;
        const difference = (at(h) - at(-h)) / (2 * h);
        const symbolic = derivative(formula, name).evaluate(values) as number;
        const { gradient } = found[name]!;
        const scale = Math.max(1, Math.abs(symbolic));
        expect(Math.abs(gradient - symbolic) / scale, `∂/∂${name} of ${formula} is ${symbolic}`).toBeLessThan(1e-9);
        expect(Math.abs(gradient - difference) / scale, `∂/∂${name} of ${formula} by differences`).toBeLessThan(1e-5);
      }
    }
  });

  test.each([
    ["(x + y", "The formula ends where a bracket should be closed."],
    ["x +", "The formula ends where a number, a name or a bracket should follow."],
    ["2 x", "“x” stands where a sign should: write 2 * x for a product."],
    ["foo(x)", /^There is no function “foo”; there are exp, log, /],
    ["3 + 4", "The formula has no variable, so there is nothing to differentiate by."],
    ["x + 1/0", "div of 1 and 0 has no value, because it divides by zero."],
    ["x $ y", "The formula has “$” in it, which is no number, name or sign."],
  ])("%s is refused in one sentence", async (formula, sentence) => {
    await page.fill("#formula", formula);
    await page.press("#formula", "Enter");
    await page.waitForSelector("#said.error");
    expect(await page.textContent("#said")).toMatch(sentence);
    expect(await page.getAttribute("#formula", "aria-invalid")).toBe("true");
  });

  test("a division by zero is said in one sentence, and the page goes on", async () => {
    await type("x / y");
    await page.fill('[data-variable="y"]', "0");
    await page.waitForSelector("#said.error");
    expect(await page.textContent("#said")).toMatch(/^f = x \/ y has no value at x = [-\d.]+, y = 0, because it divides by zero\.$/);
    await page.fill('[data-variable="y"]', "4");
    await page.waitForSelector("#said:not(.error)");
    expect((await numbers())["x"]!.gradient).toBe(0.25);
  });

  test("nothing is written to the console", () => {
    expect(opened.errors).toEqual([]);
  });
});

/** Formulas whose values and slopes are not too large, the same on every run. */
function formulas(count: number): { readonly formula: string; readonly values: Readonly<Record<string, number>> }[] {
  let state = 12345;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const names = ["x", "y", "z"];
  const made = (depth: number): string => {
    if (depth === 0) return random() < 0.8 ? pick(names) : String(Number((1 + 2 * random()).toFixed(1)));
    const a = made(depth - 1);
    const b = made(Math.max(0, depth - 1 - Math.floor(2 * random())));
    return pick([
      () => `(${a} + ${b})`,
      () => `(${a} - ${b})`,
      () => `(${a} * ${b})`,
      () => `(${a} / (${b} ^ 2 + 1))`,
      () => `sin(${a})`,
      () => `cos(${a})`,
      () => `tanh(${a})`,
      () => `exp(-(${a}) ^ 2)`,
      () => `log(1 + (${a}) ^ 2)`,
      () => `sqrt(${a} * ${a} + 0.5)`,
    ])();
  };
  const found: { formula: string; values: Record<string, number> }[] = [];
  while (found.length < count) {
    const formula = made(1 + Math.floor(3 * random()));
    const used = names.filter((name) => formula.includes(name) && new RegExp(`\\b${name}\\b`).test(formula));
    if (used.length === 0 || names.includes(formula)) continue;
    const values = Object.fromEntries(used.map((name) => [name, Number((4 * random() - 2).toFixed(2))]));
    const value = evaluate(formula, values) as number;
    if (Math.abs(value) < 1e3) found.push({ formula, values });
  }
  return found;
}
