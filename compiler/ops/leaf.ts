/** The leaves of a graph: storage fed from outside, literals, and positions along an axis. */

import { ShapeError } from "../graph/error.ts";
import type { Attrs } from "../graph/graph.ts";
import { f32, i32, sizeOf, type TensorType } from "../graph/type.ts";
import { apply, at as position, literal as literalScalar, select } from "../loop/build.ts";
import { rowMajor } from "../loop/index-expression.ts";
import type { Scalar } from "../loop/loop.ts";
import type { Op } from "./op.ts";

const declared = (_: unknown, __: unknown, type?: TensorType): TensorType => {
  if (type === undefined) throw new TypeError("a leaf has a declared type");
  return type;
};

/** What every op without operands has. */
function leaf<Name extends string>(name: Name) {
  return {
    name,
    arity: 0,
    leaf: true,
    exact: true,
    maths: () => name,
    infer: declared,
    laws: [],
    vjp: () => {
      throw new TypeError(`${name} has no operands`);
    },
    evaluate: () => {}, // filled from outside
    define: () => {
      throw new TypeError(`${name} is read, not computed`);
    },
    samples: [],
  } satisfies Op<Name, []>;
}

/** What is appended under a name of its own, or once for each value. */
export interface Leaf<Name extends string, A extends Attrs = Attrs> extends Op<Name, [], A> {
  readonly uncalled: true;
}

const storage = <Name extends string>(name: Name): Leaf<Name> => ({ ...leaf(name), uncalled: true });

/** Fed anew at every call. */
export const input = storage("input");
/** Trained. attrs: initial, trainable. */
export const param = storage("param");
/** Kept between steps. attrs: initial. */
export const state = storage("state");
/** Known when the file is written, and in it. attrs: initial, whose data are row-major. */
export const constant = storage("constant");
/** A live scalar that the caller may change between steps. attrs: value. */
export const hyper = storage("hyper");
/** How many rows of the batch are real; the rows at and past it have weight 0. */
export const count = storage("count");

/** A rank-0 constant: the only operand that elementwise ops broadcast by themselves. */
export const literal: Leaf<"literal", { readonly value: number }> = {
  ...leaf("literal"),
  uncalled: true,
  view: true,
  maths: (_, { value }) => String(value),
  evaluate: (_, { value }, y) => {
    y.data.fill(value);
  },
  define: ({ attrs, type }) => literalScalar(attrs.value, type.dtype),
};

/** Positions along one axis. */
export const iota: Op<"iota", [], { readonly axis: number }> = {
  ...leaf("iota"),
  view: true,
  maths: (_, { axis }) => ["row", "column"][axis] ?? `position on axis ${axis}`,
  evaluate(_, { axis }, y) {
    const { shape } = y.type;
    const inner = shape.slice(axis + 1).reduce((n, extent) => n * extent, 1);
    for (let n = 0; n < y.data.length; n++) y.data[n] = Math.floor(n / inner) % shape[axis]!;
  },
  define: ({ at, attrs }) => position(at[attrs.axis]!),
  samples: [
    { inputs: [], attrs: { axis: 1 }, type: i32(3, 4) },
    { inputs: [], attrs: { axis: 0 }, type: i32(5) },
  ],
};

/** A small tensor of known numbers: its elements are literals wherever its position is known. Values are row-major; the symbol is its name in print. */
export const table: Op<"table", [], { readonly values: readonly number[]; readonly symbol: string }> = {
  ...leaf("table"),
  view: true,
  maths: (_, { symbol }) => symbol,
  infer(_, { values }, type) {
    const checked = declared(_, values, type);
    const [needed, given] = [sizeOf(checked.shape), values.length];
    if (given !== needed) throw new ShapeError("table", `needs ${needed} values, but has ${given}`, []);
    return checked;
  },
  evaluate: (_, { values }, y) => {
    y.data.set(values);
  },
  define({ at, attrs, type }) {
    const flat = position(rowMajor(at, type.shape));
    const [last, ...rest] = attrs.values.map((value) => literalScalar(value, type.dtype)).reverse();
    return rest.reduce<Scalar>(
      (later, value, n) => select(apply("lt", "bool", flat, literalScalar(rest.length - n, "i32")), value, later),
      last!,
    );
  },
  samples: [
    { inputs: [], attrs: { values: [0.5, -1, 2, 0, 3, -0.25], symbol: "A" }, type: f32(2, 3) },
    { inputs: [], attrs: { values: [7], symbol: "B" }, type: f32(1) },
  ],
};
