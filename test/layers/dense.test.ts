/** What is true of dense layers, activations and the layers that rearrange: values, slopes, tails, errors. */

import { describe, expect, test } from "vitest";
import { withinBound } from "../../compiler/check/result.ts";
import {
  activation,
  celu,
  dense,
  elu,
  flatten,
  gelu,
  grad,
  hardshrink,
  hardSigmoid,
  hardSwish,
  hardtanh,
  input,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  mish,
  relu,
  relu6,
  reshape,
  residual,
  selu,
  sigmoid,
  silu,
  softmax,
  softmin,
  tanhShrink,
  softplus,
  softshrink,
  softsign,
  sum,
  tanh,
  upsampling2d,
  type ActivationName,
  type FloatTensor,
} from "../../compiler/index.ts";
import { close } from "../support/close.ts";
import { complaint, differences, forward } from "../support/forward.ts";
import { affine } from "../support/reference.ts";

const bad = (found: ReturnType<typeof differences>) => found.filter((one) => !withinBound(one));

describe("dense", () => {
  test.each([
    [[1, 1], 1],
    [[7, 13], 33],
    [[2, 3, 5], 4],
    [[1, 2, 3, 2], 1],
  ])("%j to %i units is x·kernel + bias over the last axis", (shape, units) => {
    const run = forward(() => dense(units)(input("x", shape)));
    const rows = shape.slice(0, -1).reduce((n, extent) => n * extent, 1);
    expect(run.shape).toEqual([...shape.slice(0, -1), units]);
    close(run.y, affine(run.leaf.get("x")!, rows, run.leaf.get("dense.kernel")!, run.leaf.get("dense.bias")!), 1e-12);
  });

  test("has parameters [in, units] and [units] under its name, once however often it is called", () => {
    const run = forward(() => {
      const hidden = dense(3, { name: "hidden", activation: "tanh" });
      return hidden(hidden(input("x", [2, 3])));
    });
    expect([...run.parameters]).toEqual([
      ["hidden.kernel", [3, 3]],
      ["hidden.bias", [3]],
    ]);
    expect(run.context.layers.map(({ name, kind, parameters }) => [name, kind, parameters])).toEqual([
      ["hidden", "dense", 12],
      ["hidden", "dense", 0],
    ]);
    const x = run.leaf.get("x")!;
    const [kernel, bias] = [run.leaf.get("hidden.kernel")!, run.leaf.get("hidden.bias")!];
    const once = affine(x, 2, kernel, bias).map(Math.tanh);
    close(run.y, affine(once, 2, kernel, bias).map(Math.tanh), 1e-12);
  });

  test("without a bias has none", () => {
    const run = forward(() => dense(3, { useBias: false })(input("x", [2, 3])));
    expect([...run.parameters.keys()]).toEqual(["dense.kernel"]);
  });

  test("has first and second derivatives, over more than two axes too", () => {
    const twice = () => dense(2, { activation: "tanh" })(input("x", [2, 3, 5]));
    expect(bad(differences(twice))).toEqual([]);
    expect(bad(differences(twice, { order: 2 }))).toEqual([]);
  });
});

/** At x = −1 and 1: published closed forms, to double precision. */
const VALUES: readonly (readonly [string, (x: FloatTensor) => FloatTensor, number, number])[] = [
  ["leakyRelu", leakyRelu, -0.01, 1],
  ["leakyRelu of slope 0.2", (x) => leakyRelu(x, 0.2), -0.2, 1],
  ["elu", elu, -0.6321205588285577, 1],
  ["elu of α 2", (x) => elu(x, 2), -1.2642411176571153, 1],
  ["selu", selu, -1.1113307378125625, 1.0507009873554805],
  ["gelu", gelu, -0.15865525393145707, 0.8413447460685429],
  ["gelu by tanh", gelu({ approximate: "tanh" }), -0.15880800939172324, 0.8411919906082768],
  ["silu", silu, -0.2689414213699951, 0.7310585786300049],
  ["softplus", softplus, 0.31326168751822286, 1.3132616875182228],
];

describe.each(VALUES)("%s", (name, of, below, above) => {
  test("has its published values at −1 and 1, and is 0 or log 2 at 0", () => {
    const { y } = forward(() => of(input("x", [3])), { feed: { x: [-1, 1, 0] } });
    close(y, [below, above, of === softplus ? Math.LN2 : 0], 1e-12);
  });

  test("has first and second derivatives", () => {
    const at = () => of(input("x", [7]));
    expect(bad(differences(at, { seed: 3 }))).toEqual([]);
    // of a piecewise linear function the second is 0, which has no scale to compare on
    if (!name.startsWith("leaky")) expect(bad(differences(at, { seed: 3, order: 2 }))).toEqual([]);
  });

  test("is finite with its slope and second derivative at ±1e4", () => {
    const slopes = () => {
      const x = input("x", [2]);
      const [first] = grad(sum(of(x)), [x]);
      const [second] = grad(sum(first), [x]);
      return second;
    };
    for (const declare of [() => of(input("x", [2])), slopes])
      for (const value of forward(declare, { feed: { x: [-1e4, 1e4] } }).y) expect(Number.isFinite(value)).toBe(true);
  });
});

test("slopes at 0 are PyTorch's: relu 0, leakyRelu its slope, elu α, selu λα, softplus ½", () => {
  const slope = (of: (x: FloatTensor) => FloatTensor): number =>
    forward(
      () => {
        const x = input("x", [1]);
        return grad(sum(of(x)), [x])[0];
      },
      { feed: { x: [0] } },
    ).y[0]!;
  expect([relu, leakyRelu, (x: FloatTensor) => elu(x, 1.5), softplus].map(slope)).toEqual([0, 0.01, 1.5, 0.5]);
  expect(slope(selu)).toBeCloseTo(1.7580993408473766, 14);
});

