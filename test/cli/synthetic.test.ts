/** Synthetic data fit the model that they are for, depend on the seed alone, and can be learned. */

import { describe, expect, test } from "vitest";
import { inputsOf, type InputFacts } from "../../compiler/cli/inputs.ts";
import { synthetic } from "../../compiler/cli/synthetic.ts";
import { compile, load } from "../../compiler/index.ts";
import { evaluate, fit } from "../../runtime/index.ts";
import { modelOf } from "../support/models.ts";

const feature = (name: string, row: readonly number[], classes?: number): InputFacts => ({
  name,
  row,
  role: "feature",
  dtype: classes === undefined ? "f32" : "i32",
  ...(classes && { classes }),
});
const target = (...input: Parameters<typeof feature>): InputFacts => ({ ...feature(...input), role: "target" });
const rows = 200;
const make = (inputs: readonly InputFacts[], seed = 1) => synthetic(inputs, { rows, seed });

test("what prediction reads is a feature, what only the loss reads a target", async () => {
  expect(inputsOf(await modelOf("linear-softmax"), undefined)).toEqual([feature("x", [784]), target("y", [], 10)]);
});

test("a classifier learns them to more than three times chance, on rows it has not seen", { timeout: 30_000 }, async () => {
  const model = await modelOf("linear-softmax");
  const { createTrainer } = await load(await compile(model, { effort: "none" }));
  const { train, test } = synthetic(inputsOf(model, undefined), { rows: 600, seed: 3 });
  const trainer = createTrainer();
  await fit(trainer, train, { epochs: 10, shuffle: { seed: 1 } });
  const { accuracy, count } = evaluate(trainer, test);
  expect(count).toBe(120);
  expect(accuracy).toBeGreaterThan(0.6);
});

describe("synthetic data", () => {
  const classifier = [feature("x", [1, 8, 8]), target("y", [], 4)];

  test("depend on the seed alone; test rows are others than training rows, a fifth as many", () => {
    const { train, test } = make(classifier);
    expect(make(classifier)).toEqual({ train, test });
    expect(make(classifier, 2).train["x"]).not.toEqual(train["x"]);
    expect(test["y"]).toHaveLength(rows / 5);
    expect(test["x"]!.slice(0, 64)).not.toEqual(train["x"]!.slice(0, 64));
  });

  test("pictures are 0 to 1, neighbours alike; every class occurs", () => {
    const { x, y } = make(classifier).train;
    expect(x!.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect([...new Set(y)].sort()).toEqual([0, 1, 2, 3]);
    let near = 0;
    let far = 0;
    for (let row = 0; row < rows; row++)
      for (let at = 0; at < 56; at++) {
        near += Math.abs(x![row * 64 + at]! - x![row * 64 + at + 8]!);
        far += Math.abs(x![row * 64 + at]! - x![row * 64 + ((at + 36) % 64)]!);
      }
    expect(near).toBeLessThan(0.8 * far);
  });

  test("a small target is linear in the features but for a little noise", () => {
    const { x, y } = make([feature("x", [1]), target("y", [1])]).train;
    // least squares through the origin leaves only the noise, of deviation 0.05
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, value, n) => sum + value * b[n]!, 0);
    const slope = dot(x!, y!) / dot(x!, x!);
    const rest = Array.from(y!, (value, n) => value - slope * x![n]!);
    expect(Math.sqrt(dot(rest, rest) / rows)).toBeCloseTo(0.05, 2);
  });

  test("tokens are followed by their rule nearly always, and the target is the next one", () => {
    const { x, y } = make([feature("x", [12], 20), target("y", [12], 20)]).train;
    const followers = new Map<number, number[]>();
    for (let row = 0; row < rows; row++)
      for (let at = 0; at < 11; at++) {
        expect(y![row * 12 + at]).toBe(x![row * 12 + at + 1]);
        const token = x![row * 12 + at]!;
        followers.set(token, [...(followers.get(token) ?? []), y![row * 12 + at]!]);
      }
    let usual = 0;
    for (const next of followers.values()) usual += Math.max(...next.map((one) => next.filter((other) => other === one).length));
    // 85 % by the rule, a twentieth of the rest by chance; binomial(2200): deviation 0.8 %
    expect(usual / (rows * 11)).toBeGreaterThan(0.81);
    expect(usual / (rows * 11)).toBeLessThan(0.9);
  });

  test("labels of pixels are masks of figures, brighter than the ground and told apart by their form", () => {
    const { x, y } = make([feature("x", [2, 16, 16]), target("y", [16, 16], 3)]).train;
    const light = [0, 1, 2].map((label) => {
      const pixels = Array.from(y!).flatMap((one, at) => (one === label ? [x![Math.floor(at / 256) * 512 + (at % 256)]!] : []));
      expect(pixels.length).toBeGreaterThan(200);
      return pixels.reduce((sum, one) => sum + one, 0) / pixels.length;
    });
    // the ground is 0.2, every figure 1 less half of the noise that is cut off
    expect(light.map((one) => one.toFixed(2))).toEqual(["0.20", "0.95", "0.95"]);
    // from above and the left a box has one corner, a disc a stair of them
    const corners = (label: number): number => {
      let [pixels, found] = [0, 0];
      for (let at = 0; at < y!.length; at++) {
        if (at % 256 < 16 || at % 16 < 1 || y![at] !== label) continue;
        pixels++;
        if (y![at - 1] !== label && y![at - 16] !== label) found++;
      }
      return found / pixels;
    };
    expect(corners(1)).toBeGreaterThan(1.5 * corners(2));
  });

  test("labels of places say how bright the place is; a generator gets noise", () => {
    const { x, y } = make([feature("x", [2, 64]), target("y", [64], 3)]).train;
    for (let at = 0; at < 64; at++) expect(y![at]).toBe(Math.min(2, Math.floor(3 * ((x![at]! + x![at + 64]!) / 2))));
    const { z, image } = make([feature("z", [100]), target("image", [1, 16, 16])]).train;
    const mean = Array.from(z!).reduce((a, b) => a + b, 0) / z!.length;
    const square = Array.from(z!).reduce((a, b) => a + b * b, 0) / z!.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(square - 1)).toBeLessThan(0.05);
    expect(image!.every((value) => value >= 0 && value <= 1)).toBe(true);
  });
});
