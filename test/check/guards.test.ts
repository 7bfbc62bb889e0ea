/** What is true of a store past the end of an array: a typed array ignores it, and the check of kernels sees it all the same. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { guarded, Marks, type Taken } from "../../compiler/check/guards.ts";
import { checkKernels } from "../../compiler/check/kernels.ts";
import { withinBound } from "../../compiler/check/result.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { modelOf } from "../support/models.ts";

test("a turn too many, whose stores the next row hides, is named by the element past the end", async () => {
  const text = readFileSync(new URL("../../generated/mnist-mlp/trainer.ts", import.meta.url), "utf8");
  const lowered = await lower(await modelOf("mnist-mlp"));
  expect((await checkKernels(lowered, text, 16, 1)).every(withinBound)).toBe(true);
  const wrong = async (loop: string, turns: string): Promise<readonly string[]> => {
    expect(text).toContain(loop);
    const rows = await checkKernels(lowered, text.replace(loop, loop.replace(/< \d+/, turns)), 16, 1);
    return rows.filter((one) => !withinBound(one)).map(({ name, worst, at }) => `${name}: ${worst} at ${at}`);
  };
  expect(await wrong("for (let i = 0; i < 128; i++)\n      for (let j = 0; j < 10;", "<= 128")).toEqual([
    "train: dotAdam_128x32x10 → W2.v: Infinity at W2.v[1280], past its end",
    "train: dotAdam_128x32x10 → W2: Infinity at W2[1280], past its end",
  ]);
  // the labels lie right behind, and are only read
  expect(await wrong("for (let j = 0; j < 10; j++)\n        exps[", "< 11")).toEqual([
    "train: reduceMaxExpSumAdd_32x10 → exps: Infinity at exps[320], past its end",
  ]);
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
