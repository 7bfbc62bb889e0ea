/** Weights of other programs in the trainer and back: by name, in the order of axes that each of them has, all or nothing. */

import { FLAG, isRecord, kind, oneOf, optionsOf, recordOf, TEXT, type Law } from "../arguments.ts";
import type { Tables } from "../checkpoint.ts";
import { readNpz } from "../data/npz.ts";
import type { NpyDtype } from "../data/npy.ts";
import { BYTES, has, hold, WEIGHTED } from "../kinds.ts";
import { nearest } from "../nearest.ts";
import { readSafetensors, writeSafetensors, type Tensor } from "../safetensors.ts";
import type { Trainer } from "../trainer.ts";
import { bytesOf, decoded, encoded, FLOATS, numbersOf, type Numbers } from "./convert.ts";
import * as error from "./error.ts";
import { MEANINGLESS, type Layout } from "./layouts.ts";
import { placesOf, type Place, type Rename, type Slot } from "./places.ts";

/** What a file of weights holds: tensors as they lie there, not yet given to a trainer. */
export interface Weights {
  /** The file's name, for messages. */
  readonly name: string;
  readonly tensors: readonly Tensor[];
}

/** What reading and writing weights needs of a trainer. */
export type WeightedTrainer = Pick<Trainer, "bytes" | "restore"> & { readonly tables: Tables };

/** How names and axes there are told from those here. */
export interface WeightOptions {
  /** What layers, parameters and running statistics here are called in the file. Default: as here. */
  readonly rename?: Rename;
  /** Whose names and axes the file has. Default: "adjoint", those here. */
  readonly layout?: Layout;
}

/** Options of `loadWeights`. */
export interface LoadOptions extends WeightOptions {
  /** Anything but a full match is an error. Default: true. */
  readonly strict?: boolean;
}

/** One of the trainer's arrays, or a tensor of the file. */
export interface Named {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What `loadWeights` did. */
export interface LoadedWeights {
  /** Arrays that have the file's values now, and the tensor of each. */
  readonly loaded: readonly (Named & { readonly from: string })[];
  /** Arrays for which the file has nothing: they are as they were. */
  readonly missing: readonly Named[];
  /** Arrays whose tensor does not fit, and why: they are as they were. */
  readonly unfit: readonly (Named & { readonly from: string; readonly why: string })[];
  /** Tensors of the file that nothing here takes. */
  readonly unused: readonly Named[];
}

const LAYOUT = oneOf("adjoint", "pytorch", "keras");
export const RENAME: Law = recordOf('names in the file by names here, such as { dense: "fc1" }', TEXT);
const LOAD = optionsOf<LoadOptions>({ rename: RENAME, layout: LAYOUT, strict: FLAG });
const SAVE = optionsOf<WeightOptions>({ rename: RENAME, layout: LAYOUT });
/** Of what was read of a file of weights. */
export const WEIGHTS: Law = kind(
  "what readWeights returns",
  (value) => isRecord(value) && Array.isArray(value["tensors"]) && has(value, "string", "name"),
);

const NUMPY: Readonly<Partial<Record<NpyDtype, string>>> = {
  float32: "F32",
  float64: "F64",
  int32: "I32",
  int64: "I64",
  uint8: "U8",
};

/**
 * The tensors of a safetensors file, as views of its bytes, or of an .npz archive. `name` is for messages.
 *
 * @throws DataError when it is neither, or damaged
 */
export function readWeights(bytes: Uint8Array, name = "the file of weights"): Weights {
  hold("readWeights", { bytes, name }, { bytes: BYTES, name: TEXT });
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const arrays = [...readNpz(bytes, name)].map(([array, { dtype, shape, data }]): Tensor => {
      const own = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return { name: array, dtype: NUMPY[dtype] ?? dtype, shape, bytes: own };
    });
    return { name, tensors: arrays };
  }
  // a header begins with a brace, after eight bytes that are its length
  if (bytes.length >= 9 && bytes[8] !== 0x7b) throw error.noFormat(name);
  return { name, tensors: readSafetensors(bytes, name).tensors };
}

/** A tensor and where it goes. */
interface Match {
  readonly place: Place;
  readonly tensor: Tensor;
  readonly values: Numbers;
}

/**
 * Copies weights into a trainer by name: kernels transposed, gates and axes reordered as `layout` says. State of an optimizer stays as it is.
 *
 * @throws DataError listing all that is missing, does not fit or is not taken, unless `strict` is false, in which case that is returned.
 * Nothing is changed then.
 */
