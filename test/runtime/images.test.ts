/** What is true of pictures in folders: every kind of PNG and JPEG comes to the same planes, scaled as Pillow does, with the classes of their folders. */

import { encode as encodePng } from "fast-png";
import { encode as encodeJpeg } from "jpeg-js";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { input, labels, mean, model, param, sgd, softmaxCrossEntropy, add, sum, zeros } from "adjoint";
import { loadData, readDataDeclaration } from "../../compiler/cli/data.ts";
import { crc32 } from "../../runtime/crc32.ts";
import { loadImages as inPage } from "../../runtime/browser/index.ts";
import { DataError, readImages } from "../../runtime/index.ts";
import { loadImages } from "../../runtime/node/index.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-images-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Red, green, blue and white dots, two by two. */
const DOTS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
] as const;
const AS_PLANES = [1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1];
const rgb = Uint8Array.from(DOTS.flat());
const two = { width: 2, height: 2 };

/** A PNG of dots of a few bits, written by hand: of grey (kind 0), or of places in a palette (kind 3). */
function smallPng(depth: number, kind: 0 | 3, rows: readonly (readonly number[])[], palette?: Uint8Array): Uint8Array {
  const chunk = (name: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const [head, tail] = [Buffer.alloc(4), Buffer.alloc(4)];
    head.writeUInt32BE(data.length);
    tail.writeUInt32BE(crc32(body));
    return Buffer.concat([head, body, tail]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(2, 0);
  header.writeUInt32BE(2, 4);
  header.set([depth, kind, 0, 0, 0], 8);
  const data = deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])));
  return Buffer.concat([
    Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
    chunk("IHDR", header),
    ...(palette === undefined ? [] : [chunk("PLTE", palette)]),
    chunk("IDAT", data),
    chunk("IEND", new Uint8Array()),
  ]);
}

const read = async (bytes: Uint8Array, channels: 1 | 3 = 3, size = 2): Promise<number[]> => [
  ...(await readImages([{ name: "a/1.png", bytes }], { height: size, width: size, channels })).x,
];

test("PNG of 8 and 16 bits, opaque or not, grey or of a palette, holds what was drawn", async () => {
  expect(await read(encodePng({ ...two, data: rgb, channels: 3 }))).toEqual(AS_PLANES);
  const wide = Uint16Array.from(rgb, (value) => value * 257);
  expect(await read(encodePng({ ...two, data: wide, channels: 3, depth: 16 }))).toEqual(AS_PLANES);
  const clear = Uint8Array.from(DOTS.flatMap((dot) => [...dot, 7]));
  expect(await read(encodePng({ ...two, data: clear, channels: 4 }))).toEqual(AS_PLANES);
  expect(await read(encodePng({ ...two, data: Uint8Array.from([0, 51, 102, 255]), channels: 1 }), 1)).toEqual(
    [0, 0.2, 0.4, 1].map(Math.fround),
  );
  expect(
    await read(
      smallPng(
        8,
        3,
        [
          [0, 1],
          [2, 3],
        ],
        rgb,
      ),
    ),
  ).toEqual(AS_PLANES);
  expect(await read(smallPng(2, 0, [[0b00010000], [0b10110000]]), 1)).toEqual([0, 1 / 3, 2 / 3, 1].map(Math.fround));
  expect(await read(smallPng(1, 0, [[0b10000000], [0b01000000]]), 3)).toEqual([1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1]);
});

test("colours become grey by the weights of ITU-R 601", async () => {
  const grey = await read(encodePng({ ...two, data: rgb, channels: 3 }), 1);
  expect(grey).toEqual([0.299, 0.587, 0.114, 1].map(Math.fround));
});

test("JPEG is read up to what its compression loses", async () => {
  const data = new Uint8Array(16 * 16 * 4).map((_, n) => [200, 100, 50, 255][n % 4]!);
  const read = await readImages([{ name: "a/1.jpg", bytes: encodeJpeg({ width: 16, height: 16, data }, 95).data }], {
    height: 4,
    width: 4,
  });
  for (const [at, value] of read.x.entries()) expect(Math.abs(value - [200, 100, 50][Math.floor(at / 16)]! / 255)).toBeLessThan(0.02);
});

test("scaling is Pillow's: a triangle over the smaller of both grids", async () => {
  const line = (values: readonly number[]) => encodePng({ width: values.length, height: 1, data: Uint8Array.from(values), channels: 1 });
  const scaled = async (values: readonly number[], width: number): Promise<number[]> => {
    const { x } = await readImages([{ name: "a/1.png", bytes: line(values) }], { height: 1, width, channels: 1 });
    return [...x].map((value) => Math.round(value * 255));
  };
  // Image.fromarray(…).resize((width, 1), Image.BILINEAR)
  expect(await scaled([0, 100], 4)).toEqual([0, 25, 75, 100]);
  expect(await scaled([0, 40, 80, 120], 2)).toEqual([29, 91]);
  expect(await scaled([10, 10, 10, 10, 10], 3)).toEqual([10, 10, 10]);
});

