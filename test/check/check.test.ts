/** What is true of the numeric check: right gradients pass, a wrong sign in any one rule is caught by forward mode and by differences, each alone, and so is an edited kernel. */

import { expect, test } from "vitest";
import { checkKernels } from "../../compiler/check/kernels.ts";
import { drawsIn } from "../../compiler/check/domain.ts";
import { checkForwardMode } from "../../compiler/check/forward-mode.ts";
import { checkDifferences } from "../../compiler/check/numeric-gradient.ts";
import { Perturbed } from "../../compiler/check/perturb.ts";
import { lossOf } from "../../compiler/check/small.ts";
import { withinBound } from "../../compiler/check/result.ts";
import { Builder } from "../../compiler/graph/build.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { isFloat } from "../../compiler/graph/type.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { emit } from "../../compiler/driver/emit.ts";
import { sgd } from "../../compiler/model/optimizers/index.ts";
import { callsOn, opOf, ops } from "../../compiler/ops/index.ts";
import type { Op, Sample } from "../../compiler/ops/op.ts";
import { gradients } from "../../compiler/passes/graph/gradients.ts";
import svm from "../../models/linear-svm.ts";

/** loss = Σ w ⊙ op(inputs), float operands being parameters. */
function lossThrough(op: Op, { inputs, attrs, within }: Sample): Graph | undefined {
  const builder = new Builder("one op");
  const g = callsOn(builder);
  const [low, high] = within ?? [-2, 2];
  const operands = inputs.map((type, n) =>
    isFloat(type.dtype)
      ? builder.append(opOf("param"), [], { initial: ["uniform", low, high, n] }, `x${n}`, type)
      : builder.append(opOf("input"), [], {}, `x${n}`, type),
  );
  const y = builder.append(op, operands, attrs);
  const type = builder.typeOf(y);
  if (!isFloat(type.dtype)) return undefined;
  const w = builder.append(opOf("state"), [], { initial: ["uniform", 0.5, 2, 99] }, "w", type);
  const product = g.mul(y, w);
  const axes = type.shape.map((_, axis) => axis);
  const value = axes.length === 0 ? product : g.sum(product, { axes });
  builder.results.push({ kind: "loss", name: "train", value });
  return builder.graph();
}

/** What each of the two witnesses says by itself. */
async function holds(graph: Graph): Promise<{ forwardMode: boolean; differences: boolean }> {
  const full = gradients({ name: "train", rule: sgd() }).run(graph);
  const perturbed = new Perturbed(full, lossOf(full, "train"), drawsIn([full]).feed(full, 5, 1));
  const differences = checkDifferences(perturbed, { coordinates: 6, directions: 1, seed: 5 });
  const forward = await checkForwardMode(perturbed, 1, 5);
  expect(forward.map(({ name, coordinates }) => [name, coordinates])).toEqual(differences.map(({ name }) => [name, 1]));
  return { forwardMode: forward.every(withinBound), differences: differences.every(withinBound) };
}

const BOTH = { forwardMode: true, differences: true };
const NEITHER = { forwardMode: false, differences: false };

const cases = Object.values(ops as Readonly<Record<string, Op>>).flatMap((op) => {
  const sample = op.samples.find(({ inputs }) => inputs.some(({ dtype }) => isFloat(dtype)));
  const differentiable = op.laws.some((law) => law !== null) && op.name !== "mul" && op.name !== "sum";
  return sample !== undefined && differentiable && lossThrough(op, sample) !== undefined ? [{ name: op.name, op, sample }] : [];
});

test.each(cases)("a flipped sign in the gradient of $name is caught by each witness alone", async ({ op, sample }) => {
  const graph = lossThrough(op, sample)!;
  expect(await holds(graph)).toEqual(BOTH);
  const right = op.vjp;
  const patched = op as { vjp: Op["vjp"] };
  patched.vjp = (scope, at) => scope.g.neg(right.call(op, scope, at));
  try {
    expect(await holds(graph)).toEqual(NEITHER);
  } finally {
    patched.vjp = right;
  }
});

// the loss itself goes through mul and sum: a flip there turns every gradient around
test.each(["mul", "sum"] as const)("a flipped sign in the gradient of %s is caught by each witness alone", async (name) => {
  const op: Op = ops[name];
  const graph = lossThrough(ops.exp, ops.exp.samples[0]!)!;
  const right = op.vjp;
  const patched = op as { vjp: Op["vjp"] };
  patched.vjp = (scope, at) => scope.g.neg(right.call(op, scope, at));
  try {
    expect(await holds(graph)).toEqual(NEITHER);
  } finally {
    patched.vjp = right;
  }
});

test("an edited kernel is caught, by name", async () => {
  const lowered = await lower(svm);
  const text = (await emit(lowered, "trainer")).text;
  expect((await checkKernels(lowered, text, 16, 1)).every(withinBound)).toBe(true);
  const edited = text.replace("sum00 += x_0 * W_0;", "sum00 -= x_0 * W_0;");
  expect(edited).not.toBe(text);
  const failed = (await checkKernels(lowered, edited, 64, 1)).filter((one) => !withinBound(one));
  expect(failed[0]!.name).toMatch(/^train: dot/);
});

test("a point where branches meet and move apart is a kink of forward mode, not an error", async () => {
  const builder = new Builder("kink");
  const g = callsOn(builder);
  const x = builder.append(opOf("param"), [], { initial: ["data", 0, 1, -1] }, "x", { dtype: "f64", shape: [3] });
  builder.results.push({ kind: "loss", name: "train", value: g.sum(g.relu(x), { axes: [0] }) });
  const full = gradients({ name: "train", rule: sgd() }).run(builder.graph());
  const [row] = await checkForwardMode(new Perturbed(full, lossOf(full, "train"), drawsIn([full]).feed(full, 1, 1)), 1, 1);
  expect(row).toMatchObject({
    name: "x",
    method: "forward mode",
    coordinates: 0,
    kinks: 4,
    unjudged: "branches meet at the very point, in every direction",
  });
});
