/** Where `adjoint train` gets its data: each source's arrays fit the model and keep their rows together; what does not fit is told in full. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { add, input, labels, matmul, model, mse, param, sgd, softmaxCrossEntropy, zeros, type Model } from "adjoint";
import { afterAll, describe, expect, test } from "vitest";
import { loadData, readDataDeclaration } from "../../compiler/cli/data.ts";
import { InputError } from "../../compiler/cli/errors.ts";
import { grammarText } from "../../compiler/cli/grammar.ts";
import { DataError } from "../../runtime/index.ts";
import { writeDigits } from "../support/digits.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-test-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** What a model file in the folder would give. */
function load(declared: Model, data: object, from?: string) {
  const loaded = { shown: at("m.ts"), stem: "m", model: declared, source: { path: "m.ts", text: "" }, data, exports: {} };
  return loadData(loaded, readDataDeclaration(loaded), from);
}
const refused = async (declared: Model, data: object, from?: string): Promise<string> => {
  const error: unknown = await (async () => load(declared, data, from))().catch((reason: unknown) => reason);
  if (!(error instanceof InputError || error instanceof DataError)) throw error;
  return error.message.replaceAll(`${folder}/`, "");
};

const classifier = (width: number, classes: number) =>
  model("m", { batch: 4 }, ({ batch }) => {
    const x = input("x", [batch, width]);
    const y = labels("y", [batch], { classes });
    const W = param("W", [width, classes], zeros());
    const scores = matmul(x, W);
    return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd() };
  });
const regression = model("m", { batch: 4 }, ({ batch }) => {
  const x = input("x", [batch, 2]);
  const y = input("y", [batch, 1]);
  const z = matmul(x, param("W", [2, 1], zeros()));
  return { loss: mse(z, y), outputs: { z }, optimizer: sgd() };
});
const characters = (steps: number, classes: number, targets: readonly number[]) =>
  model("m", { batch: 4 }, ({ batch }) => {
    const from = labels("from", [batch, steps], { classes });
    labels("to", [batch, ...targets], { classes });
    return { loss: add(param("a", [], zeros()), 1), outputs: { from }, optimizer: sgd() };
  });

/** A row's values as one text, so that rows can be told apart. */
const rowsOf = (values: ArrayLike<number>, width: number): string[] =>
  Array.from({ length: values.length / width }, (_, row) => Array.from({ length: width }, (_, k) => values[row * width + k]).join(" "));

