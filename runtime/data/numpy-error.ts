/** Every message of the readers of .npy and .npz: the file, what was found, what was expected, what to do. */

import { DataError, hex, shapeText, shown } from "./error.ts";

export const notNpy = (name: string, start: Uint8Array): DataError =>
  start[0] === 0x50 && start[1] === 0x4b
    ? new DataError(`${name} is an archive of arrays (.npz); read it with readNpz or loadNpz`)
    : new DataError(
        `${name} is not a .npy file: it begins with ${hex(start)}, where 93 4e 55 4d 50 59 were expected; ` +
          `save it with numpy.save, or name the right file`,
      );

export const npyVersion = (name: string, major: number, minor: number): DataError =>
  new DataError(
    `${name} has version ${major}.${minor} of the .npy format, where 1.0 or 2.0 was expected; ` + `save plain numbers with numpy.save`,
  );

export const shortNpyHeader = (name: string, found: number, expected: number): DataError =>
  new DataError(`${name} ends within its header, after ${found} of ${expected} bytes; save or fetch the file again`);

export const longNpyHeader = (name: string, found: number, most: number): DataError =>
  new DataError(
    `${name} has a header of ${found} bytes, where at most ${most} were expected of plain numbers; ` + `save them with numpy.save`,
  );

export const brokenNpyHeader = (name: string, header: string): DataError =>
  new DataError(
    `${name} has the header ${shown(header.trim())}, where a dictionary of descr, fortran_order and shape was ` +
      `expected; save or fetch the file again`,
  );

export const npyRecords = (name: string): DataError =>
  new DataError(`${name} holds records of several fields; save each field as an array of its own: ` + `numpy.save(…, array["field"])`);

export const fortranOrder = (name: string): DataError =>
  new DataError(`${name} is in Fortran order, column by column; save it row by row: ` + `numpy.save(…, numpy.ascontiguousarray(array))`);

/** NumPy's kinds of element, by the letter of their code. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ["f", "float"],
  ["i", "int"],
  ["u", "uint"],
  ["b", "bool"],
  ["c", "complex"],
]);

/** `<f2` → `float16 (<f2)`; what has no such name keeps its code. */
function dtypeText(code: string): string {
  const [, letter = "", bytes = "1"] = /^[<>|=]?([fiubc])(\d{1,2})$/.exec(code) ?? [];
  const kind = KINDS.get(letter);
  return kind === undefined ? shown(code) : `${kind}${8 * Number(bytes)} (${code})`;
}

export const npyDtype = (name: string, code: string, known: readonly string[]): DataError =>
  new DataError(
    code.startsWith(">")
      ? `${name} holds big-endian ${dtypeText(code)}, where little-endian was expected; ` +
          `save it with numpy.save(…, array.astype(array.dtype.newbyteorder("<")))`
      : `${name} holds elements of type ${dtypeText(code)}, where ${known.join(", ")} were expected; ` +
          `convert it: numpy.save(…, array.astype("float32"))`,
  );

export const wrongNpyLength = (name: string, shape: readonly number[], dtype: string, found: number, expected: number): DataError =>
  new DataError(
    `${name} declares ${shape.length === 0 ? "one" : shapeText(shape)} ${dtype}, ${expected} bytes in all, but ` +
      `${found < expected ? "ends after" : "holds"} ${found}; save or fetch the file again`,
  );

export const notFloat32 = (name: string, value: string, at: number): DataError =>
  new DataError(
    `${name} holds ${value} at element ${at} (counted from 0), where finite numbers within float32 were ` +
      `expected; leave the row out, or fill the value in`,
  );

export const notInt32 = (name: string, value: string, at: number): DataError =>
  new DataError(
    `${name} holds ${value} at element ${at} (counted from 0), where whole numbers of 32 bits were expected; ` +
      `mend the value, or read the array with toFloats`,
  );

export const notZip = (name: string, start: Uint8Array): DataError =>
  new DataError(
    `${name} is not a .npz archive: it begins with ${hex(start)}, where 50 4b was expected; ` +
      (start[0] === 0x93 ? `it is one array: read it with readNpy or loadNpy` : `save it with numpy.savez`),
  );

export const brokenZip = (name: string, what: string): DataError =>
  new DataError(`${name} is not a whole archive: ${what}; save or fetch the file again`);

export const zip64 = (name: string): DataError =>
  new DataError(`${name} is a ZIP64 archive, of 4 GB or more; save its arrays one by one with numpy.save`);

export const zipTooLarge = (name: string, found: number, most: number): DataError =>
  new DataError(
    `${name} declares ${found} bytes once unfolded, where at most ${most} are taken; ` + `save its arrays one by one with numpy.save`,
  );

export const encrypted = (name: string, entry: string): DataError =>
  new DataError(`${entry} in ${name} is encrypted; save the archive with numpy.savez`);

export const zipMethod = (name: string, entry: string, method: number): DataError =>
  new DataError(
    `${entry} in ${name} is compressed by method ${method}, where deflate (8) or none (0) was expected; ` +
      `save the archive with numpy.savez or numpy.savez_compressed`,
  );

export const notArray = (name: string, entry: string): DataError =>
  new DataError(`${name} holds ${shown(entry)}, where arrays (….npy) were expected; save the archive with numpy.savez`);

export const repeatedArray = (name: string, array: string): DataError =>
  new DataError(`${name} holds the array ${shown(array)} twice; give each array a name of its own`);
