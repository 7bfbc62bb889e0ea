/** Every message of checkpoints: the file, what was found, what was expected, what to do. */

import { DataError } from "./error.ts";

const DAMAGED = "it is damaged: take an older checkpoint, or fetch the file again";

const typeText = (dtype: string, shape: readonly number[]): string => `${dtype.toLowerCase()}[${shape.join(",")}]`;

export const shortFile = (name: string, found: number, expected: number): DataError =>
  new DataError(`${name} ends within its header, after ${found} of ${expected} bytes; ${DAMAGED}`);

export const longHeader = (name: string, found: bigint, most: number): DataError =>
  new DataError(
    `${name} declares a header of ${found} bytes, where a safetensors file has at most ${most}; ` + `${DAMAGED}, or name the right file`,
  );

export const badHeader = (name: string): DataError =>
  new DataError(`${name} has a header that is no JSON object, where one was expected of a safetensors file; ${DAMAGED}`);

export const twice = (name: string, key: string): DataError =>
  new DataError(`${name} has ${JSON.stringify(key)} twice in its header; ${DAMAGED}`);

export const holdsNaN = (name: string, tensor: string, at: number, epoch?: number): DataError =>
  new DataError(
    `${name} holds NaN in ${tensor}${epoch === undefined ? "" : `, as kept after epoch ${epoch}`}, at element ${at} (counted from 0): ` +
      `the run had diverged; take an older checkpoint, and a smaller learning rate`,
  );

export const badMetadata = (name: string): DataError =>
  new DataError(`${name} has metadata that are not all texts, where a safetensors file has an object of strings; ${DAMAGED}`);

export const badEntry = (name: string, tensor: string): DataError =>
  new DataError(`${name} describes ${tensor} by something else than a known dtype, a shape and two data_offsets; ${DAMAGED}`);

export const wrongSize = (
  name: string,
  tensor: string,
  shape: readonly number[],
  dtype: string,
  found: number,
  expected: number,
): DataError => new DataError(`${name} gives ${tensor} ${found} bytes, where ${typeText(dtype, shape)} needs ${expected}; ${DAMAGED}`);

export const gap = (name: string, tensor: string, found: number, expected: number): DataError =>
  new DataError(
    `${name} places ${tensor} at byte ${found} of the data, where byte ${expected} comes next ` + `(no gap, no overlap); ${DAMAGED}`,
  );

export const wrongData = (name: string, found: number, expected: number): DataError =>
  new DataError(`${name} declares ${expected} bytes of data, but ${found < expected ? "ends after" : "holds"} ${found}; ${DAMAGED}`);

export const notCheckpoint = (name: string, found: string | undefined, expected: string): DataError =>
  new DataError(
    `${name} is a safetensors file ${found === undefined ? "without a format in its metadata" : `of the format ${JSON.stringify(found)}`}, ` +
      `where ${JSON.stringify(expected)} was expected; name a checkpoint that saveCheckpoint or fit wrote`,
  );

export const wrongChecksum = (name: string): DataError => new DataError(`${name} does not have the checksum that it carries; ${DAMAGED}`);

export const badField = (name: string, field: string): DataError =>
  new DataError(`${name} holds no usable ${JSON.stringify(field)} in its metadata; take an older checkpoint`);

export const foreignTables = (declared: number, found: number): RangeError =>
  new RangeError(
    `PARAMETERS and STATE declare ${declared} bytes, but the trainer has ${found}; ` +
      `give the tables of the module that made the trainer`,
  );

const ANOTHER = "it belongs to another model: give this run a store of its own, or use the trainer that wrote it";

export const otherModel = (name: string, found: string, expected: string): DataError =>
  new DataError(`${name} is of the model ${found}, not of ${expected}; ${ANOTHER}`);

interface Row {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** All that differs, each as one of the clauses below: to mend one of them alone would not help. */
export const otherTensors = (name: string, differences: readonly string[]): DataError =>
  new DataError(`${name} ${differences.join("; ")}; ${ANOTHER}`);

export const missingTensor = (row: Row): string => `lacks ${row.name}, which the model declares as ${typeText(row.dtype, row.shape)}`;

/** Of Adam's state before 1 − β^t itself was kept: the few digits that it had are no start for the new one. */
export const formerPower = (name: string, tensor: Row, row: Row): DataError =>
  new DataError(
    `${name} holds Adam's ${tensor.name}, where the model now keeps ${row.name}, which has more digits: it was written by a trainer that an ` +
      `earlier adjoint compiled; end that run with the trainer that wrote it, or begin this one in a store of its own`,
  );

export const unknownTensor = (tensor: Row): string =>
  `holds ${tensor.name} as ${typeText(tensor.dtype, tensor.shape)}, which the model does not have`;

export const otherTensor = (tensor: Row, row: Row): string =>
  `holds ${row.name} as ${typeText(tensor.dtype, tensor.shape)}, but the model declares it as ${typeText(row.dtype, row.shape)}`;

export const missingHyper = (hyper: string): string => `lacks the live scalar ${hyper}, which the model declares`;

export const unknownHyper = (hyper: string): string => `holds the live scalar ${hyper}, which the model does not have`;

export const otherGraph = (name: string, found: string, expected: string): DataError =>
  new DataError(`${name} was written under another graph of the model (${found}, now ${expected}), though every tensor fits; ${ANOTHER}`);

export const otherOrder = (name: string, field: string, found: number | null, given: number | null): DataError =>
  new DataError(
    `${name} was written by a run with ${field} ${found ?? "none"}, but this one has ${given ?? "none"}, so it ` +
      `cannot go on where that one stood; ask for the same, or give this run a store of its own`,
  );

export const noRun = (name: string): DataError =>
  new DataError(`${name} holds weights but no run to go on with; give fit a store of its own, and the weights by restoreCheckpoint`);

export const notRead = (name: string, reason: string, cause: unknown): DataError =>
  new DataError(`${name} cannot be read (${reason}); mend its permissions`, { cause });

export const noneUsable = (count: number, newest: string, cause: unknown): DataError =>
  new DataError(
    `no checkpoint of the ${count} in the store can be used; of the newest: ${newest}; ` + `or remove them all, to train from the start`,
    { cause },
  );

export const notWritten = (name: string, reason: string, cause: unknown): DataError =>
  new DataError(
    `${name} could not be written (${reason}); the checkpoints before it are as they were: ` +
      `make room or mend the permissions, then call fit again to go on from the last`,
    { cause },
  );

export const notRemoved = (name: string, reason: string, cause: unknown): DataError =>
  new DataError(
    `${name}, which newer checkpoints replace, could not be removed (${reason}); mend the permissions, ` +
      `then call fit again to go on from the last`,
    { cause },
  );

export const notListed = (reason: string, cause: unknown): DataError =>
  new DataError(`the checkpoints of the store could not be listed (${reason}); mend its permissions, or name another`, { cause });

export const fellBack = (used: string, faults: readonly string[]): string =>
  `training went on from ${used}, an older checkpoint: ${faults.join("; ")}`;
