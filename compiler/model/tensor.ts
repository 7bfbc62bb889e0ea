/** Guarantees that a tensor carries its shape in its type, and that a mismatch reads as a sentence in the editor. */

import type { Value } from "../graph/graph.ts";
import type { DType, Shape } from "../graph/type.ts";

/** A value of the graph being declared. Dims known at compile time are number literals; others `number`. */
export interface Tensor<S extends Shape = Shape, D extends DType = DType> {
  readonly shape: S;
  readonly dtype: D;
  readonly value: Value;
}

/** A tensor of floats: float32 as it ships, float64 where gradients are checked. */
export type FloatTensor<S extends Shape = Shape> = Tensor<S, "f32" | "f64">;
/** One float. */
export type Scalar = FloatTensor<readonly []>;

/** Whether two dims may be equal: literals compare, `number` agrees with all. */
export type Agree<M extends number, N extends number> = number extends M ? true : number extends N ? true : [M] extends [N] ? true : false;

/** The dims two shapes broadcast to, aligned at the last axis as in NumPy; `never` where they do not. */
export type Broadcast<A extends Shape, B extends Shape> = A extends readonly [...infer AR extends Shape, infer M extends number]
  ? B extends readonly [...infer BR extends Shape, infer N extends number]
    ? Agree<M, N> extends true
      ? Append<Broadcast<AR, BR>, number extends M ? N : M>
      : M extends 1
        ? Append<Broadcast<AR, BR>, N>
        : N extends 1
          ? Append<Broadcast<AR, BR>, M>
          : never
    : B extends readonly []
      ? A
      : Shape
  : A extends readonly []
    ? B
    : Shape;
type Append<S, N extends number> = S extends Shape ? readonly [...S, N] : never;

/** S with its last extent replaced. */
export type WithLast<S extends Shape, N extends number> = S extends readonly [...infer Rest extends Shape, number]
  ? readonly [...Rest, N]
  : Shape;

export type Print<S extends Shape> = S extends readonly [infer N extends number, ...infer R extends Shape]
  ? R extends readonly []
    ? `${N}`
    : `${N}, ${Print<R>}`
  : "";

/** B itself where the shapes broadcast; otherwise the sentence that says why not. */
export type Broadcastable<Op extends string, A extends Shape, B extends Tensor> = [Broadcast<A, B["shape"]>] extends [never]
  ? `${Op} needs shapes that broadcast, but [${Print<A>}] and [${Print<B["shape"]>}] do not`
  : B;
