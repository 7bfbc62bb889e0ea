/** What a kernel of several statements calls what it is given: the names of all of them, not of the first. */

import { expect, test } from "vitest";
import { inRoles, type Use } from "../../compiler/loop/roles.ts";
import { parseKernel, printKernel } from "../../compiler/loop/text/index.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { modelOf } from "../support/models.ts";

const kernel =
  parseKernel(`kernel dot_4(d_h: f32[16] read, "dense.kernel": f32[16] read, "dense.kernel.m": f32[16] update, d_dense: f32[4] write) flops 0 {
  // dot[i<4] = Σ k<4: d_h[i,k]·dense_kernel[i,k]
  // d_dense[i] = dot[i] + dense_kernel_m[i]
  for i in 0..4 {
    var sum: f32 = 0
    for k in 0..4 {
      let d_h_0: f32 = d_h[4·i + k]
      let dense_kernel_0: f32 = "dense.kernel"[4·i + k]
      sum = add(sum, mul(d_h_0, dense_kernel_0))
    }
    "dense.kernel.m"[i] = sum
    d_dense[i] = add(round(sum), "dense.kernel.m"[i])
  }
}
`);
const use = (args: readonly string[], ...values: readonly string[]): Use => ({ args, values });
const paramsOf = (uses: readonly Use[]): string[] => inRoles(kernel, uses).params.map(({ name }) => name);

test("the kernel of one statement, or of several that give it the same, keeps its names", () => {
  const own = use(["d_h", "dense.kernel", "dense.kernel.m", "d_dense"], "dot", "d_dense");
  expect(inRoles(kernel, [own])).toBe(kernel);
  expect(inRoles(kernel, [own, own])).toBe(kernel);
});

test("of equal layers it has the kind or the part, of others the last word, of cotangents the letter of the law", () => {
  expect(
    paramsOf([
      use(["d_h", "dense.kernel", "dense.kernel.m", "d_dense"], "dot", "d_dense"),
      use(["d_h_2", "dense_2.kernel", "dense_2.kernel.m", "d_dense_2"], "dot_2", "d_dense_2"),
    ]),
  ).toEqual(["d_h", "kernel", "kernel_m", "d_dense"]);
  expect(
    paramsOf([
      use(["d_h", "dense.kernel", "dense.kernel.m", "d_dense"], "dot", "d_dense"),
      use(["d_scores", "W", "W.m", "d_x"], "product", "d_x"),
    ]),
  ).toEqual(["d_y", "x", "m_2", "d_x"]);
});

test("its copies, its loops and its definitions speak of the same arrays", () => {
  const text = printKernel(
    inRoles(kernel, [
      use(["d_h", "dense.kernel", "dense.kernel.m", "d_dense"], "dot", "d_dense"),
      use(["d_g", "dense_2.kernel", "dense_2.kernel.m", "d_r"], "dot_2", "d_r"),
    ]),
  );
  expect(text).toContain("// dot[i<4] = Σ k<4: d_y[i,k]·kernel[i,k]\n  // d_x[i] = dot[i] + kernel_m[i]");
  expect(text).toContain("let kernel_0: f32 = kernel[4·i + k]");
  expect(text).toContain("sum = add(sum, mul(d_y_0, kernel_0))");
  expect(text).not.toMatch(/dense/);
});

test("loops that are told of by more values in one place than in another keep the values' names", () => {
  const text = printKernel(
    inRoles(kernel, [
      use(["d_h", "dense.kernel", "dense.kernel.m", "d_dense"], "dot", "d_dense"),
      use(["d_g", "dense_2.kernel", "dense_2.kernel.m", "d_r"], "dot_2"),
    ]),
  );
  expect(text).toContain("// dot[i<4] = Σ k<4: d_y[i,k]·kernel[i,k]");
});

test("no two arrays get one name", async () => {
  const { module } = await lower(await modelOf("mini-resnet"), { small: true });
  for (const { params } of module.kernels) expect(new Set(params.map(({ name }) => name)).size).toBe(params.length);
});
