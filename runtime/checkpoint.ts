/** A training run as one safetensors file and back: whatever it depends on returns with the same bits, into the same model only. */

import { isRecord, kind, optional, TEXT } from "./arguments.ts";
import * as error from "./checkpoint-error.ts";
import { crc32 } from "./crc32.ts";
import { BYTES as FILE, hold, SNAPSHOT, TABLES } from "./kinds.ts";
import { fromText, isNumbers, isRunState, toText, type RunState } from "./run-state.ts";
import { readSafetensors, writeSafetensors, type Safetensors, type Tensor } from "./safetensors.ts";
import type { Trainer } from "./trainer.ts";

/** One row of a generated module's PARAMETERS or STATE. */
export interface TableRow {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "f32" | "f64" | "i32";
  /** The kind of layer that declared it, "model" where the model did itself; an optimizer's state has none. */
  readonly layer?: string | undefined;
}

/** What a checkpoint needs of a generated module: the module itself will do. */
export interface Tables {
  readonly PARAMETERS: readonly TableRow[];
  readonly STATE: readonly TableRow[];
  /** The model's name; compared where both sides have one. */
  readonly MODEL?: string;
  /** A hash of the model's graph; likewise. */
  readonly GRAPH?: string;
}

/** What a checkpoint needs of a trainer. */
export type Snapshot = Pick<Trainer, "bytes" | "restore" | "hyper" | "stepCount">;

/** Parameters and state as they were after some epochs, by epoch, in the form of `bytes()`. */
export type Kept = ReadonlyMap<number, Uint8Array>;

/** What a checkpoint's file holds, read and not yet given to a trainer. */
export interface Checkpoint {
  /** The file's name, for messages. */
  readonly name: string;
  /** Steps that the trainer had taken. */
  readonly step: number;
  readonly model?: string;
  readonly graph?: string;
  readonly hyper: Readonly<Record<string, number>>;
  /** Where `fit` stood; absent of weights that were saved by hand. */
  readonly run?: RunState;
  /** Beside the newest: what callbacks had kept, such as early stopping's best. */
  readonly kept: Kept;
  readonly tensors: readonly Tensor[];
}

const FORMAT = "adjoint-checkpoint 1";
const DTYPES = { f32: "F32", f64: "F64", i32: "I32" } as const;
const BYTES = { f32: 4, f64: 8, i32: 4 } as const;

const rowsOf = ({ PARAMETERS, STATE }: Tables): readonly TableRow[] => [...PARAMETERS, ...STATE];
const bytesOf = ({ shape, dtype }: TableRow): number => shape.reduce((size, extent) => size * extent, BYTES[dtype]);
const sizeOf = (rows: readonly TableRow[]): number => rows.reduce((sum, row) => sum + bytesOf(row), 0);

const RUN = kind("where fit stands", isRecord);
const KEPT = kind("a map of bytes by epoch", (value) => Object.prototype.toString.call(value) === "[object Map]");
const CHECKPOINT = kind(
  "what loadCheckpoint returns",
  (value) => isRecord(value) && Array.isArray(value["tensors"]) && isRecord(value["hyper"]) && typeof value["name"] === "string",
);

/**
 * The trainer's parameters and state by name, its live scalars, where the run stands, and what is kept of earlier
 * epochs. See Note: the checksum.
 *
 * @throws RangeError when the tables are not of the trainer's module
 */
