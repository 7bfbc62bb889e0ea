/** The layers of a Keras model and who calls whom: Sequential and functional models, of Keras 2, Keras 3 and TensorFlow.js, in one form. */

import { ImportError } from "../error.ts";
import { isList, isObject, own, type Json, type JsonObject } from "./file.ts";

/** A result of a layer's call. */
export interface Ref {
  readonly layer: string;
  /** Which of the layer's calls. */
  readonly node: number;
  /** Which of its results. */
  readonly tensor: number;
}

export interface Call {
  readonly inputs: readonly Ref[];
  /** Numbers that stand among them. */
  readonly numbers: readonly number[];
  /** Tensors that are given by name. */
  readonly named: Readonly<Record<string, readonly Ref[]>>;
  /** What else the call is told. */
  readonly told: JsonObject;
}

export interface KerasLayer {
  /** Its class. */
  readonly kind: string;
  readonly name: string;
  readonly config: JsonObject;
  readonly calls: readonly Call[];
}

export interface KerasModel {
  readonly name: string;
  readonly layers: ReadonlyMap<string, KerasLayer>;
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
}

/** Models within models, at most. */
export const DEEPEST = 64;

const MODELS: readonly string[] = ["Sequential", "Functional", "Model"];
/** Whether a layer is a model of its own. */
export const isModel = ({ kind, config }: Pick<KerasLayer, "kind" | "config">): boolean =>
  MODELS.includes(kind) && (kind === "Sequential" || own(config, "layers") !== undefined);

const damaged = (what: string): ImportError => new ImportError(`${what}; the file is damaged: fetch it again`);

/** What a layer is, before its calls are read; the outermost model needs no name. */
function layerOf(entry: Json, isOuter: boolean): Omit<KerasLayer, "calls"> & { readonly entry: JsonObject } {
  if (!isObject(entry)) throw damaged("a layer is no object");
  const kind = own(entry, "class_name");
  const given = own(entry, "config");
  if (typeof kind !== "string") throw damaged("a layer has no class_name");
  // TensorFlow.js's first Sequential kept a list of layers there
  const config = isList(given) ? { layers: given } : given;
  if (!isObject(config)) throw damaged(`a ${kind} has no config`);
  const name = own(entry, "name") ?? own(config, "name");
  if (typeof name === "string") return { kind, name, config, entry };
  if (isOuter) return { kind, name: "model", config, entry };
  throw damaged(`a ${kind} has no name`);
}

/** The model of a Sequential or functional layer. Throws an ImportError for another kind, names that are there twice, and calls of what is not there. */
export function modelOf(entry: Json): KerasModel {
  const { kind, name, config } = layerOf(entry, true);
  const listed = own(config, "layers");
  if (!MODELS.includes(kind) || !isList(listed))
    throw new ImportError(`it is a ${kind}, not a Sequential or functional model; models whose code is Python's cannot be read`);
  const found = listed.map((one) => layerOf(one, false));
  const names = new Set<string>();
  for (const one of found) {
    if (names.has(one.name)) throw damaged(`two layers are called ${JSON.stringify(one.name)}`);
    names.add(one.name);
  }
  return kind === "Sequential" ? sequence(name, config, found) : functional(name, config, found);
}

type Found = ReturnType<typeof layerOf>;
const NONE: Call = { inputs: [], numbers: [], named: {}, told: {} };
const first = (layer: string): Ref => ({ layer, node: 0, tensor: 0 });

/** Each layer after the one before it; an input stands before them where the file has none. */
function sequence(name: string, config: JsonObject, found: readonly Found[]): KerasModel {
  if (found.length === 0) throw new ImportError("it has no layers; there is nothing to train");
  const begins = found[0]!.kind === "InputLayer";
  const shape = begins ? undefined : (shapeWithin(found[0]!) ?? own(config, "build_input_shape"));
  const head: readonly Found[] = begins
    ? []
    : [{ kind: "InputLayer", name: `${found[0]!.name}_input`, config: { batch_shape: shape ?? null }, entry: {} }];
  const all = [...head, ...found];
  const layers = all.map(({ kind, name: own, config: given }, n): [string, KerasLayer] => [
    own,
    { kind, name: own, config: given, calls: n === 0 ? [NONE] : [{ ...NONE, inputs: [first(all[n - 1]!.name)] }] },
  ]);
  return { name, layers: new Map(layers), inputs: [first(all[0]!.name)], outputs: [first(all.at(-1)!.name)] };
}

