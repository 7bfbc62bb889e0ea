/** A tensor belongs to the call that declared it: kept and used in another call or model, it is named with both, and nothing is compiled. */

import {
  activation,
  add,
  adam,
  assign,
  checkpoint,
  concatenate,
  constant,
  customVjp,
  dense,
  grad,
  groups,
  input,
  l2,
  labels,
  logicalNot,
  less,
  matmul,
  ModelError,
  model,
  mul,
  multiHeadAttention,
  param,
  residual,
  scan,
  sgd,
  softmaxCrossEntropy,
  state,
  sum,
  where,
  type Declaration,
  type FloatTensor,
  type Scalar,
  type Tensor,
} from "adjoint";
import { expect, test } from "vitest";
import { lower } from "../../compiler/driver/lower.ts";
import type { Model } from "../../compiler/model/declaration.ts";

async function complaint(made: Model): Promise<string> {
  try {
    await lower(made);
  } catch (error) {
    if (error instanceof ModelError) return error.message.replace(/\.ts:\d+/g, ".ts:LINE");
    throw error;
  }
  return "accepted";
}

/** A model whose first call keeps its parameter v, and whose later calls use it. */
function keeping(use: (w: FloatTensor<readonly [2]>, kept: FloatTensor<readonly [2]>) => Scalar | Declaration): Model {
  let kept: FloatTensor<readonly [2]> | undefined;
  return model("keeping", {}, () => {
    const w = param("w", [2], constant(1));
    const v = param("v", [2], constant(1));
    const used = use(w, (kept ??= v));
    return "value" in used ? { loss: add(used, sum(v)), optimizer: sgd() } : used;
  });
}

test("the message names the tensor, the call that made it, and the call that uses it", async () => {
  expect(await complaint(keeping((w, kept) => sum(add(w, kept))))).toBe(`foreign.test.ts:LINE

  add: b is %v of an earlier call of this model's function, for train, but belongs into the model "keeping", for evaluate

    b  %v  f32[2]  from param  foreign.test.ts:LINE

  Make it inside the function given to model(…), where it is used: each call of that function declares tensors of its own.`);
});

test("of another model, that model is named", async () => {
  let kept: FloatTensor<readonly [2]>;
  const first = model("first", {}, () => ({ loss: sum((kept = param("w", [2], constant(1)))), optimizer: sgd() }));
  await lower(first);
  const second = model("second", {}, () => ({ loss: sum(mul(param("u", [2], constant(1)), kept)), optimizer: sgd() }));
  expect(await complaint(second)).toContain('mul: b is %w of the model "first", but belongs into the model "second", for train');
});

const other = (of: string, argument: string): string =>
  `${of}: ${argument} is %v of an earlier call of this model's function, for train, but belongs into`;
const flat = (x: FloatTensor): FloatTensor<readonly [2]> => x as FloatTensor<readonly [2]>;
const whole = (x: FloatTensor<readonly [2]>): FloatTensor => x;

/** By what takes tensors: one after another, in lists, in options, returned by functions of the model's own, in what it returns. */
const uses: Readonly<Record<string, readonly [Parameters<typeof keeping>[0], says: string]>> = {
  "a reduction": [(w, kept) => add(sum(w), sum(kept)), other("sum", "x")],
  "a product": [(w, kept) => add(sum(w), sum(matmul(input("x", [1, 2]), whole(kept) as never))), other("matmul", "b")],
  "a list": [(w, kept) => sum(concatenate([w, kept]) as FloatTensor), other("concatenate", "parts[1]")],
  "a penalty": [(w, kept) => l2([w, kept], 0.1), other("l2", "weights[1]")],
  "a choice": [(w, kept) => sum(where(less(w, 0), kept, w)), other("where", "a")],
  "a condition": [(w, kept) => sum(where(logicalNot(less(kept, 0)), w, 0)), other("less", "a")],
  "a layer": [(w, kept) => add(sum(w), sum(dense(1)(kept))), other("dense", "x")],
  "an option": [
    (w, kept) => add(sum(w), softmaxCrossEntropy(input("s", [2, 3]), labels("y", [2], { classes: 3 }), { weights: kept })),
    other("softmaxCrossEntropy", "weights"),
  ],
  "an option of a layer's call": [
    (w, kept) => add(sum(w), sum(multiHeadAttention(1)(input("q", [1, 2, 2]), { memory: whole(kept) }))),
    other("multiHeadAttention", "memory"),
  ],
  "an activation of the model's own": [(w, kept) => sum(activation(() => kept)(w)), other("activation", "what the function returns")],
  "a layer of the model's own": [(w, kept) => sum(residual([(() => kept) as never])(w)), other("residual", "what layers[0] returns")],
  "a step": [
    (w, kept) => add(sum(w), sum(scan((carry, x) => ({ carry, y: flat(add(x, carry as FloatTensor)) }), kept, input("t", [2, 3, 2])).ys)),
    other("scan", "initial"),
  ],
  "what a step gives out": [
    (w, kept) => add(sum(w), sum(scan((carry: number) => ({ carry, y: kept }), 0, input("t", [2, 3, 2])).ys)),
    other("scan", "what step returns.y"),
  ],
  "a rule's cotangent": [
    (w, kept) => sum(customVjp({ forward: (x: FloatTensor) => x, backward: () => [kept] })(w)),
    other("customVjp", "what backward returns[0]"),
  ],
  "a region": [(w, kept) => add(sum(w), sum(checkpoint(() => kept))), other("checkpoint", "what body returns")],
  "what a gradient is taken of": [(w, kept) => sum(grad(sum(w), [kept])[0]), other("grad", "of[0]")],
  "an assignment": [(w, kept) => (assign(state("s", [2], constant(0)), kept), sum(w)), other("assign", "value")],
  "a group": [
    (w, kept) => ({ loss: sum(w), optimizer: groups([{ parameters: [kept], optimizer: sgd() }, { optimizer: adam() }]) }),
    other("groups", "list[0].parameters[0]"),
  ],
  "the loss": [
    (_, kept) => ({ loss: flat(kept) as unknown as Scalar, optimizer: sgd() }),
    other('what the function of model "keeping" returns', "loss"),
  ],
  "an output": [
    (w, kept) => ({ loss: sum(add(w, w)), optimizer: sgd(), outputs: { kept } }),
    other('what the function of model "keeping" returns', "outputs.kept"),
  ],
  "a metric": [
    (w, kept) => ({ loss: sum(w), optimizer: sgd(), metrics: { kept: kept as unknown as Scalar } }),
    other('what the function of model "keeping" returns', "metrics.kept"),
  ],
  "a phase's parameters": [
    (w, kept) => ({ phases: [{ name: "all", loss: sum(w), optimizer: sgd(), parameters: [kept] }] }),
    other('what the function of model "keeping" returns', "phases[0].parameters[0]"),
  ],
};

test.each(Object.entries(uses))("%s", async (_, [use, says]) => {
  let isFirst = true;
  // the first call is right by itself
  const right: Parameters<typeof keeping>[0] = (w, kept) => (isFirst ? ((isFirst = false), sum(add(w, kept))) : use(w, kept));
  expect(await complaint(keeping(right))).toContain(says);
});

test("copies of a tensor by spreading belong where it belongs; what was never made by the language is no tensor", async () => {
  expect(await complaint(keeping((w) => sum({ ...w })))).toBe("accepted");
  const forged = { shape: [2], dtype: "f32", value: 0 } as unknown as Tensor<readonly [2], "f32">;
  expect(await complaint(keeping((w) => sum(add(w, forged))))).toContain("add: b needs a tensor of floats or a number, but got an object");
});