export function saveCheckpoint(tables: Tables, trainer: Snapshot, run?: RunState, kept: Kept = new Map()): Uint8Array {
  hold("saveCheckpoint", { tables, trainer, run, kept }, { tables: TABLES, trainer: SNAPSHOT, run: optional(RUN), kept: KEPT });
  const packed = trainer.bytes();
  const rows = rowsOf(tables);
  const declared = sizeOf(rows);
  if (declared !== packed.length) throw error.foreignTables(declared, packed.length);
  let at = 0;
  const tensors = rows.map((row): Tensor => {
    const bytes = packed.subarray(at, at + bytesOf(row));
    at += bytes.length;
    return { name: row.name, dtype: DTYPES[row.dtype], shape: row.shape, bytes };
  });
  const metadata = {
    format: FORMAT,
    ...(tables.MODEL === undefined ? {} : { model: tables.MODEL }),
    ...(tables.GRAPH === undefined ? {} : { graph: tables.GRAPH }),
    step: String(trainer.stepCount),
    hyper: toText(trainer.hyper),
    ...(run === undefined ? {} : { run: toText(run) }),
    ...(kept.size === 0 ? {} : { kept: toText([...kept.keys()]) }),
  };
  const all = [...tensors, ...keptTensors(rows, kept)];
  const checksum = checksumOf({ tensors: all, metadata });
  return writeSafetensors({ tensors: all, metadata: { ...metadata, checksum } });
}

/** One tensor an epoch, last in the file; what the model itself calls so is called otherwise here. */
function keptTensors(rows: readonly TableRow[], kept: Kept): readonly Tensor[] {
  const taken = new Set(rows.map(({ name }) => name));
  return [...kept].map(([epoch, bytes]) => {
    let name = `kept after epoch ${epoch}`;
    while (taken.has(name)) name += "'";
    return { name, dtype: "U8", shape: [bytes.length], bytes };
  });
}

/**
 * What a file of `saveCheckpoint` holds; the tensors are views of its bytes.
 *
 * @throws DataError naming the file when it is anything else, or a bit of it has changed, or a tensor of it holds NaN
 */
export function loadCheckpoint(file: Uint8Array, name: string): Checkpoint {
  hold("loadCheckpoint", { file, name }, { file: FILE, name: TEXT });
  const { tensors, metadata } = readSafetensors(file, name);
  const { checksum, ...rest } = metadata;
  if (rest["format"] !== FORMAT) throw error.notCheckpoint(name, rest["format"], FORMAT);
  if (checksum !== checksumOf({ tensors, metadata: rest })) throw error.wrongChecksum(name);

  const { model, graph, step, hyper: hyperText = "", run: runText, kept: keptText = "[]" } = rest;
  const hyper = fromText(hyperText);
  const run = runText === undefined ? undefined : fromText(runText);
  if (step === undefined || !/^\d{1,15}$/.test(step)) throw error.badField(name, "step");
  if (!isNumbers(hyper)) throw error.badField(name, "hyper");
  if (runText !== undefined && !isRunState(run)) throw error.badField(name, "run");
  const epochs = fromText(keptText);
  if (!isEpochs(epochs)) throw error.badField(name, "kept");
  const own = tensors.slice(0, Math.max(0, tensors.length - epochs.length));
  const kept = new Map(epochs.map((epoch, n) => [epoch, tensors.at(n - epochs.length)?.bytes ?? new Uint8Array(0)]));
  const length = own.reduce((sum, { bytes }) => sum + bytes.length, 0);
  for (const bytes of kept.values()) if (bytes.length !== length) throw error.badField(name, "kept");
  requireNumbers(name, own);
  for (const [epoch, bytes] of kept) requireNumbers(name, cut(bytes, own), epoch);
  return {
    name,
    step: Number(step),
    ...(model === undefined ? {} : { model }),
    ...(graph === undefined ? {} : { graph }),
    hyper,
    ...(isRunState(run) ? { run } : {}),
    kept,
    tensors: own,
  };
}

/** Packed bytes as tensors of the same names, types and lengths. */
function cut(packed: Uint8Array, like: readonly Tensor[]): readonly Tensor[] {
  let at = 0;
  return like.map((tensor) => ({
    ...tensor,
    bytes: packed.subarray(at, (at += tensor.bytes.length)),
  }));
}

/** Weights that are no numbers train nothing. */
function requireNumbers(name: string, tensors: readonly Tensor[], epoch?: number): void {
  for (const { name: tensor, dtype, bytes } of tensors) {
    const width = dtype === "F32" ? 4 : dtype === "F64" ? 8 : undefined;
    if (width === undefined) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; at += width)
      if (Number.isNaN(width === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true)))
        throw error.holdsNaN(name, tensor, at / width, epoch);
  }
}

