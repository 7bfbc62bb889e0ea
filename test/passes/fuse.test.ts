/** What is true of fusion on the running example: which kernels remain, what is never stored, and that tiles never change a bit. */

import { adam, add, glorot, input, labels, matmul, model, param, softmaxCrossEntropy, svmLoss, tanh, zeros } from "adjoint";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { evaluateResults } from "../../compiler/check/evaluate.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { walkScalar } from "../../compiler/loop/build.ts";
import { interpretEntry, type Precision } from "../../compiler/loop/interpret/index.ts";
import type { Call } from "../../compiler/loop/loop.ts";
import { printModule } from "../../compiler/loop/text/index.ts";
import { lower, type CompiledEntry, type Lowered } from "../../compiler/driver/lower.ts";
import { differentiate } from "../../compiler/passes/graph/differentiate.ts";
import { close } from "../support/close.ts";
import { lowered, memoryOf, modelNames } from "../support/models.ts";

// Tiles are chosen by one function: the law about bits is tested by choosing others.
const tiles = vi.hoisted(() => ({ force: undefined as undefined | ((extent: number) => number) }));
vi.mock(import("../../compiler/passes/loops/tiles/index.ts"), async (original) => {
  const actual = await original();
  const tileOf: typeof actual.tileOf = (group, machine, buffers) => {
    const chosen = actual.tileOf(group, machine, buffers);
    const { force } = tiles;
    if (force === undefined || chosen.sizes.every((size) => size === 1)) return chosen;
    return { ...chosen, sizes: group.axes.map(({ extent }) => Math.min(extent, force(extent))) };
  };
  return { ...actual, tileOf };
});

type KernelCall = Extract<Call, { kind: "call" }>;

const entry = ({ entries }: Lowered, name: string): CompiledEntry => entries.find((one) => one.name === name)!;

const reduces = ({ group }: KernelCall): boolean =>
  group.stages.some(({ definition, storage }) => {
    let found = storage === "total";
    walkScalar(definition.value, (part) => (found ||= part.kind === "reduce"));
    return found;
  });

describe("mnist-mlp's step", () => {
  let mlp: Lowered;
  let calls: readonly KernelCall[];
  beforeAll(async () => {
    mlp = await lowered("mnist-mlp");
    calls = entry(mlp, "train").program.calls.filter((call) => call.kind === "call");
  });
  /** The one kernel that computes a node. */
  const computing = (node: string): KernelCall => {
    const found = calls.filter(({ doc }) => doc.some((line) => line.node === node));
    expect(found, `kernels computing %${node}`).toHaveLength(1);
    return found[0]!;
  };
  const nodesOf = ({ doc }: KernelCall): string[] => doc.map(({ node }) => node);

  test("is eight kernels: two forward, the loss, two gradients of values, four of parameters", () => {
    expect(calls.map(({ kernel }) => kernel)).toEqual([
      "dotRelu_32x784x128",
      "dotAdd_32x128x10",
      expect.stringMatching(/_32x10$/),
      "sumAdam_32x10",
      "dotWhere_32x10x128",
      "dotAdam_128x32x10",
      "sumAdam_32x128",
      "dotAdam_784x32x128",
    ]);
  });

  test("computes matmul, bias and relu in one", () => {
    expect(nodesOf(computing("hidden"))).toEqual(["dot", "z1", "hidden"]);
  });

  test("masks where it multiplies: d_z1 is written by the kernel of d_hidden", () => {
    const masked = computing("d_z1");
    expect(masked).toBe(computing("d_hidden"));
    expect(masked.args).not.toContain("z1"); // the mask is read from the output
  });

  test.each(["W1", "b1", "W2", "b2"])("updates %s where its gradient is made", (name) => {
    expect(computing(`${name}_next`)).toBe(computing(`d_${name}`));
  });

  test("has no kernel that only adds, masks or updates: each reduces", () => {
    expect(calls.filter((call) => !reduces(call)).map(({ kernel }) => kernel)).toEqual([]);
  });

  test("never stores a parameter's gradient", () => {
    const large = mlp.module.buffers.filter(({ shape }) => sizeOf(shape) === 784 * 128);
    expect(large.map(({ name }) => name)).toEqual(["W1", "W1.m", "W1.v"]);
    const names = mlp.module.buffers.map(({ name }) => name);
    for (const parameter of ["W1", "b1", "W2", "b2"]) expect(names).not.toContain(`d_${parameter}`);
  });

  test("keeps relu's output, not its input", () => {
    const names = mlp.module.buffers.map(({ name }) => name);
    expect(names).toContain("hidden");
    expect(names).not.toContain("z1");
  });
});

/** Everything a step leaves behind: results, parameters and state. */
function stepOf({ module }: Lowered, precision: Precision): Map<string, Float64Array> {
  const memory = memoryOf(module, 5);
  const results = interpretEntry(module, module.entries[0]!, memory, { precision });
  const kept = module.buffers.filter(({ role }) => role === "parameter" || role === "state");
  return new Map([...results, ...kept.map(({ name }) => [name, memory.get(name)!] as const)]);
}

// extents that no tile divides
const uneven = model("uneven", { batch: 7 }, ({ batch }) => {
  const x = input("x", [batch, 11]);
  const y = labels("y", [batch], { classes: 5 });
  const [W1, b1] = [param("W1", [11, 9], glorot()), param("b1", [9], zeros())];
  const [W2, b2] = [param("W2", [9, 5], glorot()), param("b2", [5], zeros())];
  const hidden = tanh(add(matmul(x, W1), b1));
  const scores = add(matmul(hidden, W2), b2);
  return {
    loss: add(softmaxCrossEntropy(scores, y), svmLoss(scores, y)),
    outputs: { scores },
    optimizer: adam(),
  };
});

describe("a tile never changes a bit", () => {
  test.each([1, 2, 3, 4, 5, 8])("of %i an axis", async (size) => {
    const chosen = await lower(uneven);
    tiles.force = () => size;
    try {
      const other = await lower(uneven);
      const text = printModule(other.module);
      if (size > 1) expect(text).not.toBe(printModule(chosen.module));
      expect(stepOf(other, "single")).toEqual(stepOf(chosen, "single"));
    } finally {
      tiles.force = undefined;
    }
  });
});

test.each(modelNames)("in double, a step of %s means what its differentiated graph means", async (name) => {
  const one = await lowered(name, { batch: 2, small: true });
  const train = one.entries[0]!;
  const { purpose } = train;
  if (purpose.kind !== "train") throw new TypeError("the first entry is a phase");
  const graph = differentiate(purpose.phase, { counts: purpose.counts }).run(train.traced.graph);
  const feed = new Map([...memoryOf(one.module, 5)].map(([key, values]) => [key, values.slice()]));
  const expected = evaluateResults(graph, feed);
  const found = stepOf(one, "double");
  for (const [loss, value] of expected.losses) close(found.get(loss)!, [value], 1e-12, loss);
  for (const [target, value] of expected.writes) close(found.get(target)!, value.data, 1e-12, target);
  expect(expected.writes.size).toBeGreaterThan(0);
});
