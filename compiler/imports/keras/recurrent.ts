/**
 * Recurrent layers of Keras, whose gates are i, f, c, o and z, r, h: layers here where those compute the same, else a scan that says each gate.
 * Keras has one bias, of a GRU that resets after its product two: the second one here stays zero.
 */

import { options, shapeText, type Dim } from "../code.ts";
import { scanned, stateNames, type Step } from "../recurrence.ts";
import type { Call } from "./calls.ts";
import { activationIn, activationName, optionNamed } from "./activations.ts";
import { isObject, own, type KerasTensor } from "./file.ts";
import { maskedBy, requireUnmasked } from "./masks.ts";
import type { Placed, Translation, Value } from "./translation.ts";

interface Cell {
  readonly layer: Step["layer"];
  /** Where each gate of the language stands in Keras. */
  readonly order: readonly number[];
  readonly cell: string;
}

const CELLS: Readonly<Record<string, Cell>> = {
  LSTM: { layer: "lstm", order: [0, 1, 2, 3], cell: "lstm_cell" },
  GRU: { layer: "gru", order: [1, 0, 2], cell: "gru_cell" },
  SimpleRNN: { layer: "simpleRnn", order: [0], cell: "simple_rnn_cell" },
};

/** Blocks of the last axis in the language's order. */
function gates({ name, dims, data }: KerasTensor, order: readonly number[]): KerasTensor {
  const width = dims.at(-1)!;
  const block = width / order.length;
  const turned = Float32Array.from(data, (_, n) => {
    const column = n % width;
    return data[n - column + order[Math.floor(column / block)]! * block + (column % block)]!;
  });
  return { name, dims, data: turned };
}

type Parts = readonly (readonly [own: string, tensor: KerasTensor])[];

/** The parameters of one direction here, and whether the second bias is one that Keras has not. */
function partsOf(
  t: Translation,
  l: Placed,
  { order }: Cell,
  inputs: Dim,
  h: number,
  part?: string,
): { readonly parts: Parts; readonly idle: readonly string[] } {
  const width = order.length * h;
  const zeros: KerasTensor = { name: "", dims: [width], data: new Float32Array(width) };
  const kernel = t.weightOf(l, ["kernel"], [inputs, width], part);
  const recurrent = t.weightOf(l, ["recurrent_kernel"], [h, width], part);
  const biased = t.flag(l, "use_bias", true);
  const both = l.kind === "GRU" && t.flag(l, "reset_after", t.isThird);
  const found = biased ? t.weightOf(l, ["bias"], both ? [2, width] : [width], part) : undefined;
  const row = (n: number): KerasTensor =>
    found === undefined || (n === 1 && !both)
      ? zeros
      : { name: found.name, dims: [width], data: Array.from(found.data).slice(n * width, (n + 1) * width) };
  const parts = [
    ["kernel", kernel],
    ["recurrentKernel", recurrent],
    ["bias", row(0)],
    ["recurrentBias", row(1)],
  ] as const;
  return {
    parts: parts.map(([own, tensor]) => [own, gates(tensor, order)] as const),
    idle: [...(biased ? [] : ["bias"]), ...(both && biased ? [] : ["recurrentBias"])],
  };
}

/** Whether the language's layer is what Keras's computes. */
function isLayer(t: Translation, l: Placed): boolean {
  if (l.kind === "SimpleRNN") return true;
  const usual =
    activationName(t, l, "activation", "tanh") === "tanh" && activationName(t, l, "recurrent_activation", "sigmoid") === "sigmoid";
  return usual && (l.kind !== "GRU" || t.flag(l, "reset_after", t.isThird));
}

interface Asked {
  readonly h: number;
  readonly sequences: boolean;
  readonly states: boolean;
  readonly backwards: boolean;
}

function askedOf(t: Translation, l: Placed): Asked {
  if (t.flag(l, "stateful", false)) t.fail(l, "keeps its states between batches", "make it stateful=False, and give it its states");
  return {
    h: t.number(l, "units", 1),
    sequences: t.flag(l, "return_sequences", false),
    states: t.flag(l, "return_state", false),
    backwards: t.flag(l, "go_backwards", false),
  };
}

const layerOptions = (t: Translation, l: Placed, { sequences, states, backwards }: Asked): Readonly<Record<string, string | undefined>> => {
  const activation = l.kind === "SimpleRNN" ? activationName(t, l, "activation", "tanh") : "tanh";
  return {
    returnSequences: sequences ? "true" : undefined,
    returnState: states ? "true" : undefined,
    goBackwards: backwards ? "true" : undefined,
    zeroOutputForMask: t.flag(l, "zero_output_for_mask", false) ? "true" : undefined,
    activation: activation === "tanh" ? undefined : (optionNamed(activation) ?? `(x) => ${activationIn(t, l, "activation", "tanh")("x")}`),
  };
};

