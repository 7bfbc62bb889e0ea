/** Reads a NumPy .npy file exactly: the array that it declares is the array that it holds, row-major. */

import { isRecord, kind, TEXT } from "../arguments.ts";
import { BYTES, hold } from "../kinds.ts";
import * as error from "./numpy-error.ts";

/** The element types that are read, by NumPy's own names. */
export type NpyDtype = keyof typeof READ;

/** An array of any shape, row-major. Booleans are 0 and 1. */
export interface NpyArray {
  /** The file's name, for messages. */
  readonly name: string;
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
}

/** Bytes an element, and the elements of bytes that lie at the start of a buffer of their own. */
const READ = {
  float32: { code: "<f4", size: 4, view: (buffer: ArrayBuffer) => new Float32Array(buffer) },
  float64: { code: "<f8", size: 8, view: (buffer: ArrayBuffer) => new Float64Array(buffer) },
  int32: { code: "<i4", size: 4, view: (buffer: ArrayBuffer) => new Int32Array(buffer) },
  int64: { code: "<i8", size: 8, view: (buffer: ArrayBuffer) => new BigInt64Array(buffer) },
  uint8: { code: "|u1", size: 1, view: (buffer: ArrayBuffer) => new Uint8Array(buffer) },
  bool: { code: "|b1", size: 1, view: (buffer: ArrayBuffer) => new Uint8Array(buffer).map((byte) => (byte === 0 ? 0 : 1)) },
} as const;

const ARRAY = kind(
  "what readNpy returns",
  (value) => isRecord(value) && typeof value["name"] === "string" && ArrayBuffer.isView(value["data"]),
);

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/**
 * The array in a .npy file of version 1 or 2.
 *
 * @throws DataError naming the file when it is anything else, in Fortran order, big-endian, of another element type,
 * too short or too long. Allocates nothing that the file merely declares.
 */
export function readNpy(bytes: Uint8Array, name: string): NpyArray {
  hold("readNpy", { bytes, name }, { bytes: BYTES, name: TEXT });
  if (MAGIC.some((byte, at) => at < bytes.length && bytes[at] !== byte)) {
    throw error.notNpy(name, bytes.subarray(0, 6));
  }
  if (bytes.length < 8) throw error.shortNpyHeader(name, bytes.length, 8);
  const [major, minor] = [bytes[6]!, bytes[7]!];
  if ((major !== 1 && major !== 2) || minor !== 0) throw error.npyVersion(name, major, minor);
  // the header's length: two bytes in version 1, four in version 2, little-endian
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw error.shortNpyHeader(name, bytes.length, start);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = start + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < end) throw error.shortNpyHeader(name, bytes.length, end);

  const { descr, fortran, shape } = readHeader(bytes.subarray(start, end), name);
  const dtype = dtypeOf(descr, name);
  if (fortran) throw error.fortranOrder(name);
  const { size, view: elements } = READ[dtype];
  // a declared size beyond 2^53 is rounded, or ∞, and still unequal to any length there can be
  const length = shape.includes(0) ? 0 : shape.reduce((product, extent) => product * extent, size);
  const found = bytes.length - end;
  if (found !== length) throw error.wrongNpyLength(name, shape, dtype, found, length);
  // a copy: the elements of the file need not be aligned
  const own = new Uint8Array(found);
  own.set(bytes.subarray(end));
  return { name, dtype, shape, data: elements(own.buffer) };
}

/** One entry of the header's dictionary: a string, True or False, a tuple; or a list, which only records have. */
const ENTRY = /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"\\]*)\3|(True|False)|\(([\d\s,L]*)\)|(\[))\s*(?:,|(?=\})|(?<=\[))/y;
/** Longer headers describe records. */
const LONGEST_HEADER = 65_535;

/** The dictionary {'descr': …, 'fortran_order': …, 'shape': …}, a Python literal in ASCII. */
function readHeader(bytes: Uint8Array, name: string): { descr: string; fortran: boolean; shape: readonly number[] } {
  if (bytes.length > LONGEST_HEADER) throw error.longNpyHeader(name, bytes.length, LONGEST_HEADER);
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const entries = new Map<string, string>();
  const open = /^\s*\{/.exec(text);
  if (open === null) throw error.brokenNpyHeader(name, text);
  ENTRY.lastIndex = open[0].length;
  let at = ENTRY.lastIndex;
  for (let match = ENTRY.exec(text); match !== null; match = ENTRY.exec(text)) {
    const [, , key, , string, truth, tuple, list] = match;
    if (list !== undefined) throw error.npyRecords(name);
    if (entries.has(key!)) throw error.brokenNpyHeader(name, text);
    entries.set(key!, string ?? truth ?? tuple!);
    at = ENTRY.lastIndex;
  }
  if (!/^\s*\}\s*$/.test(text.slice(at))) throw error.brokenNpyHeader(name, text);

  const descr = entries.get("descr");
  const fortran = entries.get("fortran_order");
  const extents = entries.get("shape")?.replace(/,\s*$/, "").trim();
  const parts = extents === "" ? [] : extents?.split(",").map((part) => part.trim());
  const known = (fortran === "True" || fortran === "False") && descr !== undefined;
  if (!known || entries.size !== 3 || parts === undefined || !parts.every((part) => /^\d+L?$/.test(part)))
    throw error.brokenNpyHeader(name, text);
  return { descr, fortran: fortran === "True", shape: parts.map((part) => parseInt(part, 10)) };
}

function dtypeOf(descr: string, name: string): NpyDtype {
  const wanted = descr.replace(/^[<|=]?([ub]1)$/, "|$1");
  // the keys of READ are exactly NpyDtype
  const dtype = (Object.keys(READ) as NpyDtype[]).find((one) => READ[one].code === wanted);
  if (dtype !== undefined) return dtype;
  throw error.npyDtype(name, descr, Object.keys(READ));
}

/**
 * The elements as float32, each rounded to the nearest.
 *
 * @throws DataError when one is not finite as float32
 */
export function toFloats(array: NpyArray): Float32Array {
  hold("toFloats", { array }, { array: ARRAY });
  const { name, data } = array;
  const floats = data instanceof BigInt64Array ? Float32Array.from(data, Number) : Float32Array.from(data);
  const at = floats.findIndex((value) => !Number.isFinite(value));
  if (at !== -1) throw error.notFloat32(name, String(data[at]), at);
  return floats;
}

/**
 * The elements as int32: labels, indices.
 *
 * @throws DataError when one is not a whole number of 32 bits
 */
export function toIntegers(array: NpyArray): Int32Array {
  hold("toIntegers", { array }, { array: ARRAY });
  const { name, data } = array;
  const numbers = data instanceof BigInt64Array ? Float64Array.from(data, Number) : Float64Array.from(data);
  const at = numbers.findIndex((value) => value !== (value | 0));
  if (at !== -1) throw error.notInt32(name, String(data[at]), at);
  return Int32Array.from(numbers);
}
