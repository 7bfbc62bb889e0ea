/** CIFAR-10, CSV, text and Fashion-MNIST come whole and exact; what is not right is named by file, row and column. */

import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { CIFAR10_CLASSES, DataError, readCifar10, readCsv, readText, windows } from "../../runtime/index.ts";
import { loadCifar10, loadCsv, loadFashionMnist, loadNpy, loadNpz, loadText } from "../../runtime/node/index.ts";
import { anyBytes, flipBits, readOrRefuse } from "../support/fire.ts";

// thousands of damaged files, on machines that may be busy
vi.setConfig({ testTimeout: 30_000 });

const says = (message: string) => new DataError(message);
const utf8 = (text: string) => new TextEncoder().encode(text);
/** Records of CIFAR-10: each a label and one byte for all red, all green and all blue pixels. */
const cifar = (...records: [label: number, red: number, green: number, blue: number][]) =>
  Uint8Array.from(records.flatMap(([label, ...planes]) => [label, ...planes.flatMap((v) => Array<number>(1024).fill(v))]));

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "adjoint-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("readCifar10", () => {
  const read = (bytes: Uint8Array) => readCifar10([{ name: "f.bin", bytes }]);

  test("label, then red, green and blue planes, over several files", () => {
    const files = [cifar([6, 59, 62, 63], [9, 0, 255, 1]), cifar([0, 1, 2, 3])];
    const { x, y } = readCifar10(files.map((bytes, i) => ({ name: `${i}`, bytes })));
    expect([...y]).toEqual([6, 9, 0]);
    expect(CIFAR10_CLASSES[y[0]!]).toBe("frog");
    expect(x.length).toBe(3 * 3 * 32 * 32);
    const planes = Array.from({ length: 9 }, (_, plane) => [...new Set(x.subarray(plane * 1024, (plane + 1) * 1024))]);
    const shade = (v: number) => [Math.fround(v / 255)];
    expect(planes).toEqual([59, 62, 63, 0, 255, 1, 1, 2, 3].map(shade));
  });

  test("pixels keep their order within a plane", () => {
    const bytes = Uint8Array.from({ length: 3073 }, (_, i) => (i === 0 ? 3 : (i - 1) % 251));
    expect(read(bytes).x).toEqual(Float32Array.from({ length: 3072 }, (_, i) => (i % 251) / 255));
  });

  test("whole records with labels up to 9, or the reason", () => {
    expect(() => read(cifar([1, 0, 0, 0]).subarray(1))).toThrowError(
      says(
        "f.bin holds 3072 bytes, which is not a whole number of CIFAR-10's records of 3073; fetch the file again (the binary version, not the one for Python)",
      ),
    );
    expect(() => read(cifar([1, 0, 0, 0], [255, 0, 0, 0]))).toThrowError(
      says("f.bin holds the label 255 at row 1 (counted from 0), where 0 to 9 were expected; fetch the file again, or name the right one"),
    );
    expect(() => read(new Uint8Array(0))).toThrowError(
      says("f.bin is empty, where CIFAR-10's records of 3073 bytes were expected; fetch the file again"),
    );
    expect(() => read(gzipSync(new Uint8Array(9)))).toThrowError(says("f.bin is compressed with gzip; unpack it first (tar xzf, gunzip)"));
  });

  test("cut, longer, flipped, or any bytes at all", () => {
    const file = cifar([1, 2, 3, 4]);
    for (let length = 0; length < file.length; length++) expect(readOrRefuse(() => read(file.subarray(0, length)))).toBeUndefined();
    expect(readOrRefuse(() => read(Uint8Array.from([...file, 0])))).toBeUndefined();
    flipBits(file, read, ({ x, y }) => {
      expect([y.length, x.length, y[0]! <= 9]).toEqual([1, 3072, true]);
    });
    anyBytes(file.subarray(0, 40), read);
  });

  test("from a folder: five files train, one tests; a missing one is named", async () => {
    const at = join(folder, "cifar");
    const remedy = "name the folder cifar-10-batches-bin, which its authors' archive of the binary version unpacks to";
    await expect(loadCifar10(at)).rejects.toThrowError(says(`there is no folder ${at}; ${remedy}`));
    await mkdir(at);
    for (let i = 1; i <= 5; i++) await writeFile(join(at, `data_batch_${i}.bin`), cifar([i, i, 0, 0]));
    await expect(loadCifar10(at)).rejects.toThrowError(says(`${at} holds no test_batch.bin; ${remedy}`));
    await writeFile(join(at, "test_batch.bin"), cifar([9, 9, 9, 9], [8, 8, 8, 8]));
    const { train, test } = await loadCifar10(at);
    expect([[...train.y], [...test.y]]).toEqual([
      [1, 2, 3, 4, 5],
      [9, 8],
    ]);
  });
});

