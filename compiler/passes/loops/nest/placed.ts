/**
 * The loops of a sum whose terms go to places that the data tell, one after the other:
 *   y[i,j] = Σ n in memory: [p[n] = i] ? d[n,j] : 0   →   y = 0; for k { for p_0 only p[k] { for j { y[p_0,j] = y[p_0,j] + d[k,j] } } }
 * Their time is that of the terms, however many places there are. Where nothing but an update needs the sum, it is never stored whole: each
 * term adds to the sum of the term before it at the same place, and the last of a place updates it.
 */

import { sizeOf } from "../../../graph/type.ts";
import { apply, at as position, literal, load, mapScalar, substitute } from "../../../loop/build.ts";
import { add, constant, index, rowMajor, type Index } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Buffer, Definition, Scalar, Stmt } from "../../../loop/loop.ts";
import { placedSum, storageOfPlaces, type PlacedSum } from "../../../loop/pick.ts";
import { LANE, laneLoop, loop, loopAt, loopsAround, type Point } from "../points.ts";
import { Nest } from "./nest.ts";
import { innerStage } from "./stages.ts";
import { valueAt } from "./values.ts";

/** The loops of a group that is such a sum, and maybe its update; undefined of any other. */
export function placedLoops(nest: Nest): Stmt[] | undefined {
  const { axes, stages } = nest.group;
  const { definition, storage } = stages[0]!;
  const placed = placedSum(definition);
  if (placed === undefined) return undefined;
  const { dtype } = definition;
  const loops = loopsOf(nest, placed);
  const inner = axes.filter(({ name }) => name !== placed.axis.name);
  if (storage === "places") return updatedPlaces(nest, definition, loops, inner);
  const sum = load(definition.name, dtype, ...axes.map(({ name, extent }) => index(name, extent)));
  const value = apply("add", dtype, sum, loops.term);
  const body = loops.atPlace((row) =>
    innerStage(nest, { ...definition, value }, inner, { where: new Map([[placed.axis.name, row]]), suffix: "" }),
  );
  return [...zeros(nest, definition), ...loops.over([body])];
}

/** The terms of a sum one after the other. */
interface TermLoops {
  readonly placed: PlacedSum;
  /** The number of a term. */
  readonly number: Index;
  readonly term: Scalar;
  over(body: readonly Stmt[]): Stmt[];
  /** What happens at the place of a term, where it is one. */
  atPlace(body: (place: Index) => readonly Stmt[]): Stmt;
}

function loopsOf(nest: Nest, placed: PlacedSum): TermLoops {
  const { axis, over } = placed;
  const loops = over.map((one, n): Axis => ({ ...one, name: n === 0 ? "k" : `k${n + 1}` }));
  const renamed = new Map(over.map(({ name, extent }, n) => [name, index(loops[n]!.name, extent)]));
  return {
    placed,
    number: rowMajor(
      loops.map(({ name, extent }) => index(name, extent)),
      loops.map(({ extent }) => extent),
    ),
    term: substitute(placed.term, renamed),
    over: (body) => loopsAround(loops, body),
    atPlace: (body) => only(nest, axis.extent, valueAt(nest, substitute(placed.at, renamed), NOWHERE), body),
  };
}

const NOWHERE: Point = { where: new Map(), suffix: "" };

/** One iteration of a loop over so many. */
function only(nest: Nest, extent: number, value: Scalar, body: (at: Index) => readonly Stmt[]): Stmt {
  const name = nest.nameOf(value);
  return loopAt({ name, extent }, value, body(index(name, extent)));
}

/**
 * Sums at places and their update: which term is the last of its place, and which comes before it there; then term by term the sum so far,
 * and after the last one the update.
 */
function updatedPlaces(
  nest: Nest,
  definition: Definition,
  { placed, number, term, over, atPlace }: TermLoops,
  inner: readonly Axis[],
): Stmt[] {
  const { dtype } = definition;
  const { sums, before, place, last } = storageOfPlaces(definition);
  for (const { name } of [sums, before, place, last]) nest.written.add(name);
  const [count] = before.shape as readonly [number];
  const store = ({ name }: Buffer, at: Index, value: Scalar): Stmt => {
    const param = nest.param(name);
    param.writes = true;
    return { kind: "store", buffer: param.name, at, value };
  };
  const read = ({ name }: Buffer, at: Index): Scalar => {
    const param = nest.param(name);
    param.reads = true;
    return load(param.name, "i32", at);
  };
  const whole = (value: number): Scalar => literal(value, "i32");
  const isLast = (row: Index): Scalar => apply("eq", "bool", read(last, row), position(number));
  const columns = inner.map(({ name, extent }) => index(name, extent));
  const sumOf = (of: Index): Scalar => load(sums.name, dtype, of, ...columns);
  const counted: Axis = { name: "term.", extent: count };
  const here: Point = { where: new Map([[counted.name, number]]), suffix: "" };
  const summed = (value: Scalar): Stmt[] =>
    innerStage(nest, { ...definition, name: sums.name, shape: sums.shape, axes: [counted, ...inner], value }, inner, here);
  const updated = (row: Index): Stmt[] =>
    nest.group.stages.slice(1).flatMap(({ definition: update }) => {
      const value = mapScalar(update.value, (part) => (part.kind === "load" && part.buffer === definition.name ? sumOf(number) : part));
      return innerStage(nest, { ...update, value }, inner, { where: new Map([[placed.axis.name, row]]), suffix: "" });
    });
  return [
    ...over([atPlace((row) => [store(last, row, whole(count))])]),
    ...over([
      store(before, number, whole(count)),
      atPlace((row) => [store(before, number, read(last, row)), store(last, row, position(number))]),
    ]),
    ...over([
      store(place, number, whole(placed.axis.extent)),
      atPlace((row) => [{ kind: "if", when: isLast(row), then: [store(place, number, position(row))] }]),
    ]),
    ...over([
      ...summed(apply("add", dtype, literal(0, dtype), term)),
      only(nest, count, read(before, number), (of) => summed(apply("add", dtype, sumOf(of), sumOf(number)))),
      only(nest, placed.axis.extent, read(place, number), updated),
    ]),
  ];
}

/** A buffer filled with zeros, in lanes where there are some. */
export function zeros(nest: Nest, definition: Definition): Stmt[] {
  const size = sizeOf(definition.shape);
  const buffer = nest.write(definition);
  const zero = (at: Index): Stmt => ({ kind: "store", buffer, at, value: literal(0, definition.dtype) });
  if (nest.lanes === 1) return loop({ name: "z", extent: size }, [zero(index("z", size))]);
  const whole = size - (size % LANES);
  const vectors: Stmt = {
    kind: "for",
    index: "z",
    from: constant(0),
    to: constant(whole),
    step: LANES,
    form: "loop",
    body: [laneLoop([zero(add(index("z", whole - LANES + 1), index(LANE, LANES)))])],
  };
  const rest = Array.from({ length: size - whole }, (_, n) => zero(constant(whole + n)));
  return [...(whole > 0 ? [vectors] : []), ...rest];
}
