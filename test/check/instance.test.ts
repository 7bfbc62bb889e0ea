/** What is true of the small instance that a check finds by itself: the same graph with smaller extents, nothing degenerate, and the model's own where it must. */

import {
  add,
  batchNorm,
  constant,
  conv1d,
  conv2d,
  dense,
  depthwiseConv2d,
  embedding,
  flatten,
  globalAveragePool2d,
  groupNorm,
  gru,
  input,
  labels,
  layerNorm,
  matmul,
  maxPool2d,
  mean,
  model,
  mse,
  mul,
  multiHeadAttention,
  param,
  positionalEncoding,
  relu,
  reshape,
  residual,
  sgd,
  size,
  slice,
  softmaxCrossEntropy,
  square,
  sum,
  zeros,
  type FloatTensor,
  type Model,
  type Scalar,
} from "adjoint";
import { describe, expect, test } from "vitest";
import { smallInstance } from "../../compiler/check/instance.ts";
import { isSameGraph } from "../../compiler/check/same-graph.ts";
import { compile } from "../../compiler/compile.ts";
import { ModelError } from "../../compiler/graph/error.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { traceOf } from "../../compiler/driver/entries.ts";

type Build = (batch: number) => Scalar;
const declared = (build: Build, batch = 16): Model =>
  model("stranger", { batch }, ({ batch }) => ({ loss: build(batch), optimizer: sgd() }));

const classes = (scores: FloatTensor, batch: number, n = 10): Scalar => softmaxCrossEntropy(scores, labels("y", [batch], { classes: n }));

const conv =
  (filters: number, strides = 1) =>
  (x: FloatTensor) =>
    batchNorm()(conv2d(filters, 3, { strides, padding: "same" })(x));

/** The instance, with its training graph beside the one of full extents. */
function found(of: Model): { told: string | undefined; full: Graph; small: Graph; rows: number } {
  const { told, batch, extents } = smallInstance(of, {});
  const full = traceOf(of, "train", { batch, small: true }).graph;
  const small = traceOf(of, "train", { batch, small: true, extents }).graph;
  return { told, full, small, rows: batch.train };
}

const elements = ({ nodes }: Graph): number => nodes.reduce((n, { type }) => n + sizeOf(type.shape), 0);
const shapeOf = ({ nodes }: Graph, leaf: string) => nodes.find(({ name }) => name === leaf)!.type.shape;

const MODELS: Readonly<Record<string, readonly [build: Build, told: string]>> = {
  "a residual net of three stages": [
    (batch) => {
      let h = relu(conv(16)(input("x", [batch, 3, 32, 32])));
      for (const [filters, strides] of [
        [16, 1],
        [32, 2],
        [64, 2],
      ] as const)
        h = relu(add(conv(filters)(relu(conv(filters, strides)(h))), strides === 1 ? h : conv(filters, strides)(h)));
      return classes(dense(10)(globalAveragePool2d()(h)), batch);
    },
    // the last stage still holds a window: 12 → 6 → 3
    "checked at 12×12 of 32×32, 4 of 16, 8 of 32, 12 of 64",
  ],
  "convolution, batch norm and pooling": [
    (batch) => {
      const h = maxPool2d(2)(relu(conv(32)(input("x", [batch, 1, 28, 28]))));
      return classes(dense(10)(flatten()(h)), batch);
    },
    "checked at 4×4 of 28×28, 4 of 32",
  ],
  "dense layers": [
    (batch) => classes(dense(10)(dense(128, { activation: "relu" })(input("x", [batch, 784]))), batch),
    "checked at 4 of 128, 8 of 784",
  ],
  "weights written by hand": [
    (batch) => {
      const W1 = param("W1", [784, 128], zeros());
      const W2 = param("W2", [128, 10], zeros());
      return classes(matmul(relu(matmul(input("x", [batch, 784]), W1)), W2), batch);
    },
    "checked at 4 of 128, 8 of 784",
  ],
  "weights by hand of images that were flattened": [
    (batch) => {
      const h = maxPool2d(2)(conv(16)(input("x", [batch, 3, 28, 28])));
      const W = param("W", [16 * 14 * 14, 10], zeros());
      return classes(matmul(reshape(h, [batch, 16 * 14 * 14]), W), batch);
    },
    // 4 channels of 2×2
    "checked at 4×4 of 28×28, 16 of 3136, 4 of 16",
  ],
  "a transformer": [
    (batch) => {
      const x = labels("x", [batch, 64], { classes: 65 });
      let h: FloatTensor = positionalEncoding()(embedding(65, 128)(x));
      h = residual([layerNorm(), multiHeadAttention(4, { causal: true })])(h);
      h = residual([layerNorm(), dense(512, { activation: "gelu" }), dense(128)])(h);
      return softmaxCrossEntropy(dense(65)(h), labels("y", [batch, 64], { classes: 65 }));
    },
    "checked at 4 of 64, 8 of 65, 12 of 128, 4 of 512",
  ],
  "heads that divide no small width": [
    (batch) => {
      const h = multiHeadAttention(8)(dense(64)(input("x", [batch, 20, 48])));
      return mse(h, input("y", [batch, 20, 64]));
    },
    "checked at 5 of 20, 16 of 48, 24 of 64",
  ],
  "projections in one, cut by numbers": [
    (batch) => {
      const x = input("x", [batch, 256]);
      const all = dense(384)(x);
      const cut = (n: number) => slice(all, [0, 128 * n], [batch, 128 * (n + 1)]);
      return sum(square(add(mul(cut(0), cut(1)), matmul(cut(2), param("W", [128, 128], zeros())))));
    },
    "checked at 4 of 128, 8 of 256, 12 of 384",
  ],
  "groups of channels": [
    (batch) => {
      const h = groupNorm(8)(conv2d(64, 3, { padding: "same" })(input("x", [batch, 3, 32, 32])));
      return classes(dense(10)(globalAveragePool2d()(depthwiseConv2d(3)(h))), batch);
    },
    "checked at 4×4 of 32×32, 8 of 64",
  ],
  "a recurrent net keeps its steps": [
    (batch) => classes(dense(10)(gru(96)(input("x", [batch, 14, 64]))), batch),
    "checked at 4 of 64, 8 of 96",
  ],
  "a sequence of windows": [
    (batch) => {
      const h = conv1d(64, 5, { strides: 2 })(input("x", [batch, 8, 128]));
      return classes(dense(10)(flatten()(relu(h))), batch);
    },
    "checked at 4 of 64, 8 of 128",
  ],
};

