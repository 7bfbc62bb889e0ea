/** Which input element every output position of a sliding window meets, as a table that references walk. */

import { sizeOf } from "../graph/type.ts";
import { eachPosition, flatten } from "./op.ts";

/** A window sliding over every axis of `inside`. */
export interface Sliding {
  readonly inside: readonly number[];
  readonly window: readonly number[];
  readonly outside: readonly number[];
  readonly stride: readonly number[];
  readonly low: readonly number[];
  readonly lhsDilation?: readonly number[];
  readonly rhsDilation?: readonly number[];
}

/** A reference is evaluated many times with the attributes of one node. */
const known = new WeakMap<object, { readonly of: string; readonly table: Int32Array }>();

/** Entry p·window + k: the flat input position, or -1 where position k of window p is a zero between or around the input. */
export function tapsOf(attrs: object, sliding: Sliding): Int32Array {
  const of = `${sliding.inside.join()} ${sliding.outside.join()}`;
  const found = known.get(attrs);
  if (found?.of === of) return found.table;
  const table = tabulate(sliding);
  known.set(attrs, { of, table });
  return table;
}

function tabulate({ inside, window, outside, stride, low, lhsDilation, rhsDilation }: Sliding): Int32Array {
  const table = new Int32Array(sizeOf(outside) * sizeOf(window)).fill(-1);
  const corner = inside.map(() => 0);
  const from = inside.map(() => 0);
  let entry = 0;
  eachPosition(outside, (p) => {
    for (let axis = 0; axis < corner.length; axis++) corner[axis] = p[axis]! * stride[axis]! - low[axis]!;
    eachPosition(window, (k) => {
      let real = true;
      for (let axis = 0; axis < from.length; axis++) {
        const at = (corner[axis]! + k[axis]! * (rhsDilation?.[axis] ?? 1)) / (lhsDilation?.[axis] ?? 1);
        real &&= at >= 0 && at < inside[axis]! && Number.isInteger(at);
        from[axis] = at;
      }
      if (real) table[entry] = flatten(from, inside);
      entry++;
    });
  });
  return table;
}
