/**
 * The elementwise functions that references compute most, each in a loop of its own: one called for every element would box each number that it
 * gives. They are what formula.ts means by the same names, element by element.
 */

/** Fills `y`; an operand with step 0 is one element for all. */
type Sweep = (y: Float64Array, a: Float64Array, stepA: number, b: Float64Array, stepB: number, c: Float64Array, stepC: number) => void;

export const SWEEPS: Readonly<Record<string, Sweep | undefined>> = {
  neg(y, a, m) {
    for (let n = 0; n < y.length; n++) y[n] = -a[n * m]!;
  },
  relu(y, a, m) {
    for (let n = 0; n < y.length; n++) y[n] = a[n * m]! < 0 ? 0 : a[n * m]!;
  },
  add(y, a, m, b, o) {
    for (let n = 0; n < y.length; n++) y[n] = a[n * m]! + b[n * o]!;
  },
  sub(y, a, m, b, o) {
    for (let n = 0; n < y.length; n++) y[n] = a[n * m]! - b[n * o]!;
  },
  mul(y, a, m, b, o) {
    for (let n = 0; n < y.length; n++) y[n] = a[n * m]! * b[n * o]!;
  },
  div(y, a, m, b, o) {
    for (let n = 0; n < y.length; n++) y[n] = a[n * m]! / b[n * o]!;
  },
  lt(y, a, m, b, o) {
    for (let n = 0; n < y.length; n++) y[n] = a[n * m]! < b[n * o]! ? 1 : 0;
  },
  le(y, a, m, b, o) {
    for (let n = 0; n < y.length; n++) y[n] = a[n * m]! <= b[n * o]! ? 1 : 0;
  },
  eq(y, a, m, b, o) {
    for (let n = 0; n < y.length; n++) y[n] = a[n * m]! === b[n * o]! ? 1 : 0;
  },
  where(y, c, m, a, o, b, p) {
    for (let n = 0; n < y.length; n++) y[n] = c[n * m]! !== 0 ? a[n * o]! : b[n * p]!;
  },
};