export function loadWeights(trainer: WeightedTrainer, weights: Weights, options: LoadOptions = {}): LoadedWeights {
  hold("loadWeights", { trainer, weights, options }, { trainer: WEIGHTED, weights: WEIGHTS, options: LOAD });
  const { rename = {}, layout = "adjoint", strict = true } = options;
  const places = placesOf(trainer.tables, layout, rename);
  const held = new Map(weights.tensors.map((tensor) => [tensor.name, tensor]));
  const taken = new Set<string>();
  const [matches, missing, unfit, clauses]: [Match[], Place[], LoadedWeights["unfit"][number][], string[]] = [[], [], [], []];
  for (const place of places) {
    const tensor = place.names.map((name) => held.get(name)).find((found) => found !== undefined);
    if (tensor === undefined) {
      missing.push(place);
      continue;
    }
    taken.add(tensor.name);
    const values = FLOATS.includes(tensor.dtype) ? numbersOf(tensor) : undefined;
    const why = whyUnfit(place, tensor, values);
    if (why === undefined) matches.push({ place, tensor, values: values! });
    else {
      unfit.push(...place.of.map(({ name, shape }) => ({ name, shape, from: tensor.name, why })));
      clauses.push(error.unfit(tensor.name, error.typeText(tensor.dtype, tensor.shape), place.of[0]!.name, why));
    }
  }
  const unused = weights.tensors.filter(({ name }) => !taken.has(name) && !MEANINGLESS[layout].test(name));
  const left = unused.map(({ name }) => name);
  clauses.push(
    ...missing.map(({ names, of: [first] }) =>
      error.lacks(first!.name, error.typeText(first!.dtype, first!.shape), names[0]!, nearest(names[0]!, left)),
    ),
  );
  clauses.push(...unused.map(({ name, dtype, shape }) => error.unused(name, error.typeText(dtype, shape))));
  if (strict && clauses.length > 0) throw error.noMatch(weights.name, clauses, error.REMEDY);
  write(trainer, matches);
  const named = ({ name, shape }: Named): Named => ({ name, shape });
  return {
    loaded: matches.flatMap(({ place, tensor }) => place.of.map((slot) => ({ ...named(slot), from: tensor.name }))),
    missing: missing.flatMap(({ of }) => of.map(named)),
    unfit,
    unused: unused.map(named),
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1);

/** Why a tensor cannot be what is asked for; undefined where it can. */
function whyUnfit({ shape, foreign, of, own }: Place, tensor: Tensor, values: Numbers | undefined): string | undefined {
  if (values === undefined) return error.wrongType();
  const needs = error.typeText(of[0]!.dtype, shape);
  const fits = String(tensor.shape) === String(shape) || (foreign.split === true && sizeOf(tensor.shape) === sizeOf(shape));
  if (!fits) return own && String(tensor.shape.toReversed()) === String(shape) ? error.transposed(needs) : error.wrongShape(needs);
  const nan = values.findIndex((value) => Number.isNaN(value));
  if (nan >= 0) return error.notANumber(nan);
  if (of[0]!.dtype === "f64" || values instanceof Float32Array) return undefined;
  const large = values.findIndex((value) => Number.isFinite(value) && !Number.isFinite(Math.fround(value)));
  return large < 0 ? undefined : error.tooLarge(values[large]!, large);
}

/** All of them at once: `restore` takes the whole or nothing. */
function write(trainer: WeightedTrainer, matches: readonly Match[]): void {
  const packed = trainer.bytes();
  for (const { place, values } of matches) {
    const shapes = place.of.map(({ shape }) => shape);
    decoded(place.foreign, shapes, values).forEach((part, n) => {
      const { at, dtype } = place.of[n]!;
      packed.set(bytesOf(dtype === "f64" ? Float64Array.from(part) : Float32Array.from(part)), at);
    });
  }
  trainer.restore(packed);
}

/**
 * Parameters and running statistics as a safetensors file in the names and axes of `layout`: for `load_state_dict` of a PyTorch module whose
 * names `rename` gives, or for `readWeights`. Optimizer state is in checkpoints only.
 *
 * @throws DataError when two would have one name
 */
export function saveWeights(trainer: WeightedTrainer, options: WeightOptions = {}): Uint8Array {
  hold("saveWeights", { trainer, options }, { trainer: WEIGHTED, options: SAVE });
  const { rename = {}, layout = "adjoint" } = options;
  const packed = trainer.bytes();
  const valuesOf = ({ name, dtype, shape, at, size }: Slot): Numbers =>
    numbersOf({ name, shape, dtype: dtype === "f64" ? "F64" : "F32", bytes: packed.subarray(at, at + size) });
  const named = new Map<string, string>();
  const tensors = placesOf(trainer.tables, layout, rename).map(({ names, of, foreign, shape }): Tensor => {
    const [name, first] = [names[0]!, of[0]!];
    const other = named.get(name);
    if (other !== undefined) throw error.sameName(name, other, first.name);
    named.set(name, first.name);
    const values = encoded(
      foreign,
      of.map((slot) => slot.shape),
      of.map(valuesOf),
    );
    return { name, dtype: first.dtype === "f64" ? "F64" : "F32", shape, bytes: bytesOf(values) };
  });
  const { MODEL } = trainer.tables;
  return writeSafetensors({
    tensors,
    // what Python's libraries ask for of a file for PyTorch
    metadata: { ...(layout === "pytorch" ? { format: "pt" } : {}), ...(MODEL === undefined ? {} : { model: MODEL }) },
  });
}
