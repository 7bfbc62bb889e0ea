/** Guarantees that a primitive is one declaration: typing law, gradient, reference meaning, definition and the samples its tests are made of. */

import type { Builder } from "../graph/build.ts";
import type { Attrs, Graph, Node, Value } from "../graph/graph.ts";
import { sizeOf, stridesOf, type DType, type Tensor, type TensorType } from "../graph/type.ts";
import type { Index } from "../loop/index-expression.ts";
import type { Axis, Scalar } from "../loop/loop.ts";

/**
 * The ops as typed calls, each of which appends one node: what gradients, rules and layers alike are written in. Here stands what is no
 * op's own; the list of ops (index.ts) adds a call for each of them, so that no op knows the others' files.
 */
export interface Calls {
  literal(value: number, dtype: DType): Value;
  typeOf(value: Value): TensorType;
  /** The number a literal stands for; undefined for what is computed or fed. */
  constantOf(value: Value): number | undefined;
}

/** One thing for each operand. */
export type Each<Operands extends readonly unknown[], Of> = { readonly [At in keyof Operands]: Of };

/** Of its operands by name, and of its attributes, if it has some. Many operands are a list. */
export interface Op<Name extends string = string, Operands extends readonly Value[] = readonly Value[], A extends Attrs = Attrs> {
  readonly name: Name;
  /** Number of operands. */
  readonly arity: Operands["length"] | "many";
  /** Right-hand side of `y = …` for operands of these names. */
  maths(operands: Each<Operands, string>, attrs: A, types: Each<Operands, TensorType>): string;
  /** The typing law. Throws a ShapeError that names the broken constraint. Leaves return their declared type. */
  infer(inputs: Each<Operands, TensorType>, attrs: A, declared?: TensorType): TensorType;
  /** One law an operand, for comments: `d_a = d_y·bᵀ`; null where no gradient flows. */
  readonly laws: readonly (string | null)[];
  /** For ops of many operands whose laws depend on the place; default: the first law for all. */
  lawAt?(at: number, attrs: A): string | null;
  /** Pulls the output's cotangent back to operand `at`; called only where `laws[at]` is not null. */
  vjp(scope: VjpScope<Operands, A>, at: number): Value;
  /** Of an op with several results: pulls their cotangents back to all operands at once, instead of `vjp`. */
  pull?(scope: PullScope<A>): readonly (Value | undefined)[];
  /** Gives one result, `n`, of a node that has several. */
  readonly selects?: true;
  /** The op along a new leading axis, which some operands have; elementwise ops need none (batching.ts). */
  batch?(scope: BatchScope<A>): Value;
  /** Reference meaning in float64: written to be read, never to be fast. `run` is the meaning of a body. */
  evaluate(inputs: Each<Operands, Tensor>, attrs: A, output: Tensor, run?: Run): void;
  /** The output element at one position, in index notation. */
  define(scope: DefineScope<Operands, A>): Scalar;
  /** Views cost nothing: they only say where to read. */
  readonly view?: true;
  /** Without operands: storage outside the graph, or, where it is a view too, a known value. */
  readonly leaf?: true;
  /** Appended under a name of its own, or once for each value: it has no call. */
  readonly uncalled?: true;
  /** Elementwise: y[at] depends on x[at] alone. */
  readonly elementwise?: true;
  /** Gives a float32 value whenever its operands are float32 values: rounding it changes nothing. */
  readonly exact?: true;
  /** Each operand element is read many times: operands are worth storing, loops worth tiling. */
  readonly contracts?: true;
  /** Points where the derivative jumps: the check redraws when a perturbation crosses one. */
  readonly kinks?: true;
  readonly samples: readonly Sample<A>[];
}

/** The results of a graph, in order, from what its inputs hold. */
export type Run = (body: Graph, input: (node: Node) => Tensor) => readonly Tensor[];

export interface Sample<A extends Attrs = Attrs> {
  readonly inputs: readonly TensorType[];
  readonly attrs: A;
  /** Where to draw the inputs from; default (−2, 2). */
  readonly within?: readonly [low: number, high: number];
  /** The result's type, for leaves. */
  readonly type?: TensorType;
}

export interface VjpScope<Operands extends readonly Value[] = readonly Value[], A extends Attrs = Attrs> {
  readonly g: Calls;
  readonly node: Node & { readonly attrs: A };
  readonly inputs: Operands;
  readonly output: Value;
  readonly cotangent: Value;
  /** `value` computed again with `by` in the place of `hole`. */
  readonly replay: (value: Value, hole: Value, by: Value) => Value;
}

