/** What is true of tiled sums whose rest calls functions: the sums are stored first, and each function stands once, point by point after them. */

import { add, glorot, input, matmul, model, mse, param, sgd, tanh, zeros } from "adjoint";
import { expect, test } from "vitest";
import { walkStmts } from "../../compiler/loop/build.ts";
import type { Kernel, ScalarFn } from "../../compiler/loop/loop.ts";
import { printKernel } from "../../compiler/loop/text/index.ts";
import { lower } from "../../compiler/driver/lower.ts";

/** h = act(x·W + b) of 6 × 9 columns under a 3 × 3 tile; `keep` shows z beside h. */
const layer = (activated: boolean, keep: boolean) =>
  model("layer", { batch: { train: 6, evaluate: 6, predict: 6 } }, ({ batch }) => {
    const x = input("x", [batch, 5]);
    const W = param("W", [5, 9], glorot());
    const b = param("b", [9], zeros());
    const z = matmul(x, W);
    const h = activated ? tanh(add(z, b)) : add(z, b);
    const loss = mse(h, input("t", [batch, 9]));
    return { loss, outputs: keep ? { h, z } : { h }, optimizer: sgd({ learningRate: 0.1 }) };
  });

/** What predicts h. */
async function kernelOf(activated: boolean, keep: boolean, target: "typescript" | "wasm" = "typescript"): Promise<Kernel> {
  const { module } = await lower(layer(activated, keep), { target });
  const [call] = module.entries.find(({ name }) => name === "predict")!.calls.filter(({ kind }) => kind === "call");
  return module.kernels.find(({ name }) => call?.kind === "call" && name === call.kernel)!;
}

/** How often a function stands in a kernel. */
function count({ body }: Kernel, fn: ScalarFn): number {
  let found = 0;
  walkStmts(body, { scalar: (part) => (found += Number(part.kind === "apply" && part.fn === fn)) });
  return found;
}

const NOTE = "All sums first, kept in";

test("a tile of sums is stored raw, and the function stands once, at each point after them", async () => {
  const kernel = await kernelOf(true, false);
  expect(count(kernel, "tanh")).toBe(1);
  expect(kernel.doc).toEqual([
    "dot[i<6,j<9] = Σ k<5: x[i,k]·W[k,j]",
    "tanh_[i,j] = tanh(dot[i,j] + b[j])",
    `${NOTE} tanh_; then the rest, point by point.`,
  ]);
  expect(printKernel(kernel)).toContain(`    tanh_[9·i + j] = sum00
`);
  expect(printKernel(kernel)).toContain(`
  for i in 0..6 {
    for j in 0..9 {
      let dot: f32 = tanh_[9·i + j]
      tanh_[9·i + j] = tanh(add(dot, b[j]))
    }
  }
}`);
});

test("a sum that is stored anyway is kept where it is stored", async () => {
  const kernel = await kernelOf(true, true);
  expect(count(kernel, "tanh")).toBe(1);
  expect(kernel.doc.at(-1)).toBe(`${NOTE} dot; then the rest, point by point.`);
  const stores: string[] = [];
  walkStmts(kernel.body, { stmt: (stmt) => stmt.kind === "store" && stores.push(stmt.buffer) });
  expect(stores.filter((buffer) => buffer === "dot")).toHaveLength(9);
  expect(stores.filter((buffer) => buffer !== "dot")).toHaveLength(1);
});

test("what needs no function, and what runs in lanes, stays one sweep", async () => {
  const plain = await kernelOf(false, false);
  const lanes = await kernelOf(true, false, "wasm");
  for (const kernel of [plain, lanes]) expect(kernel.doc.join()).not.toContain(NOTE);
  expect(count(lanes, "tanh")).toBeGreaterThan(1);
});