describe("softmax and logSoftmax", () => {
  test("of 1, 2, 3", () => {
    const feed = { x: [1, 2, 3] };
    close(forward(() => softmax(input("x", [1, 3])), { feed }).y, [0.09003057317038046, 0.24472847105479767, 0.6652409557748219], 1e-14);
    close(
      forward(() => logSoftmax(input("x", [1, 3])), { feed }).y,
      [-2.4076059644443806, -1.4076059644443804, -0.4076059644443804],
      1e-14,
    );
  });

  test("at ±1e4 neither overflows nor loses the difference", () => {
    const feed = { x: [-1e4, 1e4, 1e4 - 1] };
    const [least, most] = [1 / (1 + Math.E), Math.E / (1 + Math.E)];
    close(forward(() => softmax(input("x", [1, 3])), { feed }).y, [0, most, least], 1e-12);
    close(forward(() => logSoftmax(input("x", [1, 3])), { feed }).y, [-2e4 + Math.log(most), Math.log(most), Math.log(least)], 1e-12);
  });

  test("along another axis, with derivatives of both orders", () => {
    for (const of of [softmax, logSoftmax]) {
      const columns = () => of(input("x", [3, 2, 2]), 0);
      expect(bad(differences(columns))).toEqual([]);
      expect(bad(differences(columns, { order: 2 }))).toEqual([]);
    }
    const { y } = forward(() => softmax(input("x", [3, 2]), 0));
    for (const column of [0, 1]) expect(y[column]! + y[2 + column]! + y[4 + column]!).toBeCloseTo(1, 14);
  });
});

test("every name is the function of that name", () => {
  const functions: Record<ActivationName, (x: FloatTensor) => FloatTensor> = {
    relu,
    leakyRelu,
    elu,
    selu,
    gelu,
    silu,
    softplus,
    sigmoid,
    tanh,
    softmax,
    logSoftmax,
    celu,
    mish,
    logSigmoid,
    softsign,
    relu6,
    hardtanh,
    hardSigmoid,
    hardSwish,
    hardshrink,
    softshrink,
    softmin,
    tanhShrink,
    linear: (x) => x,
  };
  for (const [name, of] of Object.entries(functions)) {
    const byName = forward(() => activation(name as ActivationName)(input("x", [2, 3])));
    close(byName.y, forward(() => of(input("x", [2, 3]))).y, 0, name);
  }
});

describe("layers that rearrange", () => {
  test("flatten and reshape keep the order and the batch axis", () => {
    const x = Float64Array.from({ length: 24 }, (_, n) => n);
    const flat = forward(() => flatten()(input("x", [2, 3, 4])), { feed: { x } });
    expect([flat.shape, flat.y]).toEqual([[2, 12], x]);
    const image = forward(() => reshape([3, 2, 2])(flatten()(input("x", [2, 3, 4]))), { feed: { x } });
    expect([image.shape, image.y]).toEqual([[2, 3, 2, 2], x]);
    expect(forward(() => reshape(input("x", [2, 3, 4]), [4, 6])).shape).toEqual([4, 6]);
  });

  test("upsampling repeats each pixel", () => {
    const run = forward(() => upsampling2d(2)(input("x", [1, 1, 2, 2])), { feed: { x: [1, 2, 3, 4] } });
    expect([run.shape, [...run.y]]).toEqual([
      [1, 1, 4, 4],
      [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4],
    ]);
    expect(bad(differences(() => upsampling2d(3)(input("x", [1, 2, 3, 2]))))).toEqual([]);
  });

  test("a residual adds what its layers make", () => {
    const run = forward(() => residual([dense(3, { useBias: false, activation: "relu" })])(input("x", [1, 3])), {
      feed: { x: [1, -2, 3], "dense.kernel": [1, 0, 0, 0, 1, 0, 0, 0, 1] },
    });
    expect([...run.y]).toEqual([2, -2, 6]);
  });
});

describe("what is wrong is named", () => {
  test.each([
    ["no units", () => dense(0)(input("x", [2, 3])), "dense: units needs a whole number above 0, but got 0"],
    [
      "no feature axis",
      () => dense(3, { name: "scores" })(input("x", [3])),
      'dense "scores" needs rows of features, [n, …, features], but got [3]',
    ],
    [
      "two widths",
      () => {
        const shared = dense(2);
        shared(input("a", [1, 3]));
        return shared(input("b", [1, 4]));
      },
      'dense "dense" was built for kernel [3,2], but this call needs [4,2]',
    ],
    [
      "an activation nobody knows",
      () => dense(3, { activation: "relo" as "relu" })(input("x", [2, 3])),
      'there is no activation "relo"; did you mean relu?',
    ],
    ["an axis that is not there", () => softmax(input("x", [2, 3]), 2), "softmax needs an axis from -2 to 1, but got 2"],
    [
      "a reshape of another size",
      () => reshape([7, 2])(input("x", [2, 3, 4])),
      "reshape needs 14 elements a row for [7,2], but [2,3,4] has 12",
    ],
    [
      "a residual that changes the shape",
      () => residual([dense(4)])(input("x", [2, 3])),
      "residual needs layers that keep the shape, but they make [2,4] of [2,3]",
    ],
    ["upsampling of rows", () => upsampling2d(2)(input("x", [2, 3])), "upsampling2d needs an input [n, c, h, w], but got [2,3], of rank 2"],
  ])("%s", (_, declare, says) => {
    const text = complaint(declare);
    expect(text).toMatch(/^dense\.test\.ts:\d+/);
    expect(text).toContain(`  ${says}\n`);
  });
});
