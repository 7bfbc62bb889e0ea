/** Guarantees contractions and windows in random programs: batch axes, groups, dilation, padding on either side, also negative. */

import type { Value } from "../../compiler/graph/graph.ts";
import { sizeOf, type Shape } from "../../compiler/graph/type.ts";
import { convAttrs } from "../../compiler/ops/conv.ts";
import { dotAttrs } from "../../compiler/ops/dot.ts";
import { alike, axesOf, pick, push, shapeOf, type Bench } from "./bench.ts";
import type { Apply } from "./steps.ts";

const EXTENTS = [1, 2, 3, 5, 7];

export const dot: Apply = (b, { a, b: other, n, m }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  const contract = axesOf(shape).filter((axis) => ((n >> axis) & 1) === 1);
  const batch = axesOf(shape).filter((axis) => !contract.includes(axis) && ((m >> axis) & 1) === 1);
  // the other operand has batch and contracted axes in another order, and a free one first or last
  const shared = m % 3 === 0 ? [...contract, ...batch] : [...batch, ...contract].reverse();
  const free = n % 4 === 0 ? [] : [EXTENTS[m % EXTENTS.length]!];
  const lead = m % 2 === 0 ? free.length : 0;
  const extents = shared.map((axis) => shape[axis]!);
  const y = alike(b, lead > 0 ? [...free, ...extents] : [...extents, ...free], other, m);
  const at = (axis: number): number => lead + shared.indexOf(axis);
  const attrs = dotAttrs(contract, contract.map(at), batch, batch.map(at));
  const left = (n >> 3) % 2 === 0;
  const { aBatch, aContract, bBatch, bContract } = attrs;
  push(b, left ? b.g.dot(x, y, attrs) : b.g.dot(y, x, { aBatch: bBatch!, aContract: bContract!, bBatch: aBatch!, bContract: aContract! }));
};

/** [n, c, …space] of any value: missing axes have extent 1. */
function image(b: Bench, x: Value): Value {
  const shape = shapeOf(b, x);
  if (shape.length >= 3) return x;
  return b.g.reshape(x, {
    shape: shape.length === 2 ? [shape[0]!, 1, shape[1]!] : [1, 1, shape[0] ?? 1],
  });
}

const dilated = (extent: number, by: number): number => (extent - 1) * by + 1;
const signed = (n: number): number => [0, 1, 2, -1][n % 4]!;

export const conv: Apply = (b, { a, b: other, n, m }) => {
  const x = image(b, pick(b.floats, a));
  const [rows, channels, ...space] = shapeOf(b, x) as [number, number, ...number[]];
  const groups = n % 3 === 0 ? channels : n % 3 === 1 && channels % 2 === 0 ? 2 : 1;
  const batchGroups = groups === 1 && m % 4 === 3 ? (rows % 2 === 0 ? 2 : rows) : 1;
  const along = (of: (n: number) => number): number[] => space.map((_, axis) => of((n >> axis) + (m >> (axis + 1))));
  const window = along((k) => 1 + (k % 3));
  const stride = along((k) => 1 + ((k >> 1) % 3));
  const rhsDilation = along((k) => 1 + ((k >> 2) % 2));
  const lhsDilation = along((k) => (k % 5 === 4 ? 2 : 1));
  const low = along((k) => signed(k));
  const high = space.map((extent, axis) => {
    const inside = dilated(extent, lhsDilation[axis]!) + low[axis]!;
    return Math.max(signed(m >> axis), dilated(window[axis]!, rhsDilation[axis]!) - inside);
  });
  const filters = groups * batchGroups * (1 + (m % 3));
  const w = alike(b, [filters, channels / groups, ...window], other, m & ~3);
  push(b, b.g.conv(x, w, convAttrs(space.length, { stride, low, high, lhsDilation, rhsDilation, featureGroups: groups, batchGroups })));
};

/** A window a value allows; every window covers at least one element, since padding stays below it. */
function windowOf(shape: Shape, n: number, m: number) {
  const window = shape.map((extent, axis) => Math.min(extent, 1 + ((n >> axis) % 3)));
  const within = (by: number, axis: number): number => Math.min(window[axis]! - 1, by);
  const low = shape.map((_, axis) => within((m >> axis) % 3, axis));
  const high = shape.map((_, axis) => within((n >> (axis + 1)) % 3, axis));
  // cropped where that leaves a window
  const crop = shape.findIndex((extent, axis) => extent + low[axis]! + high[axis]! > window[axis]! + 1);
  if (m % 4 === 3 && crop >= 0 && low[crop] === 0) low[crop] = -1;
  return { window, stride: shape.map((_, axis) => 1 + ((m >> axis) % 3)), low, high };
}

export const windowSum: Apply = (b, { a, n, m }) => {
  const x = pick(b.floats, a);
  push(b, b.g.windowSum(x, windowOf(shapeOf(b, x), n, m)));
};

export const windowMax: Apply = (b, { a, n, m }) => {
  const x = pick(b.floats, a);
  push(b, b.g.windowMax(n % 5 === 0 ? b.g.relu(x) : x, windowOf(shapeOf(b, x), n, m)));
};

/** What another value's largest elements point at, and back. */
export const windowGather: Apply = (b, { a, b: other, n, m }) => {
  const x = pick(b.floats, a);
  const attrs = windowOf(shapeOf(b, x), n, m);
  const y = alike(b, shapeOf(b, x), other, m);
  const where = b.g.windowArgmax(y, attrs);
  const gathered = b.g.windowGather(x, where, attrs);
  if (sizeOf(attrs.window) > 1) b.wholes.push({ value: where, limit: sizeOf(attrs.window) });
  push(b, n % 2 === 0 ? gathered : b.g.windowScatter(b.g.sin(gathered), where, { ...attrs, shape: shapeOf(b, x) }));
};
