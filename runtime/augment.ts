/** Guarantees that a picture's change depends on seed, epoch and row alone, so a resumed run sees the same pictures. */

import * as error from "./error.ts";
import { kind, optionsOf, required, whole } from "./arguments.ts";
import { FLOATS, hold, NUMBER, PICTURE } from "./kinds.ts";
import { keys, mix } from "./random.ts";

/** Where in training a batch stands. The object is reused: read it, do not keep it. */
export interface AugmentAt {
  readonly epoch: number;
  /** That of `shuffle`; 0 without it. */
  readonly seed: number;
  /** The batch's rows by their place in the data; only the first `count` are real. */
  readonly rows: Uint32Array;
  readonly count: number;
  /** Rows that the batch's arrays have room for, by which a row's pictures are counted. Default: each row is one picture. */
  readonly batch?: number;
}

const AT = optionsOf<AugmentAt>(
  {
    epoch: required(NUMBER),
    seed: required(NUMBER),
    rows: required(kind("a Uint32Array", (value) => value instanceof Uint32Array)),
    count: required(NUMBER),
    batch: NUMBER,
  },
  "where the batch stands, as fit says it",
);

/** Changes a filled batch in place, before the step that trains on it. */
export type Augment<Batch = object> = (batch: Batch, at: AugmentAt) => void;

/** Channels, height, width of one picture. */
export type PictureShape = readonly [channels: number, height: number, width: number];

/** Kinds of change, so that the same picture's draws are independent. */
const FLIP = 1;
const SHIFT = 2;

/** 32 bits that belong to one picture of one epoch, and to one kind of change: of the k-th of m pictures of row r, number m·r + k. */
function bitsOf(row: number, [key0, key1]: readonly [number, number], kind: number): number {
  return mix(mix(mix(row ^ key0) + Math.imul(kind, 0x9e3779b9)) ^ key1);
}

/**
 * Mirrors each picture left to right, or leaves it, with even chance.
 *
 * @param pictures [n, channels, height, width], changed in place
 * @throws RangeError when the array does not hold the batch's pictures
 */
export function flip(pictures: Float32Array, shape: PictureShape, at: AugmentAt): void {
  hold("flip", { pictures, shape, at }, { pictures: FLOATS, shape: PICTURE, at: AT });
  const [channels, height, width] = shape;
  const { size, each } = pictureSize(pictures, shape, at);
  const key = keys(at.seed, at.epoch);
  for (let place = 0; place < at.count * each; place++) {
    if ((bitsOf(pictureAt(at, place, each), key, FLIP) & 1) === 0) continue;
    for (let line = 0; line < channels * height; line++) {
      let left = place * size + line * width;
      for (let right = left + width - 1; left < right; left++, right--) {
        const value = pictures[left]!;
        pictures[left] = pictures[right]!;
        pictures[right] = value;
      }
    }
  }
}

/**
 * A random crop of each picture's own size, out of the picture with `padding` zeros around it: a shift by up to
 * `padding` pixels each way, each equally likely.
 *
 * @param pictures [n, channels, height, width], changed in place
 * @throws RangeError when the array does not hold the batch's pictures, or `padding` exceeds height or width
 */
export function crop(pictures: Float32Array, shape: PictureShape, padding: number, at: AugmentAt): void {
  hold(
    "crop",
    { pictures, shape, padding, at },
    { pictures: FLOATS, shape: PICTURE, padding: whole("a whole number of at least 0", 0), at: AT },
  );
  const [channels, height, width] = shape;
  const { size, each } = pictureSize(pictures, shape, at);
  if (!Number.isInteger(padding) || padding < 0 || padding > Math.min(height, width)) {
    throw error.badPadding(padding, height, width);
  }
  const key = keys(at.seed, at.epoch);
  const ways = 2 * padding + 1;
  for (let place = 0; place < at.count * each; place++) {
    const bits = bitsOf(pictureAt(at, place, each), key, SHIFT);
    const down = scaled(bits & 0xffff, ways) - padding;
    const right = scaled(bits >>> 16, ways) - padding;
    for (let c = 0; c < channels; c++) {
      shift(pictures, place * size + c * height * width, height, width, down, right);
    }
  }
}

/** 16 bits → 0 … ways−1; no way is favoured by more than ways/2^16. */
const scaled = (bits: number, ways: number): number => Math.floor((bits * ways) / 0x10000);

/**
 * plane[r, c] ← plane[r + down, c + right], zero outside, for the plane that begins at `first`. In place:
 * lines are taken in the order that overwrites none unread.
 */
function shift(values: Float32Array, first: number, height: number, width: number, down: number, right: number): void {
  const from = Math.max(0, right);
  const to = Math.max(0, -right);
  const length = width - Math.abs(right);
  for (let k = 0; k < height; k++) {
    const row = down < 0 ? height - 1 - k : k;
    const start = first + row * width;
    if (row + down < 0 || row + down >= height) {
      values.fill(0, start, start + width);
      continue;
    }
    const source = start + down * width + from;
    values.copyWithin(start + to, source, source + length);
    values.fill(0, start, start + to);
    values.fill(0, start + to + length, start + width);
  }
}

/** Values of a picture, and pictures of a row. */
function pictureSize(
  pictures: Float32Array,
  shape: PictureShape,
  { count, batch }: AugmentAt,
): { readonly size: number; readonly each: number } {
  const size = shape[0] * shape[1] * shape[2];
  const each = batch === undefined ? 1 : pictures.length / (batch * size);
  if (!Number.isInteger(size) || size < 1 || each < 1 || !Number.isInteger(each) || pictures.length < count * size * each) {
    throw error.notPictures(pictures.length, count, shape);
  }
  return { size, each };
}

/** The number of a picture, by its place in the batch: each row's pictures follow one another. */
const pictureAt = ({ rows }: AugmentAt, place: number, each: number): number => rows[Math.floor(place / each)]! * each + (place % each);

/**
 * Calls `augment` for the batch of rows `order[start]` … `order[start + count − 1]`, with one object for all steps.
 *
 * @param size the most rows of a batch
 * @param batch the rows that its arrays have room for
 */
export function createAugmenter<Batch>(augment: Augment<Batch>, seed: number, size: number, batch = size) {
  const rows = new Uint32Array(size);
  const at = { epoch: 0, seed, rows, count: 0, batch };
  return (batch: Batch, epoch: number, order: Uint32Array, start: number, count: number): void => {
    at.epoch = epoch;
    at.count = count;
    for (let place = 0; place < count; place++) rows[place] = order[start + place]!;
    augment(batch, at);
  };
}
