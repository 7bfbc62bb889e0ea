/** The safetensors layout, written and read in this one place: 8 bytes of header length, a JSON header, the data without gaps. */

import { listOf, optionsOf, recordOf, required, TEXT } from "./arguments.ts";
import { BYTES, hold, NUMBER } from "./kinds.ts";
import * as error from "./checkpoint-error.ts";

/** Bytes an element, by the format's names of types. */
const SIZES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** One tensor of a safetensors file. */
export interface Tensor {
  readonly name: string;
  /** `F32`, `I32`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

/** Tensors with texts about them, as a safetensors file holds them. */
export interface Safetensors {
  /** In the order of their data. */
  readonly tensors: readonly Tensor[];
  /** The header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = "__metadata__";
/** The format's own limit. Bytes. */
const LONGEST_HEADER = 100_000_000;

const TENSOR = optionsOf<Tensor>(
  { name: required(TEXT), dtype: required(TEXT), shape: required(listOf("a list of extents", NUMBER)), bytes: required(BYTES) },
  "a tensor, { name, dtype, shape, bytes }",
);
const FILE = optionsOf<Safetensors>(
  { tensors: required(listOf("a list of tensors", TENSOR)), metadata: required(recordOf("texts by name", TEXT)) },
  "its options as { tensors, metadata }",
);

/** What a file begins with, before the data of these tensors, `length` bytes each. */
export function headerOf(
  tensors: readonly (Omit<Tensor, "bytes"> & { readonly length: number })[],
  metadata: Safetensors["metadata"],
): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape, length }): [string, object] => {
    const start = end;
    end += length;
    return [name, { dtype, shape, data_offsets: [start, end] }];
  });
  const json = JSON.stringify(Object.fromEntries<object>([[METADATA, metadata], ...entries]));
  const header = new TextEncoder().encode(json);
  // spaces to a multiple of 8, so that the data are aligned
  const length = Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(8 + length).fill(0x20);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(header, 8);
  return file;
}

/** The file that holds the tensors one after another, in their order. */
export function writeSafetensors(options: Safetensors): Uint8Array {
  hold("writeSafetensors", { options }, { options: FILE });
  const { tensors, metadata } = options;
  const header = headerOf(
    tensors.map((tensor) => ({ ...tensor, length: tensor.bytes.length })),
    metadata,
  );
  const file = new Uint8Array(tensors.reduce((sum, { bytes }) => sum + bytes.length, header.length));
  file.set(header);
  let at = header.length;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/**
 * The tensors of a file, as views of its bytes, and its metadata.
 *
 * @throws DataError naming the file, and the tensor where there is one: a header that is cut, no JSON or of another form;
 * data that overlap, leave gaps, end early or go on. Allocates nothing that the file merely declares.
 */
export function readSafetensors(file: Uint8Array, name: string): Safetensors {
  hold("readSafetensors", { file, name }, { file: BYTES, name: TEXT });
  if (file.length < 8) throw error.shortFile(name, file.length, 8);
  const declared = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (declared > LONGEST_HEADER) throw error.longHeader(name, declared, LONGEST_HEADER);
  const start = 8 + Number(declared);
  if (file.length < start) throw error.shortFile(name, file.length, start);
  const header = parseHeader(file.subarray(8, start), name);

  const metadata = Object.hasOwn(header, METADATA) ? header[METADATA] : {};
  if (!isRecord(metadata)) throw error.badMetadata(name);
  const texts = Object.entries(metadata).map(([key, value]): [string, string] => {
    if (typeof value !== "string") throw error.badMetadata(name);
    return [key, value];
  });

  const data = file.subarray(start);
  const entries = Object.entries(header)
    .filter(([key]) => key !== METADATA)
    .map(([key, value]) => entryOf(key, value, name))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { tensor, begin, end } of entries) {
    if (begin !== at) throw error.gap(name, tensor, begin, at);
    at = end;
  }
  if (at !== data.length) throw error.wrongData(name, data.length, at);
  return {
    tensors: entries.map(({ tensor, dtype, shape, begin, end }) => ({ name: tensor, dtype, shape, bytes: data.subarray(begin, end) })),
    metadata: Object.fromEntries(texts),
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseHeader(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw error.badHeader(name);
  }
  if (!isRecord(header)) throw error.badHeader(name);
  const twice = repeatedKey(text);
  if (twice !== undefined) throw error.twice(name, twice);
  return header;
}

/** The first key that an object of a JSON text has twice: of two, a parser keeps the last, and another the first. */
function repeatedKey(json: string): string | undefined {
  /** The keys so far of each object that is open; a list that is open has none. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    const token = json[at];
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === '"') {
      const start = at++;
      while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
      const keys = open.at(-1);
      if (keys === undefined || !isKey(json, at + 1)) continue;
      const key = String(JSON.parse(json.slice(start, at + 1)));
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** Whether what ends before `at` is a key: a colon follows. */
function isKey(json: string, at: number): boolean {
  while (/\s/.test(json[at] ?? "")) at++;
  return json[at] === ":";
}

interface Entry {
  readonly tensor: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

function entryOf(tensor: string, value: unknown, name: string): Entry {
  if (!isRecord(value)) throw error.badEntry(name, tensor);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(offsets)) throw error.badEntry(name, tensor);
  const [begin, end] = offsets;
  const size = Object.hasOwn(SIZES, dtype) ? SIZES[dtype] : undefined;
  if (size === undefined || begin === undefined || end === undefined || offsets.length !== 2) throw error.badEntry(name, tensor);
  // a declared size beyond 2^53 is rounded, or ∞, and still unequal to any length there can be
  const bytes = shape.includes(0) ? 0 : shape.reduce((product, extent) => product * extent, size);
  if (end - begin !== bytes) throw error.wrongSize(name, tensor, shape, dtype, end - begin, bytes);
  return { tensor, dtype, shape, begin, end };
}
