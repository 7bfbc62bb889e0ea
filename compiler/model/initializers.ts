/** Initial values that depend on seed, parameter and position alone. */

import type { Attr } from "../graph/graph.ts";
import { sizeOf, type Shape } from "../graph/type.ts";
import { anyOf, optional } from "../graph/arguments.ts";
import { check } from "./arguments.ts";
import type { Context } from "./context.ts";
import { ANY_NUMBER, NUMBERS } from "./kinds.ts";

/** How a parameter begins: `he()`, `zeros()`, `constant(3)`. */
export interface Initializer {
  /** The attribute `initial` of the parameter; `stream` numbers a generator of its own. */
  initial(shape: Shape, stream: () => number, c: Context): Attr;
}

/** Fans of a weight: dense [in, out]; conv OIHW counts its window on both sides. */
function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  if (shape.length < 2) return { fanIn: sizeOf(shape), fanOut: sizeOf(shape) };
  if (shape.length === 2) return { fanIn: shape[0]!, fanOut: shape[1]! };
  const window = sizeOf(shape.slice(2));
  return { fanIn: shape[1]! * window, fanOut: shape[0]! * window };
}

const uniformIn = (limit: (shape: Shape) => number): Initializer => ({
  initial: (shape, stream) => ["uniform", -limit(shape), limit(shape), stream()],
});
const normalOf = (deviation: (shape: Shape) => number): Initializer => ({
  initial: (shape, stream) => ["normal", 0, deviation(shape), stream()],
});

const finite = (c: Context, name: string, ...values: readonly number[]): void => {
  for (const value of values)
    if (!Number.isFinite(value)) c.fail("value/finite", `${name} needs finite numbers, but got ${value}`, "Use a finite number.");
};

/** All elements 0. */
export const zeros = (): Initializer => constant(0);
/** All elements 1. */
export const ones = (): Initializer => constant(1);

/** Every element the same, or the given elements in row-major order. */
export const constant = (value: number | readonly number[]): Initializer => {
  check("constant", { value }, { value: anyOf("a number, or a list of them", ANY_NUMBER, NUMBERS) });
  return {
    initial(shape, _, c) {
      if (typeof value === "number") {
        finite(c, "constant", value);
        return ["constant", value];
      }
      if (value.length !== sizeOf(shape))
        c.fail(
          "initial/length",
          `constant needs ${sizeOf(shape)} elements for [${shape.join(",")}], but got ${value.length}`,
          "Give one number an element.",
        );
      finite(c, "constant", ...value);
      return ["data", ...value];
    },
  };
};

/** Uniform in [low, high). */
export const uniform = (low: number, high: number): Initializer => {
  check("uniform", { low, high }, { low: ANY_NUMBER, high: ANY_NUMBER });
  return {
    initial: (_, stream, c) => (finite(c, "uniform", low, high), ["uniform", low, high, stream()]),
  };
};

/** Independent draws of N(mean, deviation²). */
export const normal = (mean = 0, deviation = 1): Initializer => {
  check("normal", { mean, deviation }, { mean: optional(ANY_NUMBER), deviation: optional(ANY_NUMBER) });
  return {
    initial: (_, stream, c) => (finite(c, "normal", mean, deviation), ["normal", mean, deviation, stream()]),
  };
};

/** He normal, not truncated: deviation √(2 / fan in) (He et al. 2015). */
export const he = (): Initializer => normalOf((shape) => Math.sqrt(2 / fans(shape).fanIn));

/** Glorot uniform: limit √(6 / (fan in + fan out)) (Glorot & Bengio 2010). */
export const glorot = (): Initializer => uniformIn((shape) => Math.sqrt(6 / (fans(shape).fanIn + fans(shape).fanOut)));

/** He uniform: limit √(6 / fan in), of the deviation of `he` (He et al. 2015); drawn faster than normal numbers. */
export const heUniform = (): Initializer => uniformIn((shape) => Math.sqrt(6 / fans(shape).fanIn));

/** Glorot normal, not truncated: deviation √(2 / (fan in + fan out)) (Glorot & Bengio 2010). */
export const glorotNormal = (): Initializer => normalOf((shape) => Math.sqrt(2 / (fans(shape).fanIn + fans(shape).fanOut)));