/** The shape of a first layer's input, which a model within says in its own first layer. */
function shapeWithin({ config }: Pick<Found, "config">, depth = 0): Json | undefined {
  const given = shapeIn(config);
  const layers = own(config, "layers");
  if (given !== undefined || !isList(layers) || layers.length === 0 || depth >= DEEPEST) return given;
  return shapeWithin(layerOf(layers[0]!, false), depth + 1);
}

/** The shape of an input, the batch's axis first. */
export const shapeIn = (config: JsonObject): Json | undefined =>
  own(config, "batch_shape") ?? own(config, "batch_input_shape") ?? undefined;

function functional(name: string, config: JsonObject, found: readonly Found[]): KerasModel {
  const layers = new Map(
    found.map(({ kind, name: called, config: given, entry }): [string, KerasLayer] => {
      const nodes = own(entry, "inbound_nodes");
      const calls = isList(nodes) && nodes.length > 0 ? nodes.map((node) => callOf(called, node)) : [NONE];
      return [called, { kind, name: called, config: given, calls }];
    }),
  );
  const ends = (key: string): readonly Ref[] => {
    const given = own(config, key);
    const refs = isObject(given) ? Object.values(given).flatMap(refsIn) : refsIn(given ?? []);
    if (refs.length === 0) throw damaged(`the model ${JSON.stringify(name)} names no ${key}`);
    return refs;
  };
  const model = { name, layers, inputs: ends("input_layers"), outputs: ends("output_layers") };
  const read = [...layers.values()].flatMap(({ calls }) =>
    calls.flatMap(({ inputs, named }) => [...inputs, ...Object.values(named).flat()]),
  );
  for (const { layer, node } of [...read, ...model.inputs, ...model.outputs])
    if (layers.get(layer)?.calls[node] === undefined)
      throw damaged(`something reads call ${node} of ${JSON.stringify(layer)}, which is not there`);
  return model;
}

/** ["name", node, tensor], alone or in lists of lists. */
function refsIn(given: Json): readonly Ref[] {
  if (!isList(given)) return [];
  const [layer, node, tensor] = given;
  if (typeof layer === "string" && Number.isSafeInteger(node) && Number.isSafeInteger(tensor))
    return [{ layer, node: Number(node), tensor: Number(tensor) }];
  return given.every(isList) ? given.flatMap(refsIn) : [];
}

/** A tensor of Keras 3, alone or in lists. */
function tensorsIn(given: Json | undefined): readonly Ref[] {
  if (isList(given)) return given.flatMap(tensorsIn);
  if (!isObject(given) || own(given, "class_name") !== "__keras_tensor__") return [];
  const config = own(given, "config");
  return refsIn((isObject(config) ? own(config, "keras_history") : undefined) ?? []);
}

/** A call: `{ args, kwargs }` of Keras 3, a list of [name, node, tensor, told] before it. */
function callOf(layer: string, node: Json): Call {
  if (isObject(node)) {
    const kwargs = own(node, "kwargs");
    const given = isObject(kwargs) ? Object.entries(kwargs) : [];
    const args = own(node, "args");
    const tensors = given.flatMap(([key, value]) => {
      const refs = tensorsIn(value);
      return refs.length === 0 ? [] : [[key, refs] as const];
    });
    return {
      inputs: tensorsIn(args),
      numbers: isList(args) ? args.filter((one) => typeof one === "number") : [],
      named: Object.fromEntries(tensors),
      told: Object.fromEntries(given.filter(([key]) => !tensors.some(([named]) => named === key))),
    };
  }
  if (!isList(node)) throw damaged(`a call of ${JSON.stringify(layer)} is no list`);
  const entries = node.length > 0 && typeof node[0] === "string" ? [node] : node;
  const inputs: Ref[] = [];
  const named: Record<string, readonly Ref[]> = {};
  const told: Record<string, Json> = {};
  for (const entry of entries) {
    const refs = isList(entry) ? refsIn(entry.slice(0, 3)) : [];
    if (refs.length !== 1) throw damaged(`a call of ${JSON.stringify(layer)} names no layer's result`);
    inputs.push(refs[0]!);
    const more = (entry as readonly Json[])[3];
    if (!isObject(more)) continue;
    for (const [key, value] of Object.entries(more)) {
      const tensors = refsIn(value);
      if (tensors.length > 0) named[key] = tensors;
      else told[key] = value;
    }
  }
  return { inputs, numbers: [], named, told };
}
