/** What is true of tiles: a product is tiled by the axes that its two operands have to themselves, however many loads an operand is computed from. */

import { add, glorot, input, matmul, model, mse, mul, param, sgd } from "adjoint";
import { expect, test } from "vitest";
import { walkStmts } from "../compiler/loop/build.ts";
import type { Kernel } from "../compiler/loop/loop.ts";
import { lower } from "../compiler/lower.ts";

/** (a ⊙ b)·W of 8 × 6: the left operand is computed where it is read. */
const gated = model("gated", { batch: { train: 8, evaluate: 8, predict: 8 } }, ({ batch }) => {
  const a = input("a", [batch, 5]);
  const b = input("b", [batch, 5]);
  const y = add(matmul(mul(a, b), param("W", [5, 6], glorot())), 1);
  return { loss: mse(y, input("t", [batch, 6])), outputs: { y }, optimizer: sgd({ learningRate: 0.1 }) }; // prettier-ignore
});

/** Sums that a kernel keeps side by side. */
function sumsOf({ body }: Kernel): number {
  let found = 0;
  walkStmts(body, { stmt: (stmt) => (found += Number(stmt.kind === "let" && stmt.mutable)) });
  return found;
}

test("of (a ⊙ b)·W is 4 × 2, as of a·W", async () => {
  const { module } = await lower(gated);
  const call = module.entries.find(({ name }) => name === "predict")!.calls[0]!;
  const kernel = module.kernels.find(({ name }) => call.kind === "call" && name === call.kernel)!;
  expect(kernel.params.map(({ name }) => name)).toEqual(["a", "b", "W", "add"]);
  expect(sumsOf(kernel)).toBe(8);
});