describe("readCsv", () => {
  const read = (text: string) => readCsv(utf8(text), "f.csv");
  const label = (text: string, classes?: readonly string[]) =>
    readCsv(utf8(text), "f.csv", { label: "kind", ...(classes === undefined ? {} : { classes }) });

  test("numbers under a header; any line end, quotes, a mark at the start", () => {
    const table = { rows: 2, columns: ["a", "b, c"], x: Float32Array.of(1, -2.5, 0.03, 4e5) };
    expect(read(`a,"b, c"\n1,-2.5\n.03,4E5\n`)).toEqual(table);
    expect(read(`\ufeffa,"b, c"\r\n 1 ,"-2.5"\r\n3e-2,+400000.\r\n\r\n`)).toEqual(table);
    expect(read(`a,"b, c"\r1,-2.5\r.03,4E5`)).toEqual(table);
  });

  test("labels become places in the list of their names", () => {
    const { columns, x, y, classes } = label(`w,kind,h\n1,setosa,2\n3,"iris ""x"", or\nso",4\n5,setosa,6\n`);
    expect(columns).toEqual(["w", "h"]);
    expect([...x]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(classes).toEqual([`iris "x", or\nso`, "setosa"]);
    expect([...y]).toEqual([1, 0, 1]);
  });

  test("class names are ordered by number, or by code point", () => {
    expect(label("kind\n10\n9\n-1\n10\n").classes).toEqual(["-1", "9", "10"]);
    expect(label("kind\n10\n9\n1a\n").classes).toEqual(["10", "1a", "9"]);
    // U+FF5E is below U+1F600, but its UTF-16 unit is above
    expect(label("kind\n😀\n～\nab\na\n").classes).toEqual(["a", "ab", "～", "😀"]);
  });

  test("another file's classes keep their places", () => {
    expect([...label("kind\nb\nb\n", ["a", "b"]).y]).toEqual([1, 1]);
    expect(() => label("kind\nb\nc\n", ["a", "b"])).toThrowError(
      says(`f.csv, row 2, column kind holds "c", none of the classes a, b; mend the cell, or read the files as one`),
    );
  });

  test.each([
    ["a,b\n1,2\n3,\n", "f.csv, row 2 (line 3), column b is empty; fill the cell in, or leave the row out"],
    ["a,\n1,\n", "f.csv, row 1 (line 2), column 2 (without a name) is empty; fill the cell in, or leave the row out"],
    ["a,b\n1,2\n3\n4,5\n", "f.csv, row 2 (line 3) needs 2 cells (a, b), but has 1; mend it, and put cells with commas in quotes"],
    ["a,b\n\n1,2\n", "f.csv, row 1 (line 2) needs 2 cells (a, b), but has 1; mend it, and put cells with commas in quotes"],
    [`a,b\n"1","\n2"\n3,4,5\n`, "f.csv, row 2 (line 4) needs 2 cells (a, b), but has 3; mend it, and put cells with commas in quotes"],
    [
      "a,b\n1,x1\n",
      `f.csv, row 1 (line 2), column b holds "x1", no finite float32 number; mend the cell, take the column out, or name it as the label`,
    ],
    [
      "a\n1e39\n",
      `f.csv, row 1 (line 2), column a holds "1e39", no finite float32 number; mend the cell, take the column out, or name it as the label`,
    ],
    [`a,b\n1,"2\n`, "f.csv has a quote at line 2 that is never closed; close it, or double it"],
    [`a,b\n1,2" \n`, "f.csv has a quote at line 2 inside a cell; put the cell in quotes, and double it inside"],
    ["a,a\n1,2\n", "f.csv has two columns a; give each a name of its own"],
    ["a,b\n", "f.csv has a header but no rows; give it one"],
    ["\n\n", "f.csv is empty, without a header row; name the right file"],
  ])("refuses %j", (text, message) => {
    expect(() => read(text)).toThrowError(says(message));
  });

  test("NaN, infinities, hexadecimal and blanks are no numbers", () => {
    for (const cell of ["NaN", "Infinity", "-inf", "0x10", "1_000", "1 2", "e5", "..", "null"]) {
      expect(() => read(`a\n${cell}\n`), cell).toThrowError(DataError);
    }
    expect(() => readCsv(utf8("w\n1\n"), "f.csv", { label: "kind" })).toThrowError(says("f.csv has no column kind; its columns are w"));
    expect(() => readCsv(Uint8Array.of(0x61, 0xff), "f.csv")).toThrowError(
      says("f.csv is not UTF-8 text; convert it to UTF-8, or name the right file"),
    );
  });

  test("whatever cells a table has, written with quotes, are read back", () => {
    const cell = fc
      .string({ minLength: 1, unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "é") })
      .filter((text) => text.trim() !== "");
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.float({ noNaN: true, noDefaultInfinity: true }), cell), { minLength: 1 }), (rows) => {
        const text = ["n,kind", ...rows.map(([n, name]) => `${n},${quoted(name)}`)].join("\r\n");
        const { x, y, classes } = label(text);
        expect([...x]).toEqual(rows.map(([n]) => n + 0));
        expect(Array.from(y, (id) => classes[id])).toEqual(rows.map(([, name]) => name.trim()));
      }),
    );
  });

  test("under fire; many rows; many empty lines", () => {
    const file = utf8(`w,kind,h\r\n1,"a ""b""",2\r\n3,é,-4.5e-1\r\n`);
    for (let length = 0; length < file.length; length++) {
      readOrRefuse(() => readCsv(file.slice(0, length), "f.csv", { label: "kind" }));
    }
    const sound = (table: { rows: number; columns: readonly string[]; x: Float32Array }) =>
      expect(table.x.length).toBe(table.rows * table.columns.length);
    flipBits(file, (bytes) => readCsv(bytes, "f.csv", { label: "kind" }), sound);
    anyBytes(file, (bytes) => readCsv(bytes, "f.csv"));
    const rows = Array.from({ length: 5000 }, (_, row) => `${row},${-row}`);
    expect(read(`a,b\n${rows.join("\n")}`).x[2 * 4999 + 1]).toBe(-4999);
    expect(() => read(`a${"\n".repeat(1_000_000)}x`)).toThrowError(/^f.csv, row 1 .line 2., column a is empty/);
  });
});

