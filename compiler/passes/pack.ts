/**
 * Guarantees that no guard stands in the loops of a contraction: an operand that is zero outside its bounds is copied into a margin of zeros.
 *   Σ k: where(0 ≤ l + k − 1 < 32, x[l + k − 1], 0)·w[k]   →   x_padded[l] = where(…, x[l − 1], 0);  Σ k: x_padded[l + k]·w[k]
 * Later passes may assume that the copies are buffers like any other: the plan shows their bytes.
 */

import { sizeOf, stridesOf } from "../graph/type.ts";
import { load, mapScalar } from "../loop/build.ts";
import { add, constant, equal, index, namesIn, rangeOf, scale, shift, strideOf, substitute, type Index } from "../loop/index.ts"; // prettier-ignore
import type { Axis, Buffer, Definition, Definitions, Group, Scalar, Stage, Work } from "../loop/loop.ts"; // prettier-ignore
import { at as identity, axesOf } from "./define.ts";
import type { Machine } from "./machine.ts";
import type { Pass } from "./pass.ts";

type Select = Extract<Scalar, { kind: "select" }>;
type Reduce = Extract<Scalar, { kind: "reduce" }>;
type Load = Extract<Scalar, { kind: "load" }>;

/** A copy pays where each of its elements is read at least so often. */
const LEAST_READS = 4;

export const pack = (machine: Machine): Pass<Definitions> => ({
  name: "pack",
  why: "guarded operands of contractions in a margin of zeros, others in the order they are read",
  run(definitions) {
    const buffers = new Map(definitions.buffers.map((buffer) => [buffer.name, buffer]));
    const made: Buffer[] = [];
    const work = definitions.work.flatMap((item): Work[] => {
      if (item.kind === "scalar") return [item];
      const copies: Definition[] = [];
      const keep = (definition: Definition): void => {
        const { name, dtype, shape } = definition;
        const buffer: Buffer = { name, dtype, shape, role: "scratch" };
        buffers.set(name, buffer);
        made.push(buffer);
        copies.push(definition);
      };
      const group = packed(item.group, machine, buffers, keep);
      if (group === item.group) return [item];
      const before = copies.map((definition): Work => ({ kind: "group", group: { axes: definition.axes, stages: [{ definition, storage: "buffer" }] } })); // prettier-ignore
      return [...before, { kind: "group", group }];
    });
    return made.length === 0 ? definitions : { ...definitions, buffers: [...definitions.buffers, ...made], work }; // prettier-ignore
  },
});

function packed(
  group: Group,
  machine: Machine,
  buffers: ReadonlyMap<string, Buffer>,
  keep: (definition: Definition) => void,
): Group {
  const stages = group.stages.map((stage): Stage => {
    const { definition } = stage;
    const value = mapScalar(definition.value, (part) => {
      if (part.kind !== "reduce" || part.by !== "add" || !isProduct(part.term)) return part;
      const points = sizeOf(definition.shape) * sizeOf(part.over.map(({ extent }) => extent));
      const term = mapScalar(part.term, (factor) => {
        if (factor.kind !== "select") return factor;
        return withMargin(factor, definition, points, buffers, keep) ?? factor;
      });
      const plain = { ...part, term };
      return machine.lanes > 1 ? inReadOrder(plain, definition, points, buffers, keep) : plain;
    });
    return value === definition.value ? stage : { ...stage, definition: { ...definition, value } };
  });
  return stages.every((stage, n) => stage === group.stages[n]) ? group : { ...group, stages };
}

const isProduct = (term: Scalar): boolean => term.kind === "apply" && term.fn === "mul";

const named = (base: string, buffers: ReadonlyMap<string, Buffer>): string => {
  let name = base;
  for (let n = 2; buffers.has(name); n++) name = `${base}_${n}`;
  return name;
};

function copyOf(name: string, of: Load, axes: readonly Axis[], value: Scalar, op: string, reader: Definition): Definition {
  const maths = op === "pad" ? `${name} = ${of.buffer} in a margin of zeros` : `${name} = ${of.buffer} in the order it is read`;
  const doc = [{ maths, node: name, role: `${op} for ${reader.name}`, site: reader.doc.at(-1)?.site ?? "" }];
  return { name, dtype: of.dtype, shape: axes.map(({ extent }) => extent), axes, value, op, doc };
} // prettier-ignore

