/** Takes a ZIP archive apart without believing it: every length is checked, every checksum holds, memory follows what unfolds. */

import { Inflate } from "fflate";
import { crc32 } from "../crc32.ts";
import * as error from "./numpy-error.ts";

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Of all entries together: above what a program in one process would hold, below what a hostile archive unfolds to. */
const LARGEST = 2 ** 31;
/** DEFLATE makes at most 1032 bytes of one. */
const DENSEST = 1032;
/** Bytes inflated at a time: at most 66 MB come of them before their number is checked. */
const PIECE = 2 ** 16;

/**
 * The files of an archive, stored or deflated, in the order of its directory.
 * Layout: PKWARE's APPNOTE, without encryption, several disks or ZIP64.
 *
 * @throws DataError naming the archive, and the entry where there is one
 */
export function readZip(bytes: Uint8Array, name: string): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries = readDirectory(view, bytes, name);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > LARGEST) throw error.zipTooLarge(name, total, LARGEST);
  return entries.map((entry) => ({ name: entry.name, bytes: unfold(entry, view, bytes, name) }));
}

interface DirectoryEntry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  /** Bytes in the archive. */
  readonly packed: number;
  /** Bytes of the file. */
  readonly size: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const END_SIZE = 22;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;

/** The central directory, found from the end of the archive. */
function readDirectory(view: DataView, bytes: Uint8Array, name: string): DirectoryEntry[] {
  if (bytes.length < 2 || bytes[0] !== 0x50 || bytes[1] !== 0x4b) throw error.notZip(name, bytes.subarray(0, 4));
  const end = findEnd(view);
  if (end === undefined) throw error.brokenZip(name, "its directory is missing");
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || size === 0xffffffff || at === 0xffffffff) throw error.zip64(name);
  if (view.getUint32(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count || at + size !== end)
    throw error.brokenZip(name, "its directory is not where it should be");

  const entries: DirectoryEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_SIZE > end || view.getUint32(at, true) !== 0x02014b50) {
      throw error.brokenZip(name, `entry ${i + 1} of its directory is damaged`);
    }
    const nameEnd = at + ENTRY_SIZE + view.getUint16(at + 28, true);
    const next = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw error.brokenZip(name, `entry ${i + 1} of its directory is damaged`);
    const entry = {
      name: new TextDecoder().decode(bytes.subarray(at + ENTRY_SIZE, nameEnd)),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw error.encrypted(name, entry.name);
    if (entry.method !== 0 && entry.method !== 8) throw error.zipMethod(name, entry.name, entry.method);
    if (entry.packed === 0xffffffff || entry.size === 0xffffffff) throw error.zip64(name);
    entries.push(entry);
    at = next;
  }
  if (at !== end) throw error.brokenZip(name, "its directory has an end of its own");
  return entries;
}

/** Where the record that ends the archive begins: the last one whose comment reaches exactly to the end. */
function findEnd(view: DataView): number | undefined {
  const length = view.byteLength;
  for (let at = length - END_SIZE; at >= Math.max(0, length - END_SIZE - 0xffff); at--) {
    const ends = view.getUint32(at, true) === 0x06054b50;
    if (ends && at + END_SIZE + view.getUint16(at + 20, true) === length) return at;
  }
  return undefined;
}

function unfold(entry: DirectoryEntry, view: DataView, bytes: Uint8Array, name: string) {
  const { offset, packed, size, method, checksum } = entry;
  const fault = (what: string): Error => error.brokenZip(name, `${entry.name}: ${what}`);
  if (offset + LOCAL_SIZE > bytes.length || view.getUint32(offset, true) !== 0x04034b50) {
    throw fault("it does not begin where the directory says");
  }
  const nameAndExtra = view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  const nameStart = offset + LOCAL_SIZE;
  const start = nameStart + nameAndExtra;
  const localName = bytes.subarray(nameStart, nameStart + view.getUint16(offset + 26, true));
  if (new TextDecoder().decode(localName) !== entry.name) throw fault("it has another name inside");
  const data = bytes.subarray(start, start + packed);
  if (data.length !== packed) throw fault("it ends early");
  if (size > (method === 0 ? packed : packed * DENSEST)) {
    throw fault(`it declares ${size} bytes, more than ${packed} can unfold to`);
  }
  const unfolded = method === 0 ? data : inflate(data, size, fault);
  if (unfolded.length !== size) throw fault(`it holds ${unfolded.length} bytes, where ${size} were declared`);
  if (crc32(unfolded) !== checksum) throw fault("its checksum does not hold");
  return unfolded;
}

/** Inflates piece by piece, and no further than what was declared. */
function inflate(data: Uint8Array, size: number, fault: (what: string) => Error): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const stream = new Inflate((chunk) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  for (let at = 0; at === 0 || at < data.length; at += PIECE) {
    try {
      stream.push(data.subarray(at, at + PIECE), at + PIECE >= data.length);
    } catch (cause) {
      throw fault(`it cannot be inflated (${cause instanceof Error ? cause.message : String(cause)})`);
    }
    if (length > size) throw fault(`it unfolds to more than the ${size} bytes it declares`);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
