/** Where weights go: for each tensor of a file in some layout, what it may be called and which of the trainer's arrays it is made of. */

import type { Tables } from "../checkpoint.ts";
import { shapeThere } from "./convert.ts";
import * as error from "./error.ts";
import { ENDINGS, LAYOUTS, SEPARATORS, type Foreign, type Layout } from "./layouts.ts";

/** Names of layers, parameters and running statistics here, and what they are called in a file: `{ dense: "fc1", "dense_2.kernel": "head.weight" }`. */
export type Rename = Readonly<Record<string, string>>;

/** One of the trainer's arrays, in the bytes of `trainer.bytes()`. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "f32" | "f64" | "i32";
  /** Byte. */
  readonly at: number;
  readonly size: number;
}

/** One tensor of a file. */
export interface Place {
  /** What it may be called there; the first is written. */
  readonly names: readonly string[];
  readonly of: readonly Slot[];
  readonly foreign: Foreign;
  /** There. */
  readonly shape: readonly number[];
  /** Whether the model declared it itself, so that its axes have no known meaning. */
  readonly own: boolean;
}

interface Declared extends Slot {
  readonly layer: string;
}

/** Parameters and running statistics: no optimizer's state, which only a checkpoint holds. */
function declaredIn({ PARAMETERS, STATE }: Tables): readonly Declared[] {
  let at = 0;
  return [...PARAMETERS.map((row) => ({ ...row, layer: row.layer ?? "model" })), ...STATE].flatMap((row) => {
    const width = row.dtype === "f64" ? 8 : 4;
    const size = row.shape.reduce((n, extent) => n * extent, width);
    const slot = { name: row.name, shape: row.shape, dtype: row.dtype, at, size };
    at += size;
    return row.layer === undefined ? [] : [{ ...slot, layer: row.layer }];
  });
}

/** All places of a layout, in the order of the trainer's tables. */
export function placesOf(tables: Tables, layout: Layout, rename: Rename): readonly Place[] {
  const declared = declaredIn(tables);
  const byName = new Map(declared.map((slot) => [slot.name, slot]));
  checkRename(rename, [...byName.keys()]);
  const done = new Set<string>();
  return declared.flatMap((slot): Place[] => {
    if (done.has(slot.name)) return [];
    const found = foreignOf(slot, layout);
    if (found === undefined || layout === "adjoint") {
      const foreign: Foreign = { names: [], of: [] };
      return [{ names: [renamed(slot.name, rename)], of: [slot], foreign, shape: slot.shape, own: slot.layer === "model" }];
    }
    const { layer, foreign } = found;
    const of = foreign.of.map((own) => byName.get(`${layer}.${own}`)!);
    for (const { name } of of) done.add(name);
    const shape = shapeThere(
      foreign,
      of.map((one) => one.shape),
    );
    return [{ names: namesOf(layer, foreign, layout, rename), of, foreign, shape, own: false }];
  });
}

/** The tensor that an array of a layer is in, and the layer's name. */
function foreignOf({ name, layer }: Declared, layout: Layout): { readonly layer: string; readonly foreign: Foreign } | undefined {
  if (layout === "adjoint" || !Object.hasOwn(LAYOUTS[layout], layer)) return undefined;
  for (const foreign of LAYOUTS[layout][layer]!)
    for (const own of foreign.of) if (name.endsWith(`.${own}`)) return { layer: name.slice(0, -own.length - 1), foreign };
  return undefined;
}

function namesOf(layer: string, { names, of }: Foreign, layout: Exclude<Layout, "adjoint">, rename: Rename): readonly string[] {
  const whole = of.map((own) => `${layer}.${own}`).find((name) => Object.hasOwn(rename, name));
  if (whole !== undefined) return [rename[whole]!];
  const prefix = renamed(layer, rename);
  if (prefix === "") return names;
  return SEPARATORS[layout].flatMap((separator) =>
    names.flatMap((name) => ENDINGS[layout].map((ending) => `${prefix}${separator}${name}${ending}`)),
  );
}

/** By the longest name in `rename` that it is, or begins with: what follows stays. */
function renamed(name: string, rename: Rename): string {
  for (let end = name.length; end > 0; end = name.lastIndexOf(".", end - 1)) {
    const key = name.slice(0, end);
    if (!Object.hasOwn(rename, key)) continue;
    return rename[key] === "" ? name.slice(end + 1) : rename[key]! + name.slice(end);
  }
  return name;
}

function checkRename(rename: Rename, names: readonly string[]): void {
  for (const key of Object.keys(rename))
    if (!names.some((name) => name === key || name.startsWith(`${key}.`))) throw error.unknownKey(key, layersAnd(names));
}

/** The names of the layers, before those of all arrays. */
const layersAnd = (names: readonly string[]): readonly string[] => [
  ...new Set([...names.flatMap((name) => (name.includes(".") ? [name.slice(0, name.lastIndexOf("."))] : [])), ...names]),
];
