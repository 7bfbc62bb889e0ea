/** Every message of the data readers: the file, what was found, what was expected, what to do. */

import { DataError } from "../error.ts";

export { DataError };

const hex = (bytes: Uint8Array): string =>
  bytes.length === 0
    ? "no bytes"
    : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

export const shapeText = (shape: readonly number[]): string => shape.join("×");

const ELEMENT_TYPES: ReadonlyMap<number, string> = new Map([
  [0x09, "signed bytes"],
  [0x0b, "16-bit integers"],
  [0x0c, "32-bit integers"],
  [0x0d, "32-bit floats"],
  [0x0e, "64-bit floats"],
]);

export const notIdx = (name: string, start: Uint8Array): DataError =>
  start[0] === 0x1f && start[1] === 0x8b
    ? new DataError(`${name} is compressed with gzip; decompress it first (gunzip)`)
    : new DataError(
        `${name} is not an IDX file: it begins with ${hex(start)}, where IDX begins with 00 00; ` +
          `fetch the file again, or name the right one`,
      );

export const unsupportedElement = (name: string, code: number): DataError =>
  new DataError(
    `${name} holds elements of type 0x${code.toString(16).padStart(2, "0")} ` +
      `(${ELEMENT_TYPES.get(code) ?? "none that IDX defines"}), where unsigned bytes (0x08) were expected; ` +
      `convert the file to unsigned bytes`,
  );

export const noDimensions = (name: string): DataError =>
  new DataError(
    `${name} declares no dimensions, where at least 1 was expected; fetch the file again`,
  );

export const shortHeader = (name: string, found: number, expected: number): DataError =>
  new DataError(
    `${name} ends within its header, after ${found} of ${expected} bytes; fetch the file again`,
  );

export const wrongLength = (
  name: string,
  shape: readonly number[],
  found: number,
  expected: number,
): DataError =>
  new DataError(
    `${name} declares ${shapeText(shape)} bytes of data, ${expected} in all, but ` +
      `${found < expected ? "ends after" : "holds"} ${found}; fetch the file again`,
  );

export const notImages = (name: string, shape: readonly number[]): DataError =>
  new DataError(
    `${name} holds an array of ${shapeText(shape)}, where images of n×28×28 were expected; ` +
      `name an images file (…-images-idx3-ubyte)`,
  );

export const notLabels = (name: string, shape: readonly number[]): DataError =>
  new DataError(
    `${name} holds an array of ${shapeText(shape)}, where one label an image was expected; ` +
      `name a labels file (…-labels-idx1-ubyte)`,
  );

export const unequalCounts = (
  images: string,
  imageCount: number,
  labels: string,
  labelCount: number,
): DataError =>
  new DataError(
    `${images} holds ${imageCount} images, but ${labels} holds ${labelCount} labels; ` +
      `take both files from the same set`,
  );

export const wrongLabel = (name: string, label: number, row: number): DataError =>
  new DataError(
    `${name} holds the label ${label} at row ${row} (counted from 0), where 0 to 9 were expected; ` +
      `fetch the file again, or name the right one`,
  );
