/** Parts of matrices by position: triangles, diagonals, traces; and the product of all pairs. */

import { optional, whole } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { FLOATS } from "./kinds.ts";
import type { FloatTensor } from "./tensor.ts";

const OFFSET = optional(whole("a whole number", Number.MIN_SAFE_INTEGER));

/** Throws a ModelError for what has no rows and columns. */
function checkMatrices(c: Context, name: string, x: FloatTensor): void {
  if (x.shape.length < 2)
    c.fail(`shape/${name}`, `${name} needs rows and columns, but got [${x.shape.join(",")}]`, "Give it a matrix, or a stack of them.", [
      c.operand("x", x.value),
    ]);
}

/** x where `holds` of column and row + offset, 0 elsewhere. */
const triangle =
  (name: "tril" | "triu", holds: (c: Context, column: Value, row: Value) => Value) =>
  <S extends Shape>(x: FloatTensor<S>, offset = 0): FloatTensor<S> => {
    const c = called(name, { x, offset }, { x: FLOATS, offset: OFFSET });
    return c.run(() => {
      checkMatrices(c, name, x);
      const { g } = c;
      const position = (axis: number): Value => g.iota({ dtype: "i32", shape: x.shape }, { axis });
      const row = position(x.shape.length - 2);
      const moved = offset === 0 ? row : g.add(row, g.literal(offset, "i32"));
      return c.tensor(g.where(holds(c, position(x.shape.length - 1), moved), x.value, g.literal(0, c.float)));
    }) as FloatTensor<S>; // elementwise keeps the shape
  };

type Triangle = <S extends Shape>(x: FloatTensor<S>, offset?: number) => FloatTensor<S>;

/** The lower triangles of matrices [b…, m, n], up to the offset-th diagonal above the main one; 0 elsewhere. */
export const tril: Triangle = triangle("tril", ({ g }, column, row) => g.le(column, row));

/** The upper triangles of matrices [b…, m, n], from the offset-th diagonal above the main one; 0 elsewhere. */
export const triu: Triangle = triangle("triu", ({ g }, column, row) => g.le(row, column));

/** The elements x[…, i, i + offset] of matrices [b…, m, n], as [b…, as many as there are]: every (n + 1)-th one. */
export function diagonalOf(c: Context, x: Value, offset = 0): Value {
  const { g } = c;
  const { shape } = c.typeOf(x);
  const lead = shape.slice(0, -2);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const [down, right] = [Math.max(0, -offset), Math.max(0, offset)];
  const count = Math.min(rows - down, columns - right);
  const first = down * columns + right;
  const flat = g.reshape(x, { shape: [...lead, rows * columns] });
  return g.slice(flat, {
    start: [...lead.map(() => 0), first],
    limit: [...lead, first + (count - 1) * (columns + 1) + 1],
    stride: [...lead.map(() => 1), columns + 1],
  });
}

/** The elements x[…, i, i + offset] of matrices [b…, m, n]. Throws for an offset beyond the matrix. */
export function diagonal(x: FloatTensor, offset = 0): FloatTensor {
  const c = called("diagonal", { x, offset }, { x: FLOATS, offset: OFFSET });
  return c.run(() => {
    checkMatrices(c, "diagonal", x);
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    if (!(offset > -rows && offset < columns))
      c.fail("diagonal/offset", `diagonal needs an offset from ${1 - rows} to ${columns - 1}, but got ${offset}`, "Name a diagonal of x.", [
        c.operand("x", x.value),
      ]);
    return c.tensor(diagonalOf(c, x.value, offset));
  }) as FloatTensor;
}

/** Σ x[…, i, i] of matrices [b…, m, n]. */
export function trace(x: FloatTensor): FloatTensor {
  const c = called("trace", { x }, { x: FLOATS });
  return c.run(() => {
    checkMatrices(c, "trace", x);
    return c.tensor(c.g.sum(diagonalOf(c, x.value), { axes: [x.shape.length - 2] }));
  }) as FloatTensor;
}

/** All products a[i]·b[j] of two vectors. */
export function outer<M extends number, N extends number>(
  a: FloatTensor<readonly [M]>,
  b: FloatTensor<readonly [N]>,
): FloatTensor<readonly [M, N]> {
  const c = called("outer", { a, b }, { a: FLOATS, b: FLOATS });
  return c.run(() => {
    for (const [label, one] of Object.entries({ a, b }))
      if (one.shape.length !== 1)
        c.fail("shape/outer", `outer needs two vectors, but ${label} has [${one.shape.join(",")}]`, "Reshape it to one axis.", [
          c.operand(label, one.value),
        ]);
    const [m, n] = [a.shape[0], b.shape[0]];
    return c.tensor(c.g.mul(c.g.broadcast(a.value, { axes: [1], size: [n] }), c.g.broadcast(b.value, { axes: [0], size: [m] })));
  }) as FloatTensor<readonly [M, N]>;
}
