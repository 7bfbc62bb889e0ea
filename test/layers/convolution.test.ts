/** What is true of convolutions and pools: published semantics at awkward shapes, gradients that hold, and errors that name the layer. */

import { describe, expect, test } from "vitest";
import { withinBound } from "../../compiler/check/result.ts";
import {
  avgPool1d,
  avgPool2d,
  conv1d,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  globalAveragePool2d,
  globalMaxPool2d,
  grad,
  input,
  maxPool1d,
  maxPool2d,
  sum,
  type ConvolutionOptions,
  type FloatTensor,
  type Padding,
} from "../../compiler/index.ts";
import { close } from "../support/close.ts";
import { complaint, differences, forward } from "../support/forward.ts";
import { convolution, moments, PLAIN, pool, transposed, type Geometry } from "../support/reference.ts";

type Image = readonly [number, number, number, number];

interface Case {
  readonly x: Image;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly options: ConvolutionOptions;
  readonly geometry: Partial<Geometry>;
}

const CASES: Readonly<Record<string, Case>> = {
  "one pixel, one filter": { x: [1, 1, 1, 1], filters: 1, kernel: [1, 1], options: {}, geometry: {} },
  "awkward extents": { x: [1, 2, 7, 13], filters: 3, kernel: [3, 2], options: {}, geometry: {} },
  "stride 3 on 13": { x: [2, 1, 13, 13], filters: 2, kernel: [5, 3], options: { strides: 3 }, geometry: { stride: [3, 3] } },
  "asymmetric padding": {
    x: [1, 2, 5, 4],
    filters: 2,
    kernel: [3, 3],
    options: {
      padding: [
        [2, 0],
        [1, 2],
      ],
    },
    geometry: { low: [2, 1], high: [0, 2] },
  },
  "same, even kernel: the extra zero at the end": {
    x: [1, 1, 6, 7],
    filters: 1,
    kernel: [2, 4],
    options: { padding: "same" },
    geometry: { low: [0, 1], high: [1, 2] },
  },
  "same with stride 2: ⌈7/2⌉ = 4 outputs": {
    x: [1, 1, 7, 8],
    filters: 1,
    kernel: [3, 3],
    options: { padding: "same", strides: 2 },
    geometry: { stride: [2, 2], low: [1, 0], high: [1, 1] },
  },
  "same with a stride above the kernel needs nothing": {
    x: [1, 1, 7, 7],
    filters: 1,
    kernel: [1, 1],
    options: { padding: "same", strides: 3 },
    geometry: { stride: [3, 3] },
  },
  dilation: {
    x: [1, 1, 7, 7],
    filters: 2,
    kernel: [3, 2],
    options: { dilation: [2, 3], padding: 1 },
    geometry: { dilation: [2, 3], low: [1, 1], high: [1, 1] },
  },
  groups: { x: [2, 4, 5, 3], filters: 6, kernel: [3, 1], options: { groups: 2, strides: [1, 2] }, geometry: { groups: 2, stride: [1, 2] } },
};

describe.each(Object.entries(CASES))("conv2d, %s", (_, { x, filters, kernel, options, geometry }) => {
  const image = () => conv2d(filters, kernel, options)(input("x", x));

  test("correlates as PyTorch does", () => {
    const run = forward(image);
    const weights = run.leaf.get("conv2d.kernel")!;
    const shape = run.parameters.get("conv2d.kernel") as Image;
    const expected = convolution(run.leaf.get("x")!, x, weights, shape, { ...PLAIN, ...geometry });
    const bias = run.leaf.get("conv2d.bias")!;
    const area = expected.shape[2]! * expected.shape[3]!;
    expect(run.shape).toEqual(expected.shape);
    close(
      run.y,
      expected.y.map((v, n) => v + bias[Math.floor(n / area) % filters]!),
      1e-12,
    );
  });

  test("has the gradients that differences find", () => {
    expect(differences(image).filter((one) => !withinBound(one))).toEqual([]);
  });
});

