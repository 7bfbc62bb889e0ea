/** What is true of what a model says about its own differentiation: rules are replayed, regions are computed again, and no bit changes. */

import { describe, expect, test } from "vitest";
import {
  add,
  checkpoint,
  constant,
  customVjp,
  div,
  exp,
  glorot,
  grad,
  input,
  log1p,
  matmul,
  model,
  mse,
  mul,
  neg,
  param,
  sgd,
  sigmoid,
  sub,
  sum,
  tanh,
  type FloatTensor,
} from "adjoint";
import { checkModel } from "../../compiler/check/check.ts";
import { load } from "../../compiler/compile.ts";
import { lower, type Lowered } from "../../compiler/driver/lower.ts";
import { emit } from "../../compiler/driver/emit.ts";

type Wide = FloatTensor<readonly [number, number]>;

/** Layers of tanh and sigmoid, each kept or computed again. */
const chain = (again: boolean, layers = 4) =>
  model("chain", { batch: 5 }, ({ batch }) => {
    const x = input("x", [batch, 7]);
    const target = input("target", [batch, 7]);
    let h = x as Wide;
    for (let n = 0; n < layers; n++) {
      const W = param(`W${n}`, [7, 7], glorot());
      const block = (): Wide => {
        const s = tanh(matmul(h, W) as Wide);
        return mul(s, sigmoid(s)) as Wide;
      };
      h = again ? checkpoint(block) : block();
    }
    return { loss: mse(h, target), outputs: { h }, optimizer: sgd({ learningRate: 0.5 }) };
  });

const trainerOf = async (lowered: Lowered) =>
  (await load({ files: new Map([["trainer.ts", (await emit(lowered, "trainer")).text]]) })).createTrainer({ seed: 3 });

describe("a checkpointed region", async () => {
  const [kept, again] = [await lower(chain(false)), await lower(chain(true))];

  test("reads what is around it, and takes no arguments", async () => {
    const wrong = model("wrong", { batch: 3 }, ({ batch }) => {
      const W = param("W", [2, 4], glorot());
      const again = (x: FloatTensor) => exp(x);
      return { loss: sum(checkpoint(again as never) as FloatTensor), outputs: { y: matmul(input("x", [batch, 2]), W) }, optimizer: sgd() };
    });
    await expect(lower(wrong)).rejects.toThrow("checkpoint takes a body without arguments");
  });

  test("keeps its input and its result, and computes the rest again", () => {
    const residuals = ({ module }: Lowered): string[] => {
      const own = new Set(module.entries[0]!.buffers);
      return module.buffers.filter(({ name, role }) => own.has(name) && role === "residual").map(({ name }) => name);
    };
    const copies = again.entries[0]!.graph.nodes.filter(({ name }) => name.endsWith("_again"));
    expect(copies.length).toBeGreaterThan(0);
    for (const copy of copies) expect(copy.origin.role).toBe("primal");
    expect(residuals(again).length).toBeLessThan(residuals(kept).length);
    const work = ({ module }: Lowered) => module.kernels.reduce((n, { flops }) => n + flops, 0);
    expect(again.module.entries[0]!.calls.length).toBeGreaterThan(kept.module.entries[0]!.calls.length);
    expect(work(again)).toBeGreaterThan(0);
  });

  test("trains to the same bits", { timeout: 20_000 }, async () => {
    const [a, b] = [await trainerOf(kept), await trainerOf(again)];
    const batch = {
      x: Float32Array.from({ length: 35 }, (_, n) => Math.sin(n)),
      target: Float32Array.from({ length: 35 }, (_, n) => Math.cos(3 * n)),
    };
    for (let n = 0; n < 20; n++) expect(b.step(batch)).toBe(a.step(batch));
    expect(b.bytes()).toEqual(a.bytes());
  });

  test("passes the check", async () => {
    expect((await checkModel(chain(true, 2), { effort: "quick" })).holds).toBe(true);
  });
});

/** log(1 + eˣ) whose rule divides by 1 + e^−x instead of differentiating the formula. */
const softplus = (factor: number) =>
  customVjp({
    forward: (x: Wide) => log1p(exp(x)),
    backward: (d, [x]) => [div(mul(d, factor), add(exp(neg(x)), 1))],
  });

const withRule = (factor: number) =>
  model("rule", { batch: 3 }, ({ batch }) => {
    const x = input("x", [batch, 2]);
    const W = param("W", [2, 4], glorot());
    const y = softplus(factor)(matmul(x, W));
    return { loss: sum(mul(y, y)), outputs: { y }, optimizer: sgd() };
  });

describe("a rule of the model's own", () => {
  test("is what the gradient is made of", async () => {
    const { entries } = await lower(withRule(1));
    const { nodes } = entries[0]!.graph;
    expect(nodes.some(({ op }) => op === "customVjp" || op === "hole")).toBe(false);
    expect(nodes.some(({ origin }) => origin.role === "cotangent" && origin.rule === "d_x by the model's own rule")).toBe(true);
    // the formula's own derivative would divide by 1 + eˣ
    expect(nodes.filter(({ op }) => op === "recip" || op === "div").length).toBe(1);
    expect((await checkModel(withRule(1), { effort: "quick" })).holds).toBe(true);
  });

  test("is checked like any other", async () => {
    const { holds, tensors } = await checkModel(withRule(2), { effort: "quick" });
    expect(holds).toBe(false);
    expect(tensors.find(({ name, method }) => name === "W" && method === "central differences")!.worst).toBeCloseTo(0.5, 2);
  });

  test("can be differentiated again", async () => {
    const twice = model("twice", { batch: 3 }, ({ batch }) => {
      const x = input("x", [batch, 2]);
      const W = param("W", [2, 4], glorot());
      const y = softplus(1)(matmul(x, W));
      const [d_x] = grad(sum(y), [x]);
      return { loss: sum(mul(d_x, d_x)), outputs: { y }, optimizer: sgd() };
    });
    expect((await checkModel(twice, { effort: "quick" })).holds).toBe(true);
  });

  test.each([
    ["too few gradients", () => [], "customVjp needs one gradient an input, but backward returned 0 for 1"],
    ["another shape", (d: Wide) => [sum(d)], "customVjp: the gradient of input 0 has [], but the input has [3,2]"],
  ] as const)("with %s is refused", async (_, backward, law) => {
    const wrong = model("wrong", { batch: 3 }, ({ batch }) => {
      const x = input("x", [batch, 2]);
      const b = param("b", [2], constant(1));
      const y = customVjp({ forward: (z: Wide) => exp(z), backward: backward as never })(sub(x, b) as Wide);
      return { loss: sum(y), optimizer: sgd() };
    });
    await expect(lower(wrong)).rejects.toThrow(law);
  });
});
