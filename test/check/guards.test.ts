/** What is true of kernels' edges: what a typed array ignores, no step lets in or a mask hides, the check of kernels sees all the same. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { guarded, Marks, type Taken } from "../../compiler/check/guards.ts";
import { instrument } from "../../compiler/check/instrument.ts";
import { checkKernels } from "../../compiler/check/kernels.ts";
import { withinBound } from "../../compiler/check/result.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { modelOf } from "../support/models.ts";

const text = readFileSync(new URL("../../generated/mnist-mlp/trainer.ts", import.meta.url), "utf8");
const lowered = lower(await modelOf("mnist-mlp"));

/** What is wrong where a piece of the text is another. */
async function wrong(piece: string, is: RegExp, by: string): Promise<readonly string[]> {
  expect(text).toContain(piece);
  const rows = await checkKernels(await lowered, text.replace(piece, piece.replace(is, by)), 16, 1);
  return rows.filter((one) => !withinBound(one)).map(({ name, worst, at }) => `${name}: ${worst} at ${at}`);
}

test("two checks at once hold as one after the other", async () => {
  const rows = await Promise.all([1, 2].map(async (seed) => checkKernels(await lowered, text, 16, seed)));
  expect(rows.flat().every(withinBound)).toBe(true);
});

test("a turn too many, whose stores the next row hides, is named by the element past the end", async () => {
  expect(await wrong("for (let i = 0; i < 128; i++)\n      for (let j = 0; j < 10;", /< \d+/, "<= 128")).toEqual([
    "train: dotAdam_128x32x10 → W2.v: Infinity at W2.v[1280], past its end",
    "train: dotAdam_128x32x10 → W2: Infinity at W2[1280], past its end",
  ]);
  // the labels lie right behind, and are only read
  expect(await wrong("for (let j = 0; j < 10; j++)\n        exps[", /< \d+/, "< 11")).toEqual([
    "train: reduceMaxExpSumAdd_32x10 → exps: Infinity at exps[320], past its end",
  ]);
});

test("a bound of labels that is off by one is seen, though no step lets in a label that names no class", async () => {
  const picked = "if (0 <= y_0 && y_0 < 10) sum_2 +=";
  for (const [is, by] of [
    [/< 10/, "< 11"],
    [/^if \(0/, "if (-1"],
  ] as const)
    expect((await wrong(picked, is, by)).join()).toMatch(/^train: reduceMaxExpSumAdd_32x10 → rowSum: \S+ at rowSum\[0\]$/);
});

test("a block past the last is refused, though its mask makes it the first again", async () => {
  const loop = "for (let i = 0; i < 32; i += 2) block(j, i);";
  await expect(wrong(loop, /i < 32/, "i <= 32")).rejects.toThrow("a block is asked for position 32, but a mask says that it has 32");
});

test("arrays that a kernel takes at each turn go through the check, and sizes and other calls stay as they are", () => {
  const kernel = "function copy_4(a: Float32Array, b: Float32Array): void {\n}\n";
  const called = (...lines: readonly string[]): string => instrument([kernel, "      // 2. b = a", ...lines, "  }"].join("\n"));
  expect(called("      copy_4(a[t]!, b);")).toContain("      copy_4(...$taken([a[t]!, b]));");
  expect(called("      copy_4(", "        a,", "        b,", "      );")).toContain(
    "      copy_4(...$taken([\n        a,\n        b,\n      ]));",
  );
  expect(called("        copy_4(a, b);", "      other(a, b);")).not.toContain("$taken");
});

/** Arrays of two numbers each, at these places of one buffer; by capital letters those that are stored. */
function takenAt(offsets: Readonly<Record<string, number>>): ReadonlyMap<string, Taken> {
  const buffer = new ArrayBuffer(64);
  return new Map(
    Object.entries(offsets).map(([name, offset]) => [
      name,
      { array: new Float32Array(buffer, offset, 2), stored: name === name.toUpperCase() },
    ]),
  );
}

test("an array grows into what no other array of the statement has, one that is stored into what is only read, and none past the buffer", () => {
  const lengths = (offsets: Readonly<Record<string, number>>): readonly number[] => {
    const all = [...takenAt(offsets).values()];
    return all.map((one) => guarded(one, all).length - 2);
  };
  expect(lengths({ a: 0 })).toEqual([4]);
  expect(lengths({ a: 0, next: 8 })).toEqual([0, 4]);
  expect(lengths({ A: 0, next: 8 })).toEqual([4, 4]);
  expect(lengths({ A: 0, NEXT: 8 })).toEqual([4, 4]);
  expect(lengths({ A: 0, read: 8, OVER: 8 })).toEqual([4, 4, 4]);
  expect(lengths({ a: 0, near: 16 })).toEqual([2, 4]);
  expect(lengths({ a: 0, OVER: 0 })).toEqual([4, 4]);
  expect(lengths({ a: 0, across: 4 })).toEqual([0, 4]);
  expect(lengths({ last: 52 })).toEqual([1]);
});

test("marks are no numbers, or what is read there, and leave what they cover as it was", () => {
  const taken = takenAt({ a: 0, OVER: 0, next: 12, B: 32 });
  const all = new Float32Array(taken.get("a")!.array.buffer).fill(7);
  const untouched = new Marks(taken);
  expect([...all.slice(0, 6)]).toEqual([7, 7, NaN, 7, 7, NaN]);
  expect(untouched.lift()).toEqual(new Map());
  expect(all.every((one) => one === 7)).toBe(true);
  for (const at of [2, 3]) {
    const touched = new Marks(taken);
    all[at] = all[2]! + 1; // NaN, over NaN and over a number
    expect([...touched.lift().values()]).toContain("OVER[2], past its end");
    expect(all.every((one) => one === 7)).toBe(true);
  }
});