test("a convolution by hand: [1 2 3] against [1 −1] leaves 1−2, 2−3", () => {
  const run = forward(() => conv1d(1, 2, { useBias: false })(input("x", [1, 1, 3])), { feed: { x: [1, 2, 3], "conv1d.kernel": [1, -1] } });
  expect([run.shape, [...run.y]]).toEqual([
    [1, 1, 2],
    [-1, -1],
  ]);
});

test("conv1d is conv2d over one row", () => {
  const run = forward(() => conv1d(4, 3, { strides: 2, padding: "same", groups: 2, useBias: false })(input("x", [2, 2, 33])));
  const geometry = { ...PLAIN, stride: [1, 2], low: [0, 1], high: [0, 1], groups: 2 } as const;
  const expected = convolution(run.leaf.get("x")!, [2, 2, 1, 33], run.leaf.get("conv1d.kernel")!, [4, 1, 1, 3], geometry);
  expect(run.shape).toEqual([2, 4, 17]);
  close(run.y, expected.y, 1e-12);
});

test("depthwise filters see their own channel, outputs ordered by it", () => {
  const run = forward(() => depthwiseConv2d(3, { depthMultiplier: 2, padding: "same", useBias: false })(input("x", [1, 3, 7, 5])));
  const geometry = { ...PLAIN, low: [1, 1], high: [1, 1], groups: 3 } as const;
  const expected = convolution(run.leaf.get("x")!, [1, 3, 7, 5], run.leaf.get("depthwiseConv2d.kernel")!, [6, 1, 3, 3], geometry);
  expect(run.shape).toEqual([1, 6, 7, 5]);
  close(run.y, expected.y, 1e-12);
});

const TRANSPOSED = {
  "stride 2": { x: [1, 2, 3, 4], filters: 3, kernel: [3, 3], options: { strides: 2 }, geometry: { stride: [2, 2] }, more: [0, 0] },
  "padding, groups, outputPadding": {
    x: [2, 4, 3, 2],
    filters: 2,
    kernel: [4, 3],
    options: { strides: 2, padding: 1, groups: 2, outputPadding: 1 },
    geometry: { stride: [2, 2], low: [1, 1], high: [1, 1], groups: 2 },
    more: [1, 1],
  },
  dilation: { x: [1, 1, 3, 3], filters: 1, kernel: [2, 3], options: { dilation: 2 }, geometry: { dilation: [2, 2] }, more: [0, 0] },
  "same: extent · stride outputs": {
    x: [1, 1, 5, 7],
    filters: 2,
    kernel: [4, 3],
    options: { strides: 2, padding: "same" },
    geometry: { stride: [2, 2], low: [1, 0], high: [1, 1] },
    more: [0, 0],
  },
  "same with a stride above the kernel": {
    x: [1, 1, 3, 3],
    filters: 1,
    kernel: [1, 2],
    options: { strides: 3, padding: "same" },
    geometry: { stride: [3, 3] },
    more: [2, 1],
  },
} as const;

describe.each(Object.entries(TRANSPOSED))("conv2dTranspose, %s", (_, { x, filters, kernel, options, geometry, more }) => {
  const image = () => conv2dTranspose(filters, kernel, { ...options, useBias: false })(input("x", x));

  test("adds each pixel's kernel to the output as PyTorch does", () => {
    const run = forward(image);
    const weights = run.leaf.get("conv2dTranspose.kernel")!;
    const shape = run.parameters.get("conv2dTranspose.kernel") as Image;
    const expected = transposed(run.leaf.get("x")!, x, weights, shape, { ...PLAIN, ...geometry }, more);
    expect(run.shape).toEqual(expected.shape);
    close(run.y, expected.y, 1e-12);
  });

  test("has the gradients that differences find", () => {
    expect(differences(image).filter((one) => !withinBound(one))).toEqual([]);
  });
});

test("same transposed convolution gives back the extent times the stride", () => {
  const run = forward(() => conv2dTranspose(1, 5, { strides: 3, padding: "same" })(input("x", [1, 1, 7, 11])));
  expect(run.shape).toEqual([1, 1, 21, 33]);
});

