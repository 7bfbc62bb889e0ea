/** A stage's value at a point: what it reads of memory, of locals and of totals. */

import { sizeOf } from "../../../graph/type.ts";
import { load, mapScalar, substitute, walkScalar } from "../../../loop/build.ts";
import { namesIn, rowMajor } from "../../../loop/index-expression.ts";
import type { Definition, Scalar } from "../../../loop/loop.ts";
import { asTotal } from "../../definitions/join.ts";
import { isOwnPoint } from "../../definitions/own-point.ts";
import { decided, taken } from "../guards.ts";
import type { Point } from "../points.ts";
import { Nest } from "./nest.ts";

/** A stage's value at a point, reading parameters of the kernel and locals of earlier stages. */
export function valueAt(nest: Nest, whole: Scalar, point: Point): Scalar {
  const value = nest.tile.pieces === undefined ? whole : taken(whole, point.where);
  const read = mapScalar(value, (part): Scalar => {
    if (part.kind !== "load") return part;
    const held = nest.held.get(`${part.buffer}${point.suffix}`) ?? nest.totals.get(part.buffer);
    if (held !== undefined && isOwnPoint(part.at, nest.group.axes)) return held;
    const buffer = nest.targets.get(part.buffer) ?? part.buffer;
    const param = nest.param(buffer);
    param.reads = true;
    const { shape } = nest.buffer(buffer);
    const where = rowMajor(part.at, shape);
    // a guard may stand around a position outside the buffer: such a read stays behind it
    const early = namesIn(where).size === 0 && where.offset >= 0 && where.offset < sizeOf(shape);
    return early && !nest.written.has(buffer) ? nest.scalar(param.name, part.dtype, where) : load(param.name, part.dtype, where);
  });
  const here = substitute(read, point.where);
  return decided(here);
}

/** Whether a later stage reads the value at its own point. */
export function readLater(nest: Nest, { name }: Definition): boolean {
  const { stages } = nest.group;
  const later = stages.slice(stages.findIndex(({ definition }) => definition.name === name) + 1);
  return later.some(({ definition, storage }) => {
    const term = storage === "total" ? asTotal(definition, nest.group.axes) : undefined;
    let reads = false;
    walkScalar(
      term ?? definition.value,
      (part) => (reads ||= part.kind === "load" && part.buffer === name && isOwnPoint(part.at, nest.group.axes)),
    );
    return reads;
  });
}