describe("readText and windows", () => {
  const read = (text: string, vocabulary?: string[]) => readText(utf8(text), "f.txt", vocabulary);

  test("characters by code point, whole even beyond 16 bits", () => {
    const { vocabulary, ids } = read("～b😀a\n\u0301b");
    expect(vocabulary).toEqual(["\n", "a", "b", "\u0301", "～", "😀"]);
    expect([...ids]).toEqual([4, 2, 5, 1, 0, 3, 2]);
  });

  test("ids spell the text again", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "binary" }), (text) => {
        fc.pre(!text.startsWith("\ufeff"));
        const { vocabulary, ids } = read(text);
        expect(Array.from(ids, (id) => vocabulary[id]).join("")).toBe(text);
      }),
    );
  });

  test("a given vocabulary, and a character that it lacks", () => {
    expect([...read("ba", ["b", "a"]).ids]).toEqual([0, 1]);
    expect(() => read("abé", ["a", "b"])).toThrowError(
      says(
        `f.txt holds "é" at character 2 (counted from 0), which the vocabulary lacks; read both texts as one, or take the character out`,
      ),
    );
    expect(() => read("")).toThrowError(says("f.txt is empty, where text was expected; name the right file"));
  });

  test("a window's labels are the characters that follow", () => {
    const { x, y } = windows(Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7), 3);
    expect([...x]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...y]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...windows(Int32Array.of(0, 1, 2, 3), 3).y]).toEqual([1, 2, 3]);
    expect(() => windows(Int32Array.of(0, 1, 2), 3)).toThrowError(
      says("the text holds 3 characters, where a window of 3 and its last label need 4; give more text, or a shorter window"),
    );
    expect(() => windows(Int32Array.of(0, 1), 0)).toThrowError(
      new RangeError("a window's length must be a whole number of at least 1, not 0"),
    );
  });

  test("under fire", () => {
    const file = utf8("héllo 😀\n");
    flipBits(file, (bytes) => readText(bytes, "f.txt"));
    anyBytes(file, (bytes) => readText(bytes, "f.txt"));
    expect(() => readText(file.subarray(0, 2), "f.txt")).toThrowError(/is not UTF-8 text/);
  });
});

test("loaders name the file that is missing, and read those that are there", async () => {
  const nowhere = join(folder, "nowhere");
  for (const load of [loadCsv, loadNpy, loadNpz, loadText]) {
    await expect(load(nowhere)).rejects.toThrowError(says(`there is no file ${nowhere}; name one that is there`));
  }
  await expect(loadText(folder)).rejects.toThrowError(
    says(`${folder} cannot be read (EISDIR); mend its permissions, or name another file`),
  );
  const file = join(folder, "t");
  await writeFile(file, "kind,n\nb,1\na,2\n");
  expect((await loadText(file)).ids.length).toBe(15);
  expect([...(await loadCsv(file, { label: "kind" })).y]).toEqual([1, 0]);
  await expect(loadNpy(file)).rejects.toThrowError(/t is not a .npy file/);
});

test("Fashion-MNIST is MNIST's four files, of a folder that must be named", async () => {
  const at = join(folder, "fashion");
  const remedy = "name a folder that holds its four IDX files (those of Debian's package dataset-fashion-mnist, or of its authors)";
  await mkdir(at);
  await expect(loadFashionMnist(at)).rejects.toThrowError(
    says(`${at} holds neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz; ${remedy}`),
  );
  const images = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28, ...Array<number>(784).fill(51)]);
  for (const [set, y] of [
    ["train", 7],
    ["t10k", 2],
  ] as const) {
    await writeFile(join(at, `${set}-images-idx3-ubyte.gz`), gzipSync(images));
    await writeFile(join(at, `${set}-labels-idx1-ubyte.gz`), gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, y)));
  }
  const { train, test } = await loadFashionMnist(at);
  expect([...train.y, ...test.y, train.x[0]]).toEqual([7, 2, Math.fround(0.2)]);
});
