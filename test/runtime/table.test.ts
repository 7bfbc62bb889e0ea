/** Tables as rows of numbers: every value against the cells by hand, another table with the same codes, and each fault by its place. */

import { describe, expect, test } from "vitest";
import { DataError, readTable, type TableOptions } from "../../runtime/index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string, options?: TableOptions) => readTable(bytes(text), "t.csv", options);
const HOUSES = "id,size,colour,city,price\n1,10,red,Rom,5\n2,,blue,Ulm,6\n3,30,red,Ulm,9\n4,80,,Rom,7\n";

test("columns are taken by name, in the order that is asked for; others are let be", () => {
  const { columns, x, y, rows } = read("note,b,a,kind\nany,2,1,p\nthing,4,3,q\n", { features: ["a", "b"], label: "kind" });
  expect({ columns, x: [...x], y: [...y!], rows }).toEqual({ columns: ["a", "b"], x: [1, 2, 3, 4], y: [0, 1], rows: 2 });
});

test("a category is a column of zeros and a one, or its place; names are in order", () => {
  const options = { features: ["colour", "city"], target: "price", categorical: { colour: "one-hot", city: "index" } } as const;
  const { columns, x, y, classes } = read("colour,city,price\nred,Ulm,5\nblue,Rom,6\nred,Rom,9.5\n", options);
  expect(columns).toEqual(["colour=blue", "colour=red", "city"]);
  expect([...x]).toEqual([0, 1, 1, 1, 0, 0, 0, 1, 0]);
  expect([...y!]).toEqual([5, 6, 9.5]);
  expect(classes).toBeUndefined();
});

test.each([
  ["mean", [10, 40, 30, 80]],
  ["median", [10, 30, 30, 80]],
  ["zero", [10, 0, 30, 80]],
] as const)("an empty number is filled by the column's %s", (missing, sizes) => {
  const table = read(HOUSES, { features: ["size"], target: "price", missing });
  expect([...table.x]).toEqual(sizes);
  expect(table.filled).toBe(1);
});

test("the median of an even count is the middle of two", () => {
  expect([...read('a\n1\n2\n4\n9\n""\n', { missing: "median" }).x]).toEqual([1, 2, 4, 9, 3]);
});

test("an empty category is one of its own where cells may be missing", () => {
  const table = read(HOUSES, { features: ["colour"], target: "price", categorical: { colour: "one-hot" }, missing: "zero" });
  expect(table.columns).toEqual(["colour=", "colour=blue", "colour=red"]);
  expect([...table.x]).toEqual([0, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0]);
});

test("another table is read as the first was: its codes, classes and fillings, though its own rows would give others", () => {
  const options = { features: ["size", "city"], label: "colour", categorical: { city: "one-hot" }, missing: "mean" } as const;
  const first = read("size,city,colour\n10,Rom,red\n30,Ulm,blue\n,Rom,green\n", options);
  const kept = JSON.parse(JSON.stringify(first.encoding)) as typeof first.encoding;
  const second = read("colour,size,city\ngreen,,Ulm\nred,90,Ulm\n", { encoding: kept });
  expect(second.columns).toEqual(first.columns);
  expect([...second.x]).toEqual([20, 0, 1, 90, 0, 1]);
  expect([...second.y!]).toEqual([first.classes!.indexOf("green"), first.classes!.indexOf("red")]);
});

test.each([";", "\t", "|"] as const)("cells may be parted by %j", (separator) => {
  const text = ["a,b", '1,"x,y"', "2,z"].map((line) => line.replace(/,(?!y)/g, separator)).join("\n");
  const table = read(text, { label: "b", separator });
  expect([[...table.x], table.classes]).toEqual([
    [1, 2],
    ["x,y", "z"],
  ]);
});

describe("is told by its place:", () => {
  const says = (text: string, options: TableOptions, message: string) => expect(() => read(text, options)).toThrow(new DataError(message));
  test("a cell", () => {
    says(
      HOUSES,
      { features: ["size"], target: "price" },
      "t.csv, row 2 (line 3), column size is empty; fill the cell in, or leave the row out",
    );
    says(
      HOUSES,
      { label: "colour", missing: "mean" },
      't.csv, row 1 (line 2), column city holds "Rom", no finite float32 number; mend the cell, take the column out, or name it as the label',
    );
    says(
      HOUSES,
      { features: ["id"], label: "colour", missing: "zero" },
      "t.csv, row 4 (line 5), column colour is empty; fill the cell in, or leave the row out",
    );
  });
  test("a column", () => {
    says(HOUSES, { features: ["sizes"] }, "t.csv has no column sizes; its columns are id, size, colour, city, price");
    says(HOUSES, { features: ["id"], categorical: { city: "index" } }, "t.csv has no column city; its columns are id");
    says(
      "a,b\n,1\n,2\n",
      { missing: "mean" },
      't.csv has no number in a, which could stand for its missing ones; take the column out, or fill with "zero"',
    );
  });
  test("a category that the first table lacks", () => {
    const { encoding } = read("a,b\nx,1\ny,2\n", { target: "b", categorical: { a: "one-hot" } });
    says(
      "a,b\nx,1\nz,2\n",
      { encoding },
      't.csv, row 2, column a holds "z", none of the classes x, y; mend the cell, or read the files as one',
    );
  });
  test("an option", () => {
    expect(() => read("a\n1\n", { separator: ":" } as never)).toThrow('separator must be "," or ";" or "\\t" or "|", not ":"');
    expect(() => read("a\n1\n", { mising: "mean" } as never)).toThrow('readTable has no option "mising"; did you mean missing?');
  });
});