/** Distinct epochs, from 1. */
const isEpochs = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((epoch) => Number.isSafeInteger(epoch) && epoch >= 1) && new Set(value).size === value.length;

/** Under which name Adam kept β^t, where it now keeps 1 − β^t: adam.1-beta2^t was adam.beta2^t. */
const formerName = (name: string): string => name.replace(/\.1-(beta[12]\^t)$/, ".$1");

/**
 * Whether a checkpoint is of the trainer's own model.
 *
 * @throws DataError when it is not: the message lists every tensor and live scalar that differs
 */
export function requireSameModel(tables: Tables, trainer: Snapshot, checkpoint: Checkpoint): void {
  const { name, model, graph, hyper, tensors } = checkpoint;
  if (model !== undefined && tables.MODEL !== undefined && model !== tables.MODEL) {
    throw error.otherModel(name, model, tables.MODEL);
  }
  const held = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const differences: string[] = [];
  for (const row of rowsOf(tables)) {
    const tensor = held.get(row.name);
    const former = held.get(formerName(row.name));
    if (tensor === undefined && former !== undefined) throw error.formerPower(name, former, row);
    held.delete(row.name);
    if (tensor === undefined) differences.push(error.missingTensor(row));
    else if (!isOfType(tensor, row)) differences.push(error.otherTensor(tensor, row));
  }
  for (const tensor of held.values()) differences.push(error.unknownTensor(tensor));
  const live = Object.keys(trainer.hyper);
  for (const one of Object.keys(hyper)) if (!live.includes(one)) differences.push(error.unknownHyper(one));
  for (const one of live) if (!Object.hasOwn(hyper, one)) differences.push(error.missingHyper(one));
  if (differences.length > 0) throw error.otherTensors(name, differences);
  if (graph !== undefined && tables.GRAPH !== undefined && graph !== tables.GRAPH) {
    throw error.otherGraph(name, graph, tables.GRAPH);
  }
}

const isOfType = (tensor: Tensor, row: TableRow): boolean =>
  tensor.dtype === DTYPES[row.dtype] &&
  tensor.shape.length === row.shape.length &&
  tensor.shape.every((extent, axis) => extent === row.shape[axis]);

/**
 * Gives the trainer the parameters, state and live scalars of a checkpoint.
 *
 * @throws DataError when they are of another model: the message lists every tensor that differs; nothing is changed then
 */
export function restoreCheckpoint(tables: Tables, trainer: Snapshot, checkpoint: Checkpoint): void {
  hold("restoreCheckpoint", { tables, trainer, checkpoint }, { tables: TABLES, trainer: SNAPSHOT, checkpoint: CHECKPOINT });
  requireSameModel(tables, trainer, checkpoint);
  const rows = rowsOf(tables);
  const byName = new Map(checkpoint.tensors.map((tensor) => [tensor.name, tensor.bytes]));
  const packed = new Uint8Array(sizeOf(rows));
  let at = 0;
  for (const row of rows) {
    packed.set(byName.get(row.name)!, at);
    at += bytesOf(row);
  }
  trainer.restore(packed);
  Object.assign(trainer.hyper, checkpoint.hyper);
}

/** Over the header's meaning, then the data. Eight hexadecimal digits. */
function checksumOf({ tensors, metadata }: Safetensors): string {
  const header = tensors.map(({ name, dtype, shape }) => [name, dtype, shape]);
  let sum = crc32(new TextEncoder().encode(JSON.stringify([metadata, header])));
  for (const { bytes } of tensors) sum = crc32(bytes, sum);
  return sum.toString(16).padStart(8, "0");
}

// Note: the checksum. It is a CRC-32: it finds every burst of up to 32 changed bits and all but one in 2^32 of other
// changes, in any browsing context and without waiting (crypto.subtle is absent from pages without TLS). It is
// against accidents, not against forgers: whoever can write the file could write any checksum too.
// It covers the header by meaning, so that changed padding, which nothing reads, is not a fault.
