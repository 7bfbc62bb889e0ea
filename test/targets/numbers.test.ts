/** How kernels of TypeScript that differ in numbers alone become one function, what names places and elements get, and which functions take their arrays. */

import { expect, test } from "vitest";
import { format } from "../../compiler/driver/emit.ts";
import type { Kernel } from "../../compiler/loop/loop.ts";
import { parseKernel } from "../../compiler/loop/text/index.ts";
import { Names } from "../../compiler/loop/identifier.ts";
import { printKernels } from "../../compiler/targets/typescript/functions.ts";
import { Outline } from "../../compiler/targets/typescript/outline.ts";
import { givenIn, numbersGiven, sharedName, sharingNumbers } from "../../compiler/targets/typescript/shared.ts";
import { printTakingFunction } from "../../compiler/targets/typescript/statement.ts";
import { importText, stripTypes } from "../../compiler/targets/strip.ts";

/** y = c·x, and x beside it, of so many channels and columns. */
const scaled = (name: string, channels: number, columns: number, by: number): Kernel => {
  const length = channels * columns;
  return parseKernel(`kernel ${name}(x: f32[${length}] read, y: f32[${2 * length}] write) flops 0 {
  // y[i<${channels},j<${columns}] = x[i,j]·${by}
  for i in 0..${channels} {
    for j in 0..${columns} {
      let x_0: f32 = x[${columns}·i + j]
      y[${columns}·i + j] = mul(x_0, ${by})
      y[${columns}·i + j + ${length}] = x_0
    }
  }
}
`);
};

const kernels = [scaled("mul_4x6", 4, 6, 3), scaled("mul_5x2", 5, 2, 7), scaled("mul_2x3", 2, 3, 3)];
const sharing = sharingNumbers({ kernels, entries: [] }, new Map(), () => true);
const shared = sharing.get("mul_4x6")!;

/** The kernels as a file has them. */
function printed(): string {
  const needs = new Set<string>();
  const names = new Names();
  return printKernels(kernels, new Outline(kernels), names, needs, sharing, (one, common, own) =>
    printTakingFunction(one, own === undefined ? one.name : sharedName(own), needs, common, own, (block) => names.take(block)),
  ).join("\n\n");
}

test("strides are products of extents, and the doc says for which numbers it is", async () => {
  expect(new Set(kernels.map(({ name }) => sharing.get(name)))).toEqual(new Set([shared]));
  expect(sharedName(shared)).toBe("mul_NxN");
  expect(givenIn(shared)).toEqual(["I", "J", "scale"]);
  expect(kernels.map(({ name }) => numbersGiven(shared, name))).toEqual([
    [4, 6, 3],
    [5, 2, 7],
    [2, 3, 3],
  ]);
  expect(await format(printed())).toContain(`/**
 * y[i<I,j<J] = x[i,j]·scale
 * For I, J, scale: 4, 6, 3; 5, 2, 7 and 2, 3, 3.
 */
function mul_NxN(x: Float32Array, y: Float32Array, I: number, J: number, scale: number): void {
  for (let i = 0; i < I; i++)
    for (let j = 0; j < J; j++) {
      const x_0 = x[i * J + j]!;
      y[i * J + j] = x_0 * scale;
      y[i * J + j + I * J] = x_0;
    }
}`);
});

test("the function does what each kernel does", async () => {
  const code = await stripTypes(`${printed()}\nexport { mul_NxN };`);
  type Mul = (x: Float32Array, y: Float32Array, ...numbers: readonly number[]) => void;
  const { mul_NxN } = await importText<{ readonly mul_NxN: Mul }>(code);
  for (const [name, by] of [
    ["mul_4x6", 3],
    ["mul_5x2", 7],
    ["mul_2x3", 3],
  ] as const) {
    const { length } = kernels.find((one) => one.name === name)!.params[0]!;
    const x = Float32Array.from({ length }, (_, n) => n - 3.5);
    const y = new Float32Array(2 * length);
    mul_NxN(x, y, ...numbersGiven(shared, name));
    expect([...y]).toEqual([...[...x].map((one) => one * by), ...x]);
  }
});

test("kernels whose docs say other sums have the definitions of each", () => {
  const one = (name: string, at: string, offset: number): Kernel =>
    parseKernel(`kernel ${name}(x: f32[9] read, y: f32[8] write) flops 0 {
  // y[i<8] = x[${at}]
  for i in 0..8 {
    y[i] = x[i${offset === 0 ? "" : ` + ${offset}`}]
  }
}
`);
  const all = [one("copy_8", "i", 0), one("copy_8_2", "i + 1", 1)];
  const own = sharingNumbers({ kernels: all, entries: [] }, new Map(), () => true).get("copy_8")!;
  expect(own.kernel.doc).toEqual(["For n = 0:", "y[i<8] = x[i]", "For n = 1:", "y[i<8] = x[i + 1]"]);
});

test("what places have in common is computed once, and copies of elements are called shortly", async () => {
  const tile = parseKernel(`kernel add_8x4(hidden: f32[32] read, y: f32[32] write) flops 0 {
  // y[i<8,j<4] = hidden[i,j] + hidden[i,0]
  for i in 0..8 {
    for j in 0..4 step 4 {
      let hidden_0: f32 = hidden[4·i + j]
      let hidden_1: f32 = hidden[4·i + j + 1]
      let hidden_2: f32 = hidden[4·i + j + 2]
      let hidden_3: f32 = hidden[4·i + j + 3]
      y[4·i + j] = add(hidden_0, hidden_1)
      y[4·i + j + 1] = add(hidden_1, hidden_2)
      y[4·i + j + 2] = add(hidden_2, hidden_3)
      y[4·i + j + 3] = add(hidden_3, hidden_0)
    }
  }
}
`);
  const names = new Names();
  const text = printTakingFunction(
    tile,
    tile.name,
    new Set(),
    { outline: new Outline([tile]), nameOf: ({ op }) => op },
    undefined,
    (block) => names.take(block),
  );
  expect(await format(text)).toContain(`    for (let j = 0; j < 4; j += 4) {
      const at = i * 4 + j;
      const a0 = hidden[at]!;
      const a1 = hidden[at + 1]!;
      const a2 = hidden[at + 2]!;
      const a3 = hidden[at + 3]!;
      y[at] = a0 + a1;
      y[at + 1] = a1 + a2;
      y[at + 2] = a2 + a3;
      y[at + 3] = a3 + a0;
    }`);
});

test("kernels of other structure, and those that keep what a function of their own is worth, stay apart", () => {
  const other = parseKernel(`kernel mul_9(x: f32[9] read, y: f32[9] write) flops 0 {
  // y[i<9] = x[i]·3
  for i in 0..9 {
    y[i] = mul(x[i], 3)
  }
}
`);
  expect(sharingNumbers({ kernels: [...kernels, other], entries: [] }, new Map(), () => true).has("mul_9")).toBe(false);
  expect(sharingNumbers({ kernels, entries: [] }, new Map(), () => false).size).toBe(0);
});
