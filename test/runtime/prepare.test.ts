/** Scales, flips and crops follow from seed, epoch and row alone, and are what they are called. */

import { describe, expect, test } from "vitest";
import { createAugmenter } from "../../runtime/augment.ts";
import { crop, flip, rangeScale, rescale, standardScale, type AugmentAt } from "../../runtime/index.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("scales", () => {
  test("to mean 0 and deviation 1 of the training rows, which then serve others", () => {
    const train = Float32Array.of(1, 7, 3, 7, 5, 7);
    const scale = standardScale(train, { columns: 2 });
    const deviation = Math.sqrt(8 / 3);
    expect([...scale.shift]).toEqual([3, 7]);
    expect([...scale.factor]).toEqual([1 / deviation, 1]);
    expect(rescale(Float32Array.of(3, 8), scale)).toEqual(Float32Array.of(0, 1));
    const scaled = rescale(train, scale);
    expect(scaled).toEqual(Float32Array.of(-2 / deviation, 0, 0, 0, 2 / deviation, 0));
    expect([...train]).toEqual([1, 7, 3, 7, 5, 7]);
  });

  test("a large mean costs no digits", () => {
    const values = Float32Array.of(1e6, 1e6 + 1, 1e6 + 2);
    expect(standardScale(values, { columns: 1 }).factor[0]).toBeCloseTo(1 / Math.sqrt(2 / 3), 12);
  });

  test("the channels of pictures: planes side by side", () => {
    const pictures = Float32Array.of(0, 2, 10, 30, 4, 2, 50, 30);
    const { shift } = standardScale(pictures, { columns: 2, plane: 2 });
    expect([...shift]).toEqual([2, 30]);
    const range = rangeScale(pictures, { columns: 2, plane: 2 });
    expect([...rescale(pictures, range)]).toEqual([0, 0.5, 0, 0.5, 1, 0.5, 1, 0.5]);
    expect([...rescale(Float32Array.of(3, 3), rangeScale(Float32Array.of(3), { columns: 1 }))]).toEqual([0, 0]);
  });

  test("an array that is no whole number of rows", () => {
    expect(() => standardScale(new Float32Array(7), { columns: 2, plane: 3 })).toThrowError(
      new RangeError(
        "an array of 7 values is not a whole number of rows of 2 columns of 3 values, at least one; give the columns that a row holds",
      ),
    );
    expect(() => rangeScale(new Float32Array(0), { columns: 2 })).toThrowError(/of 2 columns, at/);
  });
});

