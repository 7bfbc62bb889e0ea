/** What is true of normalization, dropout and random numbers: published statistics, running averages, masks that move with the step. */

import { describe, expect, test } from "vitest";
import { withinBound } from "../../compiler/check/result.ts";
import {
  batchMean,
  batchNorm,
  dropout,
  groupNorm,
  input,
  layerNorm,
  randomNormal,
  randomUniform,
  rmsNorm,
  sgd,
  model,
  type FloatTensor,
} from "../../compiler/index.ts";
import { citation } from "../../compiler/driver/citation.ts";
import type { Layer } from "../../compiler/model/layers/layer.ts";
import type { EntryKind } from "../../compiler/model/declaration.ts";
import type { Meeting } from "../../compiler/model/rows.ts";
import { close } from "../support/close.ts";
import { complaint, differences, forward, type Run } from "../support/forward.ts";
import { moments } from "../support/reference.ts";

const bad = (found: ReturnType<typeof differences>) => found.filter((one) => !withinBound(one));
const EPSILON = 1e-5;

/** (x − μ)/√(σ² + ε)·γ + β of the elements that share a statistic, by position. */
function normalized(
  run: Run,
  shape: readonly number[],
  kind: string,
  groupOf: (at: readonly number[]) => string,
  channelOf: (at: readonly number[]) => number,
): number[] {
  const x = run.leaf.get("x")!;
  const [gamma, beta] = [run.leaf.get(`${kind}.gamma`)!, run.leaf.get(`${kind}.beta`)!];
  const positions = [...x].map((_, flat) => {
    const at: number[] = [];
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      at.unshift(rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
    return at;
  });
  const groups = new Map<string, number[]>();
  positions.forEach((at, n) => {
    const key = groupOf(at);
    groups.set(key, [...(groups.get(key) ?? []), x[n]!]);
  });
  return positions.map((at, n) => {
    const { mean, variance } = moments(groups.get(groupOf(at))!);
    const c = channelOf(at);
    return ((x[n]! - mean) / Math.sqrt(variance + EPSILON)) * gamma[c]! + beta[c]!;
  });
}

/** Where the rows of a batch meet in the mean of what a layer gives. */
const meetingOf = (layer: Layer, [, ...inner]: readonly number[], entry: EntryKind): Meeting | undefined =>
  model("norm", { batch: 4 }, ({ batch }) => ({
    loss: batchMean(layer(input("x", [batch, ...inner])) as FloatTensor),
    optimizer: sgd(),
  })).trace({ entry, batch: 4, float: "f32", small: false, citation: citation(undefined) }).meeting;

describe("batchNorm", () => {
  test.each([[[7, 3]], [[2, 3, 5]], [[3, 2, 4, 5]]])("of %j in training is by the batch's statistics", (shape) => {
    const run = forward(() => batchNorm()(input("x", shape)), { training: true });
    close(
      run.y,
      normalized(
        run,
        shape,
        "batchNorm",
        (at) => `${at[1]}`,
        (at) => at[1]!,
      ),
      1e-12,
    );
    expect(meetingOf(batchNorm(), shape, "train")?.why).toBe("it combines the rows");
    expect(meetingOf(batchNorm(), shape, "evaluate")).toBeUndefined();
  });

  test("keeps 0.9 of the running mean and variance, and adds a tenth of the batch's, the variance unbiased", () => {
    const x = [1, 10, 3, 30, 8, 80];
    const run = forward(() => batchNorm()(input("x", [3, 2])), {
      training: true,
      feed: { x, "batchNorm.mean": [2, -1], "batchNorm.variance": [4, 9] },
    });
    // means 4 and 40; sums of squares 26 and 2600, over n − 1 = 2
    close(run.next.get("batchNorm.mean")!, [0.9 * 2 + 0.1 * 4, 0.9 * -1 + 0.1 * 40], 1e-14);
    close(run.next.get("batchNorm.variance")!, [0.9 * 4 + 0.1 * 13, 0.9 * 9 + 0.1 * 1300], 1e-14);
  });

  test("called twice in a step, updates twice", () => {
    const run = forward(
      () => {
        const norm = batchNorm();
        norm(input("a", [2, 1]));
        return norm(input("b", [2, 1]));
      },
      { training: true, feed: { a: [1, 3], b: [10, 20] } },
    );
    close(run.next.get("batchNorm.mean")!, [0.9 * (0.9 * 0 + 0.1 * 2) + 0.1 * 15], 1e-14);
  });

  test("in evaluation is by the running statistics, row by row", () => {
    const feed = {
      x: [5, 6],
      "batchNorm.mean": [1, 2],
      "batchNorm.variance": [4, 16],
      "batchNorm.gamma": [1, 3],
      "batchNorm.beta": [0, 1],
    };
    const run = forward(() => batchNorm()(input("x", [1, 2])), { feed });
    close(run.y, [4 / Math.sqrt(4 + EPSILON), (4 / Math.sqrt(16 + EPSILON)) * 3 + 1], 1e-14);
    expect(run.next.size).toBe(0);
  });

  test("has first and second derivatives through its statistics", () => {
    const norm = () => batchNorm()(input("x", [3, 2, 3]));
    expect(bad(differences(norm, { training: true }))).toEqual([]);
    expect(bad(differences(norm, { training: true, order: 2 }))).toEqual([]);
  });
});

const ROWS = {
  layerNorm: {
    shape: [2, 7, 13],
    layer: layerNorm,
    group: (at: readonly number[]) => `${at[0]},${at[1]}`,
    channel: (at: readonly number[]) => at[2]!,
  },
  "layerNorm of one feature": {
    shape: [3, 1],
    layer: layerNorm,
    group: (at: readonly number[]) => `${at[0]}`,
    channel: (at: readonly number[]) => at[1]!,
  },
  groupNorm: {
    shape: [2, 6, 3, 5],
    layer: () => groupNorm(3),
    group: (at: readonly number[]) => `${at[0]},${Math.floor(at[1]! / 2)}`,
    channel: (at: readonly number[]) => at[1]!,
  },
  "groupNorm of features alone": {
    shape: [1, 6],
    layer: () => groupNorm(2),
    group: (at: readonly number[]) => `${at[0]},${Math.floor(at[1]! / 3)}`,
    channel: (at: readonly number[]) => at[1]!,
  },
} as const;

describe.each(Object.entries(ROWS))("%s", (name, { shape, layer, group, channel }) => {
  const of = () => layer()(input("x", shape));
  test("is by the statistics of its own row", () => {
    const run = forward(of, { training: true });
    close(run.y, normalized(run, shape, name.split(" ")[0]!, group, channel), 1e-11);
    expect(meetingOf(layer(), shape, "train")).toBeUndefined();
  });
  test("has the gradients that differences find", () => expect(bad(differences(of))).toEqual([]));
});

test("layerNorm, groupNorm and rmsNorm have second derivatives", () => {
  for (const of of [() => layerNorm()(input("x", [2, 4])), () => groupNorm(2)(input("x", [2, 4, 3])), () => rmsNorm()(input("x", [2, 4]))])
    expect(bad(differences(of, { order: 2 }))).toEqual([]);
});

test("rmsNorm divides by the root mean square", () => {
  const run = forward(() => rmsNorm()(input("x", [1, 2])), { feed: { x: [3, 4], "rmsNorm.gamma": [1, 2] } });
  const root = Math.sqrt(12.5 + EPSILON);
  close(run.y, [3 / root, 8 / root], 1e-14);
});

describe("dropout", () => {
  const drop = (rate: number) => () => dropout(rate)(input("x", [100, 40]));
  const x = new Array<number>(4000).fill(1);

  test("drops its share and scales the rest, so that the mean stays", () => {
    const { y } = forward(drop(0.3), { training: true, feed: { x } });
    const kept = y.filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([1 / 0.7]));
    // 4000 draws: a share further than four deviations away would be a fault
    expect(Math.abs(kept.length / 4000 - 0.7)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / 4000));
  });

  test("draws anew each step, and the same again for the same step", () => {
    const at = (random: number) => forward(drop(0.5), { training: true, feed: { x, random: [random] } }).y;
    expect(at(7)).toEqual(at(7));
    expect(at(7)).not.toEqual(at(8));
    const run = forward(drop(0.5), { training: true, feed: { random: [7] } });
    expect([...run.next.get("random")!]).toEqual([8]);
  });

  test("two uses have streams of their own", () => {
    const masks = [0, 1].map(
      (which) =>
        forward(
          () => {
            const both = [dropout(0.5)(input("x", [100, 40])), dropout(0.5)(input("z", [100, 40]))];
            return both[which]!;
          },
          { training: true, feed: { x, z: x } },
        ).y,
    );
    expect(masks[0]).not.toEqual(masks[1]);
  });

  test("passes x on in evaluation, and at rate 0", () => {
    const run = forward(drop(0.5), { feed: { x } });
    expect([...run.y]).toEqual(x);
    expect([...forward(drop(0), { training: true, feed: { x } }).y]).toEqual(x);
    expect(run.leaf.has("random")).toBe(false);
  });

  test("has the gradient of its mask", () => {
    expect(bad(differences(() => dropout(0.4)(input("x", [3, 4])), { training: true }))).toEqual([]);
  });
});

