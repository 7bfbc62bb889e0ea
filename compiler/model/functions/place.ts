/** Guarantees that what a layer and its function compute is written once: both say where they stand, whose names values and messages bear. */

import type { Operand } from "../../graph/error.ts";
import type { Value } from "../../graph/graph.ts";
import { sameShape, type Shape } from "../../graph/type.ts";
import type { Context } from "../context.ts";
import type { Tensor } from "../tensor.ts";

/** What a computation works with, whether a layer's or a function's. */
export interface Place {
  readonly c: Context;
  /** Gives an intermediate value a name, for the readers of the emitted code: of a layer's, `<layer>.<name>`. */
  named(name: string, value: Value): Value;
  /** Throws a ModelError that names the layer or function, its input and the model's line. */
  fail(law: string, remedy: string, operands?: readonly Operand[]): never;
}

/** The place of a function that was called with these tensors. */
export function placeOf(c: Context, of: string, given: Readonly<Record<string, Tensor | undefined>>): Place {
  const own = Object.entries(given).flatMap(([label, tensor]) => (tensor === undefined ? [] : [c.operand(label, tensor.value)]));
  return {
    c,
    named: (name, value) => c.named(name, value),
    fail: (law, remedy, operands = own) => c.fail(`shape/${of}`, `${of} ${law}`, remedy, operands),
  };
}

/** Refuses a tensor of another shape; a number below 0 in `shape` stands for any extent. */
export function needsShape({ fail }: Place, what: string, given: Tensor | undefined, shape: Shape, of: string): void {
  if (given === undefined) return;
  const fits =
    given.shape.length === shape.length && sameShape(given.shape.map((extent, axis) => (shape[axis]! < 0 ? shape[axis]! : extent)), shape); // prettier-ignore
  if (!fits) fail(`needs ${what} ${of}, here [${shape.join(",")}], but got [${given.shape.join(",")}]`, `Change the shape of ${what}.`);
}
