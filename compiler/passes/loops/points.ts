/** Where the points of a tile are: an axis in ranges of whole tiles and what is left, a block of ranges as points, loops over both. */

import { add, constant, index, shift, type Index } from "../../loop/index-expression.ts";
import { LANES, PAIR } from "../../loop/lanes.ts";
import type { Axis, Loop, Scalar, Stmt } from "../../loop/loop.ts";

/** One point of a tile: where its axes are, and how its locals are told apart. */
export interface Point {
  readonly where: ReadonlyMap<string, Index>;
  readonly suffix: string;
}

/** From `from` to before `to` by `size`, or by so many in lanes. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly vector: boolean;
}

/** An axis in pieces: whole tiles, then what is left; lanes leave a vector, then a pair or single points. */
export function rangesOf(extent: number, size: number, inLanes: boolean): Range[] {
  const sizes = inLanes ? [size, LANES] : [size];
  let from = 0;
  const ranges = sizes.map((one) => {
    const to = from + Math.floor((extent - from) / one) * one;
    const range = { from, to, size: one, vector: inLanes };
    from = to;
    return range;
  });
  return [...ranges, { from, to: extent, size: extent - from, vector: inLanes && extent - from === PAIR }].filter(
    ({ from, to }) => to > from,
  );
}

/** A name and a place in the tile: sum01, d_W2_01. */
export const suffixed = (name: string, suffix: string): string =>
  suffix !== "" && /\d$/.test(name) ? `${name}_${suffix}` : `${name}${suffix}`;

/** Part of a tile along one axis: `size` points from `base`. */
export interface Block {
  readonly axis: Axis;
  readonly base: Index;
  readonly size: number;
  /** Its points are lanes, four to a local, or a pair. */
  readonly vector: boolean;
}

/** Lanes of a block in lanes. */
export const laneCount = ({ size }: Pick<Block, "size">): number => Math.min(size, LANES);

/** The points of a tile, row-major; their suffixes are their places in it. Of lanes there is one point a vector. */
export function pointsOf(block: readonly Block[]): Point[] {
  const many = ({ size, vector }: Block): boolean => size > (vector ? laneCount({ size }) : 1);
  return block.reduce<Point[]>(
    (points, { axis, base, size, vector }) =>
      points.flatMap(({ where, suffix }) =>
        Array.from({ length: vector ? size / laneCount({ size }) : size }, (_, n) => ({
          where: new Map(where).set(axis.name, vector ? shift(add(base, index(LANE, laneCount({ size }))), n * LANES) : shift(base, n)),
          suffix: many({ axis, base, size, vector }) ? `${suffix}${n}` : suffix,
        })),
      ),
    [{ where: new Map(), suffix: "" }],
  );
}

/** Every position of some axes, row-major. */
export const positionsOf = (axes: readonly Axis[]): readonly ReadonlyMap<string, Index>[] =>
  axes.reduce<readonly ReadonlyMap<string, Index>[]>(
    (all, { name, extent }) => all.flatMap((where) => Array.from({ length: extent }, (_, n) => new Map(where).set(name, constant(n)))),
    [new Map()],
  );

/** The index that counts lanes. */
export const LANE = "lane";

/** What every lane does. */
export const laneLoop = (body: readonly Stmt[], lanes = LANES): Loop => ({
  kind: "for",
  index: LANE,
  from: constant(0),
  to: constant(lanes),
  step: 1,
  form: "vector",
  body,
});

const over = ({ name, extent }: Axis, body: readonly Stmt[], from = 0): Loop => ({
  kind: "for",
  index: name,
  from: constant(from),
  to: constant(extent),
  step: 1,
  form: "loop",
  body,
});

/** A loop over a whole axis; over one point, its body. */
export const loop = (axis: Axis, body: Stmt[], unrolled?: number): Stmt[] =>
  axis.extent === 1 ? body : [{ ...over(axis, body), ...(unrolled === undefined ? {} : { unrolled }) }];

/** The one iteration of a loop that a value tells, where there is one. */
export const loopAt = (axis: Axis, only: Scalar, body: readonly Stmt[]): Loop => ({ ...over(axis, body), only });

/** Points that fill no vector, one by one. */
export function remainderOf({ name, extent }: Axis, from: number, body: (at: Index) => Stmt[]): Stmt[] {
  if (extent - from < 2) return extent > from ? body(constant(from)) : [];
  return [over({ name, extent }, body(index(name, extent)), from)];
}

/** Loops over axes, the first outermost. */
export const loopsAround = (axes: readonly Axis[], inside: readonly Stmt[]): Stmt[] =>
  axes.reduceRight<Stmt[]>((rest, axis) => loop(axis, rest), [...inside]);