describe("random numbers", () => {
  const sample = (of: () => ReturnType<typeof randomNormal>): { values: number[]; run: Run } => {
    const run = forward(of);
    return { values: [...run.y], run };
  };

  test("uniform ones fill [low, high) evenly", () => {
    const { values } = sample(() => randomUniform([100, 100], -1, 3));
    const { mean, variance } = moments(values);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...values)).toBeLessThan(3);
    expect(Math.abs(mean - 1)).toBeLessThan(4 * Math.sqrt(16 / 12 / 1e4));
    expect(Math.abs(variance / (16 / 12) - 1)).toBeLessThan(0.05);
  });

  test("normal ones have mean 0, deviation 1, no skew, and tails of that size", () => {
    const { values } = sample(() => randomNormal([100, 100]));
    const { mean, variance } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.04);
    expect(Math.abs(variance - 1)).toBeLessThan(0.06);
    expect(Math.abs(values.reduce((a, v) => a + v ** 3, 0) / 1e4)).toBeLessThan(0.1);
    const beyondTwo = values.filter((v) => Math.abs(v) > 2).length / 1e4;
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(4 * Math.sqrt((0.0455 * 0.9545) / 1e4));
  });

  test("evaluation draws from the state and leaves it alone", () => {
    const { run } = sample(() => randomNormal([3]));
    expect(run.leaf.get("random")).toHaveLength(1);
    const at = (random: number) => forward(() => randomNormal([3]), { feed: { random: [random] } }).y;
    expect(at(1)).toEqual(at(1));
    expect(at(1)).not.toEqual(at(2));
  });
});

