/** Files that NumPy wrote are read as NumPy reads them; of every other the reader says what it is and what to do. */

import { readFileSync } from "node:fs";
import { strToU8, zipSync } from "fflate";
import { describe, expect, test, vi } from "vitest";
import { DataError, readNpy, readNpz, toFloats, toIntegers } from "../../runtime/index.ts";
import { anyBytes, expectExactLength, flipBits, readOrRefuse } from "../support/fire.ts";

const FILES = JSON.parse(readFileSync(new URL("../data/foreign.json", import.meta.url), "utf8")) as Record<string, string>;
const file = (name: string): Uint8Array => new Uint8Array(Buffer.from(FILES[name]!, "base64"));
const read = (bytes: Uint8Array) => readNpy(bytes, "f.npy");
// thousands of damaged files, on machines that may be busy
vi.setConfig({ testTimeout: 30_000 });

const says = (message: string) => new DataError(message);

/** A .npy file with the given header, padded or not, and that many bytes of zeros. */
function npy(header: string, data = 0, version = 1): Uint8Array {
  const text = strToU8(header);
  const length =
    version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, (text.length >> 8) & 255, text.length >> 16, 0];
  const start = [0x93, ...strToU8("NUMPY"), version, 0, ...length];
  return Uint8Array.from([...start, ...text, ...new Uint8Array(data)]);
}

describe("readNpy", () => {
  test.each([
    ["f4", "float32", [2, 3], Float32Array.of(1.5, -2, 3.25, 0, 1e-3, 7)],
    ["f8v2", "float64", [2], Float64Array.of(0.1, -1e300)],
    ["i4", "int32", [2, 1], Int32Array.of(1, -2)],
    ["i8", "int64", [2], BigInt64Array.of(2n ** 40n, -3n)],
    ["u1", "uint8", [2], Uint8Array.of(0, 255)],
    ["bool", "bool", [3], Uint8Array.of(1, 0, 1)],
    ["scalar", "float32", [], Float32Array.of(2.5)],
    ["empty", "float32", [0, 4], new Float32Array(0)],
  ])("%s is NumPy's array, at any alignment", (name, dtype, shape, data) => {
    const bytes = file(name);
    for (let offset = 0; offset < 8; offset++) {
      const within = new Uint8Array(bytes.length + offset);
      within.set(bytes, offset);
      expect(read(within.subarray(offset))).toEqual({ name: "f.npy", dtype, shape, data });
    }
  });

  test("other writers' spacing, quotes and order of keys", () => {
    const header = `{"shape":(2,),"fortran_order":False,"descr":"|u1"}`;
    expect(read(npy(header, 2)).shape).toEqual([2]);
    expect(read(npy(`{ 'descr' : '<u1', 'shape' : ( 1 , 2 ) , 'fortran_order' : False , }\n`, 2)).shape).toEqual([1, 2]);
  });

  test.each([
    ["fortran", "f.npy is in Fortran order, column by column; save it row by row: numpy.save(…, numpy.ascontiguousarray(array))"],
    [
      "big",
      `f.npy holds big-endian float32 (>f4), where little-endian was expected; save it with numpy.save(…, array.astype(array.dtype.newbyteorder("<")))`,
    ],
    [
      "half",
      `f.npy holds elements of type float16 (<f2), where float32, float64, int32, int64, uint8, bool were expected; convert it: numpy.save(…, array.astype("float32"))`,
    ],
    [
      "u2",
      `f.npy holds elements of type uint16 (<u2), where float32, float64, int32, int64, uint8, bool were expected; convert it: numpy.save(…, array.astype("float32"))`,
    ],
    [
      "complex",
      `f.npy holds elements of type complex128 (<c16), where float32, float64, int32, int64, uint8, bool were expected; convert it: numpy.save(…, array.astype("float32"))`,
    ],
    [
      "text",
      `f.npy holds elements of type "<U2", where float32, float64, int32, int64, uint8, bool were expected; convert it: numpy.save(…, array.astype("float32"))`,
    ],
    ["record", `f.npy holds records of several fields; save each field as an array of its own: numpy.save(…, array["field"])`],
    ["savez", "f.npy is an archive of arrays (.npz); read it with readNpz or loadNpz"],
  ])("%s is refused by name", (name, message) => {
    expect(() => read(file(name))).toThrowError(says(message));
  });

  test("what is no .npy file, or of another version", () => {
    expect(() => read(strToU8("x,y\n1,2\n"))).toThrowError(
      says(
        "f.npy is not a .npy file: it begins with 78 2c 79 0a 31 2c, where 93 4e 55 4d 50 59 were expected; save it with numpy.save, or name the right file",
      ),
    );
    expect(() => read(npy("{}", 0, 3))).toThrowError(
      says("f.npy has version 3.0 of the .npy format, where 1.0 or 2.0 was expected; save plain numbers with numpy.save"),
    );
    expect(() => read(new Uint8Array(0))).toThrowError(
      says("f.npy ends within its header, after 0 of 8 bytes; save or fetch the file again"),
    );
    expect(() => read(npy(`{'descr': '<f4'}`))).toThrowError(
      says(
        `f.npy has the header "{'descr': '<f4'}", where a dictionary of descr, fortran_order and shape was expected; save or fetch the file again`,
      ),
    );
    expect(() => read(npy(" ".repeat(70_000), 0, 2))).toThrowError(
      says("f.npy has a header of 70000 bytes, where at most 65535 were expected of plain numbers; save them with numpy.save"),
    );
  });

  test("sizes that are merely declared are never allocated", () => {
    const declared = (shape: string) => npy(`{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`, 8);
    expect(() => read(declared("(100000, 100000)"))).toThrowError(
      says("f.npy declares 100000×100000 float64, 80000000000 bytes in all, but ends after 8; save or fetch the file again"),
    );
    for (const shape of ["(200000000,)", "(99999999999999999999, 0, 3)", `(${"9".repeat(400)},)`]) {
      expect(readOrRefuse(() => read(declared(shape)))).toBeUndefined();
    }
  });

  test.each(["f4", "f8v2", "i8", "bool"])("%s cut, longer, flipped, or any bytes", (name) => {
    expectExactLength(file(name), read);
    flipBits(file(name), read);
    anyBytes(file(name), read);
  });
});

