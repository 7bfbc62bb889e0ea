/**
 * The extents that a declaration names, as they ship or as a small instance has them: every number that stands for an extent
 * (of an input, a parameter, a layer's width, a vocabulary) goes through here, so that the same declaration makes the same graph in small.
 * What layers compute from the shapes of their inputs follows by itself.
 */

import { sizeOf, type Shape } from "../graph/type.ts";

/** Height and width of images, or any other extent. */
export type ExtentKind = "space" | "width";

/** What the extents of a full declaration become. */
export interface ExtentMap {
  readonly space: ReadonlyMap<number, number>;
  readonly width: ReadonlyMap<number, number>;
  /** Shapes of the full declaration, node by node, literals apart. */
  readonly full: readonly Shape[];
  /** Filled in by the declaration: what reshapes made of extents that may be named elsewhere: 784 of images that are 8×8 now is 64. */
  readonly found: Map<number, number>;
}

export class Extents {
  readonly #batch: number;
  readonly #map: ExtentMap | undefined;
  /** What the declaration named, in full. */
  readonly named = { space: new Set<number>(), width: new Set<number>() };

  constructor(batch: number, map: ExtentMap | undefined) {
    this.#batch = batch;
    this.#map = map;
  }

  /** An extent as this instance has it. Anything but a whole number above 1 is for the caller to refuse. */
  of<E extends number>(extent: E, kind: ExtentKind = "width"): E {
    if (!(Number.isInteger(extent) && extent > 1)) return extent;
    this.named[kind].add(extent);
    return (this.#map?.[kind].get(extent) ?? extent) as E; // in its type the extent is the one that ships
  }

  /** The shape of what is fed or kept: rows first where `rows` says so; of four axes the last two are space. */
  shape<S extends Shape>(shape: S, { rows }: { readonly rows: boolean }): S {
    const all = shape.map((extent, axis) => {
      if (rows && axis === 0) return this.#rows(extent);
      return this.of(extent, shape.length === 4 && axis > 1 ? "space" : "width");
    });
    return all as unknown as S; // as many extents
  }

  /** The batch's own rows, or so many positions for each of them. */
  #rows(extent: number): number {
    const positions = extent / this.#batch;
    return Number.isInteger(positions) && positions > 1 ? this.#batch * this.of(positions) : extent;
  }

  /** What a node's shape is in full, by its place among those that are no literals. */
  full(place: number): Shape | undefined {
    return this.#map?.full[place];
  }

  /** The shape that a reshape asks for, for an x that has become smaller: what stays together keeps its product. */
  reshaped(full: Shape | undefined, x: Shape, wanted: Shape): Shape {
    if (full === undefined || sizeOf(full) !== sizeOf(wanted)) return wanted;
    const parts = regrouped(full, wanted);
    if (parts === undefined) return wanted;
    return parts.flatMap(([from, to]) => {
      const left = sizeOf(x.slice(...from));
      const asked = wanted.slice(...to);
      const made = this.#divided(left, asked, full.slice(...from), x.slice(...from));
      if (asked.length === 1 && made[0] !== asked[0]) this.#map?.found.set(asked[0]!, made[0]!);
      return made;
    });
  }

  /** Extents of the product `total` that stand for `asked`: as they are known, the largest of them taking what is left. */
  #divided(total: number, asked: Shape, full: Shape, x: Shape): Shape {
    if (asked.length === 1) return [total];
    if (sizeOf(asked) === total) return asked;
    const known = asked.map((extent) => {
      const axis = full.indexOf(extent);
      return axis >= 0 ? x[axis]! : (this.#map?.width.get(extent) ?? extent);
    });
    if (sizeOf(known) === total) return known;
    const largest = asked.indexOf(Math.max(...asked));
    for (const others of [known, asked]) {
      const rest = sizeOf(others) / others[largest]!;
      if (total % rest === 0) return others.with(largest, total / rest);
    }
    return asked;
  }

  /** Where a slice of an axis begins and ends: at its ends, at the same share of it, or where it was asked to. */
  cut(full: number | undefined, extent: number, at: number): number {
    if (full === undefined || full === extent || at === 0) return at;
    if (at === full) return extent;
    const share = (at * extent) / full;
    return Number.isInteger(share) ? share : at;
  }
}

type Range = readonly [start: number, end: number];

/** The shortest runs of axes of equal products, of two shapes of one size. */
function regrouped(from: Shape, to: Shape): readonly (readonly [Range, Range])[] | undefined {
  const runs: (readonly [Range, Range])[] = [];
  let [a, b] = [0, 0];
  while (a < from.length || b < to.length) {
    const [left, right] = [a, b];
    let [p, q] = [from[a++] ?? 1, to[b++] ?? 1];
    while (p !== q) {
      if (p < q && a < from.length) p *= from[a++]!;
      else if (q < p && b < to.length) q *= to[b++]!;
      else return undefined;
    }
    runs.push([
      [left, Math.min(a, from.length)],
      [right, Math.min(b, to.length)],
    ]);
  }
  return runs;
}
