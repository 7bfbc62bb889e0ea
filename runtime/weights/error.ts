/** Every message of weights in files: the file, what was found, what was expected, what to do. */

import { DataError } from "../error.ts";
import { nearest } from "../nearest.ts";

/** `f32[2,3]`, in the words of messages. */
export const typeText = (dtype: string, shape: readonly number[]): string => `${dtype.toLowerCase()}[${shape.join(",")}]`;

/** The clauses of what keeps a file from being a full match, at most so many of a kind. */
const MOST = 20;

const listed = (clauses: readonly string[]): string =>
  clauses.length <= MOST ? clauses.join("; ") : `${clauses.slice(0, MOST).join("; ")}; and ${clauses.length - MOST} more`;

export const noMatch = (name: string, clauses: readonly string[], remedy: string): DataError =>
  new DataError(`${name} does not fit the trainer, which is as it was: ${listed(clauses)}; ${remedy}`);

export const lacks = (name: string, type: string, there: string, near: string | undefined): string =>
  `it lacks ${there}, for ${name} ${type}${near === undefined ? "" : ` (it has ${near})`}`;

export const unused = (name: string, type: string): string => `it holds ${name} ${type}, which nothing here takes`;

export const REMEDY = "rename says what is called otherwise there, layout whose names and axes it has, and strict: false takes what fits";

export const wrongShape = (needs: string): string => `needs ${needs}`;
export const transposed = (needs: string): string =>
  `needs ${needs}; it is declared by the model itself, so that nobody knows which of its axes is which: transpose it there`;
export const wrongType = (): string => "is of a type that no weights are read from";
export const notANumber = (at: number): string => `holds NaN at element ${at} (counted from 0)`;
export const tooLarge = (value: number, at: number): string => `holds ${value} at element ${at}, which is no float32`;

export const unfit = (from: string, type: string, name: string, why: string): string => `${from} ${type}, for ${name}, ${why}`;

export const unknownKey = (key: string, names: readonly string[]): DataError => {
  const near = nearest(key, names);
  return new DataError(
    `rename has ${JSON.stringify(key)}, but no layer, parameter or running statistic here is called that` +
      (near === undefined ? `; there are ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}` : `; did you mean ${near}?`),
  );
};

export const sameName = (name: string, a: string, b: string): DataError =>
  new DataError(`${a} and ${b} would both be called ${JSON.stringify(name)} in the file; rename one of them to something else`);

export const noFormat = (name: string): DataError =>
  new DataError(`${name} is neither a safetensors file nor an .npz archive of NumPy's; save the weights as one of them`);
