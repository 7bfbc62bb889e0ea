/** Where the rows of a batch may lie in a value. */

/** `vanishes`: it is 0 (or false) in the rows that are not real. */
export type Rows =
  /** No axis is as long as the batch, or a multiple of it. */
  | { readonly kind: "none"; readonly vanishes: boolean }
  /** Along these axes it is the same for all rows. */
  | { readonly kind: "even"; readonly axes: readonly number[]; readonly vanishes: boolean }
  /** Position i of the axis belongs to row ⌊i / per⌋ mod batch. */
  | { readonly kind: "rows"; readonly axis: number; readonly per: number; readonly vanishes: boolean }
  /** In `node` a row depends on others: only a full batch is right. */
  | { readonly kind: "met"; readonly node: number; readonly why: string };

/** Where rows lie in what is only known to have a shape. */
export function rowsOfShape(shape: readonly number[], batch: number, node: number): Rows {
  const [axis, other] = shape.flatMap((extent, at) => (extent % batch === 0 ? [at] : []));
  if (axis === undefined) return { kind: "none", vanishes: false };
  if (other !== undefined || (shape[axis]! / batch) % batch === 0)
    return { kind: "met", node, why: "two of its axes are as long as the batch" };
  return { kind: "rows", axis, per: shape[axis]! / batch, vanishes: false };
}
