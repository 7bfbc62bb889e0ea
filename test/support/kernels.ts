/** Kernels and a module written by hand, and the short words that they are written in. */

import { expect } from "vitest";
import { apply, at, literal, load, local, select } from "../../compiler/loop/build.ts";
import { add, constant, index, scale, shift, type Index } from "../../compiler/loop/index-expression.ts";
import type { Definition, Group, Kernel, Module, Param, Scalar, Stmt } from "../../compiler/loop/loop.ts";

/** A VerifyError with exactly this message. */
export const complaint = (message: string): unknown => expect.objectContaining({ name: "VerifyError", message });

// short words for kernels written by hand

export const f = (value: number): Scalar => literal(value, "f32");
export const n = (value: number): Scalar => literal(value, "i32");
export const v = (name: string): Scalar => local(name, "f32");
export const of = (buffer: string, flat: Index): Scalar => load(buffer, "f32", flat);
export const plus = (a: Scalar, b: Scalar): Scalar => apply("add", "f32", a, b);
export const times = (a: Scalar, b: Scalar): Scalar => apply("mul", "f32", a, b);
export const less = (a: Scalar, b: Scalar): Scalar => apply("lt", "bool", a, b);
export const atMost = (a: Scalar, b: Scalar): Scalar => apply("le", "bool", a, b);
export const both = (a: Scalar, b: Scalar): Scalar => apply("and", "bool", a, b);

export const loop = (name: string, to: number, body: readonly Stmt[], step = 1): Stmt => ({
  kind: "for",
  index: name,
  from: constant(0),
  to: constant(to),
  step,
  form: "loop",
  body,
});
export const set = (name: string, value: Scalar, mutable = false): Stmt => ({ kind: "let", name, dtype: value.dtype, value, mutable });
export const assign = (name: string, value: Scalar): Stmt => ({ kind: "assign", name, value });
export const store = (buffer: string, flat: Index, value: Scalar): Stmt => ({ kind: "store", buffer, at: flat, value });
export const when = (condition: Scalar, ...then: Stmt[]): Stmt => ({ kind: "if", when: condition, then });
export const param = (name: string, length: number, access: Param["access"], dtype: Param["dtype"] = "f32"): Param => ({
  name,
  dtype,
  length,
  access,
});
export const kernel = (name: string, params: Param[], body: Stmt[], doc: string[] = []): Kernel => ({ name, doc, params, body, flops: 0 });

// y[4,6] = x[4,5]·w[5,6], two rows and two columns at a time
export const i = index("i", 4);
export const j = index("j", 6);
export const k = index("k", 5);
const tile = [0, 1].flatMap((row) => [0, 1].map((column) => ({ row, column, name: `y${row}${column}` })));
export const dot: Kernel = {
  ...kernel(
    "dot_4x5x6",
    [param("x", 20, "read"), param("w", 30, "read"), param("y", 24, "write")],
    [
      loop(
        "i",
        4,
        [
          loop(
            "j",
            6,
            [
              ...tile.map(({ name }) => set(name, f(0), true)),
              loop("k", 5, [
                ...[0, 1].map((row) => set(`a${row}`, of("x", add(scale(shift(i, row), 5), k)))),
                ...[0, 1].map((column) => set(`b${column}`, of("w", add(scale(k, 6), j, constant(column))))),
                ...tile.map(({ row, column, name }) => assign(name, plus(v(name), times(v(`a${row}`), v(`b${column}`))))),
              ]),
              ...tile.map(({ row, column, name }) => store("y", add(scale(shift(i, row), 6), shift(j, column)), v(name))),
            ],
            2,
          ),
        ],
        2,
      ),
    ],
    ["y[i,j] = Σ k<5: x[i,k]·w[k,j]"],
  ),
  flops: 240,
};

const r3 = index("r", 3);
const c7 = index("c", 7);
const cell = add(scale(r3, 7), c7);
export const softmax = kernel(
  "softmax",
  [param("x", 21, "read"), param("y", 21, "write")],
  [
    loop("r", 3, [
      set("m", f(-Infinity), true),
      loop("c", 7, [assign("m", apply("max", "f32", v("m"), of("x", cell)))]),
      set("total", f(0), true),
      loop("c", 7, [
        set("e", apply("exp", "f32", apply("sub", "f32", of("x", cell), v("m")))),
        store("y", cell, v("e")),
        assign("total", plus(v("total"), v("e"))),
      ]),
      loop("c", 7, [store("y", cell, apply("div", "f32", of("y", cell), v("total")))]),
    ]),
  ],
);

// y[p] = Σ q<3: x[p + q − 1], zero outside
export const p8 = index("p", 8);
export const q3 = index("q", 3);
const tap = shift(add(p8, q3), -1);
export const guarded = kernel(
  "blur",
  [param("x", 8, "read"), param("y", 8, "write")],
  [
    loop("p", 8, [
      set("total", f(0), true),
      loop("q", 3, [assign("total", plus(v("total"), select(both(atMost(n(0), at(tap)), less(at(tap), n(8))), of("x", tap), f(0))))]),
      store("y", p8, v("total")),
    ]),
  ],
);