describe("csv", () => {
  const names = ["ant", "bee", "cat"];
  const lines = Array.from({ length: 20 }, (_, n) => `${n},${names[n % 3]},${-2 * n}`);
  writeFileSync(at("animals.csv"), `a,kind,b\n${lines.join("\n")}\n`);
  const declared = { source: "csv", file: "animals.csv", label: "kind" };

  test("every row is in one of the two sets, with its own label; a fifth is tested with; the seed decides", async () => {
    const { train, test } = await load(classifier(2, 3), declared);
    const pairs = [train, test].map(({ x, y }) => rowsOf(x!, 2).map((row, n) => `${row} ${names[y![n]!]}`));
    expect(pairs.map(({ length }) => length)).toEqual([16, 4]);
    expect(pairs.flat().sort()).toEqual(Array.from({ length: 20 }, (_, n) => `${n} ${-2 * n} ${names[n % 3]}`).sort());
    expect(await load(classifier(2, 3), declared)).toEqual({ train, test, classes: ["ant", "bee", "cat"] });
    expect((await load(classifier(2, 3), { ...declared, seed: 2 })).test).not.toEqual(test);
    expect((await load(classifier(2, 3), { ...declared, test: 0.5 })).test["y"]).toHaveLength(10);
  });

  test("scaled by the training rows alone", async () => {
    const { train, test } = await load(classifier(2, 3), { ...declared, scale: "range" });
    expect([Math.min(...train["x"]!), Math.max(...train["x"]!)]).toEqual([0, 1]);
    const plain = await load(classifier(2, 3), declared);
    const lowest = Math.min(...rowsOf(plain.train["x"]!, 2).map((row) => Number(row.split(" ")[0])));
    const highest = Math.max(...rowsOf(plain.train["x"]!, 2).map((row) => Number(row.split(" ")[0])));
    expect(test["x"]![0]).toBeCloseTo((plain.test["x"]![0]! - lowest) / (highest - lowest), 6);
  });

  test("columns by name, categories, separators, fillings of the training rows, a test file of its own", async () => {
    writeFileSync(at("train.csv"), "id;size;colour;kind\n1;2;red;ant\n2;;blue;bee\n3;6;red;ant\n");
    writeFileSync(at("test.csv"), "colour;kind;size\nblue;ant;\nred;bee;10\n");
    const { train, test, classes, note } = await load(classifier(3, 2), {
      source: "csv",
      file: "train.csv",
      test: "test.csv",
      label: "kind",
      features: ["size", "colour"],
      categorical: { colour: "one-hot" },
      separator: ";",
      missing: "mean",
    });
    expect([...train["x"]!]).toEqual([2, 0, 1, 4, 1, 0, 6, 0, 1]);
    expect([...test["x"]!]).toEqual([4, 1, 0, 10, 0, 1]);
    expect([[...train["y"]!], [...test["y"]!], classes]).toEqual([
      [0, 1, 0],
      [0, 1],
      ["ant", "bee"],
    ]);
    expect(note).toBe("2 empty cells were filled with the column's mean");
  });

  test("what a share of one file is tested with has no say in what fills it", async () => {
    const rows = Array.from({ length: 10 }, (_, n) => `${n === 4 ? "" : n},${n % 2 === 0 ? "ant" : "bee"}`);
    writeFileSync(at("holes.csv"), `a,kind\n${rows.join("\n")}\n`);
    const { train, test } = await load(classifier(1, 2), { source: "csv", file: "holes.csv", label: "kind", missing: "mean" });
    const [own, held] = [[...train["x"]!], [...test["x"]!]];
    const known = own.filter((value) => Number.isInteger(value) && value !== 4);
    const mean = Math.fround(known.reduce((sum, value) => sum + value, 0) / known.length);
    expect([...own, ...held]).toContain(mean);
    expect(held.length).toBe(2);
  });

  test("a number as the target", async () => {
    writeFileSync(at("line.csv"), "a,y,b\n1,10,100\n2,20,200\n3,30,300\n");
    const { train, test } = await load(regression, { source: "csv", file: "line.csv", label: "y" });
    const all = [train, test].flatMap(({ x, y }) => rowsOf(x!, 2).map((row, n) => `${row} ${y![n]}`));
    expect(all.sort()).toEqual(["1 100 10", "2 200 20", "3 300 30"]);
  });

  test("what does not fit", async () => {
    writeFileSync(at("hole.csv"), "a,kind,b\n1,ant,2\n3,bee,\n");
    writeFileSync(at("single.csv"), "a,kind,b\n1,ant,2\n");
    const write = 'write export const data = { source: "csv", file: "flowers.csv", label: "kind", epochs: 5 }';
    expect(await refused(classifier(2, 3), { source: "csv" })).toBe(
      `m.ts names no file to read its data from; ${write}, the path from the model's folder or that of --data`,
    );
    expect(await refused(classifier(2, 3), { source: "csv", file: "animals.csv" })).toBe(
      `m.ts names no label column of animals.csv; ${write}`,
    );
    expect(await refused(classifier(2, 3), { ...declared, file: "gone.csv" })).toBe("there is no file gone.csv; name one that is there");
    expect(await refused(classifier(2, 3), { ...declared, label: "sort" })).toBe(
      "animals.csv has no column sort; its columns are a, kind, b",
    );
    expect(await refused(classifier(2, 3), { ...declared, file: "hole.csv" })).toBe(
      "hole.csv, row 2 (line 3), column b is empty; fill the cell in, or leave the row out",
    );
    expect(await refused(classifier(2, 3), { ...declared, file: "single.csv" })).toBe(
      "single.csv holds 1 row, which cannot be both trained on and tested with; bring at least two",
    );
    expect(await refused(classifier(4, 3), declared)).toBe(
      "animals.csv has 2 columns beside kind, but x of m.ts takes rows of 4; declare [batch, 2], or take columns out",
    );
    expect(await refused(classifier(2, 2), declared)).toBe(
      "column kind of animals.csv holds 3 classes (ant, bee, cat), but y of m.ts takes 2; declare { classes: 3 }, or mend the column",
    );
    expect(await refused(classifier(2, 3), { ...declared, test: 1 })).toBe(
      "m.ts sets 1 of its rows aside to test with, which needs a share above 0 and below 1; write test: 0.2",
    );
    expect(await refused(classifier(2, 3), { ...declared, scale: "log" })).toBe(
      'm.ts scales its columns by "log", but there is only "standard" and "range"; correct scale, or leave it out',
    );
    expect(await refused(classifier(2, 3), { ...declared, seed: -1 })).toBe(
      "m.ts gives its data seed -1, which needs a whole number of at least 0; correct it, or leave it out for 1",
    );
  });
});

