/** Every message of the data readers but NumPy's: the file, what was found, what was expected, what to do. */

import { shown } from "../arguments.ts";
import { DataError } from "../error.ts";

export { DataError, shown };

/** Bytes as a message shows them: `93 4e`. */
export const hex = (bytes: Uint8Array): string =>
  bytes.length === 0 ? "no bytes" : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

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
  new DataError(`${name} declares no dimensions, where at least 1 was expected; fetch the file again`);

export const shortHeader = (name: string, found: number, expected: number): DataError =>
  new DataError(`${name} ends within its header, after ${found} of ${expected} bytes; fetch the file again`);

export const wrongLength = (name: string, shape: readonly number[], found: number, expected: number): DataError =>
  new DataError(
    `${name} declares ${shapeText(shape)} bytes of data, ${expected} in all, but ` +
      `${found < expected ? "ends after" : "holds"} ${found}; fetch the file again`,
  );

export const notImages = (name: string, shape: readonly number[]): DataError =>
  new DataError(
    `${name} holds an array of ${shapeText(shape)}, where images of n×28×28 were expected; ` + `name an images file (…-images-idx3-ubyte)`,
  );

export const notLabels = (name: string, shape: readonly number[]): DataError =>
  new DataError(
    `${name} holds an array of ${shapeText(shape)}, where one label an image was expected; ` + `name a labels file (…-labels-idx1-ubyte)`,
  );

export const unequalCounts = (images: string, imageCount: number, labels: string, labelCount: number): DataError =>
  new DataError(`${images} holds ${imageCount} images, but ${labels} holds ${labelCount} labels; ` + `take both files from the same set`);

export const wrongLabel = (name: string, label: number, row: number): DataError =>
  new DataError(
    `${name} holds the label ${label} at row ${row} (counted from 0), where 0 to 9 were expected; ` +
      `fetch the file again, or name the right one`,
  );

export const notCifar = (name: string, bytes: Uint8Array, record: number): DataError =>
  bytes[0] === 0x1f && bytes[1] === 0x8b
    ? new DataError(`${name} is compressed with gzip; unpack it first (tar xzf, gunzip)`)
    : new DataError(
        bytes.length === 0
          ? `${name} is empty, where CIFAR-10's records of ${record} bytes were expected; fetch the file again`
          : `${name} holds ${bytes.length} bytes, which is not a whole number of CIFAR-10's records of ` +
              `${record}; fetch the file again (the binary version, not the one for Python)`,
      );

export const notUtf8 = (name: string): DataError => new DataError(`${name} is not UTF-8 text; convert it to UTF-8, or name the right file`);

export const textTooLong = (name: string): DataError => new DataError(`${name} is too long for one string; cut it into parts`);

export const emptyText = (name: string): DataError => new DataError(`${name} is empty, where text was expected; name the right file`);

export const unknownCharacter = (name: string, character: string, at: number): DataError =>
  new DataError(
    `${name} holds ${JSON.stringify(character)} at character ${at} (counted from 0), which the vocabulary ` +
      `lacks; read both texts as one, or take the character out`,
  );

export const badWindow = (length: number): RangeError =>
  new RangeError(`a window's length must be a whole number of at least 1, not ${length}`);

export const shortText = (characters: number, length: number): DataError =>
  new DataError(
    `the text holds ${characters} characters, where a window of ${length} and its last label need ` +
      `${length + 1}; give more text, or a shorter window`,
  );

/** A row of a CSV file: counted from 1 below the header, and by the line on which it begins. */
export const rowText = (name: string, row: number, line: number): string => `${name}, row ${row} (line ${line})`;

/** A column by its name, or by its place where it has none. */
const columnText = (column: string, at: number): string => `column ${column || `${at + 1} (without a name)`}`;

export const noHeader = (name: string): DataError => new DataError(`${name} is empty, without a header row; name the right file`);

export const repeatedColumn = (name: string, column: string): DataError =>
  new DataError(`${name} has two columns ${column || "without a name"}; give each a name of its own`);

export const noColumn = (name: string, column: string, columns: readonly string[]): DataError =>
  new DataError(`${name} has no column ${column}; its columns are ${few(columns)}`);

export const emptyColumn = (name: string, column: string): DataError =>
  new DataError(`${name} has no number in ${column}, which could stand for its missing ones; take the column out, or fill with "zero"`);

export const noCsvRows = (name: string): DataError => new DataError(`${name} has a header but no rows; give it one`);

export const raggedRow = (row: string, found: number, columns: readonly string[]): DataError =>
  new DataError(`${row} needs ${columns.length} cells (${few(columns)}), but has ${found}; mend it, and put cells with commas in quotes`);

export const missingCell = (row: string, column: string, at: number): DataError =>
  new DataError(`${row}, ${columnText(column, at)} is empty; fill the cell in, or leave the row out`);

export const notNumber = (row: string, column: string, at: number, cell: string): DataError =>
  new DataError(
    `${row}, ${columnText(column, at)} holds ${shown(cell)}, no finite float32 number; mend the cell, take the column out, or name it as the label`,
  );

export const unknownClass = (name: string, row: number, column: string, label: string, classes: readonly string[]): DataError =>
  new DataError(
    `${name}, row ${row}, column ${column} holds ${shown(label)}, none of the classes ${few(classes)}; mend the cell, or read the files as one`,
  );

export const openQuote = (name: string, line: number): DataError =>
  new DataError(`${name} has a quote at line ${line} that is never closed; close it, or double it`);

export const strayQuote = (name: string, line: number): DataError =>
  new DataError(`${name} has a quote at line ${line} inside a cell; put the cell in quotes, and double it inside`);

/** Names from a file, few enough for a message. */
const few = (names: readonly string[]): string =>
  names.slice(0, 10).join(", ") + (names.length > 10 ? ` and ${names.length - 10} more` : "");
