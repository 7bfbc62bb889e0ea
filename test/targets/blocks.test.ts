/** What of a kernel becomes functions of its own, so that an engine optimizes it early. */

import { describe, expect, test } from "vitest";
import { parseKernel } from "../../compiler/loop/text/index.ts";
import { printKernelFunction } from "../../compiler/targets/typescript/statement.ts";
import { format } from "../../compiler/driver/emit.ts";

const printed = (text: string, block: number): Promise<string> =>
  format(printKernelFunction(parseKernel(text.replace("{", "{\n  // y = x")), "k", new Set(), "at stores", { block, kernel: 0 }));

const SUMS = `kernel k(x: f32[400] read, rate: f32[1] read, y: f32[20] write) flops 0 {
  let rate_0: f32 = rate[0]
  for i in 0..20 {
    var sum: f32 = 0
    for j in 0..20 {
      sum = add(sum, x[20·i + j])
    }
    y[i] = mul(sum, rate_0)
  }
}
`;

describe("what a loop repeats", () => {
  test("is a function of its index: its arrays, and what is loaded before, it reads itself", async () => {
    expect(await printed(SUMS, 20)).toBe(`/** y = x */
function k(arrays: Floats<"x" | "rate" | "y">): () => void {
  function block(i: number): void {
    i &= 31;
    const { x, rate, y } = arrays;
    const rate_0 = rate[0]!;
    let sum = 0;
    for (let j = 0; j < 20; j++) sum += x[i * 20 + j]!;
    y[i] = sum * rate_0;
  }
  return function k(): void {
    for (let i = 0; i < 20; i++) block(i);
  };
}
`);
  });

  test("stays where it is too little to be called for", async () => {
    expect(await printed(SUMS, 60)).not.toContain("block");
  });
});

test("statements that change a local from before stay, and so do those that declare one for what follows", async () => {
  const text = `kernel k(x: f32[400] read, y: f32[20] write) flops 0 {
  for i in 0..20 {
    var sum: f32 = 0
    for j in 0..20 {
      for l in 0..20 {
        sum = add(sum, x[20·j + l])
      }
    }
    y[i] = sum
  }
}
`;
  // the loop over j is heavy: its body adds to sum, and what stands before it declares sum
  expect(await printed(text, 2)).not.toContain("block");
  expect(await printed(text, 50)).toContain("block(i);");
});