describe("second derivatives", () => {
  test("of a strided, dilated, grouped convolution hold", () => {
    const image = () => conv2d(2, 2, { strides: 2, dilation: 2, padding: 1, groups: 2, activation: "tanh" })(input("x", [1, 2, 5, 4]));
    expect(differences(image, { order: 2 }).filter((one) => !withinBound(one))).toEqual([]);
  });
  test("of a transposed convolution hold", () => {
    const image = () => conv2dTranspose(1, 3, { strides: 2, padding: 1, activation: "tanh" })(input("x", [1, 1, 3, 2]));
    expect(differences(image, { order: 2 }).filter((one) => !withinBound(one))).toEqual([]);
  });
});

const POOLS: Readonly<
  Record<
    string,
    {
      readonly size: readonly [number, number];
      readonly strides?: number;
      readonly padding?: Padding;
      readonly geometry: Partial<Geometry>;
    }
  >
> = {
  "2×2, the last row and column of 7×13 left over": { size: [2, 2], geometry: { stride: [2, 2] } },
  "3×3 overlapping by stride 2": { size: [3, 3], strides: 2, geometry: { stride: [2, 2] } },
  "same, stride 3": { size: [4, 4], strides: 3, padding: "same", geometry: { stride: [3, 3], low: [1, 1], high: [2, 2] } },
  "asymmetric padding": {
    size: [3, 2],
    strides: 2,
    padding: [
      [2, 0],
      [0, 1],
    ],
    geometry: { stride: [2, 2], low: [2, 0], high: [0, 1] },
  },
};

describe.each(Object.entries(POOLS))("pools, %s", (_, { size, strides, padding, geometry }) => {
  const options = { ...(strides === undefined ? {} : { strides }), ...(padding === undefined ? {} : { padding }) };
  const x: Image = [2, 3, 7, 13];
  const pools = {
    max: () => maxPool2d(size, options)(input("x", x)),
    mean: () => avgPool2d(size, options)(input("x", x)),
    "counted mean": () => avgPool2d(size, { ...options, paddedZeros: "counted" })(input("x", x)),
  };
  test.each(["max", "mean", "counted mean"] as const)("%s", (kind) => {
    const run = forward(pools[kind]);
    const expected = pool(kind, run.leaf.get("x")!, x, size, { ...PLAIN, ...geometry });
    expect(run.shape).toEqual(expected.shape);
    close(run.y, expected.y, 1e-12);
    expect(differences(pools[kind]).filter((one) => !withinBound(one))).toEqual([]);
  });
});

test("pools over one axis, and over all of space", () => {
  const line = (feed: number[]) => ({ feed: { x: feed } });
  expect([...forward(() => maxPool1d(3)(input("x", [1, 1, 7])), line([1, 5, 2, 8, 3, 4, 9])).y]).toEqual([5, 8]);
  expect([...forward(() => avgPool1d(2, { padding: "same", strides: 2 })(input("x", [1, 1, 3])), line([1, 5, 2])).y]).toEqual([3, 2]);
  const x = [...new Array(2 * 7 * 5).keys()].map((n) => Math.sin(n));
  const average = forward(() => globalAveragePool2d()(input("x", [1, 2, 7, 5])), { feed: { x } });
  expect(average.shape).toEqual([1, 2]);
  close(average.y, [moments(x.slice(0, 35)).mean, moments(x.slice(35)).mean], 1e-14);
  const largest = forward(() => globalMaxPool2d()(input("x", [1, 2, 7, 5])), { feed: { x } });
  expect([...largest.y]).toEqual([Math.max(...x.slice(0, 35)), Math.max(...x.slice(35))]);
});

test("equal elements of a window: the gradient goes to the first; over all of space they share it", () => {
  const slope = (of: (x: FloatTensor) => FloatTensor) =>
    forward(
      () => {
        const x = input("x", [1, 1, 2, 2]);
        return grad(sum(of(x)), [x])[0];
      },
      { feed: { x: [5, 1, 5, 2] } },
    ).y;
  expect([...slope(maxPool2d(2))]).toEqual([1, 0, 0, 0]);
  expect([...slope(globalMaxPool2d())]).toEqual([0.5, 0, 0.5, 0]);
});