describe("what is wrong is named", () => {
  test.each([
    ["a rate of 1", () => dropout(1)(input("x", [2, 3])), "dropout needs a rate from 0 up to, but not including, 1, but got 1"],
    [
      "a negative rate",
      () => dropout(-0.1, { name: "drop" })(input("x", [2, 3])),
      'dropout "drop" needs a rate from 0 up to, but not including, 1, but got -0.1',
    ],
    ["a rate of no number", () => dropout(NaN)(input("x", [2, 3])), "dropout needs a rate from 0 up to, but not including, 1, but got NaN"],
    ["no channel axis", () => batchNorm()(input("x", [3])), "batchNorm needs an input [n, c, …], but got [3]"],
    ["a momentum above 1", () => batchNorm({ momentum: 1.5 })(input("x", [3, 2])), "batchNorm needs a momentum from 0 to 1, but got 1.5"],
    [
      "one value a channel",
      () => batchNorm()(input("x", [1, 4])),
      "batchNorm needs more than one value a channel in training, or their variance is 0",
    ],
    [
      "groups and channels",
      () => groupNorm(4)(input("x", [1, 6, 2])),
      "groupNorm needs groups that divide its channels, but 4 does not divide 6",
    ],
    ["no feature axis", () => layerNorm()(input("x", [6])), "layerNorm needs an input [n, …, features], but got [6]"],
    ["infinite bounds", () => randomUniform([2], 0, Infinity), "randomUniform needs finite bounds, but got 0 and Infinity"],
    ["no elements", () => randomNormal([2, 0]), "randomNormal needs whole extents above 0, but got [2,0]"],
  ])("%s", (_, declare, says) => {
    const text = complaint(declare, true);
    expect(text).toMatch(/^norm\.test\.ts:\d+/);
    expect(text).toContain(`  ${says}\n`);
  });
});
