/** A Keras layers model, as TensorFlow.js saves one, as the source of a model in the layer language, and the weights that go with it. */

import { printable } from "../../graph/printable.ts";
import { shapeText, type Dim } from "../code.ts";
import { ImportError } from "../error.ts";
import { STEP } from "../recurrence.ts";
import { comment, written, type Imported, type ImportOptions, type Output } from "../written.ts";
import { DEEPEST, isModel, modelOf, shapeIn, type KerasLayer, type KerasModel, type Ref } from "./calls.ts";
import { isList, own, readKeras, type Json } from "./file.ts";
import { LAYERS, REFUSED } from "./layers.ts";
import { handedOn } from "./masks.ts";
import { lossesOf, optimizerOf } from "./training.ts";
import { Translation, type Placed, type Value } from "./translation.ts";

/**
 * Throws an ImportError for what is damaged, open or unknown, with the layer's name; the source is whole or there is none. `read` gives a shard
 * of weights by its path in the manifest.
 */
export function importKeras(text: string, read: (path: string) => Uint8Array, options: ImportOptions): Imported {
  const file = readKeras(text, read);
  const model = modelOf(file.model);
  const head = options.head === undefined ? undefined : { layer: headOf(model), units: options.head };
  const t = new Translation(file.weights, STEP, { isThird: /^3\b/.test(file.producer), head });
  const inputs: string[] = [];
  const values = model.inputs.map((ref) => {
    const { value, line } = declared(t, model, model.layers.get(ref.layer)!, options);
    inputs.push(line);
    return value;
  });
  const outputs = run(t, model, values, [], false).map((value, n): Output => {
    const { layer } = model.outputs[n]!;
    const earlier = model.outputs.slice(0, n).filter((ref) => ref.layer === layer).length;
    const { code, dims, of, mask } = t.keras(value);
    return { name: earlier === 0 ? layer : `${layer}_${earlier + 1}`, code, dims, of, mask, logits: value.logits?.code };
  });
  const names = model.inputs.map((ref) => ref.layer);
  const losses = lossesOf(t, file.training, names, outputs);
  const from = `${comment(options.file)} (${comment(file.producer === "" ? "Keras" : `Keras ${file.producer}`)})`;
  const told = { ...options, freeze: [...(options.freeze ?? []), ...t.idle] };
  return written(t, told, { from, inputs, outputs, ...losses, optimizer: optimizerOf(t, file.training) });
}

/** The last dense layer, with the models around it. */
function headOf(model: KerasModel, depth = 0): string {
  const found = [...model.layers.values()].findLast(({ kind, config }) => kind === "Dense" || isModel({ kind, config }));
  if (found === undefined || depth >= DEEPEST)
    throw new ImportError("it has no dense layer that --head could replace; import it as it is, and write the head by hand");
  return found.kind === "Dense"
    ? found.name
    : `${found.name}/${headOf(modelOf({ class_name: found.kind, config: found.config }), depth + 1)}`;
}

/** An input's declaration. */
function declared(
  t: Translation,
  model: KerasModel,
  input: KerasLayer,
  { batch, sizes = {} }: ImportOptions,
): { readonly value: Value; readonly line: string } {
  const { name, config } = input;
  const given = shapeIn(config);
  const shape: readonly Json[] = isList(given)
    ? given
    : t.fail(input, "has no shape", "save the model once it has seen a batch, or name its input's shape");
  if (shape.length < 2) t.fail(input, `is [${shape.join(",")}], without features`, "the file is damaged");
  const dims = shape.map((extent, axis): Dim => {
    if (axis === 0) return batch ?? (typeof extent === "number" && extent > 1 ? extent : "batch");
    const key = `${name}.${axis}`;
    if (Object.hasOwn(sizes, key)) return sizes[key]!;
    if (Number.isSafeInteger(extent) && Number(extent) > 0) return Number(extent);
    throw new ImportError(`the input ${JSON.stringify(name)} leaves its axis ${axis} open; fix it with --size ${key}=…`);
  });
  const variable = t.identifier(name);
  const label = JSON.stringify(printable(name));
  const table = vocabularyOf(model, name);
  if (table === undefined)
    return {
      value: { kind: "tensor", code: variable, dims, of: "float", order: "keras" },
      line: `const ${variable} = ${t.call("input", label, shapeText(dims))};`,
    };
  return {
    value: { kind: "tensor", code: variable, dims, of: "integer", order: "keras" },
    line: `const ${variable} = ${t.call("labels", label, shapeText(dims), `{ classes: ${table} }`)};`,
  };
}