/** What pulls the cotangents of several results back. */
export interface PullScope<A extends Attrs = Attrs> {
  readonly g: Calls;
  readonly node: Node & { readonly attrs: A };
  readonly inputs: readonly Value[];
  /** The operands whose cotangents are asked for. */
  readonly wanted: readonly boolean[];
  readonly output: Value;
  /** One a result; undefined where none arrives. */
  readonly cotangents: readonly (Value | undefined)[];
  /** A body continued by its own gradient: of the results `of`, with respect to the operands `wanted`. */
  derive(body: Graph, of: readonly number[], wanted: ReadonlySet<number>): Derived;
  /** Gives the node other attributes, by which it has more results than it had. */
  extend(attrs: A): void;
}

/** A body and its gradient, as one graph under construction. */
export interface Derived {
  readonly builder: Builder;
  readonly g: Calls;
  /** So many nodes are the body's own. */
  readonly primal: number;
  /** Where the cotangents of results stand, by result. */
  readonly holes: ReadonlyMap<number, Value>;
  /** The cotangents of inputs, by operand. */
  readonly gradients: ReadonlyMap<number, Value>;
  isView(node: Node): boolean;
  /** Whether a node gives one result of a node that has several. */
  selects(node: Node): boolean;
}

/** An operand, and whether it has the leading axis. */
export interface Along {
  readonly value: Value;
  readonly along: boolean;
}

export interface BatchScope<A extends Attrs = Attrs> {
  readonly g: Calls;
  /** Of the op without the axis. */
  readonly attrs: A;
  readonly type: TensorType;
  readonly inputs: readonly Along[];
  /** Extent of the leading axis. */
  readonly steps: number;
  /** Appends the op itself, with other operands, and other attributes where they name axes. */
  append(inputs: readonly Value[], attrs?: A): Value;
}

export interface DefineScope<Operands extends readonly Value[] = readonly Value[], A extends Attrs = Attrs> {
  readonly at: readonly Index[];
  readonly read: Each<Operands, (...at: readonly Index[]) => Scalar>;
  readonly types: Each<Operands, TensorType>;
  readonly type: TensorType;
  readonly attrs: A;
  /** A reduction axis with a name nobody else has. */
  axis(extent: number): Axis;
}

/** How an op is called: with its operands, in a list where they are many, or with its type where it has none; then with its attributes. */
export type CallOf<Of> =
  Of extends Op<string, infer Operands, infer A>
    ? (
        ...given: [
          ...(Operands extends readonly [] ? [type: TensorType] : number extends Operands["length"] ? [operands: Operands] : Operands),
          ...(string extends keyof A ? [] : [attrs: A]),
        ]
      ) => Value
    : never;

/** The gradient law of one operand. */
export const lawOf = (op: Op, at: number, attrs: Attrs): string | null | undefined =>
  op.lawAt === undefined ? op.laws[op.arity === "many" ? 0 : at] : op.lawAt(at, attrs);

/** Reads an attribute of a node whose op is known by name alone: that op's typing law guarantees it. */
export const numbers = (attrs: Attrs, key: string): readonly number[] => attrs[key] as readonly number[];
export const number = (attrs: Attrs, key: string): number => attrs[key] as number;

/** Calls `visit` with every position of a shape, row-major; the array is reused. */
export function eachPosition(shape: readonly number[], visit: (at: readonly number[], flat: number) => void): void {
  const at = shape.map(() => 0);
  const size = shape.reduce((n, extent) => n * extent, 1);
  for (let flat = 0; flat < size; flat++) {
    visit(at, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at[axis]!++;
      if (at[axis]! < shape[axis]!) break;
      at[axis] = 0;
    }
  }
}

/** Row-major position of `at`. */
export const flatten = (at: readonly number[], shape: readonly number[]): number =>
  shape.reduce((flat, extent, axis) => flat * extent + at[axis]!, 0);

/** Where in a row-major tensor the positions along some of its axes lie, the others being 0; the first axis varies slowest. */
export function offsetsOf(shape: readonly number[], axes: readonly number[]): Int32Array {
  const strides = stridesOf(shape);
  const extents = axes.map((axis) => shape[axis]!);
  const offsets = new Int32Array(sizeOf(extents));
  eachPosition(extents, (at, flat) => {
    offsets[flat] = axes.reduce((sum, axis, n) => sum + at[n]! * strides[axis]!, 0);
  });
  return offsets;
}