/** where(inside, x[…], 0) as a load of a copy with a margin; undefined where the guard is no question of position alone. */
function withMargin(
  guarded: Select,
  reader: Definition,
  points: number,
  buffers: ReadonlyMap<string, Buffer>,
  keep: (definition: Definition) => void,
): Scalar | undefined {
  const { then: of, otherwise, when } = guarded;
  if (of.kind !== "load" || otherwise.kind !== "literal" || otherwise.value !== 0) return undefined;
  // one position a dimension: of a quotient, what it divides
  const positions = of.at.map((at): Index => {
    const [only] = at.terms;
    return at.terms.length === 1 && only!.atom.kind === "quotient" ? only!.atom.of : at;
  });
  const ranges = positions.map(rangeOf);
  const shape = ranges.map(([low, high]) => high - low + 1);
  if (points < LEAST_READS * sizeOf(shape)) return undefined;
  const axes = axesOf(shape);
  const own = axes.map((axis, n) => shift(index(axis.name, axis.extent), ranges[n]![0]));
  const moved = (at: Index): Index | undefined => rewritten(at, positions, own);
  let fits = true;
  const inCopy = mapScalar({ ...guarded, when }, (part): Scalar => {
    if (part.kind === "load") return { ...part, at: part.at.map((at) => moved(at) ?? ((fits = false), at)) }; // prettier-ignore
    if (part.kind === "index") return { ...part, at: moved(part.at) ?? ((fits = false), part.at) };
    if (part.kind !== "literal" && part.kind !== "apply" && part.kind !== "select") fits = false;
    return part;
  });
  if (!fits) return undefined;
  const name = named(`${of.buffer}_padded`, buffers);
  keep(copyOf(name, of, axes, inCopy, "pad", reader));
  return load(name, of.dtype, ...positions.map((at, n) => shift(at, -ranges[n]![0])));
}

/** An index of the reader as one of the copy, whose axes count the reader's positions. */
function rewritten(at: Index, positions: readonly Index[], own: readonly Index[]): Index | undefined {
  if (at.terms.length === 0) return at;
  const n = positions.findIndex((position) => sameTerms(position, at));
  if (n >= 0) return shift(own[n]!, at.offset - positions[n]!.offset);
  const parts = at.terms.map(({ atom, by }): Index | undefined => {
    if (atom.kind === "index") return undefined;
    const of = rewritten(atom.of, positions, own);
    return of === undefined ? undefined : scale({ terms: [{ atom: { ...atom, of }, by: 1 }], offset: 0 }, by);
  });
  if (parts.some((part) => part === undefined)) return undefined;
  return shift(add(constant(0), ...(parts as Index[])), at.offset);
} // prettier-ignore

const sameTerms = (a: Index, b: Index): boolean =>
  a.terms.length > 0 && equal({ terms: a.terms, offset: 0 }, { terms: b.terms, offset: 0 });

/** An operand of a matrix product that is read across its rows, as a copy in which columns lie side by side. */
function inReadOrder(
  reduce: Reduce,
  reader: Definition,
  points: number,
  buffers: ReadonlyMap<string, Buffer>,
  keep: (definition: Definition) => void,
): Reduce {
  const column = reader.axes.at(-1);
  if (column === undefined || reader.axes.length !== 2 || reduce.over.length !== 1) return reduce;
  const term = mapScalar(reduce.term, (part) => {
    if (part.kind !== "load" || !buffers.has(part.buffer)) return part;
    const { shape } = buffers.get(part.buffer)!;
    const flat = add(constant(0), ...part.at.map((at, n) => scale(at, stridesOf(shape)[n]!)));
    const stride = strideOf(flat, column.name);
    const [along] = reduce.over;
    if (stride === undefined || stride <= 1 || strideOf(flat, along!.name) !== 1) return part;
    if (namesIn(flat).has(reader.axes[0]!.name) || points < 16 * sizeOf(shape)) return part;
    const axes = axesOf([along!.extent, column.extent]);
    const own = identity(axes);
    const back = new Map([[along!.name, own[0]!], [column.name, own[1]!]]); // prettier-ignore
    const name = named(`${part.buffer}_transposed`, buffers);
    const value = load(part.buffer, part.dtype, ...part.at.map((at) => substitute(at, back)));
    keep(copyOf(name, part, axes, value, "transpose", reader));
    return load(name, part.dtype, index(along!.name, along!.extent), index(column.name, column.extent)); // prettier-ignore
  });
  return term === reduce.term ? reduce : { ...reduce, term };
}