describe("toFloats and toIntegers", () => {
  test("convert what fits, and name the element that does not", () => {
    expect(toFloats(read(file("i4")))).toEqual(Float32Array.of(1, -2));
    expect(toIntegers(read(file("bool")))).toEqual(Int32Array.of(1, 0, 1));
    expect(() => toFloats(read(file("f8v2")))).toThrowError(
      says(
        "f.npy holds -1e+300 at element 1 (counted from 0), where finite numbers within float32 were expected; leave the row out, or fill the value in",
      ),
    );
    expect(() => toIntegers(read(file("i8")))).toThrowError(
      says(
        "f.npy holds 1099511627776 at element 0 (counted from 0), where whole numbers of 32 bits were expected; mend the value, or read the array with toFloats",
      ),
    );
    expect(() => toIntegers(read(file("f4")))).toThrowError(/holds 1.5 at element 0/);
  });
});

describe("readNpz", () => {
  const readZ = (bytes: Uint8Array) => readNpz(bytes, "f.npz");
  const expected = new Map([
    ["x", { name: "x in f.npz", dtype: "float32", shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) }],
    ["y", { name: "y in f.npz", dtype: "int64", shape: [2], data: BigInt64Array.of(1n, 0n) }],
  ]);
  const zeros = npy(`{'descr': '<f4', 'fortran_order': False, 'shape': (1000000,), }`, 4_000_000);

  test.each(["savez", "savezCompressed"])("%s: the arrays by name, as NumPy wrote them", (name) => {
    expect(readZ(file(name))).toEqual(expected);
  });

  test("what compresses a thousandfold comes whole", () => {
    const packed = zipSync({ "zeros.npy": zeros });
    expect(packed.length).toBeLessThan(5000);
    const { shape, data } = readZ(packed).get("zeros")!;
    expect([shape, data.length, data.every((value) => value === 0)]).toEqual([[1_000_000], 1_000_000, true]);
  });

  test.each(["savez", "savezCompressed"])("%s cut, longer, flipped: refused, or right", (name) => {
    expectExactLength(file(name), readZ);
    flipBits(file(name), readZ, (arrays) => expect(arrays).toEqual(expected));
    anyBytes(file(name), readZ);
  });

  test("lengths that are merely declared are never allocated", () => {
    const packed = zipSync({ "zeros.npy": zeros });
    const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
    const directory = view.getUint32(packed.length - 6, true);
    const declare = (size: number) => {
      view.setUint32(directory + 24, size, true);
      return () => readZ(packed);
    };
    expect(declare(2_000_000_000)).toThrowError(
      /^f.npz is not a whole archive: zeros.npy: it declares 2000000000 bytes, more than \d+ can unfold to; save or fetch the file again$/,
    );
    expect(declare(4_000_000_000)).toThrowError(
      says("f.npz declares 4000000000 bytes once unfolded, where at most 2147483648 are taken; save its arrays one by one with numpy.save"),
    );
    // a bomb: little is declared, much unfolds
    expect(declare(1000)).toThrowError(
      says("f.npz is not a whole archive: zeros.npy: it unfolds to more than the 1000 bytes it declares; save or fetch the file again"),
    );
    expect(declare(4_000_090)).toThrowError(/it holds \d+ bytes, where 4000090 were declared/);
  });

  test("what else an archive may be", () => {
    expect(() => readZ(file("f4"))).toThrowError(
      says(
        "f.npz is not a .npz archive: it begins with 93 4e 55 4d, where 50 4b was expected; it is one array: read it with readNpy or loadNpy",
      ),
    );
    expect(() => readZ(zipSync({ "readme.txt": strToU8("hello") }))).toThrowError(
      says(`f.npz holds "readme.txt", where arrays (….npy) were expected; save the archive with numpy.savez`),
    );
    expect(() => readZ(zipSync({ "h.npy": file("half") }))).toThrowError(/^h in f.npz holds elements of type float16/);
    const set = (at: number, value: number) => {
      const bytes = file("savez");
      const view = new DataView(bytes.buffer);
      view.setUint16(view.getUint32(bytes.length - 6, true) + at, value, true);
      return () => readZ(bytes);
    };
    expect(set(8, 1)).toThrowError(says("x.npy in f.npz is encrypted; save the archive with numpy.savez"));
    expect(set(10, 12)).toThrowError(
      says(
        "x.npy in f.npz is compressed by method 12, where deflate (8) or none (0) was expected; save the archive with numpy.savez or numpy.savez_compressed",
      ),
    );
  });
});
