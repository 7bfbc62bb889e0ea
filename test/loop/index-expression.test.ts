/** What is true of index expressions: they are arithmetic, in one canonical form. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  add,
  constant,
  equal,
  evaluate,
  index,
  print as printIndex,
  quotient,
  rangeOf,
  remainder,
  rowMajor,
  scale,
  shift,
  substitute,
  type Index,
} from "../../compiler/loop/index-expression.ts";
import { j } from "../support/kernels.ts";

type Tree = { index: Index; value(at: ReadonlyMap<string, number>): number };
const EXTENTS = { i: 4, j: 6, k: 1, l: 7 };
const trees = fc.letrec<{ tree: Tree }>((tie) => {
  const tree = tie("tree");
  const positive = fc.integer({ min: 1, max: 8 });
  return {
    tree: fc.oneof(
      { depthSize: "medium", withCrossShrink: true },
      fc
        .constantFrom(...(Object.keys(EXTENTS) as (keyof typeof EXTENTS)[]))
        .map((name): Tree => ({ index: index(name, EXTENTS[name]), value: (at) => at.get(name)! })),
      fc.integer({ min: -9, max: 9 }).map((value): Tree => ({ index: constant(value), value: () => value })),
      fc.tuple(tree, tree).map(([a, b]): Tree => ({ index: add(a.index, b.index), value: (at) => a.value(at) + b.value(at) })),
      fc
        .tuple(tree, fc.integer({ min: -5, max: 5 }))
        .map(([a, by]): Tree => ({ index: scale(a.index, by), value: (at) => a.value(at) * by })),
      fc.tuple(tree, positive).map(([a, by]): Tree => ({ index: quotient(a.index, by), value: (at) => Math.floor(a.value(at) / by) })),
      fc.tuple(tree, positive).map(([a, by]): Tree => ({ index: remainder(a.index, by), value: (at) => ((a.value(at) % by) + by) % by })),
    ),
  };
}).tree;
const points = fc
  .record(Object.fromEntries(Object.entries(EXTENTS).map(([name, extent]) => [name, fc.nat(extent - 1)])))
  .map((at) => new Map(Object.entries(at)));

describe("index algebra", () => {
  test("is arithmetic, and ranges hold it", () => {
    fc.assert(
      fc.property(trees, points, (tree, at) => {
        const value = evaluate(tree.index, at);
        expect(value === tree.value(at)).toBe(true);
        const [low, high] = rangeOf(tree.index);
        expect(low <= value && value <= high).toBe(true);
        expect(equal(tree.index, tree.index)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test("a position in rows of 6 is taken apart into its row and its column", () => {
    const l = index("l", 7);
    const position = add(scale(l, 6), j);
    expect(printIndex(quotient(position, 12))).toBe("((l) div 2)");
    expect(printIndex(remainder(position, 12))).toBe("6·((l) mod 2) + j");
    // a window's offset stays with its row
    const moved = substitute(quotient(position, 12), new Map([["l", shift(l, -1)]]));
    expect(printIndex(moved)).toBe("((l + 1) div 2) + -1");
    // not where the rest may leave its row
    expect(printIndex(quotient(shift(position, -1), 12))).toBe("((6·l + j + 11) div 12) + -1");
  });

  test("a position that was taken apart along three axes is itself again", () => {
    const k = index("k", 4096);
    const parts = [quotient(k, 64), remainder(quotient(k, 8), 8), remainder(k, 8)];
    expect(printIndex(rowMajor(parts, [64, 8, 8]))).toBe("k");
    expect(printIndex(rowMajor(parts.slice(1), [8, 8]))).not.toBe("k");
  });

  test("substitutes as arithmetic does", () => {
    fc.assert(
      fc.property(trees, trees, points, (outer, inner, at) => {
        // an index stays below its extent: the replacement of l is brought there
        const replacement = remainder(inner.index, EXTENTS.l);
        const value = evaluate(substitute(outer.index, new Map([["l", replacement]])), at);
        expect(value).toBe(evaluate(outer.index, new Map([...at, ["l", evaluate(replacement, at)]])));
      }),
      { numRuns: 3000 },
    );
  });

  test("never gives a negative zero", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        expect(Object.is(tree.index.offset, -0)).toBe(false);
      }),
    );
  });
});
