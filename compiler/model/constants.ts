/** Guarantees that a constant of the model is a value of the graph: its numbers stand in the file, once, and belong to no checkpoint. */

import { anyOf, kind, oneOf, optional, optionsOf } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import { isFloat, sizeOf, stridesOf, type DType, type Shape } from "../graph/type.ts";
import { gathered } from "../ops/runs.ts";
import { opOf } from "../ops/index.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { constant as filledWith, type Initializer } from "./initializers.ts";
import { SHAPE } from "./kinds.ts";
import type { FloatTensor, Tensor } from "./tensor.ts";

/** Elements of one constant: as base64 6 MB of the file. */
const MOST_ELEMENTS = 2 ** 20;

/** What constant takes besides data and shape. */
export interface ConstantOptions {
  /** Default: "float", the model's own format. */
  readonly dtype?: "float" | "i32" | "bool";
}

/** One number, or truth value, for all elements, or one for each, row-major. */
export type ConstantData = number | boolean | readonly (number | boolean)[] | Float32Array | Float64Array | Int32Array;

const isNumber = (value: unknown): boolean => typeof value === "number" || typeof value === "boolean";
const DATA = anyOf(
  "a number, or a list of them",
  kind("a number", isNumber),
  kind("a list of numbers", (value) =>
    Array.isArray(value) ? value.every(isNumber) : ArrayBuffer.isView(value) && !(value instanceof DataView),
  ),
);
const OPTIONS = optionsOf<ConstantOptions>({ dtype: oneOf("float", "i32", "bool") });

/**
 * An initializer: every element the same, or the given elements in row-major order. With a shape it is a tensor of known numbers, a value
 * like any other: they stand in the trainer's file and are no part of PARAMETERS or of what bytes() packs. Throws for numbers of another count.
 */
export function constant(value: number | readonly number[]): Initializer;
export function constant<const S extends Shape>(data: ConstantData, shape: S, options?: { readonly dtype?: "float" }): FloatTensor<S>;
export function constant<const S extends Shape, D extends "i32" | "bool">(
  data: ConstantData,
  shape: S,
  options: { readonly dtype: D },
): Tensor<S, D>;
export function constant(data: ConstantData, shape?: Shape, options: ConstantOptions = {}): Initializer | Tensor {
  if (shape === undefined) return filledWith(data as number | readonly number[]);
  const c = called("constant", { data, shape, options }, { data: DATA, shape: SHAPE, options: optional(OPTIONS) });
  const { dtype: kindOf = "float" } = options;
  const dtype: DType = kindOf === "float" ? c.float : kindOf;
  return c.run(() => {
    const values = valuesOf(c, data, shape, dtype);
    return c.tensor(known(c, values, shape, dtype));
  });
}

/** The elements as numbers, row-major. */
function valuesOf(c: Context, data: ConstantData, shape: Shape, dtype: DType): readonly number[] {
  const said = `constant [${shape.join(",")}]`;
  if (!shape.every((extent) => Number.isInteger(extent) && extent > 0))
    c.fail(
      "constant/shape",
      `constant needs extents that are whole numbers above 0, but got [${shape.join(",")}]`,
      "Change that dimension.",
    );
  const size = sizeOf(shape);
  if (typeof data === "number" || typeof data === "boolean") return [held(c, said, Number(data), dtype)];
  if (data.length !== size)
    c.fail(
      "constant/length",
      `${said} needs ${size} number${size === 1 ? "" : "s"}, but got ${data.length}`,
      "Give one number for each element, row-major, or one for all of them.",
    );
  const values = Array.from(data, (value) => held(c, said, Number(value), dtype));
  if (size > MOST_ELEMENTS && values.some((value) => !Object.is(value, values[0])))
    c.fail(
      "constant/size",
      `${said} has ${size} numbers, and a trainer's file holds at most ${MOST_ELEMENTS.toLocaleString("en-US")} of one constant`,
      'Give them as an input, input("x", shape, { rows: false }), or as param("x", shape, constant(data), { trainable: false }), which checkpoints hold too.',
    );
  return values;
}

/** A number that the format holds. */
function held(c: Context, said: string, value: number, dtype: DType): number {
  const holds = isFloat(dtype) ? !Number.isNaN(value) : dtype === "i32" ? value === (value | 0) : value === 0 || value === 1;
  if (!holds)
    c.fail(
      "constant/value",
      `${said} needs ${isFloat(dtype) ? "numbers" : dtype === "i32" ? "32-bit whole numbers" : "truth values, 0 or 1"}, but got ${value}`,
      "Change that number, or the dtype.",
    );
  return value;
}

/** A literal where all elements are one; else storage under a name that its contents give it, so that equal constants are one. */
function known(c: Context, values: readonly number[], full: Shape, dtype: DType): Value {
  const shape = c.extents.shape(full, { rows: false });
  const [first] = values as [number, ...number[]];
  if (values.every((value) => Object.is(value, first))) {
    const literal = c.g.literal(first, dtype);
    return shape.length === 0 ? literal : c.g.broadcast(literal, { axes: shape.map((_, axis) => axis), size: shape });
  }
  const data = leading(values, full, shape);
  const name = `constant_${shape.join("x")}_${fingerprint(`${dtype} ${data.join(" ")}`)}`;
  const at = c.builder.nodes.findIndex((node) => node.op === "constant" && node.name === name);
  if (at >= 0) return at as Value;
  return c.builder.append(opOf("constant"), [], { initial: ["data", ...data] }, name, { dtype, shape });
}

/** Of a small instance the first elements along each axis. */
function leading(values: readonly number[], full: Shape, shape: Shape): readonly number[] {
  const taken = new Float64Array(sizeOf(shape));
  gathered(taken, Float64Array.from(values), shape, stridesOf(full));
  return [...taken];
}

/** Eight digits of a text (FNV-1a). */
function fingerprint(text: string): string {
  let state = 0x811c9dc5;
  for (let n = 0; n < text.length; n++) state = Math.imul(state ^ text.charCodeAt(n), 0x01000193);
  return (state >>> 0).toString(16).padStart(8, "0");
}
