/** Elements of tensors: widened from a file's formats, and moved between the order of axes and gates here and there. */

import type { Tensor } from "../safetensors.ts";
import type { Foreign } from "./layouts.ts";

export type Numbers = Float32Array | Float64Array;

/** Formats that are read as floats: whole numbers too, as far as a float holds them. */
export const FLOATS: readonly string[] = ["F32", "F16", "BF16", "F64", "I32"];

/** The elements of a tensor of one of FLOATS: float16, bfloat16 and whole numbers widened, float64 as it is. */
export function numbersOf({ dtype, bytes }: Tensor): Numbers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (dtype === "F64") return Float64Array.from({ length: bytes.length / 8 }, (_, n) => view.getFloat64(8 * n, true));
  if (dtype === "F32") return Float32Array.from({ length: bytes.length / 4 }, (_, n) => view.getFloat32(4 * n, true));
  if (dtype === "I32") return Float64Array.from({ length: bytes.length / 4 }, (_, n) => view.getInt32(4 * n, true));
  const half = dtype === "F16" ? widened : brainFloat;
  return Float32Array.from({ length: bytes.length / 2 }, (_, n) => half(view.getUint16(2 * n, true)));
}

/** An IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction. */
function widened(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

const word = new DataView(new ArrayBuffer(4));
/** The upper half of a float32. */
function brainFloat(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

/** Little-endian bytes of numbers. */
export function bytesOf(values: Numbers): Uint8Array {
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  if (values instanceof Float32Array) values.forEach((value, n) => view.setFloat32(4 * n, value, true));
  else values.forEach((value, n) => view.setFloat64(8 * n, value, true));
  return bytes;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1);
const empty = (like: Numbers, length: number): Numbers =>
  like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);

/** Calls `visit` with the position in x and in y, y's axis n being x's axis order[n]. */
function eachTurned(shape: readonly number[], order: readonly number[], visit: (x: number, y: number) => void): void {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const at = order.map(() => 0);
  const total = sizeOf(shape);
  for (let [x, y] = [0, 0]; y < total; y++) {
    visit(x, y);
    for (let n = order.length - 1; n >= 0; n--) {
      x += strides[order[n]!]!;
      if (++at[n]! < shape[order[n]!]!) break;
      x -= at[n]! * strides[order[n]!]!;
      at[n] = 0;
    }
  }
}

/** Calls `visit` with the position here and there, blocks of the last axis changing places. */
function eachGate(shape: readonly number[], gates: readonly number[], visit: (here: number, there: number) => void): void {
  const width = shape.at(-1)!;
  const block = width / gates.length;
  for (let row = 0; row < sizeOf(shape); row += width)
    gates.forEach((own, at) => {
      for (let n = 0; n < block; n++) visit(row + own * block + n, row + at * block + n);
    });
}

/** The shape that one of ours has there. */
const partShape = ({ order }: Foreign, shape: readonly number[]): readonly number[] => order?.map((axis) => shape[axis]!) ?? shape;

/** The shape of a tensor there, made of ours of these shapes. */
export function shapeThere(foreign: Foreign, shapes: readonly (readonly number[])[]): readonly number[] {
  const parts = shapes.map((shape) => partShape(foreign, shape));
  const [first, ...rest] = parts[0]!;
  if (foreign.join === "rows") return [parts.reduce((sum, part) => sum + part[0]!, 0), ...rest];
  return foreign.join === "stack" ? [parts.length, first!, ...rest] : parts[0]!;
}

/** Ours as the one tensor there. */
export function encoded(foreign: Foreign, shapes: readonly (readonly number[])[], ours: readonly Numbers[]): Numbers {
  const parts = ours.map((values, n) => moved(foreign, shapes[n]!, values, "there"));
  if (parts.length === 1) return parts[0]!;
  if (foreign.join === "sum") return parts.slice(1).reduce((sum, part) => sum.map((value, n) => value + part[n]!), parts[0]!);
  const all = empty(
    parts[0]!,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Of each element here, where it is there: gates change places, then axes. */
function placesThere({ order, gates }: Foreign, shape: readonly number[]): Uint32Array {
  const places = Uint32Array.from({ length: sizeOf(shape) }, (_, n) => n);
  if (gates !== undefined) eachGate(shape, gates, (here, there) => (places[here] = there));
  if (order === undefined) return places;
  const turned = new Uint32Array(places.length);
  eachTurned(shape, order, (x, y) => (turned[x] = y));
  return places.map((place) => turned[place]!);
}

/** Elements in the order that they have there, or, of such, in the one that they have here. */
function moved(foreign: Foreign, shape: readonly number[], values: Numbers, way: "there" | "here"): Numbers {
  if (foreign.order === undefined && foreign.gates === undefined) return values;
  const places = placesThere(foreign, shape);
  if (way === "here") return values.map((_, n) => values[places[n]!]!);
  const to = empty(values, values.length);
  places.forEach((place, n) => (to[place] = values[n]!));
  return to;
}

/** The one tensor there as ours. */
export function decoded(foreign: Foreign, shapes: readonly (readonly number[])[], theirs: Numbers): readonly Numbers[] {
  let at = 0;
  return shapes.map((shape, n) => {
    if (foreign.join === "sum") return n === 0 ? moved(foreign, shape, theirs, "here") : empty(theirs, theirs.length);
    const part = theirs.subarray(at, (at += sizeOf(shape)));
    return moved(foreign, shape, part, "here");
  });
}