describe("text", () => {
  test("stretches of a file, and the character after each of theirs", async () => {
    writeFileSync(at("book.txt"), "abcdefghijklmnopqrstuvwxyz".repeat(3));
    const { train, test, note } = await load(characters(5, 26, [5]), { source: "text", file: "book.txt" });
    expect([note, train["from"]!.length + test["from"]!.length]).toEqual([undefined, 75]);
    for (const { from, to } of [train, test]) to!.forEach((next, n) => expect(next).toBe((from![n]! + 1) % 26));
    // one target a stretch: the character after it
    const last = await load(characters(5, 26, []), { source: "text", file: "book.txt" });
    last.train["to"]!.forEach((next, n) => expect(next).toBe((last.train["from"]![5 * n + 4]! + 1) % 26));
  });

  test("without a file a grammar's sentences, of which every fifth stretch is tested with, and a note", async () => {
    const { train, test, note } = await load(characters(16, 64, [16]), {
      source: "text",
      rows: 50,
    });
    expect(note).toBe(`${at("m.ts")} names no text, so a grammar made one; give your own with file: "book.txt"`);
    expect(train["from"]!.length + test["from"]!.length).toBeGreaterThanOrEqual(50 * 16 - 16);
    const text = grammarText(4000, 3);
    expect(grammarText(4000, 3)).toBe(text);
    expect(grammarText(4000, 4)).not.toBe(text);
    expect(text.length).toBeGreaterThanOrEqual(4000);
    for (const line of text.trimEnd().split("\n")) expect(line).toMatch(/^(?:[a-z]+ )+[a-z]+\.$/);
    // agreement is what there is to learn
    expect(text).not.toMatch(/(?:two|all) (?:[a-z]+ )?[a-z]+s (?:holds|crosses|follows|hides)\b/);
  });

  test("what does not fit", async () => {
    expect(await refused(characters(5, 20, [5]), { source: "text", file: "book.txt" })).toBe(
      "book.txt holds 26 different characters, but m.ts declares 20 classes; declare { classes: 26 }, or more",
    );
    expect(await refused(characters(5, 26, [3]), { source: "text", file: "book.txt" })).toBe(
      "a text source gives stretches of characters and what follows, but m.ts takes from of 5 and to of 3; declare labels of [batch, steps] for both",
    );
    expect(await refused(characters(5, 26, [5]), { source: "text" }, at("books"))).toBe(
      '--data names the folder books, but m.ts names no file in it; write file: "book.txt", or leave --data out',
    );
  });
});