export const argmax = kernel(
  "argmax",
  [param("x", 21, "read"), param("y", 3, "write", "i32")],
  [
    loop("r", 3, [
      set("best", of("x", scale(r3, 7)), true),
      set("where", n(0), true),
      loop("c", 7, [when(less(v("best"), of("x", cell)), assign("best", of("x", cell)), assign("where", at(c7)))]),
      store("y", r3, local("where", "i32")),
    ]),
  ],
);

export const kernels = { dot, softmax, guarded, argmax };
export const numbers = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, at) => Math.fround(Math.sin(at * at + 1) * 3));

// a module of two calls, with every kind of thing in it

const axes46 = [
  { name: "i", extent: 4 },
  { name: "j", extent: 6 },
];
export const hDefinition: Definition = {
  name: "h",
  dtype: "f32",
  shape: [4, 6],
  axes: axes46,
  value: {
    kind: "reduce",
    dtype: "f32",
    by: "add",
    over: [{ name: "k", extent: 5 }],
    term: times(load("x", "f32", i, k), load('w "1" */', "f32", k, j)),
  },
  op: "dot",
  doc: [
    { maths: "h = x·w", node: "h", role: "primal", site: "models/m.ts:7" },
    { maths: "*/ `${evil}`\n// next", node: "a b", role: "x, y", site: "" },
  ],
};
export const group: Group = {
  axes: [{ name: "i", extent: 4 }],
  stages: [{ definition: { ...hDefinition, axes: axes46 }, storage: "buffer" }],
};
export const lossDefinition: Definition = {
  name: "loss",
  dtype: "f32",
  shape: [],
  axes: [],
  value: times(load("h", "f32", constant(0), constant(0)), f(0.25)),
  target: "best",
  op: "mul",
  doc: [],
};
const sumOfH = kernel(
  "total",
  [param("h", 24, "read"), param("s", 1, "write")],
  [set("t", f(-0), true), loop("i", 24, [assign("t", plus(v("t"), of("h", index("i", 24))))]), store("s", constant(0), v("t"))],
);

export const module: Module = {
  name: "m",
  arenaBytes: 1024,
  buffers: [
    { name: "x", dtype: "f32", shape: [4, 5], role: "input" },
    { name: "y", dtype: "i32", shape: [4], role: "input", classes: 6 },
    {
      name: 'w "1" */',
      dtype: "f32",
      shape: [5, 6],
      role: "parameter",
      trainable: true,
      initial: { kind: "uniform", low: -0.1, high: 1e-7, stream: 3 },
    },
    { name: "b", dtype: "f32", shape: [3], role: "state", trainable: false, initial: { kind: "data", values: [-0, NaN, -Infinity] } },
    { name: "c", dtype: "f32", shape: [], role: "constant", initial: { kind: "constant", value: 0.1 } },
    { name: "z", dtype: "f64", shape: [], role: "state", initial: { kind: "normal", mean: 0, deviation: 0.02, stream: 4 } },
    { name: "h", dtype: "f32", shape: [4, 6], role: "residual" },
    { name: "for", dtype: "f32", shape: [], role: "scratch" },
    { name: "best", dtype: "f32", shape: [], role: "output" },
  ],
  slots: [
    { buffer: "x", offset: 0, bytes: 80, live: "always" },
    { buffer: "y", offset: 80, bytes: 16, live: "always" },
    { buffer: 'w "1" */', offset: 96, bytes: 120, live: "always" },
    { buffer: "b", offset: 216, bytes: 12, live: "always" },
    { buffer: "c", offset: 228, bytes: 4, live: "always" },
    { buffer: "z", offset: 232, bytes: 8, live: "always" },
    { buffer: "h", offset: 240, bytes: 96, live: [0, 1] },
    { buffer: "for", offset: 336, bytes: 4, live: [1, 2] },
    { buffer: "best", offset: 340, bytes: 4, live: [3, 3] },
  ],
  kernels: [dot, sumOfH],
  entries: [
    {
      name: "step",
      buffers: ["h", "for", "best"],
      lowerBound: 436,
      calls: [
        { kind: "call", kernel: "dot_4x5x6", args: ["x", 'w "1" */', "h"], group, doc: hDefinition.doc },
        { kind: "call", kernel: "total", args: ["h", "for"], group: { axes: [], stages: [] }, doc: [] },
        { kind: "let", name: "loss", dtype: "f32", value: times(load("for", "f32", constant(0)), load("c", "f32", constant(0))), doc: [] },
        { kind: "store", buffer: "best", dtype: "f32", value: v("loss"), definition: lossDefinition, doc: hDefinition.doc },
      ],
      results: [
        { kind: "loss", name: "a loss", value: "loss", dtype: "f32", shape: [] },
        { kind: "output", name: "best", value: "best", dtype: "f32", shape: [] },
      ],
    },
    { name: "nothing", buffers: [], lowerBound: 0, calls: [], results: [] },
  ],
};
export const [step] = module.entries;
