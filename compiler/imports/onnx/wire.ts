/** Takes protocol buffers apart without believing them: no field reaches beyond its message, no message nests deeper than it may. */

import { ImportError } from "../error.ts";

/** A field as it lies there: its number, and a whole number or the bytes of its value. */
export interface Field {
  readonly field: number;
  readonly wire: "varint" | "fixed32" | "fixed64" | "length";
  /** Of a varint; else 0n. */
  readonly value: bigint;
  /** Of anything else, as a view of the file. */
  readonly bytes: Uint8Array;
}

const NONE = new Uint8Array(0);
/** Graphs within graphs, each of them several messages deep. */
export const DEEPEST = 64;

const damaged = (at: number, what: string): ImportError =>
  new ImportError(`byte ${at}: ${what}; the file is damaged, or no ONNX model: fetch it again`);

/** The fields of a message, in order. `origin` is where the message begins in the file, for messages. */
export function fieldsOf(bytes: Uint8Array, origin = 0): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw damaged(origin + at - 1, "a number is cut");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw damaged(origin + at, "a number does not end after ten bytes");
  };
  const take = (length: bigint, what: string): Uint8Array => {
    if (length > BigInt(bytes.length - at)) throw damaged(origin + at, `${what} of ${length} bytes, where ${bytes.length - at} are left`);
    return bytes.subarray(at, (at += Number(length)));
  };
  while (at < bytes.length) {
    const begin = at;
    const tag = varint();
    const field = Number(tag >> 3n);
    if (field === 0 || tag >> 3n > 0x1fff_ffffn) throw damaged(origin + begin, "a field without a number");
    const type = Number(tag & 7n);
    if (type === 0) fields.push({ field, wire: "varint", value: varint(), bytes: NONE });
    else if (type === 1) fields.push({ field, wire: "fixed64", value: 0n, bytes: take(8n, "a field") });
    else if (type === 2) fields.push({ field, wire: "length", value: 0n, bytes: take(varint(), "a field") });
    else if (type === 5) fields.push({ field, wire: "fixed32", value: 0n, bytes: take(4n, "a field") });
    else throw damaged(origin + begin, `a field of the unknown wire type ${type}`);
  }
  return fields;
}

/** Whole numbers under one length, or one alone. */
export function numbersIn({ wire, value, bytes }: Field): readonly bigint[] {
  if (wire === "varint") return [BigInt.asIntN(64, value)];
  const all: bigint[] = [];
  for (let at = 0; at < bytes.length;) {
    let [number, shift] = [0n, 0n];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || shift >= 70n) throw damaged(0, "a list of numbers is cut");
      number |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7n;
    }
    all.push(BigInt.asIntN(64, number));
  }
  return all;
}