describe("augmentation", () => {
  const SHAPE = [2, 3, 4] as const;
  const SIZE = 24;
  /** Pictures whose every pixel is its own, 1 and up. */
  const pictures = (n: number) => Float32Array.from({ length: n * SIZE }, (_, i) => i + 1);
  const at = (rows: number[], epoch = 1, seed = 1): AugmentAt => ({ epoch, seed, rows: Uint32Array.from(rows), count: rows.length });
  type Change = (x: Float32Array, at: AugmentAt) => void;
  const flipped: Change = (x, where) => flip(x, SHAPE, where);
  const cropped: Change = (x, where) => crop(x, SHAPE, 2, where);
  /** What `change` makes of one picture with pixels 1 to 24, as that row. */
  const changed = (change: Change, row: number, epoch = 1, seed = 1) => {
    const x = pictures(1);
    change(x, at([row], epoch, seed));
    return [...x];
  };
  /** The shift of picture 1 … 24 by hand. */
  const shifted = (down: number, right: number) =>
    upTo(SIZE).map((i) => {
      const [c, row, column] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
      const [r, k] = [row + down, column + right];
      return r < 0 || r >= 3 || k < 0 || k >= 4 ? 0 : 1 + c * 12 + r * 4 + k;
    });

  test("flip mirrors about half of the rows left to right", () => {
    const mirror = upTo(SIZE).map((i) => 1 + i - (i % 4) + (3 - (i % 4)));
    let mirrored = 0;
    for (let row = 0; row < 1000; row++) {
      const result = changed(flipped, row);
      if (result[0] === 4) mirrored++;
      expect(result).toEqual(result[0] === 4 ? mirror : [...pictures(1)]);
    }
    // binomial(1000, ½): deviation 16; five deviations
    expect(Math.abs(mirrored - 500)).toBeLessThan(80);
  });

  test("crop shifts by up to the padding each way, all ways about equally often, zeros coming in", () => {
    const ways = new Map(
      [-2, -1, 0, 1, 2].flatMap((down) => [-2, -1, 0, 1, 2].map((right): [string, number] => [String(shifted(down, right)), 0])),
    );
    expect(ways.size).toBe(25);
    for (let row = 0; row < 5000; row++) {
      const result = String(changed(cropped, row));
      expect(ways.has(result)).toBe(true);
      ways.set(result, ways.get(result)! + 1);
    }
    // binomial(5000, 1/25): mean 200, deviation 14; five deviations
    for (const times of ways.values()) expect(Math.abs(times - 200)).toBeLessThan(70);
  });

  test("the change belongs to seed, epoch and row, not to the place in the batch", () => {
    for (const change of [flipped, cropped]) {
      const rows = [7, 3, 900, 12, 0, 41, 5, 6];
      const batch = pictures(rows.length);
      change(batch, at(rows));
      rows.forEach((row, place) => {
        const alone = changed(change, row).map((v) => (v === 0 ? 0 : v + place * SIZE));
        expect([...batch.subarray(place * SIZE, (place + 1) * SIZE)]).toEqual(alone);
      });
      const all = (epoch: number, seed: number) => upTo(40).map((row) => changed(change, row, epoch, seed));
      expect(all(2, 1)).not.toEqual(all(1, 1));
      expect(all(1, 2)).not.toEqual(all(1, 1));
      expect(all(1, 1 + 2 ** 32)).not.toEqual(all(1, 1));
    }
  });

  test("rows past the count are left alone", () => {
    const x = pictures(3);
    const where = { ...at([1, 2, 3]), count: 0 };
    flip(x, SHAPE, where);
    crop(x, SHAPE, 1, where);
    expect(x).toEqual(pictures(3));
  });

  test("is pinned: these bits are a promise to every engine", () => {
    const flips = upTo(12).map((row) => (changed(flipped, row)[0] === 4 ? 1 : 0));
    expect(flips.join("")).toBe("011011001000");
    const where = upTo(3).map((row) => {
      const result = String(changed(cropped, row));
      return [-2, -1, 0, 1, 2].flatMap((d) => [-2, -1, 0, 1, 2].filter((r) => String(shifted(d, r)) === result).map((r) => [d, r]));
    });
    expect(where).toEqual([[[-1, -1]], [[2, -2]], [[-1, -1]]]);
  });

  test("the rows of a batch are named by the order, in one object for all steps", () => {
    const seen: unknown[] = [];
    const objects = new Set<AugmentAt>();
    const augment = createAugmenter(
      (batch: string, where) => {
        objects.add(where);
        seen.push([batch, where.epoch, where.seed, [...where.rows.subarray(0, where.count)]]);
      },
      9,
      3,
    );
    augment("a", 1, Uint32Array.of(5, 6, 7, 8, 4), 0, 3);
    augment("b", 2, Uint32Array.of(5, 6, 7, 8, 4), 3, 2);
    expect(seen).toEqual([
      ["a", 1, 9, [5, 6, 7]],
      ["b", 2, 9, [8, 4]],
    ]);
    expect(objects.size).toBe(1);
  });

  test("arrays and paddings that do not fit", () => {
    expect(() => flip(pictures(1), SHAPE, at([0, 1]))).toThrowError(
      new RangeError(
        "an array of 24 values does not hold 2 pictures of 2×3×4; give the batch's pictures, and their channels, height and width",
      ),
    );
    expect(() => crop(pictures(1), SHAPE, 4, at([0]))).toThrowError(
      new RangeError("crop takes a whole number of pixels from 0 to 3 for pictures of 3×4, not 4"),
    );
  });
});
