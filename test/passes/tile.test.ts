/** What is true of tiles: a product is tiled by the axes that its two operands have to themselves, however many loads an operand is computed from. */

import { add, glorot, input, matmul, model, mse, mul, param, sgd } from "adjoint";
import { expect, test } from "vitest";
import { walkStmts } from "../../compiler/loop/build.ts";
import type { Kernel } from "../../compiler/loop/loop.ts";
import { lower } from "../../compiler/driver/lower.ts";

/** (a ⊙ b)·W of 8 × 6: the left operand is computed where it is read. */
const gated = model("gated", { batch: { train: 8, evaluate: 8, predict: 8 } }, ({ batch }) => {
  const a = input("a", [batch, 5]);
  const b = input("b", [batch, 5]);
  const y = add(matmul(mul(a, b), param("W", [5, 6], glorot())), 1);
  return { loss: mse(y, input("t", [batch, 6])), outputs: { y }, optimizer: sgd({ learningRate: 0.1 }) };
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

/** The order of the loops over rows and columns of x·W, W of `terms` × `units`. */
async function loopsOf(terms: number, units: number): Promise<readonly string[]> {
  const net = model("net", { batch: { train: 32, evaluate: 32, predict: 32 } }, ({ batch }) => {
    const y = matmul(input("x", [batch, terms]), param("W", [terms, units], glorot()));
    return { loss: mse(y, input("t", [batch, units])), outputs: { y }, optimizer: sgd({ learningRate: 0.1 }) };
  });
  const { module } = await lower(net);
  const kernel = module.kernels.find(({ doc }) => doc.some((line) => line.includes("x[i,k]·W[k,j]")));
  const found: string[] = [];
  walkStmts(kernel!.body, { stmt: (stmt) => void (stmt.kind === "for" && found.push(stmt.index)) });
  return found.slice(0, 2);
}

test("columns of a matrix that is beyond the second cache stay at hand for all rows", async () => {
  expect(await loopsOf(128, 512)).toEqual(["i", "j"]); // 256 KiB
  expect(await loopsOf(2048, 512)).toEqual(["j", "i"]); // 4 MiB
});
