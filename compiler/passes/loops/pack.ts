/**
 * Guarantees that no guard stands in the loops of a contraction: an operand that is zero outside its bounds is copied into a margin of zeros.
 *   Σ k: where(0 ≤ l + k − 1 < 32, x[l + k − 1], 0)·w[k]   →   x_padded[l] = where(…, x[l − 1], 0);  Σ k: x_padded[l + k]·w[k]
 * Later passes may assume that the copies are buffers like any other: the plan shows their bytes.
 */

import { sizeOf } from "../../graph/type.ts";
import { apply, load, loadsOf, mapScalar, round, substitute as substituteAll, walkScalar } from "../../loop/build.ts";
import {
  add,
  constant,
  equal,
  index,
  namesIn,
  quotient,
  rangeOf,
  remainder,
  scale,
  shift,
  strideOf,
  substitute,
  type Index,
} from "../../loop/index-expression.ts";
import { LANES } from "../../loop/lanes.ts";
import type { Axis, Buffer, Definition, Definitions, Group, Scalar, Stage, Work } from "../../loop/loop.ts";
import { at as identity, axesOf } from "../definitions/define.ts";
import { NEAR, type Machine } from "../../loop/machine.ts";
import type { Pass } from "../pass.ts";
import { accumulates, contiguousIn, isLong, isProduct, LINE, ordered, rowOf, ROWS, strideIn } from "./tile.ts";

type Select = Extract<Scalar, { kind: "select" }>;
type Reduce = Extract<Scalar, { kind: "reduce" }>;
type Load = Extract<Scalar, { kind: "load" }>;

/** A copy pays where each of its elements is read at least so often. */
const LEAST_READS = 4;

/** A sum of fewer products starts and ends more often than it reads. */
const LEAST_DEEP = 32;

/** `sparing`: no copies that save nothing but time. */
export const pack = (machine: Machine, sparing = false): Pass<Definitions> => ({
  name: "pack",
  why: "guarded operands of contractions in a margin of zeros, others in the order they are read",
  run(definitions) {
    const buffers = new Map(definitions.buffers.map((buffer) => [buffer.name, buffer]));
    const made: Buffer[] = [];
    const work = definitions.work.flatMap((item): Work[] => {
      if (item.kind === "scalar") return [item];
      const before: Work[] = [];
      const keep = (definition: Definition): void => {
        const buffer = scratchFor(definition);
        buffers.set(buffer.name, buffer);
        made.push(buffer);
        before.push({ kind: "group", group: { axes: definition.axes, stages: [{ definition, storage: "buffer" }] } });
      };
      const group = packed(item.group, machine, sparing, buffers, keep);
      return [...before, group === item.group ? item : { kind: "group", group }];
    });
    const same = work.every((item, n) => item === definitions.work[n]);
    return same ? definitions : { ...definitions, buffers: [...definitions.buffers, ...made], work };
  },
});

const scratchFor = ({ name, dtype, shape }: Definition): Buffer => ({ name, dtype, shape, role: "scratch" });

type Keep = (definition: Definition) => void;
type Buffers = ReadonlyMap<string, Buffer>;

/** The group of one sum alone, in the order that the machine asks for: its terms with all copies, which `keep` hears of. */
export const packedAlone = (group: Group, machine: Machine, buffers: Buffers, keep: Keep): Group =>
  packed(group, machine, false, buffers, keep, (one, of) => ordered(one, machine, of));

function packed(
  group: Group,
  machine: Machine,
  sparing: boolean,
  buffers: Buffers,
  keep: Keep,
  order = (one: Group, _: Buffers) => one,
): Group {
  if (machine.lanes > 1) {
    const spread = byFilter(withMargins(group, buffers, keep), buffers, keep);
    const inOrder = inEveryReduction(order(spread, buffers), (one) => across(along(one, buffers, keep), one, buffers, keep));
    const beside = inEveryReduction(inOrder, (one) => inPanels(one, buffers, keep));
    return inBlocks(beside, buffers, keep);
  }
  const copies = new Copies(buffers);
  const plain = order(withMargins(group, copies.buffers, copies.keep), buffers);
  const wide = sparing ? plain : inEveryReduction(plain, (one) => widened(one, copies));
  for (const copy of copies.readBy(wide)) keep(copy);
  return wide;
}