/** x, then the states before the first step. */
export function recurrent(
  t: Translation,
  l: Placed,
  xs: readonly Value[],
  _: Call,
  named: Readonly<Record<string, readonly Value[]>>,
): readonly Value[] {
  const cell = CELLS[l.kind]!;
  const [x, ...before] = [...xs, ...(named["initial_state"] ?? [])].map((value) => t.keras(value)) as [Value, ...Value[]];
  const masked = maskedBy(t, l, x, named);
  const asked = askedOf(t, l);
  const [rows, steps, features] = x.dims as readonly [Dim, Dim, Dim];
  if (x.dims.length !== 3) t.fail(l, `needs sequences, but its input is [${x.dims.join(",")}]`, "the file is damaged");
  const { h, sequences } = asked;
  const out = sequences ? [rows, steps, h] : [rows, h];
  if (!isLayer(t, l)) return byHand(t, l, cell, asked, masked, before);
  const layer = t.layerOf(l, (name) => {
    const { parts, idle } = partsOf(t, l, cell, features, h);
    for (const [own, tensor] of parts) t.holds(`${name}.${own}`, tensor);
    t.idle.push(...idle.map((own) => `${name}.${own}`));
    return t.call(cell.layer, String(h), t.told(l, name, layerOptions(t, l, asked)));
  });
  const states = before.length === 0 ? undefined : `[${before.map(({ code }) => code).join(", ")}]`;
  const told = options({ initialState: states, mask: masked.mask });
  const called = `${layer}(${x.code}${told === "" ? "" : `, ${told}`})`;
  if (!asked.states) return [t.make(l, called, out)];
  const names = ["", ...stateNames(cell.layer).map((state) => `_${state}`)].map((state) => t.identifier(`${l.name}${state}`));
  t.statement(names, `const [${names.join(", ")}] = ${called}; // ${shapeText(out)}, states ${shapeText([rows, h])}`);
  return names.map((code, n): Value => ({ kind: "tensor", code, dims: n === 0 ? out : [rows, h], of: "float", order: "keras" }));
}

/** A scan: of activations of their own, or a GRU that resets before its product. */
function byHand(
  t: Translation,
  l: Placed,
  cell: Cell,
  { h, sequences, backwards }: Asked,
  x: Value,
  before: readonly Value[],
): readonly Value[] {
  requireUnmasked(t, l, x, "give it the activations tanh and sigmoid, and reset_after=True");
  if (l.isShared) t.fail(l, "is called more than once, and has gates that must be said", "give each call a layer of its own");
  const [rows, steps, features] = x.dims as readonly [Dim, number, Dim];
  const name = t.layer(l.name);
  const { parts, idle } = partsOf(t, l, cell, features, h);
  const trains = t.flag(l, "trainable", true);
  const [kernel, recurrentKernel, bias, recurrentBias] = parts.map(
    ([own, { dims, data }]) => t.weight(`${name}.${own}`, dims, data, !trains || idle.includes(own)).code,
  ) as [string, string, string, string];
  const inputs = t.named(`${name}_inputs`, t.call("add", t.call("matmul", x.code, kernel), bias), [
    rows,
    steps,
    cell.order.length * h,
  ]).code;
  const gate = activationIn(t, l, "recurrent_activation", "sigmoid");
  const own = activationIn(t, l, "activation", "tanh");
  const zeros = t.call("broadcastTo", t.call("constant", "0", "[]"), shapeText([rows, h]));
  const { ys, states } = scanned(
    t,
    name,
    {
      layer: cell.layer,
      h,
      recurrentKernel,
      recurrentBias,
      activation: (n, code) => (n === 0 && cell.layer !== "simpleRnn" ? gate(code) : own(code)),
      resetAfter: t.flag(l, "reset_after", t.isThird),
      peeped: (_, __, code) => code,
    },
    inputs,
    stateNames(cell.layer).map((_, n) => before[n]?.code ?? zeros),
    backwards,
  );
  // a scan's outputs lie where its inputs do; Keras's come as they were made
  const all = backwards ? t.call("reversed", ys, "[1]") : ys;
  const value = sequences ? t.make(l, all, [rows, steps, h]) : t.make(l, states[0]!, [rows, h]);
  return [value, ...states.map((code): Value => ({ kind: "tensor", code, dims: [rows, h], of: "float", order: "keras" }))];
}

export function bidirectional(t: Translation, l: Placed, [x]: readonly Value[], named: Readonly<Record<string, readonly Value[]>>): Value {
  const given = own(l.config, "layer");
  const inner = isObject(given) ? own(given, "config") : undefined;
  const kind = isObject(given) ? String(own(given, "class_name")) : "";
  if (!isObject(inner) || !Object.hasOwn(CELLS, kind))
    return t.fail(l, "goes both ways with a layer that is not read", "LSTM, GRU and SimpleRNN are");
  const one: Placed = { ...l, kind, config: inner };
  const cell = CELLS[kind]!;
  if (!isLayer(t, one)) t.fail(l, "has gates that must be said", "give it the activations tanh and sigmoid, and reset_after=True");
  const asked = askedOf(t, one);
  if (asked.states) t.fail(l, "gives its states", "take its outputs alone");
  const value = t.keras(maskedBy(t, l, x, named));
  const [rows, steps, features] = value.dims as readonly [Dim, Dim, Dim];
  const mode = own(l.config, "merge_mode") ?? null;
  if (typeof mode !== "string" || !["concat", "sum", "mul", "ave"].includes(mode))
    return t.fail(l, "does not merge its directions", "concat, sum, mul and ave are read");
  const width = mode === "concat" ? 2 * asked.h : asked.h;
  const layer = t.layerOf(l, (name) => {
    for (const way of ["forward", "backward"]) {
      const { parts, idle } = partsOf(t, one, cell, features, asked.h, way);
      for (const [part, tensor] of parts) t.holds(`${name}.${way}.${part}`, tensor);
      t.idle.push(...idle.map((part) => `${name}.${way}.${part}`));
    }
    const told = options(layerOptions(t, one, asked));
    const made = t.call(cell.layer, String(asked.h), ...(told === "" ? [] : [told]));
    return t.call("bidirectional", made, t.told(l, name, { mergeMode: mode === "concat" ? undefined : JSON.stringify(mode) }));
  });
  const call = value.mask === undefined ? "" : `, { mask: ${value.mask} }`;
  return t.make(l, `${layer}(${value.code}${call})`, asked.sequences ? [rows, steps, width] : [rows, width]);
}