describe("what is wrong is named: layer, shapes, remedy", () => {
  test("no output pixel", () => {
    expect(complaint(() => conv2d(4, 5, { name: "features" })(input("x", [2, 3, 4, 9])))).toMatch(
      /^convolution\.test\.ts:\d+\n\n {2}conv2d "features" leaves no output pixel: on spatial axis 0 its kernel covers 5, but the padded input has only 4\n\n {4}x {2}%x {2}f64\[2,3,4,9\] {2}from input {2}convolution\.test\.ts:\d+\n\n {2}Use a smaller kernel, more padding, or a larger input\.$/,
    );
  });
  test("dilation counts", () => {
    expect(complaint(() => conv1d(1, 3, { dilation: 4, padding: 1 })(input("x", [1, 1, 6])))).toContain(
      "conv1d leaves no output pixel: on spatial axis 0 its kernel covers 9, but the padded input has only 8",
    );
  });
  test.each([
    [
      "groups and channels",
      () => conv2d(4, 1, { groups: 2 })(input("x", [1, 3, 4, 4])),
      "conv2d needs groups that divide its channels, but 2 does not divide 3",
    ],
    [
      "groups and filters",
      () => conv2d(3, 1, { groups: 2 })(input("x", [1, 4, 4, 4])),
      "conv2d needs groups that divide its filters, but 2 does not divide 3",
    ],
    [
      "groups of a transposed one",
      () => conv2dTranspose(3, 1, { groups: 2 })(input("x", [1, 4, 4, 4])),
      "conv2dTranspose needs groups that divide its filters, but 2 does not divide 3",
    ],
    ["rank", () => conv2d(4, 3)(input("x", [32, 784])), "conv2d needs an input [n, c, h, w], but got [32,784], of rank 2"],
    ["rank of one axis", () => conv1d(4, 3)(input("x", [1, 1, 4, 4])), "conv1d needs an input [n, c, t], but got [1,1,4,4], of rank 4"],
    ["zero filters", () => conv2d(0, 3)(input("x", [1, 1, 4, 4])), "conv2d: filters needs a whole number above 0, but got 0"],
    [
      "a kernel of no size",
      () => conv2d(1, 0)(input("x", [1, 1, 4, 4])),
      "conv2d needs a kernel of whole numbers from 1, one for all or one for each of 2 spatial axes, but got 0",
    ],
    [
      "a half stride",
      () => conv2d(1, 1, { strides: [1, 0.5] })(input("x", [1, 1, 4, 4])),
      "conv2d needs strides of whole numbers from 1, one for all or one for each of 2 spatial axes, but got [1,0.5]",
    ],
    [
      "negative padding",
      () => conv2d(1, 1, { padding: -1 })(input("x", [1, 1, 4, 4])),
      'conv2d needs padding "valid", "same", or whole numbers from 0 for each of 2 spatial axes, but got -1',
    ],
    [
      "unknown padding",
      () => conv2d(1, 1, { padding: "full" as "same" })(input("x", [1, 1, 4, 4])),
      'conv2d: padding needs "valid", "same", a number, or a list with a number or [low, high] for each axis, but got "full"',
    ],
    [
      "a pool larger than its input",
      () => maxPool2d(3)(input("x", [1, 1, 2, 7])),
      "maxPool2d leaves no output pixel: on spatial axis 0 its window covers 3, but the padded input has only 2",
    ],
    [
      "a window of padding alone",
      () => maxPool2d(2, { padding: 2 })(input("x", [1, 1, 4, 4])),
      "maxPool2d needs an element of its input in every window, but on spatial axis 0 padding of 2 and 2 leaves a window of 2 empty",
    ],
    [
      "a transposed one cut away",
      () => conv2dTranspose(1, 3, { padding: 4 })(input("x", [1, 1, 3, 3])),
      "conv2dTranspose leaves no output pixel: on spatial axis 0 padding of 4 and 4 cuts all 5",
    ],
  ])("%s", (_, declare, says) => {
    expect(complaint(declare)).toContain(`  ${says}\n`);
  });
});
