/** The form of a product that prototypes are written for, and of what they are. */

/** C = op(A)·op(B), and what consumes the sums. */
export interface Shape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** A by rows, or by terms. */
  readonly a: "mk" | "km";
  /** B by terms, or by columns. */
  readonly b: "kn" | "nk";
  readonly then?: "add" | "relu" | "where" | "sgd" | "momentum" | "adam";
}

/** A program over arrays of its own: all of it, its tiles without the copies before them, and C. */
export interface Program {
  readonly run: () => void;
  readonly tiles: () => void;
  readonly result: Float32Array;
}