/** Copies that a group may read: which of them it does is known at the end. */
class Copies {
  readonly buffers: Map<string, Buffer>;
  readonly #definitions = new Map<string, Definition>();
  constructor(buffers: Buffers) {
    this.buffers = new Map(buffers);
  }

  readonly keep = (definition: Definition): void => {
    this.buffers.set(definition.name, scratchFor(definition));
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

/** Operands with guards as copies in a margin of zeros. */
function withMargins(group: Group, buffers: Buffers, keep: Keep): Group {
  // what the same kernel computes is not there yet
  const own = new Set(group.stages.map(({ definition }) => definition.name));
  const readsOwn = (s: Scalar): boolean => loadsOf(s).some(({ buffer }) => own.has(buffer));
  return inEveryReduction(group, ({ reduce, definition, points }) => ({
    ...reduce,
    term: mapScalar(reduce.term, (factor) =>
      factor.kind === "select" && !readsOwn(factor) ? (withMargin(factor, definition, points, buffers, keep) ?? factor) : factor,
    ),
  }));
}

interface Site {
  readonly reduce: Reduce;
  readonly definition: Definition;
  /** How many products are summed in all. */
  readonly points: number;
}

/** Replaces the sums of products in a group. */
function inEveryReduction(group: Group, replace: (site: Site) => Reduce): Group {
  const stages = group.stages.map((stage): Stage => {
    const { definition } = stage;
    const value = mapScalar(definition.value, (part) => {
      if (part.kind !== "reduce" || part.by !== "add" || !isProduct(part.term)) return part;
      const points = sizeOf(definition.shape) * sizeOf(part.over.map(({ extent }) => extent));
      return replace({ reduce: part, definition, points });
    });
    return value === definition.value ? stage : { ...stage, definition: { ...definition, value } };
  });
  return stages.every((stage, n) => stage === group.stages[n]) ? group : { ...group, stages };
}

const named = (base: string, buffers: ReadonlyMap<string, Buffer>): string => {
  let name = base;
  for (let n = 2; buffers.has(name); n++) name = `${base}_${n}`;
  return name;
};

/** What a copy is for. */
const COPIED: Readonly<Record<string, string>> = {
  pad: "a margin of zeros",
  pack: "the order it is read",
  transpose: "the order it is read",
  widen: "double, in the order it is read",
};

function copyOf(
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

/**
 * where(inside, x[…], 0) as a load of a copy with a margin; undefined where the guard is no question of position alone. x may be computed
 * from several loads, of which one has all positions: storing rounds it, so it must have been rounded before.
 */
function withMargin(
  guarded: Select,
  reader: Definition,
  points: number,
  buffers: ReadonlyMap<string, Buffer>,
  keep: (definition: Definition) => void,
): Scalar | undefined {
  const { then, otherwise, when } = guarded;
  if (!isExact(then)) return undefined;
  // a mask is no guard: behind another one it is copied with that
  if (loadsOf(when).length > 0 && !loadsOf(guarded).every((part) => staysInside(part, buffers))) return undefined;
  if (otherwise.kind !== "literal" || otherwise.value !== 0) return undefined;
  const of = loadsOf(then).sort((a, b) => b.at.length - a.at.length)[0];
  if (of === undefined) return undefined;
  // one position a dimension: of a quotient, what it divides; of several dimensions in a row, those that the guard asks for
  const asked = positionsIn(when);
  const positions = of.at.flatMap((at): readonly Index[] => {
    const [only] = at.terms;
    return at.terms.length === 1 && only!.atom.kind === "quotient" ? [only!.atom.of] : (apart(at, asked) ?? [at]);
  });
  const ranges = positions.map(rangeOf);
  const shape = ranges.map(([low, high]) => high - low + 1);
  if (points < LEAST_READS * sizeOf(shape)) return undefined;
  const axes = axesOf(shape);
  const own = axes.map((axis, n) => shift(index(axis.name, axis.extent), ranges[n]![0]));
  const moved = (at: Index): Index | undefined => rewritten(at, positions, own);
  let fits = true;
  const inCopy = mapScalar({ ...guarded, when }, (part): Scalar => {
    if (part.kind === "load") return { ...part, at: part.at.map((at) => moved(at) ?? ((fits = false), at)) };
    if (part.kind === "index") return { ...part, at: moved(part.at) ?? ((fits = false), part.at) };
    fits &&= ["literal", "apply", "select", "round"].includes(part.kind);
    return part;
  });
  if (!fits) return undefined;
  const name = named(`${of.buffer}_padded`, buffers);
  const shown = then.kind === "load" ? of.buffer : `what is computed from ${of.buffer}`;
  keep(copyOf(name, of, axes, inCopy, "pad", reader, shown));
  return load(name, inCopy.dtype, ...positions.map((at, n) => shift(at, -ranges[n]![0])));
}

/** Whether storing a value changes nothing: it is stored already, rounded, or one or another such value. */
const isExact = (value: Scalar): boolean =>
  value.kind === "load" ||
  value.kind === "round" ||
  value.kind === "literal" ||
  (value.kind === "select" && isExact(value.then) && isExact(value.otherwise));

/** Whether a load stays inside its buffer wherever its loops go. */
const staysInside = ({ buffer, at }: Load, buffers: Buffers): boolean => {
  const { shape } = buffers.get(buffer)!;
  return at.every((one, n) => {
    const [low, high] = rangeOf(one);
    return low >= 0 && high < shape[n]!;
  });
};

/** The positions that a guard asks for. */
function positionsIn(when: Scalar): readonly Index[] {
  const found: Index[] = [];
  walkScalar(when, (part) => {
    if (part.kind === "index" && part.at.terms.length > 0 && !found.some((one) => sameTerms(one, part.at))) found.push(part.at);
  });
  return found;
}

/** A position in rows of rows as those that it is made of, the farthest apart in memory first: 28·(l + k − 1) + (m + n − 1) as l + k − 1 and m + n − 1. */
function apart(at: Index, asked: readonly Index[]): readonly Index[] | undefined {
  if (asked.some((one) => sameTerms(one, at))) return undefined;
  const parts = asked.filter((one) => multiple(at, one) !== undefined);
  if (parts.length === 0) return undefined;
  const { terms } = without(at, parts);
  // what no guard asks for stays one position: of several, elements would be copied more than once
  const by = terms.map((term) => Math.abs(term.by)).reduce(gcd, 0);
  const rest: Index = { terms: terms.map((term) => ({ ...term, by: term.by / by })), offset: 0 };
  return [...(terms.length > 0 ? [rest] : []), ...parts].sort((a, b) => Math.abs(multiple(at, b)!) - Math.abs(multiple(at, a)!));
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** What is left of a position without all multiples of others. */
const without = (at: Index, parts: readonly Index[]): Index =>
  parts.reduce((left, part) => add(left, scale(part, -(multiple(at, part) ?? 0))), at);

/** How often a position is in another, by all of its terms; undefined where it is not. */
function multiple(at: Index, part: Index): number | undefined {
  const [first, ...others] = part.terms.map(({ atom, by }) => (atom.kind === "index" ? (strideOf(at, atom.name) ?? 0) / by : 0));
  const is = first !== undefined && first !== 0 && Number.isInteger(first) && others.every((one) => one === first);
  return is ? first : undefined;
}

/** An index of the reader as one of the copy, whose axes count the reader's positions. */
function rewritten(at: Index, positions: readonly Index[], own: readonly Index[]): Index | undefined {
  if (at.terms.length === 0) return at;
  const n = positions.findIndex((position) => sameTerms(position, at));
  if (n >= 0) return shift(own[n]!, at.offset - positions[n]!.offset);
  const rest = without(at, positions);
  if (rest.terms.length === 0) return shift(add(...own.map((one, p) => scale(one, multiple(at, positions[p]!) ?? 0))), rest.offset);
  const parts = at.terms.map(({ atom, by }): Index | undefined => {
    if (atom.kind === "index") return undefined;
    const of = rewritten(atom.of, positions, own);
    return of === undefined ? undefined : scale({ terms: [{ atom: { ...atom, of }, by: 1 }], offset: 0 }, by);
  });
  if (parts.some((part) => part === undefined)) return undefined;
  return shift(add(constant(0), ...(parts as Index[])), at.offset);
}

const sameTerms = (a: Index, b: Index): boolean =>
  a.terms.length > 0 && equal({ terms: a.terms, offset: 0 }, { terms: b.terms, offset: 0 });

/** Whether a load depends on an axis at all. */
const dependsOn = ({ at }: Load, { name }: Axis): boolean => at.some((one) => namesIn(one).has(name));

/**
 * A copy of a load over the given axes, in their order; and the load of it. Of an axis that a microkernel takes in whole tiles of rows or
 * in vectors, four lie side by side, a panel: its loads follow each other in memory.
 */
function copied(of: Load, axes: readonly Axis[], op: string, reader: Definition, buffers: Buffers, keep: Keep, panel?: Axis): Load {
  const inPanels = panel !== undefined && panel.extent % ROWS === 0 && axes.includes(panel);
  const extents = axes.map((axis) => (inPanels && axis === panel ? axis.extent / ROWS : axis.extent));
  const own = axesOf(inPanels ? [...extents, ROWS] : extents);
  const counted = own.map((axis) => index(axis.name, axis.extent));
  const back = new Map(
    axes.map((axis, n) => [axis.name, inPanels && axis === panel ? add(scale(counted[n]!, ROWS), counted.at(-1)!) : counted[n]!]),
  );
  const name = named(`${of.buffer}_${op === "transpose" ? "transposed" : "packed"}`, buffers);
  keep(copyOf(name, of, own, load(of.buffer, of.dtype, ...of.at.map((at) => substitute(at, back))), op, reader));
  const here = axes.map((axis) => index(axis.name, axis.extent));
  const at = inPanels
    ? [...here.map((one, n) => (axes[n] === panel ? quotient(one, ROWS) : one)), remainder(index(panel.name, panel.extent), ROWS)]
    : here;
  return { kind: "load", dtype: of.dtype, buffer: name, at };
}

/** Reads of an element from which on a copy of it in double is worth its time: one that spares conversions, and one that brings it in order as well. */
const LEAST_WIDE = { inOrder: 96, across: 64 };

/** Products of a sum that takes a millisecond. */
const LEAST_PRODUCTS = 4e6;

/**
 * Operands of a long sum as copies in double, along the sum: a loop without lanes reads them in order and converts none, with the same
 * bits, since every float32 is a double.
 */
function widened({ reduce, definition, points }: Site, copies: Copies): Reduce {
  const inner = reduce.over.at(-1);
  if (inner === undefined || !isLong(reduce) || points < LEAST_PRODUCTS) return reduce;
  return withLoads(reduce, (part) => {
    const shape = copies.buffers.get(part.buffer)?.shape ?? [];
    const [along, ...others] = part.at.flatMap((at, n) => (namesIn(at).has(inner.name) ? [n] : []));
    if (part.dtype !== "f32" || along === undefined || others.length > 0) return part;
    if (strideOf(part.at[along]!, inner.name) !== 1) return part;
    const isInOrder = along === shape.length - 1;
    if (points < (isInOrder ? LEAST_WIDE.inOrder : LEAST_WIDE.across) * sizeOf(shape)) return part;
    const order = [...shape.keys()].sort((a, b) => Number(a === along) - Number(b === along));
    const own = axesOf(order.map((n) => shape[n]!));
    const at = shape.map((_, n) => index(own[order.indexOf(n)]!.name, shape[n]!));
    const name = named(`${part.buffer}_wide`, copies.buffers);
    const value = apply("cast", "f64", valueAt(part, at, copies.get(part.buffer)));
    copies.keep(copyOf(name, part, own, value, "widen", definition));
    return apply("cast", "f32", load(name, "f64", ...order.map((n) => part.at[n]!)));
  });
}

/** An element of a buffer; of what is itself a copy, what that copies. */
const valueAt = ({ buffer, dtype }: Load, at: readonly Index[], copy: Definition | undefined): Scalar =>
  copy === undefined ? load(buffer, dtype, ...at) : substituteAll(copy.value, new Map(copy.axes.map(({ name }, n) => [name, at[n]!])));

const withLoads = (reduce: Reduce, replace: (load: Load) => Scalar): Reduce => {
  const term = mapScalar(reduce.term, (part) => (part.kind === "load" ? replace(part) : part));
  return term === reduce.term ? reduce : { ...reduce, term };
};

/** From this extent on a sum is as fast in lanes along itself as along its columns. */
const LONG = 256;

/** Whether columns are many, and fill panels of a vector. */
const comesInPanels = ({ extent }: Axis): boolean => extent % LANES === 0 && extent > LINE * LANES;

/** An operand of a matrix product that is read across its rows, as a copy in which columns lie side by side: all of a row, or those of a panel. */
function across(reduce: Reduce, { definition, points }: Site, buffers: Buffers, keep: Keep): Reduce {
  const column = definition.axes.at(-1);
  const [inner] = reduce.over;
  if (column === undefined || definition.axes.length !== 2 || reduce.over.length !== 1 || inner!.extent >= LONG || reduce.inLanes === true)
    return reduce;
  return withLoads(reduce, (part) => {
    const stride = strideIn(part, column.name, buffers);
    if (stride === undefined || stride <= 1 || strideIn(part, inner!.name, buffers) !== 1) return part;
    if (dependsOn(part, definition.axes[0]!) || points < 16 * inner!.extent * column.extent) return part;
    const panel = comesInPanels(column) ? column : undefined;
    return copied(part, panel === undefined ? [inner!, column] : [panel, inner!], "transpose", definition, buffers, keep, panel);
  });
}

/** A stride at which every load falls into the same few lines of a cache, in elements. */
const COLLIDES = 1024;

/** An operand that stands still along the columns, in the order of the sum: filters, and rows that lie a page apart. */
function along({ reduce, definition, points }: Site, buffers: Buffers, keep: Keep): Reduce {
  const column = definition.axes.at(-1);
  const inner = reduce.over.at(-1);
  if (column === undefined || inner === undefined || !contiguousIn(reduce, column, buffers)) return reduce;
  return withLoads(reduce, (part) => {
    const stride = strideIn(part, inner.name, buffers);
    if (dependsOn(part, column) || stride === undefined || Math.abs(stride) <= 1) return part;
    if (reduce.over.length === 1 && stride % COLLIDES !== 0 && inner.extent < LEAST_DEEP) return part;
    const axes = [...definition.axes, ...reduce.over].filter((axis) => dependsOn(part, axis));
    const size = sizeOf(axes.map(({ extent }) => extent));
    if (size > sizeOf(buffers.get(part.buffer)?.shape ?? []) || points < 64 * size) return part;
    const moving = loadsOf(reduce.term).filter((load) => dependsOn(load, column));
    const row = rowOf(definition.axes, definition.axes.length - 1, [part], moving);
    return copied(part, axes, "pack", definition, buffers, keep, row === undefined ? undefined : definition.axes[row]);
  });
}

/** Rows of a product from which on a copy of the matrix that they share is worth its time: twice what pays for one that stays at hand, and for another. */
const MANY = { near: 32, far: 64 };

/** A matrix that many rows share, in panels of a vector's columns: a microkernel reads each panel from end to end. */
function inPanels({ reduce, definition }: Site, buffers: Buffers, keep: Keep): Reduce {
  const [row, column] = definition.axes;
  const [inner] = reduce.over;
  if (column === undefined || definition.axes.length !== 2 || reduce.over.length !== 1) return reduce;
  const many = inner!.extent * column.extent * 4 <= 2 * NEAR ? MANY.near : MANY.far;
  if (row!.extent < many || inner!.extent < LEAST_DEEP || !comesInPanels(column)) return reduce;
  return withLoads(reduce, (part) => {
    const rows = strideIn(part, inner!.name, buffers);
    if (dependsOn(part, row!) || strideIn(part, column.name, buffers) !== 1 || rows === undefined || rows < column.extent) return part;
    return copied(part, [column, inner!], "pack", definition, buffers, keep, column);
  });
}

/** A weight's gradient as a matrix whose columns are filters: d_w[o,c,…] = Σ d_y[n,o,…]·x[n,c,…] with d_y in panels of a vector's filters. */
function byFilter(group: Group, buffers: Buffers, keep: Keep): Group {
  const [first, ...rest] = group.stages;
  const { definition, storage } = first!;
  const reduce = bare(definition.value);
  if (reduce === undefined || storage === "total" || definition.axes.length !== 4 || reduce.over.length < 2 || reduce.inLanes === true)
    return group;
  const filters = definition.axes[0]!;
  const loads = loadsOf(reduce.term);
  const d_y = loads.find((one) => dependsOn(one, filters));
  if (loads.length !== 2 || d_y === undefined || definition.axes.slice(1).some((axis) => dependsOn(d_y, axis))) return group;
  if (filters.extent % 4 !== 0 || reduce.over.at(-1)!.extent < 4 || sizeOf(definition.shape) < 64) return group;
  const [outer, ...inside] = reduce.over;
  const spread = copied(d_y, [outer!, filters, ...inside], "pack", definition, buffers, keep, filters);
  const axes = [...definition.axes.slice(1), filters];
  const sums = withLoads(reduce, (part) => (part === d_y ? spread : part));
  const raw = sumsOf(definition, axes, sums, buffers);
  keep(raw);
  const read = load(raw.name, raw.dtype, ...axes.map((axis) => index(axis.name, axis.extent)));
  return { ...group, stages: [{ storage, definition: { ...definition, value: read, op: "unpack" } }, ...rest] };
}

/** The sum that a value is, rounded or not. */
const bare = (value: Scalar): Reduce | undefined => {
  const inner = value.kind === "round" ? value.value : value;
  return inner.kind === "reduce" && inner.by === "add" && isProduct(inner.term) ? inner : undefined;
};

/** The sums of a definition as a buffer of their own, its axes in the given order. */
function sumsOf(of: Definition, axes: readonly Axis[], sums: Reduce, buffers: Buffers): Definition {
  const own = axesOf(axes.map(({ extent }) => extent));
  const to = new Map(axes.map(({ name }, n) => [name, index(own[n]!.name, own[n]!.extent)]));
  const value = round(renamed(sums, to));
  const name = named(`${of.name}_sums`, buffers);
  const doc = [{ maths: `${name} = the sums of ${of.name}`, node: name, role: `sums for ${of.name}`, site: of.doc.at(-1)?.site ?? "" }];
  return { name, dtype: of.dtype, shape: axes.map(({ extent }) => extent), axes: own, value, op: of.op, doc };
}

/** Axes of the reader by new names; those of the sum keep theirs. */
const renamed = (reduce: Reduce, to: ReadonlyMap<string, Index>): Reduce => ({
  ...reduce,
  term: substituteAll(reduce.term, to),
});

/** Terms of a block at most: of operands that are read in order, and of others, whose lines must stay at hand until the next row of tiles. */
const BLOCK = { inOrder: 1024, across: 320 };

/** A long sum over operands that no cache holds, in blocks: its sums stay in memory while a block of the operands is at hand. */
function inBlocks(group: Group, buffers: Buffers, keep: Keep): Group {
  const [first, ...rest] = group.stages;
  const { definition, storage } = first!;
  const found = group.stages.every((stage) => stage.definition.axes.length === group.axes.length && stage.storage !== "total")
    ? firstSum(definition.value)
    : undefined;
  if (found === undefined || found.over.length !== 1 || found.inLanes === true) return group;
  const [inner] = found.over;
  if (group.axes.length !== 2 || !contiguousIn(found, group.axes[1]!, buffers)) return group;
  const inOrder = loadsOf(found.term).every((part) => (strideIn(part, inner!.name, buffers) ?? Infinity) <= LANES);
  const size = blockOf(inner!.extent, inOrder ? BLOCK.inOrder : BLOCK.across);
  if (size === undefined) return group;
  const block: Axis = { name: `${inner!.name}b`, extent: inner!.extent / size };
  const within: Axis = { ...inner!, extent: size };
  const at = add(scale(index(block.name, block.extent), size), index(within.name, size));
  const blocked: Reduce = { ...found, over: [block, within], term: renamed(found, new Map([[inner!.name, at]])).term };
  const single = sumsOf(definition, definition.axes, blocked, buffers);
  if (!accumulates({ axes: single.axes, stages: [{ definition: single, storage: "buffer" }] }, buffers)) return group;
  keep(single);
  const read = load(single.name, single.dtype, ...identity(definition.axes));
  const value = mapScalar(definition.value, (part) => (part === found ? read : part.kind === "round" && part.value === read ? read : part));
  return { ...group, stages: [{ storage, definition: { ...definition, value } }, ...rest] };
}

const firstSum = (value: Scalar): Reduce | undefined => {
  let found: Reduce | undefined;
  walkScalar(value, (part) => {
    if (part.kind === "reduce" && part.by === "add" && isProduct(part.term)) found ??= part;
  });
  return found;
};

/** The longest block that divides an extent. */
function blockOf(extent: number, longest: number): number | undefined {
  if (extent <= Math.max(longest, 2 * LONG)) return undefined;
  for (let size = longest; size >= 128; size--) if (extent % size === 0) return size;
  return undefined;
}