/** A .npy file of version 1. */
function npy(descr: string, shape: readonly number[], data: Float32Array | Int32Array): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }\n`;
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  return Buffer.concat([start, Buffer.from(header), Buffer.from(data.buffer, 0, data.byteLength)]);
}

describe("npy and npz", () => {
  const x = Float32Array.from({ length: 20 }, (_, n) => n);
  const y = Int32Array.from({ length: 10 }, (_, n) => n % 3);
  const files = { x: "x.npy", y: "y.npy" };
  writeFileSync(at("x.npy"), npy("<f4", [10, 2, 1], x));
  writeFileSync(at("y.npy"), npy("<i4", [10], y));

  test("one file an input, or one archive: rows stay together", async () => {
    const archive = (arrays: Record<string, Uint8Array>) => writeFileSync(at("both.npz"), zipSync(arrays));
    archive({ "x.npy": npy("<f4", [10, 2], x), "y.npy": npy("<i4", [10], y) });
    const split = await load(classifier(2, 3), { source: "npy", files });
    expect(await load(classifier(2, 3), { source: "npz", file: "both.npz" })).toEqual(split);
    const all = [split.train, split.test].flatMap(({ x, y }) => rowsOf(x!, 2).map((row, n) => `${row} ${y![n]}`));
    expect(all.sort()).toEqual(Array.from({ length: 10 }, (_, n) => `${2 * n} ${2 * n + 1} ${n % 3}`).sort());
    archive({
      "x_train.npy": npy("<f4", [10, 2], x),
      "y_train.npy": npy("<i4", [10], y),
      "x_test.npy": npy("<f4", [1, 2], x.slice(0, 2)),
      "y_test.npy": npy("<i4", [1], y.slice(0, 1)),
    });
    expect(await load(classifier(2, 3), { source: "npz", file: "both.npz" })).toEqual({
      train: { x, y },
      test: { x: x.slice(0, 2), y: y.slice(0, 1) },
    });
  });

  test("what does not fit: a label names its row in the file", async () => {
    writeFileSync(
      at("far.npy"),
      npy(
        "<i4",
        [10],
        y.map((label, n) => (n === 7 ? 255 : label)),
      ),
    );
    writeFileSync(at("big.npy"), npy(">f4", [10, 2], x));
    writeFileSync(at("nine.npy"), npy("<i4", [9], y.slice(0, 9)));
    const of = (other: object) => refused(classifier(2, 3), { source: "npy", files: { ...files, ...other } });
    expect(await of({ y: "far.npy" })).toBe(
      "far.npy holds the label 255 at row 7 (counted from 0), but y of m.ts takes labels from 0 to 2; mend the row, or leave it out, or declare { classes: 256 }",
    );
    expect(await of({ y: "nine.npy" })).toBe("x.npy: x has 10 rows, but y has 9; every array needs one row for each example");
    expect(await of({ x: "big.npy" })).toBe(
      'big.npy holds big-endian float32 (>f4), where little-endian was expected; save it with numpy.save(…, array.astype(array.dtype.newbyteorder("<")))',
    );
    expect(await of({ y: undefined })).toBe(
      'm.ts names no file to read its data from; write export const data = { source: "npy", files: { x: "x.npy", y: "y.npy" }, epochs: 5 }, the path from the model\'s folder or that of --data',
    );
    expect(await refused(classifier(3, 3), { source: "npy", files })).toBe(
      "x.npy has the shape 10×2×1, but x of m.ts takes rows of 3; save it as rows×3",
    );
    writeFileSync(at("other.npz"), zipSync({ "a.npy": npy("<f4", [10, 2], x) }));
    expect(await refused(classifier(2, 3), { source: "npz", file: "other.npz" })).toBe(
      "other.npz holds a, but m.ts takes x, y; save an array under each of these names, or one under each name with _train and one with _test",
    );
    expect(await refused(regression, { source: "npy", files: { x: "far.npy", y: "y.npy" } })).toBe(
      "far.npy has the shape 10, but x of m.ts takes rows of 2; save it as rows×2",
    );
  });
});

describe("pictures", () => {
  test("cifar10 without a folder is a synthetic stand-in that says so; with one it is read", async () => {
    const { train, test, note } = await load(classifier(3072, 10), { source: "cifar10", rows: 30 });
    expect([train["x"]!.length, train["y"]!.length, test["y"]!.length]).toEqual([30 * 3072, 30, 6]);
    expect(note).toBe(
      `${at("m.ts")} names cifar10, but no folder was given: these are 30 synthetic rows of the same shape, and what is reached says nothing of CIFAR-10; give the real pictures with --data <folder>`,
    );
    mkdirSync(at("cifar"));
    const records = (label: number) => Uint8Array.from({ length: 3073 }, (_, n) => (n === 0 ? label : 255));
    for (const n of [1, 2, 3, 4, 5]) writeFileSync(at(`cifar/data_batch_${n}.bin`), records(n));
    writeFileSync(at("cifar/test_batch.bin"), records(9));
    const real = await load(classifier(3072, 10), { source: "cifar10" }, at("cifar"));
    expect([real.note, [...real.train["y"]!], [...real.test["y"]!]]).toEqual([undefined, [1, 2, 3, 4, 5], [9]]);
    expect(await refused(classifier(3072, 5), { source: "cifar10" }, at("cifar"))).toBe(
      "y of the training set of cifar10 holds the label 5 at row 4 (counted from 0), but y of m.ts takes labels from 0 to 4; mend the row, or leave it out, or declare { classes: 6 }",
    );
    writeFileSync(at("cifar/data_batch_3.bin"), records(3).slice(1));
    expect(await refused(classifier(3072, 10), { source: "cifar10" }, at("cifar"))).toBe(
      "cifar/data_batch_3.bin holds 3072 bytes, which is not a whole number of CIFAR-10's records of 3073; fetch the file again (the binary version, not the one for Python)",
    );
    writeFileSync(at("cifar/data_batch_3.bin"), records(255));
    expect(await refused(classifier(3072, 10), { source: "cifar10" }, at("cifar"))).toBe(
      "cifar/data_batch_3.bin holds the label 255 at row 0 (counted from 0), where 0 to 9 were expected; fetch the file again, or name the right one",
    );
  });

  test("fashion-mnist lies where --data says; a model without labels takes the pictures alone", async () => {
    expect(await refused(classifier(784, 10), { source: "fashion-mnist" })).toBe(
      "m.ts trains on Fashion-MNIST, which no package here brings; name the folder of its four IDX files with --data <folder>",
    );
    writeDigits(at("clothes"), { train: 12, test: 5 });
    const { train, test } = await load(classifier(784, 10), { source: "fashion-mnist" }, at("clothes"));
    expect([train["y"]!.length, test["x"]!.length]).toEqual([12, 5 * 784]);
    const alone = model("m", { batch: 4 }, ({ batch }) => {
      const x = input("x", [batch, 784]);
      const code = matmul(x, param("W", [784, 1], zeros()));
      return { loss: mse(code, code), outputs: { code }, optimizer: sgd() };
    });
    expect(Object.keys((await load(alone, { source: "fashion-mnist" }, at("clothes"))).train)).toEqual(["x"]);
  });
});

test("a source that there is none of, and one that needs another model", async () => {
  expect(await refused(classifier(2, 3), { source: "cfar10" })).toBe(
    'm.ts names the data source "cfar10", but the sources are mnist, fashion-mnist, cifar10, csv, images, text, npy, npz, synthetic; write export const data = { source: "mnist", epochs: 5 }; did you mean cifar10?',
  );
  const three = model("m", { batch: 4 }, ({ batch }) => {
    const [a, b] = [input("a", [batch, 1]), input("b", [batch, 1])];
    const z = matmul(add(a, b), param("W", [1, 1], zeros()));
    return { loss: mse(z, input("c", [batch, 1])), outputs: { z }, optimizer: sgd() };
  });
  expect(await refused(three, { source: "csv", file: "animals.csv", label: "kind" })).toBe(
    "a csv source gives one input to predict from and one target, but m.ts takes a, b, c; declare two, or read the data in a program of your own with fit from adjoint/runtime",
  );
});
