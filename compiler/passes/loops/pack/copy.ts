/** A copy of an operand: a definition of its own, in a buffer that only the contraction reads. */

import { loadsOf, substitute as substituteAll } from "../../../loop/build.ts";
import { add, index, quotient, remainder, scale } from "../../../loop/index-expression.ts";
import type { Axis, Buffer, Definition, Group, Load, Scalar, ScalarFn } from "../../../loop/loop.ts";
import { axesOf } from "../../definitions/define.ts";
import { BuffersBeside, type Buffers } from "../group.ts";
import { ROWS } from "../tiles/lanes.ts";

/** Hears of each copy that is made. */
export type Keep = (definition: Definition) => void;

/** The buffer of a copy. */
export const scratchFor = ({ name, dtype, shape }: Definition): Buffer => ({ name, dtype, shape, role: "scratch" });

/** Copies that a group may read: which of them it does is known at the end. */
export class Copies {
  readonly buffers: BuffersBeside;
  readonly #definitions = new Map<string, Definition>();
  constructor(buffers: Buffers) {
    this.buffers = new BuffersBeside(buffers);
  }

  readonly keep = (definition: Definition): void => {
    this.buffers.add(scratchFor(definition));
    this.#definitions.set(definition.name, definition);
  };

  get(name: string): Definition | undefined {
    return this.#definitions.get(name);
  }

  readBy({ stages }: Group): readonly Definition[] {
    const read = new Set(stages.flatMap(({ definition }) => loadsOf(definition.value)).map(({ buffer }) => buffer));
    return [...this.#definitions.values()].filter(({ name }) => read.has(name));
  }
}

/** A name that no buffer has yet. */
export const named = (base: string, buffers: Buffers): string => {
  let name = base;
  for (let n = 2; buffers.has(name); n++) name = `${base}_${n}`;
  return name;
};

/** What a copy is for. */
const COPIED: Readonly<Record<string, string>> = {
  pad: "a margin of zeros",
  pack: "the order it is read",
  transpose: "the order it is read",
  widen: "double",
};

/** A copy of what a load reads: `value` over `axes`, and why the reader asks for it. */
export function copyOf(
  name: string,
  of: Load,
  axes: readonly Axis[],
  value: Scalar,
  op: string,
  reader: Definition,
  shown = of.buffer,
): Definition {
  const { dtype } = value;
  const maths = `${name} = ${shown} in ${COPIED[op]}`;
  const doc = [{ maths, node: name, role: `${op} for ${reader.name}`, site: reader.doc.at(-1)?.site ?? "" }];
  return { name, dtype, shape: axes.map(({ extent }) => extent), axes, value, op, doc };
}

/** What gives one of its arguments, or that without its sign. */
const CHOOSING: ReadonlySet<ScalarFn> = new Set(["max", "min", "neg", "abs"]);

/** Whether storing a value changes nothing: it is stored already, rounded, or one or another such value. */
export function isExact(value: Scalar): boolean {
  if (value.kind === "literal") return value.dtype !== "f32" || Object.is(Math.fround(value.value), value.value);
  if (value.kind === "select") return isExact(value.then) && isExact(value.otherwise);
  if (value.kind === "apply") return CHOOSING.has(value.fn) && value.args.every(isExact);
  return value.kind === "load" || value.kind === "round";
}

/**
 * A copy of a load over the given axes, in their order; and the load of it. Of an axis that a microkernel takes in whole tiles of rows or
 * in vectors, four lie side by side, a panel: its loads follow each other in memory. `value` is what is copied, if more than the load.
 */
export function copied(
  of: Load,
  axes: readonly Axis[],
  op: string,
  reader: Definition,
  buffers: Buffers,
  keep: Keep,
  panel?: Axis,
  value: Scalar = of,
): Load {
  const inPanels = panel !== undefined && panel.extent % ROWS === 0 && axes.includes(panel);
  const extents = axes.map((axis) => (inPanels && axis === panel ? axis.extent / ROWS : axis.extent));
  const own = axesOf(inPanels ? [...extents, ROWS] : extents);
  const counted = own.map((axis) => index(axis.name, axis.extent));
  const back = new Map(
    axes.map((axis, n) => [axis.name, inPanels && axis === panel ? add(scale(counted[n]!, ROWS), counted.at(-1)!) : counted[n]!]),
  );
  const name = named(`${of.buffer}_${op === "transpose" ? "transposed" : "packed"}`, buffers);
  const shown = value === of ? of.buffer : `what is computed from ${of.buffer}`;
  keep(copyOf(name, of, own, substituteAll(value, back), op, reader, shown));
  const here = axes.map((axis) => index(axis.name, axis.extent));
  const at = inPanels
    ? [...here.map((one, n) => (axes[n] === panel ? quotient(one, ROWS) : one)), remainder(index(panel.name, panel.extent), ROWS)]
    : here;
  return { kind: "load", dtype: value.dtype, buffer: name, at };
}