const flat = (value: number): Uint8Array => encodePng({ ...two, data: new Uint8Array(4).fill(value), channels: 1 });

test("folders are classes, of a second set those of the first; a page's files and addresses come to the same", async () => {
  for (const [name, value] of [
    ["train/dog/2.png", 20],
    ["train/dog/10.png", 10],
    ["train/cat/1.png", 30],
    ["test/cat/9.png", 40],
  ] as const) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), flat(value));
  }
  writeFileSync(join(folder, "train/dog/notes.txt"), "no picture");
  const size = { height: 1, width: 1, channels: 1 } as const;
  const train = await loadImages(join(folder, "train"), size);
  expect({ ...train, x: [...train.x].map((value) => Math.round(value * 255)), y: [...train.y] }).toEqual({
    rows: 3,
    x: [30, 10, 20],
    y: [0, 1, 1],
    classes: ["cat", "dog"],
  });
  const test = await loadImages(join(folder, "test"), { ...size, classes: train.classes });
  expect([[...test.y], test.classes]).toEqual([[0], ["cat", "dog"]]);
  const file = (path: string, value: number) => ({
    name: path.split("/").at(-1)!,
    webkitRelativePath: path,
    arrayBuffer: async () => flat(value).slice().buffer,
  });
  const chosen = await inPage(
    [file("photos/cat/1.png", 30), file("photos/dog/10.png", 10), file("photos/dog/2.png", 20), file("photos/x.txt", 0)],
    size,
  );
  expect(chosen).toEqual(train);

  const of = model("m", { batch: 1 }, ({ batch }) => {
    const picture = input("picture", [batch, 1, 1, 1]);
    const y = labels("y", [batch], { classes: 2 });
    const scores = add(mean(picture), param("scores", [batch, 2], zeros()));
    return { loss: add(softmaxCrossEntropy(scores, y), sum(param("w", [], zeros()))), outputs: { scores }, optimizer: sgd() };
  });
  const load = (data: object) => {
    const loaded = { shown: join(folder, "m.ts"), stem: "m", model: of, source: { path: "m.ts", text: "" }, data, exports: {} };
    return loadData(loaded, readDataDeclaration(loaded), undefined);
  };
  expect(await load({ source: "images", folder: "train", test: "test" })).toMatchObject({
    train: { picture: train.x, y: train.y },
    test: { picture: test.x, y: test.y },
    classes: ["cat", "dog"],
  });
  const parted = await load({ source: "images", folder: "train", test: 0.34 });
  expect([parted.train["y"], parted.test["y"]].map((y) => y!.length)).toEqual([2, 1]);
});

test.each([
  [[], "there are no pictures to read; name some .png or .jpg files, each in a folder that is called as its class"],
  [[{ name: "1.png", bytes: flat(1) }], "1.png lies in no folder, whose name would be its class; name it as cat/1.png"],
  [
    [{ name: "a/1.png", bytes: Uint8Array.from([71, 73, 70, 56]) }],
    "a/1.png is neither a PNG nor a JPEG file: it begins with 47 49 46 38; convert it, or take it out",
  ],
  [[{ name: "a/1.png", bytes: flat(1).slice(0, 40) }], /^a\/1\.png cannot be read as a PNG file \(.*\); save it again, or take it out$/],
  [
    [{ name: "a/1.jpg", bytes: Uint8Array.from([0xff, 0xd8, 0xff, 0xd9]) }],
    /^a\/1\.jpg cannot be read as a JPEG file \(.*\); save it again, or take it out$/,
  ],
  [[{ name: "c/1.png", bytes: flat(1) }], "c/1.png is of the class c, which is none of a, b; take it out, or read all pictures as one set"],
] as const)("what is none is named: %#", async (files, message) => {
  const error: unknown = await readImages(files, {
    height: 2,
    width: 2,
    ...(files[0]?.name === "c/1.png" && { classes: ["a", "b"] }),
  }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(message);
});

test("and so are folders without any", async () => {
  const size = { height: 1, width: 1 };
  await expect(loadImages(join(folder, "none"), size)).rejects.toThrow(
    /^there is no folder .*none; name one with a folder of pictures for each class/,
  );
  mkdirSync(join(folder, "empty/a"), { recursive: true });
  await expect(loadImages(join(folder, "empty"), size)).rejects.toThrow(
    /empty holds no folder with pictures; put those of each class into a folder of its own/,
  );
});
