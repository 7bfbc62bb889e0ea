/**
 * Guarantees that a model which generates is declared for prediction over one step of its tokens: what layers know of the steps before comes in as
 * carries and goes out again, recurrent states and an attention's keys and values alike (decisions/generation.md).
 */

import type { Value } from "../graph/graph.ts";
import { isFloat, type TensorType } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import type { Context } from "./context.ts";

/** What is one step, of how many. */
export interface Steps {
  /** The input of tokens, [n, steps]. */
  readonly tokens: string;
  /** As the declaration for training has it. */
  readonly steps: number;
  /** The name of the size(…) that it is, if it is one's alone. */
  readonly size?: string;
}

/** A value from step to step: the input that it is, and what comes of it. */
export interface Carry {
  readonly name: string;
  readonly before: Value;
  readonly next: Value;
}

/** The input that says which step it is, counted from 0. */
const POSITION = "position";
/** Of what may go on for ever. */
const UNBOUNDED = 2 ** 31 - 1;

/** One declaration over one step. */
export class Decoding {
  readonly of: Steps;
  readonly carries: Carry[] = [];
  #position: Value | undefined;
  /** Whether there is something of only so many steps: a table of positions, a cache. */
  isBounded = false;

  constructor(of: Steps) {
    this.of = of;
  }

  /** The step's number, an i32 scalar; declared on first use. */
  position(c: Context, { bounded }: { readonly bounded: boolean }): Value {
    if (this.#position === undefined) {
      c.whole.add(POSITION);
      this.#position = c.leaf("input", POSITION, { dtype: "i32", shape: [] }, { classes: UNBOUNDED });
    }
    if (bounded && !this.isBounded) {
      this.isBounded = true;
      const node = c.builder.nodes[this.#position]!;
      c.builder.nodes[this.#position] = { ...node, attrs: { ...node.attrs, classes: this.of.steps } };
    }
    return this.#position;
  }

  get hasPosition(): boolean {
    return this.#position !== undefined;
  }

  #input(c: Context, name: string, type: TensorType): { readonly name: string; readonly before: Value } {
    let own = name;
    for (let n = 2; c.storage.has(own); n++) own = `${name}_${n}`;
    if (!isFloat(type.dtype))
      c.fail(
        "generate/carry",
        `${own} is carried from step to step, but is ${type.dtype}, and generation carries floats`,
        "Carry it as floats: cast(x, 'float').",
      );
    return { name: own, before: c.leaf("input", own, type, {}) };
  }

  /**
   * A carry as the step finds it: what the step before left, and at the first step what it begins with. Carries that begin with zeros are given as
   * zeros, and need no position. What becomes of it, `leaves` says.
   */
  begins(c: Context, name: string, initial: Value): { readonly before: Value; readonly leaves: (next: Value) => void } {
    const { g } = c;
    const { dtype, shape } = c.typeOf(initial);
    const given = this.#input(c, name, { dtype, shape });
    const leaves = (next: Value): void => void this.carries.push({ ...given, next });
    if (isZero(c, initial)) return { before: given.before, leaves };
    const isFirst = g.eq(this.position(c, { bounded: false }), g.literal(0, "i32"));
    return { before: g.where(g.broadcast(isFirst, { axes: shape.map((_, axis) => axis), size: shape }), initial, given.before), leaves };
  }

  /** All steps of x [b…, 1, d] so far, [b…, steps, d]: those before are a carry, x is put at its position. */
  cached(c: Context, name: string, x: Value): Value {
    const { g } = c;
    const { dtype, shape } = c.typeOf(x);
    const axis = shape.length - 2;
    const all = shape.with(axis, this.of.steps);
    const given = this.#input(c, name, { dtype, shape: all });
    const isHere = this.#along(c, all, axis, (at, position) => g.eq(at, position));
    const everywhere = g.broadcast(g.reshape(x, { shape: shape.toSpliced(axis, 1) }), { axes: [axis], size: [this.of.steps] });
    const next = g.where(isHere, everywhere, given.before);
    this.carries.push({ ...given, next: c.named(name, next) });
    return next;
  }

  /** Which of all steps are not after this one, over scores [b…, 1, steps]. */
  past(c: Context, scores: Value): Value {
    const { shape } = c.typeOf(scores);
    return c.named(
      "isPast",
      this.#along(c, shape, shape.length - 1, (at, position) => c.g.le(at, position)),
    );
  }

  #along(c: Context, shape: readonly number[], axis: number, holds: (at: Value, position: Value) => Value): Value {
    const { g } = c;
    const { steps } = this.of;
    const position = g.broadcast(this.position(c, { bounded: true }), { axes: [0], size: [steps] });
    const own = holds(g.iota({ dtype: "i32", shape: [steps] }, { axis: 0 }), position);
    const others = shape.flatMap((_, n) => (n === axis ? [] : [n]));
    return g.broadcast(own, { axes: others, size: others.map((n) => shape[n]!) });
  }

  /** The row of a table [steps, w] for this step, [1, w]. */
  row(c: Context, table: Value): Value {
    return c.g.gather(table, c.g.reshape(this.position(c, { bounded: true }), { shape: [1] }));
  }
}

/** Whether a value is zeros, wherever it is read. */
function isZero(c: Context, value: Value): boolean {
  const { op, inputs, attrs } = c.builder.node(value);
  if (op === "literal") return attrs["value"] === 0;
  return opOf(op).view === true && inputs.length === 1 && isZero(c, inputs[0]!);
}