/** How many rows the smallest table has in which an input is looked up, in models within too. */
function vocabularyOf(model: KerasModel, input: string, depth = 0): number | undefined {
  const found = [...model.layers.values()].flatMap((layer): readonly number[] => {
    const places = layer.calls.flatMap(({ inputs }) => inputs.flatMap((ref, n) => (ref.layer === input ? [n] : [])));
    if (places.length === 0) return [];
    if (layer.kind === "Embedding") return [Number(own(layer.config, "input_dim"))];
    if (!isModel(layer) || depth >= DEEPEST) return [];
    const inner = modelOf({ class_name: layer.kind, config: layer.config });
    return places.flatMap((n) => vocabularyOf(inner, inner.inputs[n]?.layer ?? "", depth + 1) ?? []);
  });
  return found.length === 0 ? undefined : Math.min(...found);
}

const keyOf = ({ layer, node, tensor }: Ref): string => `${node} ${tensor} ${layer}`;

/** What a model makes of values for its inputs. */
function run(t: Translation, model: KerasModel, given: readonly Value[], within: readonly string[], isShared: boolean): readonly Value[] {
  if (within.length >= DEEPEST) throw new ImportError(`models nest more than ${DEEPEST} deep; the file is damaged`);
  if (given.length !== model.inputs.length)
    throw new ImportError(
      `the model ${JSON.stringify(model.name)} has ${model.inputs.length} inputs, but is given ${given.length}; the file is damaged`,
    );
  const values = new Map<string, Value>();
  model.inputs.forEach((ref, n) => values.set(keyOf(ref), given[n]!));
  let waiting = [...model.layers.values()].flatMap((layer) => layer.calls.map((_, node) => ({ layer, node })));
  while (waiting.length > 0) {
    const later: typeof waiting = [];
    for (const one of waiting) {
      const { layer, node } = one;
      if (values.has(keyOf({ layer: layer.name, node, tensor: 0 }))) continue;
      const call = layer.calls[node]!;
      const known = (refs: readonly Ref[]): readonly (Value | undefined)[] => refs.map((ref) => values.get(keyOf(ref)));
      const inputs = known(call.inputs);
      const named = Object.entries(call.named).map(([key, refs]) => [key, known(refs)] as const);
      if ([...inputs, ...named.flatMap(([, all]) => all)].includes(undefined)) {
        later.push(one);
        continue;
      }
      const placed: Placed = { ...layer, within, isShared: isShared || layer.calls.length > 1 };
      const made = called(
        t,
        placed,
        inputs as readonly Value[],
        call,
        Object.fromEntries(named) as Readonly<Record<string, readonly Value[]>>,
      );
      made.forEach((value, tensor) => values.set(keyOf({ layer: layer.name, node, tensor }), value));
    }
    if (later.length === waiting.length) {
      const { kind, name } = later[0]!.layer;
      throw new ImportError(`${kind} ${JSON.stringify(name)} waits for what is never made, or for itself; the file is damaged`);
    }
    waiting = later;
  }
  return model.outputs.map((ref) => values.get(keyOf(ref)) ?? fails(ref));
}

const fails = ({ layer, tensor }: Ref): never => {
  throw new ImportError(`${JSON.stringify(layer)} has no result ${tensor}; the file is damaged`);
};

const UNREAD = ["is a layer that is not read", "cut the model before it, or write it in the source of the rest"] as const;

function called(
  t: Translation,
  l: Placed,
  xs: readonly Value[],
  call: KerasLayer["calls"][number],
  named: Readonly<Record<string, readonly Value[]>>,
): readonly Value[] {
  if (isModel(l)) return run(t, modelOf({ class_name: l.kind, config: l.config }), xs, [...l.within, l.name], l.isShared);
  const make = Object.hasOwn(LAYERS, l.kind) ? LAYERS[l.kind] : undefined;
  if (make === undefined) {
    const [what, remedy] = (Object.hasOwn(REFUSED, l.kind) ? REFUSED[l.kind] : undefined) ?? UNREAD;
    return t.fail(l, what, remedy);
  }
  return handedOn(t, l, xs, make(t, l, xs, call, named));
}
