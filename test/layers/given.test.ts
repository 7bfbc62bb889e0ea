/** What is true of layers and tensors: they give out theirs, take given ones, share them, and say what does not fit; and of dropout's kin. */

import { describe, expect, test } from "vitest";
import { withinBound } from "../../compiler/check/result.ts";
import {
  alphaDropout,
  batchNorm,
  constant,
  conv2d,
  dense,
  embedding,
  gaussianDropout,
  gaussianNoise,
  input,
  labels,
  layerNorm,
  model,
  multiHeadAttention,
  param,
  rmsNorm,
  rotaryEmbedding,
  sgd,
  spatialDropout2d,
  stochasticDepth,
  sub,
  sum,
  zeros,
  type FloatTensor,
} from "../../compiler/index.ts";
import * as functions from "../../compiler/functions.ts";
import { close } from "../support/close.ts";
import { complaint, differences, forward } from "../support/forward.ts";
import { moments } from "../support/reference.ts";
import { trainerOf } from "../support/training.ts";

const bad = (found: ReturnType<typeof differences>) => found.filter((one) => !withinBound(one));
const x = (): FloatTensor<readonly [number, number]> => input("x", [2, 3]);

describe("a layer's tensors", () => {
  test("are its parameters, and the same ones at a second call", () => {
    const { parameters, context } = forward(() => {
      const layer = dense(4);
      layer(x());
      const before = layer.kernel;
      const y = layer(input("z", [2, 3]));
      expect(layer.kernel.value).toBe(before.value);
      expect([layer.kernel.shape, layer.bias.shape]).toEqual([[3, 4], [4]]);
      return y;
    });
    expect([...parameters.keys()]).toEqual(["dense.kernel", "dense.bias"]);
    expect(context.layers.map((one) => one.parameters)).toEqual([16, 0]);
  });

  test("of attention are its projections'", () => {
    forward(() => {
      const layer = multiHeadAttention(2, { kvHeads: 1 });
      const y = layer(input("x", [1, 3, 4]));
      expect([layer.query.kernel.shape, layer.key.kernel.shape, layer.value.bias.shape, layer.output.bias.shape]).toEqual([
        [4, 4],
        [4, 2],
        [2],
        [4],
      ]);
      return y;
    });
  });

  test("given in the place of parameters are used as they are", () => {
    const { parameters, y, leaf } = forward(() => {
      const kernel = param("W", [3, 2], constant([1, 2, 3, 4, 5, 6]));
      const layer = dense(2, { kernel, useBias: false });
      const made = layer(x());
      expect(layer.kernel.value).toBe(kernel.value);
      return made;
    });
    expect([...parameters.keys()]).toEqual(["W"]);
    const [fed, w] = [leaf.get("x")!, leaf.get("W")!];
    close(y, [0, 1].flatMap((n) => [0, 1].map((k) => [0, 1, 2].reduce((t, j) => t + fed[n * 3 + j]! * w[j * 2 + k]!, 0))), 1e-14); // prettier-ignore
  });

  test("are those of the function under it", () => {
    const same = forward(() => {
      const image = input("x", [1, 2, 4, 4]);
      const layer = conv2d(3, 2, { padding: 1, strides: 2 });
      const own = layer(image);
      return sub(own as FloatTensor, functions.conv2d(image, layer.kernel, { bias: layer.bias, padding: 1, strides: 2 }));
    });
    expect(same.y).toEqual(new Float64Array(27));
  });
});

describe("a frozen batchNorm", () => {
  const frozen = () => batchNorm({ frozen: true })(input("x", [4, 3]));
  test("normalizes by its running statistics in training too, and leaves them", () => {
    const feed = { "batchNorm.mean": [1, 2, 3], "batchNorm.variance": [1, 4, 0.25] };
    const [training, otherwise] = [true, false].map((training) => forward(frozen, { training, feed }));
    close(training!.y, [...otherwise!.y], 0);
    expect(training!.next.size).toBe(0);
    expect(bad(differences(frozen, { training: true }))).toEqual([]);
  });

  test("trains its γ and β in a trainer", async () => {
    const trainer = await trainerOf(
      model("frozen", { batch: 2 }, ({ batch }) => {
        const y = batchNorm({ frozen: true })(input("x", [batch, 2]));
        return { loss: sum(y), optimizer: sgd({ learningRate: 1 }) };
      }),
    );
    trainer.step({ x: Float32Array.of(1, 2, 3, 4) });
    expect([...trainer.parameters["batchNorm.beta"]!]).toEqual([-2 + 1 - 1, -2]);
    expect([...trainer.state["batchNorm.mean"]!, ...trainer.state["batchNorm.variance"]!]).toEqual([0, 0, 1, 1]);
  });
});

describe("norms without a scale, and over other axes", () => {
  test("have no such parameters", () => {
    const names = (of: () => FloatTensor) =>
      [...forward(of, { training: true }).parameters].map(([name, shape]) => `${name} ${shape.join()}`);
    expect(names(() => layerNorm({ center: false, axis: [1, 2] })(input("x", [2, 3, 4])))).toEqual(["layerNorm.gamma 3,4"]);
    expect(names(() => rmsNorm({ scale: false })(input("x", [2, 3])))).toEqual([]);
    expect(names(() => batchNorm({ scale: false, axis: -1 })(input("x", [2, 3, 4])))).toEqual(["batchNorm.beta 4"]);
  });
});

