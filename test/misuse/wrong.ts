/** Guarantees values that are wrong for an argument of a kind, as plain JavaScript may pass them; those that are tensors are made where they are used. */

import { input, labels, less } from "adjoint";

/** What is made within a declaration, when it is asked for. */
export class Late {
  readonly make: () => unknown;
  constructor(make: () => unknown) {
    this.make = make;
  }
}
const FLOATS = new Late(() => input("wrong floats", [2, 3]));
const INTEGERS = new Late(() => labels("wrong integers", [2], { classes: 3 }));
const TRUTHS = new Late(() => less(input("wrong truths", [2, 3]), 0));
const nothing = [undefined, null, true, {}, () => 1];

/** Of no kind but an object, a list or a function. */
const WRONG = {
  tensor: [...nothing, 2, "x", [], [2], new Float32Array(3)],
  floats: [...nothing, 2, "x", [], INTEGERS, TRUTHS, { shape: [2], dtype: "f32", value: 0 }],
  integers: [...nothing, 2, "x", [], FLOATS],
  truths: [...nothing, 2, "x", FLOATS],
  targets: [...nothing, 2, "x", [], TRUTHS],
  operand: [...nothing, "2", [], [1], INTEGERS],
  "any operand": [...nothing, "2", [], [1]],
  tensors: [...nothing, 2, "x", FLOATS, [null], [2], [FLOATS, undefined]],
  number: [...nothing, "1", [], FLOATS],
  finite: [...nothing, "1", [], FLOATS, NaN, Infinity],
  count: [...nothing, "1", [], FLOATS, 0, -1, 1.5, NaN],
  axis: [...nothing, "1", [], 0.5, NaN, FLOATS],
  numbers: [...nothing, 2, "x", FLOATS, ["0"], [null], [[0]]],
  "a number or numbers": [...nothing, "x", FLOATS, ["0"], [null]],
  "a number or truths": [undefined, null, {}, () => 1, "x", FLOATS, ["0"], [null]],
  weights: [...nothing, 2, "x", ["1"], [null], INTEGERS, [1, 2, 3, 4, 5]],
  padding: [...nothing, "full", ["1"], [[1]], [null], FLOATS],
  pairs: [...nothing, 2, "x", [1, 1], [[1]], [["1", 1]]],
  text: [...nothing, 2, [], FLOATS],
  texts: [...nothing, 2, "x", [2], [null]],
  flag: [undefined, null, 0, 1, "no", {}, []],
  function: [undefined, null, 2, "x", {}, [], true],
  initializer: [...nothing, 0, "zeros", [], FLOATS],
  optimizer: [...nothing, 0, "sgd", [], FLOATS],
  rate: [...nothing, -1, NaN, "0.1", [], FLOATS],
  rates: [...nothing, 2, [null], ["0.1"], [0.1, -1]],
  counts: [...nothing, 2, ["1"], [0], [1.5]],
  groups: [...nothing, 2, [null], [2], [{ optimizer: "sgd" }], [{ optimiser: 1 }]],
  activation: [undefined, null, 2, {}, [], true],
  layers: [...nothing, 2, "x", [null], [2], [FLOATS]],
  share: [...nothing, "1", -1, 1, 2, NaN],
  "share or all": [...nothing, "1", -1, 2, NaN],
  positive: [...nothing, "1", 0, -1, NaN],
  "not negative": [...nothing, "1", -1, NaN],
  "word or optimizer": [undefined, null, 2, {}, [], true],
  domain: [...nothing, 2, "negative", [0], ["0", 1]],
  trainer: [...nothing, 2, "x", [], { step: () => 1 }],
  data: [undefined, null, 2, "x", true, [], new Float32Array(2), () => 1],
  callbacks: [null, 2, "x", true, [null], { onEpoh: () => 1 }, { onEpoch: 3 }],
  pictures: [...nothing, 2, "x", [null], [2], [{ boxes: [] }]],
  store: [...nothing, 2, "x", [], { write: () => 1 }],
  tables: [...nothing, 2, "x", [], { PARAMETERS: [] }],
  every: [null, 2, "x", [], { epoch: 1 }, { epochs: 0 }, { steps: "1" }],
  signal: [...nothing, 2, "x", []],
  seed: [...nothing, "1", 0.5, 2 ** 53, NaN],
  bytes: [...nothing, 2, "x", [], [1, 2], new Float32Array(2)],
  "float array": [...nothing, 2, "x", [], [1, 2], new Float64Array(2)],
  "id array": [...nothing, 2, "x", [], [1, 2], new Float32Array(2)],
  numeric: [...nothing, 2, "x", ["1"], [null], new BigInt64Array(2)],
  picture: [...nothing, 2, "x", [], [1, 2], ["1", 1, 1]],
  object: [undefined, null, 2, "x", true, [], () => 1, {}],
  model: [...nothing, 2, "x", [], { kind: "adjoint model" }],
  anything: [],
  "floats or options": [undefined, null, true, 2, "x", [], INTEGERS],
  "floats or shape": [undefined, null, true, 2, "x", {}, INTEGERS, ["1"]],
  "count from 0": [...nothing, "1", [], -1, 1.5, NaN],
  record: [undefined, null, 2, "x", [], true, () => 1],
  map: [...nothing, 2, "x", []],
  factor: [undefined, null, true, {}, () => 1, "x", -1, NaN, [1], [1, 0]],
  range: [undefined, null, true, {}, () => 1, 2, "x", [1], [1, 0]],
  layer: [undefined, null, 2, "x", {}, [], true],
  place: [undefined, null, 2, [], {}, () => 1, true],
} as const;

export type Kind = keyof typeof WRONG;
/** `kind?` may be left out. */
export type Kinds = Kind | `${Kind}?` | { readonly [name: string]: Kinds };

export const wrongFor = (kind: Kind | `${Kind}?`): readonly unknown[] =>
  kind.endsWith("?") ? WRONG[kind.slice(0, -1) as Kind].filter((value) => value !== undefined) : WRONG[kind as Kind]; // the type's two cases
