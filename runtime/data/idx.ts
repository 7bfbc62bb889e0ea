/** Reads an IDX file exactly: what is declared is what is there, checked before any of it is believed. */

import { TEXT } from "../arguments.ts";
import { BYTES, hold } from "../kinds.ts";
import * as error from "./error.ts";

/** An array of unsigned bytes, row-major. */
export interface Idx {
  /** The file's name, for messages. */
  readonly name: string;
  readonly shape: readonly number[];
  /** A view of the file's bytes; nothing is copied. */
  readonly data: Uint8Array;
}

/**
 * The array in an IDX file of unsigned bytes: 00 00, element type, rank, then each extent as a big-endian
 * 32-bit number, then the elements.
 *
 * @throws DataError naming the file when it is anything else, too short or too long. Allocates nothing that
 * the file merely declares.
 */
export function readIdx(bytes: Uint8Array, name: string): Idx {
  hold("readIdx", { bytes, name }, { bytes: BYTES, name: TEXT });
  const start = bytes.subarray(0, 4);
  if (bytes.length >= 2 && (bytes[0] !== 0 || bytes[1] !== 0)) throw error.notIdx(name, start);
  if (bytes.length < 4) throw error.shortHeader(name, bytes.length, 4);
  const code = bytes[2]!;
  const rank = bytes[3]!;
  if (code !== 0x08) throw error.unsupportedElement(name, code);
  if (rank === 0) throw error.noDimensions(name);
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw error.shortHeader(name, bytes.length, header);

  const view = new DataView(bytes.buffer, bytes.byteOffset, header);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // a declared size beyond 2^53 is rounded, or ∞, and still unequal to any length there can be
  const size = shape.includes(0) ? 0 : shape.reduce((product, extent) => product * extent, 1);
  const data = bytes.subarray(header);
  if (data.length !== size) throw error.wrongLength(name, shape, data.length, size);
  return { name, shape, data };
}
