/** Guarantees reductions, movements and reading by position in random programs, with awkward attributes. */

import { sizeOf, type Shape } from "../../compiler/graph/type.ts";
import type { Value } from "../../compiler/graph/graph.ts";
import { randomUniform } from "../../compiler/model/random.ts";
import { alike, axesOf, number, pick, positions, push, shapeOf, type Bench } from "./bench.ts";
import type { Apply } from "./steps.ts";

const some = (shape: Shape, n: number): number[] => axesOf(shape).filter((axis) => ((n >> axis) & 1) === 1);

export const sum: Apply = (b, { a, n }) => {
  const x = pick(b.floats, a);
  push(b, b.g.sum(x, { axes: some(shapeOf(b, x), n) }));
};

export const largest: Apply = (b, { a, n, m }) => {
  const { g } = b;
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  if (shape.length === 0) return push(b, g.sin(x));
  const axes = some(shape, n);
  // relu makes ties, which share the cotangent
  push(b, g.reduceMax(m % 4 === 0 ? g.relu(x) : x, { axes: axes.length === 0 ? axesOf(shape) : axes }));
};

export const argmax: Apply = (b, { a, n }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  if (shape.length === 0) return push(b, b.g.tanh(x));
  const axis = n % shape.length;
  b.wholes.push({ value: b.g.argmax(x, { axis }), limit: shape[axis]! });
};

export const cumsum: Apply = (b, { a, n }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  push(b, shape.length === 0 ? b.g.neg(x) : b.g.cumsum(x, { axis: n % shape.length }));
};

const factors = (size: number): number[] => [1, 2, 3, 5, 7, 13].filter((n) => size % n === 0);

export const reshape: Apply = (b, { a, n, m }) => {
  const x = pick(b.floats, a);
  const size = sizeOf(shapeOf(b, x));
  const first = pick(factors(size), n);
  const second = pick(factors(size / first), m);
  const shapes = [[size], [first, size / first], [first, second, size / first / second]];
  push(b, b.g.reshape(x, { shape: shapes[(n + m) % 3]! }));
};

export const transpose: Apply = (b, { a, n }) => {
  const x = pick(b.floats, a);
  const axes = axesOf(shapeOf(b, x));
  const turned = [...axes.slice(n % Math.max(1, axes.length)), ...axes.slice(0, n % Math.max(1, axes.length))];
  push(b, b.g.transpose(x, { order: n % 2 === 0 ? turned : [...axes].reverse() }));
};

export const broadcast: Apply = (b, { a, n, m }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  if (shape.length > 3) return push(b, b.g.sin(x));
  const rank = shape.length + 1 + (m % 2);
  const axes = m % 2 === 0 ? [n % rank] : [n % rank, (n + 1) % rank];
  push(b, b.g.broadcast(x, { axes, size: axes.map((axis) => [1, 2, 3, 5][(m + axis) % 4]!) }));
};

export const slice: Apply = (b, { a, n, m }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  const start = shape.map((extent, axis) => ((n >> axis) + axis) % extent);
  const limit = shape.map((extent, axis) => Math.max(start[axis]! + 1, extent - ((m >> axis) % 3)));
  push(b, b.g.slice(x, { start, limit, stride: shape.map((_, axis) => 1 + ((m + axis) % 3)) }));
};

export const pad: Apply = (b, { a, n, m }) => {
  const x = pick(b.floats, a);
  const of = (by: number) => shapeOf(b, x).map((_, axis) => (by >> (2 * axis)) % 3);
  push(b, b.g.pad(x, { low: of(n), high: of(m), interior: of(n + m) }));
};

export const reverse: Apply = (b, { a, n }) => {
  const x = pick(b.floats, a);
  push(b, b.g.reverse(x, { axes: some(shapeOf(b, x), n) }));
};

export const concat: Apply = (b, { a, b: other, n, m }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  if (shape.length === 0) return push(b, b.g.cos(x));
  const axis = n % shape.length;
  const wanted = m % 2 === 0 ? shape : shape.map((extent, n) => (n === axis ? 1 + (m % 3) : extent));
  const y = alike(b, wanted, other, n);
  const parts: Value[] = m % 3 === 0 ? [y, x, x] : [x, y];
  push(b, b.g.concat(parts, { axis }));
};

/** Positions as they are; or one lower, so that some may lie outside. */
const shifted = (b: Bench, at: Value, n: number): Value => (n % 5 === 4 ? b.g.sub(at, b.g.literal(1, "i32")) : at);

export const gather: Apply = (b, { a, n }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  if (shape.length === 0) return push(b, b.g.sin(x));
  push(b, b.g.gather(x, shifted(b, positions(b, shape[0]!, n).value, n)));
};

export const scatterAdd: Apply = (b, { a, n, m }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  if (shape.length === 0) return push(b, b.g.cos(x));
  const { value, limit } = positions(b, shape[0]!, n);
  const updates = b.g.mul(b.g.gather(x, value), number(b, 0.7));
  push(b, b.g.scatterAdd(shifted(b, value, m), updates, { rows: limit + (m % 3) }));
};

export const random: Apply = (b, { a }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  if (shape.length === 0) return push(b, b.g.erf(x));
  push(b, b.g.mul(x, randomUniform(shape).value));
};
