/** Reads CIFAR-10's binary files exactly: whole records, labels in range, pictures as [3, 32, 32]. */

import { listOf, optionsOf, required, TEXT } from "../arguments.ts";
import { BYTES, hold } from "../kinds.ts";
import * as error from "./error.ts";

/** One record: the label, then 1024 red, 1024 green and 1024 blue bytes, each plane row by row. */
const PIXELS = 3 * 32 * 32;
const RECORD = 1 + PIXELS;

/** n pictures as [n, 3, 32, 32], 0 to 1, and their n labels, 0 to 9. Also [n, 3072]: the order is the same. */
export interface Pictures {
  readonly x: Float32Array;
  readonly y: Int32Array;
}

/** The classes of CIFAR-10, by label. */
export const CIFAR10_CLASSES: readonly string[] = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

const FILES = listOf(
  "a list of files, { name, bytes }",
  optionsOf({ name: required(TEXT), bytes: required(BYTES) }, "a file, { name, bytes }"),
);

/**
 * The records of the files, one file after another: pixels scaled by 1/255, labels as they are.
 * The format is that of the files `data_batch_1.bin` … and `test_batch.bin`.
 *
 * @throws DataError naming the file when it is no whole number of records or holds a label above 9
 */
export function readCifar10(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Pictures {
  hold("readCifar10", { files }, { files: FILES });
  for (const { name, bytes } of files) {
    if (bytes.length === 0 || bytes.length % RECORD !== 0) throw error.notCifar(name, bytes, RECORD);
    for (let at = 0; at < bytes.length; at += RECORD) {
      if (bytes[at]! > 9) throw error.wrongLabel(name, bytes[at]!, at / RECORD);
    }
  }

  const records = files.reduce((sum, { bytes }) => sum + bytes.length / RECORD, 0);
  const x = new Float32Array(records * PIXELS);
  const y = new Int32Array(records);
  let row = 0;
  for (const { bytes } of files) {
    for (let at = 0; at < bytes.length; at += RECORD, row++) {
      y[row] = bytes[at]!;
      for (let k = 0; k < PIXELS; k++) x[row * PIXELS + k] = bytes[at + 1 + k]! / 255;
    }
  }
  return { x, y };
}
