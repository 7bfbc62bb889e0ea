/** Which loops of a WebAssembly kernel run in parts, so that its engine may replace what runs before the first call is over. */

import { expect, test } from "vitest";
import { parseKernel } from "../../compiler/loop/text/index.ts";
import { printWasm } from "../../compiler/targets/wasm/text.ts";
import { parted } from "../../compiler/targets/wasm/long-loops.ts";

const kernel = (text: string) => parseKernel(text.replace("{", "{\n  // y = x"));

const TEXT = `kernel k(x: f32[400] read, rate: f32[1] read, y: f32[66] write) flops 0 {
  let rate_0: f32 = rate[0]
  for i in 0..66 {
    y[i] = mul(x[i], rate_0)
  }
}
`;
const SUMS = kernel(TEXT);

test("a long loop is called in equal parts; what is loaded before it, each part loads", () => {
  const { text } = printWasm([SUMS], 4096, String, { long: 66 });
  expect(text).toContain(`(func $kernel.k (export "k") (param $x i32) (param $rate i32) (param $y i32)
    (local $rate_0 f32)
    (local $i i32)
    (local.set $rate_0 (f32.load (local.get $rate)))
    (local.set $i (i32.const 0))
    (loop $L0
      (call $kernel.k.part1 (local.get $x) (local.get $rate) (local.get $y) (local.get $i) (i32.add (local.get $i) (i32.const 3)))
      (br_if $L0 (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 3))) (i32.const 66))))
  )
  (func $kernel.k.part1 (param $x i32) (param $rate i32) (param $y i32) (param $part.from i32) (param $part.to i32)
`);
});

test("a short loop is not, nor one that has no equal parts", () => {
  expect(parted(SUMS.body, 1, 199)).toBeUndefined();
  expect(parted(SUMS.body, 1, 198)).toMatchObject({ stride: 3 });
  const prime = kernel(TEXT.replaceAll("66", "67"));
  expect(parted(prime.body, 1, 0)).toBeUndefined();
});

test.each([
  ["adds to a local from before it", "var sum: f32 = 0\n  for i in 0..66 {\n    sum = add(sum, x[i])\n  }\n  y[0] = sum"],
  [
    "reads a local that was loaded from what the kernel stores",
    "let first: f32 = y[0]\n  for i in 0..66 {\n    y[i] = add(x[i], first)\n  }",
  ],
])("a loop that %s stays", (_, body) => {
  const { body: statements } = kernel(`kernel k(x: f32[400] read, y: f32[66] update) flops 0 {\n  ${body}\n}\n`);
  expect(parted(statements, 1, 0)).toBeUndefined();
});