describe.each(Object.entries(MODELS))("%s", (_, [build, told]) => {
  const all = found(declared(build));

  test("is the same graph, much smaller", () => {
    expect(all.told ?? "").toBe(told);
    expect(isSameGraph(all.full, all.small)).toBe(true);
    expect(elements(all.small)).toBeLessThan(elements(all.full) / 2);
    expect(all.rows).toBe(3);
  });
});

/** Elements that each sum of a graph takes together, in order. */
const summed = ({ nodes }: Graph): number[] =>
  nodes.flatMap(({ op, inputs, type }) => (op === "sum" ? [sizeOf(nodes[inputs[0]!]!.type.shape) / sizeOf(type.shape)] : []));

describe("nothing degenerate is left", () => {
  test("no variance, mean or softmax over fewer than four elements that had more", () => {
    for (const build of Object.values(MODELS).map(([build]) => build)) {
      const { full, small } = found(declared(build));
      const whole = summed(full);
      expect(summed(small).every((terms, n) => terms >= Math.min(4, whole[n]!))).toBe(true);
      // and no axis of several positions is left with one
      small.nodes
        .filter(({ op }) => op !== "literal")
        .forEach(({ type, name }) => {
          const { shape } = full.nodes.find((node) => node.name === name)!.type;
          type.shape.forEach((extent, axis) => expect(extent > 1).toBe(shape[axis]! > 1));
        });
    }
  });

  test("a window that three poolings leave no room for keeps a larger image", () => {
    const { small } = found(
      declared((batch) => {
        let h: FloatTensor = input("x", [batch, 1, 64, 64]);
        for (const filters of [8, 16, 32]) h = maxPool2d(2)(relu(conv2d(filters, 5, { padding: "same" })(h)));
        return classes(dense(10)(flatten()(h)), batch);
      }),
    );
    // 20 → 10 → 5, where the last window of 5 still fits
    expect(shapeOf(small, "x")).toEqual([3, 1, 20, 20]);
  });
});