test("attention with shared heads and rotary positions has the gradients that differences find", () => {
  const attended = () =>
    multiHeadAttention(4, { kvHeads: 2, rotary: {}, causal: true })(input("x", [2, 3, 8]), {
      bias: input("bias", [3, 3], { rows: false }),
    });
  expect(bad(differences(attended))).toEqual([]);
});

test("turned by their positions, scores depend on how far apart queries and keys are", () => {
  const one = (p: number) => forward(() => rotaryEmbedding(input("x", [8, 4])), { feed: { x: new Array<number>(8).fill(0).flatMap(() => [1, 2, 3, 4]) } }).y.slice(4 * p, 4 * p + 4); // prettier-ignore
  const score = (p: number, q: number): number => one(p).reduce((t, v, n) => t + v * one(q)[n]!, 0);
  close([score(5, 3), score(7, 5)], [score(2, 0), score(2, 0)], 1e-12);
});

describe("of dropout's kin", () => {
  const wide = () => input("x", [200, 4, 5, 5]);
  const drawn = (of: () => FloatTensor, value: number) =>
    forward(of, { training: true, feed: { x: new Array<number>(20000).fill(value) } });

  test("spatialDropout2d drops channels, stochasticDepth rows", () => {
    for (const [of, part] of [[() => spatialDropout2d(0.25)(wide()), 25] as const, [() => stochasticDepth(0.25)(wide()), 100] as const]) {
      const { y } = drawn(of, 1);
      const parts = Array.from({ length: 20000 / part }, (_, n) => new Set(y.slice(n * part, (n + 1) * part)));
      expect(parts.every((values) => values.size === 1)).toBe(true);
      const share = parts.filter((values) => values.has(0)).length / parts.length;
      expect(Math.abs(share - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / parts.length));
      expect(new Set(y.filter((v) => v !== 0))).toEqual(new Set([1 / 0.75]));
    }
  });

  test("alphaDropout keeps mean 0 and variance 1, gaussianDropout the mean, and noise has its deviation", () => {
    const normal = forward(() => gaussianNoise(1)(wide()), { training: true, feed: { x: new Array<number>(20000).fill(0) } }).y;
    const spread = moments([...normal]);
    expect(Math.abs(spread.mean)).toBeLessThan(0.03);
    expect(Math.abs(spread.variance - 1)).toBeLessThan(0.04);
    const alpha = moments([...forward(() => alphaDropout(0.2)(wide()), { training: true, feed: { x: normal, random: [5] } }).y]);
    expect(Math.abs(alpha.mean)).toBeLessThan(0.04);
    expect(Math.abs(alpha.variance - 1)).toBeLessThan(0.05);
    const gaussian = moments([...drawn(() => gaussianDropout(0.2)(wide()), 1).y]);
    expect(Math.abs(gaussian.mean - 1)).toBeLessThan(0.02);
    expect(Math.abs(gaussian.variance - 0.25)).toBeLessThan(0.02);
  });
});

describe("what is wrong is named", () => {
  test.each([
    ["before the first call", () => dense(2).kernel, 'dense "dense" has no kernel before its first call'],
    [
      "what it has not",
      () => {
        const layer = dense(2, { useBias: false, name: "head" });
        layer(x());
        return layer.bias;
      },
      'dense "head" has no bias',
    ],
    [
      "a kernel of another shape",
      () => dense(2, { kernel: param("W", [4, 2], zeros()) })(x()),
      'dense "dense" needs kernel [3,2], but was given [4,2]',
    ],
    [
      "a kernel and an initializer",
      () => conv2d(2, 3, { kernel: param("W", [2, 1, 3, 3], zeros()), kernelInitializer: zeros() })(input("x", [1, 1, 5, 5])),
      "conv2d was given both kernel and kernelInitializer",
    ],
    [
      "a bias and none",
      () => dense(2, { bias: param("b", [2], zeros()), useBias: false })(x()),
      "dense was given a bias, and useBias: false",
    ],
    [
      "a table and an initializer",
      () => embedding(3, 2, { table: param("t", [3, 2], zeros()), initializer: zeros() })(labels("y", [2], { classes: 3 })),
      "embedding was given both a table and an initializer",
    ],
    ["the batch's axis", () => layerNorm({ axis: [0, 1] })(x()), "layerNorm needs axes of a row, but got [0,1]"],
    [
      "heads",
      () => multiHeadAttention(4, { kvHeads: 3 })(input("x", [1, 2, 4])),
      "multiHeadAttention needs kvHeads that divide its 4 heads",
    ],
    [
      "filters of another depth",
      () => functions.conv2d(input("x", [1, 2, 4, 4]), input("k", [3, 1, 2, 2])),
      "conv2d needs filters [filters, 2, …] over 2 spatial axes, but got [3,1,2,2]",
    ],
    [
      "a bias of another length",
      () => functions.conv2d(input("x", [1, 2, 4, 4]), input("k", [3, 2, 2, 2]), { bias: input("b", [2]) }),
      "conv2d needs bias [filters], here [3], but got [2]",
    ],
    [
      "half of the statistics",
      () => functions.batchNorm(x(), { mean: input("m", [3]) }),
      "batchNorm needs a mean and a variance, or neither",
    ],
    ["an odd width", () => rotaryEmbedding(x()), "rotaryEmbedding needs x [b…, t, d] with an even d, but got [2,3]"],
  ])("%s", (_, declare, says) => {
    const text = complaint(declare as () => FloatTensor, true);
    expect(text).toMatch(/^given\.test\.ts:\d+/);
    expect(text).toContain(`  ${says}`);
  });
});
