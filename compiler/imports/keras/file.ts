/** A Keras layers model as TensorFlow.js keeps it, model.json and its shards, as data: every name, type and size checked. */

import { sizeOf } from "../../graph/type.ts";
import { halfOf } from "../code.ts";
import { ImportError } from "../error.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
/** What an object itself has under a key. */
export const own = (object: JsonObject, key: string): Json | undefined => (Object.hasOwn(object, key) ? object[key] : undefined);

/** A weight as its shard has it. */
export interface KerasTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface KerasFile {
  /** The outermost layer: a Sequential or a functional model. */
  readonly model: JsonObject;
  /** Loss and optimizer, where it was compiled. */
  readonly training: JsonObject | undefined;
  /** Who wrote it. */
  readonly producer: string;
  readonly weights: readonly KerasTensor[];
}

const damaged = (what: string): ImportError => new ImportError(`${what}; the file is damaged: fetch it again`);

/** Throws an ImportError for what is no layers model, and for shards that do not hold what the manifest says; `read` gives a shard by its path. */
export function readKeras(text: string, read: (path: string) => Uint8Array): KerasFile {
  const whole = parsed(text);
  const topology = own(whole, "modelTopology");
  if (!isObject(topology))
    throw new ImportError("it holds no modelTopology; name the model.json of a layers model, as TensorFlow.js saves one");
  const format = own(whole, "format");
  if (format === "graph-model" || isList(own(topology, "node")))
    throw new ImportError("it is a graph model, without layers; convert the Keras model itself, to a layers model");
  // Keras wraps the model in model_config, TensorFlow.js does not
  const wrapped = own(topology, "model_config");
  const model = isObject(wrapped) ? wrapped : topology;
  if (typeof own(model, "class_name") !== "string") throw damaged("its modelTopology names no class");
  const training = own(topology, "training_config") ?? own(whole, "trainingConfig");
  const version = own(topology, "keras_version") ?? own(whole, "generatedBy");
  return {
    model,
    training: isObject(training) ? training : undefined,
    producer: typeof version === "string" ? version : "",
    weights: weightsOf(own(whole, "weightsManifest") ?? [], read),
  };
}

function parsed(text: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new ImportError(`it is no JSON (${(error as Error).message.slice(0, 80)}); name the model.json of a layers model`);
  }
  if (!isObject(value)) throw new ImportError("it holds no object; name the model.json of a layers model");
  return value;
}

/** Bytes an element of the shards, by the manifest's names of types. */
const SIZES: Readonly<Record<string, number>> = { float32: 4, float16: 2, int32: 4, uint8: 1, uint16: 2, bool: 1 };

/** A group is one run of bytes, cut into shards anywhere. */
function weightsOf(manifest: Json, read: (path: string) => Uint8Array): readonly KerasTensor[] {
  if (!isList(manifest)) throw damaged("its weightsManifest is no list");
  const names = new Set<string>();
  return manifest.flatMap((group) => {
    if (!isObject(group)) throw damaged("a group of its weightsManifest is no object");
    const paths = own(group, "paths");
    const weights = own(group, "weights");
    if (!isList(paths) || !paths.every((path) => typeof path === "string") || !isList(weights))
      throw damaged("a group of its weightsManifest lacks its paths or its weights");
    const bytes = joined(paths.map(read));
    let at = 0;
    const tensors = weights.map((entry): KerasTensor => {
      const { tensor, length } = tensorOf(entry, bytes, at);
      if (names.has(tensor.name)) throw damaged(`two weights are called ${JSON.stringify(tensor.name)}`);
      names.add(tensor.name);
      at += length;
      return tensor;
    });
    if (at !== bytes.length) throw damaged(`the shards ${paths.join(", ")} hold ${bytes.length} bytes, where the manifest says ${at}`);
    return tensors;
  });
}

/** Shards one after another; a single one stays where it is. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

interface Quantized {
  readonly type: string;
  readonly min: number;
  readonly scale: number;
}

function tensorOf(entry: Json, bytes: Uint8Array, at: number): { readonly tensor: KerasTensor; readonly length: number } {
  const fields = isObject(entry) ? entry : {};
  const [name, dims, dtype] = [own(fields, "name"), own(fields, "shape"), own(fields, "dtype")];
  if (typeof name !== "string") throw damaged("a weight of its weightsManifest has no name");
  const what = `the weight ${JSON.stringify(name)}`;
  if (!isList(dims) || !dims.every((dim) => Number.isSafeInteger(dim) && Number(dim) >= 0)) throw damaged(`${what} has no shape`);
  const shape = dims as readonly number[];
  const quantized = quantizationOf(own(fields, "quantization"), what);
  const type = quantized?.type ?? String(dtype);
  const size = Object.hasOwn(SIZES, type) ? SIZES[type]! : undefined;
  if (size === undefined) throw new ImportError(`${what} is of the type ${type}, which is not read; convert it to float32`);
  const count = sizeOf(shape);
  const length = count * size;
  if (!(at + length <= bytes.length))
    throw damaged(`${what} [${shape.join(",")}] needs ${length} bytes from byte ${at}, but its shards hold ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  const element = READ[type]!;
  const data = new Float32Array(count);
  for (let n = 0; n < count; n++) data[n] = element(view, n * size);
  if (quantized !== undefined && type !== "float16") for (let n = 0; n < count; n++) data[n] = data[n]! * quantized.scale + quantized.min;
  return { tensor: { name, dims: shape, data }, length };
}

/** Elements of a coarser type: value = element·scale + min; of float16 themselves. */
function quantizationOf(given: Json | undefined, what: string): Quantized | undefined {
  if (given === undefined || given === null) return undefined;
  const fields = isObject(given) ? given : {};
  const type = own(fields, "dtype");
  const [min = 0, scale = 1] = [own(fields, "min"), own(fields, "scale")];
  if (typeof type !== "string" || typeof min !== "number" || typeof scale !== "number")
    throw damaged(`${what} has a quantization without its numbers`);
  return { type, min, scale };
}

const READ: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  float32: (view, at) => view.getFloat32(at, true),
  float16: (view, at) => halfOf(view.getUint16(at, true)),
  int32: (view, at) => view.getInt32(at, true),
  uint8: (view, at) => view.getUint8(at),
  uint16: (view, at) => view.getUint16(at, true),
  bool: (view, at) => view.getUint8(at),
};