describe("extents that must stay, stay", () => {
  test("what a declaration counts on by itself", () => {
    const build: Build = (batch) => {
      const x = input("x", [batch, 784]);
      if (x.shape[1] !== 784) throw new RangeError("this model is for 784 pixels");
      return classes(dense(10)(dense(128, { activation: "relu" })(x)), batch);
    };
    const { told, small } = found(declared(build));
    expect(told).toBe("checked at 4 of 128");
    expect(shapeOf(small, "x")).toEqual([3, 784]);
  });

  test("steps that are written out: fewer would be another graph", () => {
    const { small } = found(declared(MODELS["a recurrent net keeps its steps"]![0]));
    expect(shapeOf(small, "x")).toEqual([3, 14, 4]);
  });

  test("initial values that are listed", () => {
    const W = Array.from({ length: 784 * 100 }, (_, n) => Math.sin(n));
    const build: Build = (batch) => mse(matmul(input("x", [batch, 784]), param("W", [784, 100], constant(W))), input("t", [batch, 100]));
    expect(found(declared(build)).told).toBeUndefined();
  });

  test("all of a model that is quick to check, and all but its sizes where it declares some", () => {
    const of = (width: number) => (batch: number) => classes(dense(10)(dense(width)(input("x", [batch, 784]))), batch);
    expect(smallInstance(declared(of(16)), {}).told).toBeUndefined();
    expect(
      smallInstance(
        declared((batch) => of(size("width", 512, { check: 5 }))(batch)),
        {},
      ),
    ).toEqual({ batch: { train: 3, evaluate: 3, predict: 3 } });
  });
});

describe("constants with as many rows as the batch", () => {
  const weighted = (rows: number) => (batch: number) => {
    const x = input("x", [batch, 3]);
    const weights = param("weights", [rows, 3], constant(0.5));
    return mse(mul(x, weights), input("t", [batch, 3]));
  };

  test("keep the model's rows, and the check holds", async () => {
    const of = model("rows", { batch: { train: 32, evaluate: 32, predict: 32 } }, ({ batch }) => ({
      loss: weighted(32)(batch),
      optimizer: sgd(),
    }));
    expect(smallInstance(of, {}).batch).toEqual({ train: 32, evaluate: 32, predict: 32 });
    const { check } = await compile(of);
    expect(check!.holds).toBe(true);
  });

  test("are refused with the shapes that the user gave where they do not fit even these", async () => {
    const refused = await compile(declared(weighted(30), 32)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ModelError);
    expect((refused as ModelError).message.replaceAll(/instance\.test\.ts:\d+/g, "instance.test.ts:1")).toBe(
      `instance.test.ts:1

  mul needs shapes that broadcast, but [32,3] and [30,3] do not

    a  %x        f32[32,3]  from input  instance.test.ts:1
    b  %weights  f32[30,3]  from param  instance.test.ts:1

  Change one of the shapes: aligned at the last axis, extents must be equal or 1.`,
    );
  });
});

test("a size at which a layer has nothing to do is named, with the check's extent and the remedy", async () => {
  const of = model("tiny", { batch: 1 }, ({ batch }) => {
    const width = size("width", 8, { check: 1 });
    const x = input("x", [batch, 4, width, width]);
    const h = batchNorm()(x);
    return { loss: mean(square(h)), optimizer: sgd() };
  });
  const pooled = model("pooled", { batch: 1 }, ({ batch }) => {
    const side = size("side", 8, { check: 1 });
    const h = maxPool2d(2)(conv2d(4, 3, { padding: "same" })(input("x", [batch, 3, side, side])));
    return { loss: mean(square(h)), optimizer: sgd() };
  });
  expect((await compile(of)).check!.holds).toBe(true); // four rows are four values
  const refused = await compile(pooled).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ModelError);
  expect((refused as ModelError).message.replaceAll(/instance\.test\.ts:\d+/g, "instance.test.ts:1")).toBe(
    `instance.test.ts:1

  at the small instance of the check, where size "side" is 1 of 8: maxPool2d leaves no output pixel: on spatial axis 0 its window covers 2, but the padded input has only 1

    x  %conv2d  f32[1,4,1,1]  from add  instance.test.ts:1

  Give size("side", …) a larger { check }: the least at which every layer still does its work.`,
  );
});

test("what was checked is said: with the result, and in the certificate", async () => {
  const of = declared(MODELS["weights by hand of images that were flattened"]![0], 2);
  const { check, files } = await compile(of, { effort: "quick" });
  expect(check!.holds).toBe(true);
  expect(check!.instance).toBe("checked at 4×4 of 28×28, 16 of 3136, 4 of 16");
  const certificate = JSON.parse(files.get("certificate.json")!) as { readonly instance: string };
  expect(certificate.instance).toBe(check!.instance);
});

test("the loss that training starts from is the same whether a check met it or not", async () => {
  const reported = async (effort: "none" | "quick"): Promise<string | undefined> => {
    const { files } = await compile(
      declared((batch) => classes(dense(10)(dense(640)(input("x", [batch, 784]))), batch), 64),
      { effort },
    );
    return /\| loss before the first step.*/.exec(files.get("report.md")!)?.[0];
  };
  const alone = await reported("none");
  expect(alone).toMatch(/\| \d\.\d+ \|/);
  expect(await reported("quick")).toBe(alone);
});
