/** What is true of loop nests: their text reads back, the interpreter means what it says, the verifier names each broken law, index algebra is arithmetic. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apply, at, literal, load, local, select } from "../compiler/loop/build.ts";
import {
  add,
  constant,
  equal,
  evaluate,
  index,
  print as printIndex,
  quotient,
  rangeOf,
  remainder,
  rowMajor,
  scale,
  shift,
  substitute,
  type Index,
} from "../compiler/loop/index-expression.ts";
import { createMemory, erf, evaluateScalar, interpretEntry, interpretKernel } from "../compiler/loop/interpret/index.ts";
import type { Definition, Group, Kernel, Module, Param, Program, Scalar, Stmt } from "../compiler/loop/loop.ts";
import { distancesIn } from "../compiler/loop/lanes.ts";
import { parseKernel, parseModule, parseProgram } from "../compiler/loop/text/index.ts";
import {
  printDefinition,
  printDefinitions,
  printGroup,
  printKernel,
  printModule,
  printProgram,
  printScalar,
} from "../compiler/loop/text/index.ts";
import { verifyKernel, verifyModule, verifyProgram } from "../compiler/loop/verify/index.ts";

/** A VerifyError with exactly this message. */
const complaint = (message: string): unknown => expect.objectContaining({ name: "VerifyError", message });

// short words for kernels written by hand

const f = (value: number): Scalar => literal(value, "f32");
const n = (value: number): Scalar => literal(value, "i32");
const v = (name: string): Scalar => local(name, "f32");
const of = (buffer: string, flat: Index): Scalar => load(buffer, "f32", flat);
const plus = (a: Scalar, b: Scalar): Scalar => apply("add", "f32", a, b);
const times = (a: Scalar, b: Scalar): Scalar => apply("mul", "f32", a, b);
const less = (a: Scalar, b: Scalar): Scalar => apply("lt", "bool", a, b);
const atMost = (a: Scalar, b: Scalar): Scalar => apply("le", "bool", a, b);
const both = (a: Scalar, b: Scalar): Scalar => apply("and", "bool", a, b);

const loop = (name: string, to: number, body: readonly Stmt[], step = 1): Stmt => ({
  kind: "for",
  index: name,
  from: constant(0),
  to: constant(to),
  step,
  form: "loop",
  body,
});
const set = (name: string, value: Scalar, mutable = false): Stmt => ({ kind: "let", name, dtype: value.dtype, value, mutable });
const assign = (name: string, value: Scalar): Stmt => ({ kind: "assign", name, value });
const store = (buffer: string, flat: Index, value: Scalar): Stmt => ({ kind: "store", buffer, at: flat, value });
const when = (condition: Scalar, ...then: Stmt[]): Stmt => ({ kind: "if", when: condition, then });
const param = (name: string, length: number, access: Param["access"], dtype: Param["dtype"] = "f32"): Param => ({
  name,
  dtype,
  length,
  access,
});
const kernel = (name: string, params: Param[], body: Stmt[], doc: string[] = []): Kernel => ({ name, doc, params, body, flops: 0 });

// y[4,6] = x[4,5]·w[5,6], two rows and two columns at a time
const i = index("i", 4);
const j = index("j", 6);
const k = index("k", 5);
const tile = [0, 1].flatMap((row) => [0, 1].map((column) => ({ row, column, name: `y${row}${column}` })));
const dot: Kernel = {
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
const softmax = kernel(
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
const p8 = index("p", 8);
const q3 = index("q", 3);
const tap = shift(add(p8, q3), -1);
const guarded = kernel(
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

const argmax = kernel(
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

const kernels = { dot, softmax, guarded, argmax };
const numbers = (count: number): Float64Array => Float64Array.from({ length: count }, (_, at) => Math.fround(Math.sin(at * at + 1) * 3));

describe("the interpreter", () => {
  test("computes a tiled dot, rounded where it is stored", () => {
    const [x, w, y] = [numbers(20), numbers(30), new Float64Array(24)];
    interpretKernel(dot, [x, w, y]);
    for (let row = 0; row < 4; row++)
      for (let column = 0; column < 6; column++) {
        let total = 0;
        for (let at = 0; at < 5; at++) total += x[row * 5 + at]! * w[at * 6 + column]!;
        expect(y[row * 6 + column]).toBe(Math.fround(total));
      }
    interpretKernel(dot, [x, w, y], "double");
    expect(y[0]).not.toBe(Math.fround(y[0]!));
  });

  test("computes a softmax over rows", () => {
    const [x, y] = [numbers(21), new Float64Array(21)];
    interpretKernel(softmax, [x, y], "double");
    for (let row = 0; row < 3; row++) {
      const exps = [...x.subarray(row * 7, row * 7 + 7)].map(Math.exp);
      const total = exps.reduce((a, b) => a + b);
      exps.forEach((e, column) => expect(y[row * 7 + column]).toBeCloseTo(e / total, 14));
    }
  });

  test("evaluates only the branch that is taken", () => {
    const y = new Float64Array(8);
    interpretKernel(guarded, [Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8), y]);
    expect([...y]).toEqual([3, 6, 9, 12, 15, 18, 21, 15]);
  });

  test("finds the first of the largest", () => {
    const x = Float64Array.of(1, 5, 5, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1);
    const y = new Float64Array(3);
    interpretKernel(argmax, [x, y]);
    expect([...y]).toEqual([1, 0, 6]);
  });

  test("reduces in row-major order, and argmax takes NaN for the largest", () => {
    const x = [3, 8, 8, NaN, 9, NaN];
    const env = { locals: new Map(), indices: new Map([["i", 1]]), load: (_: string, [a, b]: readonly number[]) => x[a! * 3 + b!]! };
    const over = [
      { name: "a", extent: 2 },
      { name: "b", extent: 3 },
    ];
    const term = load("x", "f32", index("a", 2), index("b", 3));
    const reduce = (by: "add" | "max" | "argmax", axes = over, each = term): Scalar => ({
      kind: "reduce",
      dtype: by === "argmax" ? "i32" : "f32",
      by,
      over: axes,
      term: each,
    });
    expect(evaluateScalar(reduce("argmax"), env)).toBe(3);
    expect(evaluateScalar(reduce("max"), env)).toBeNaN();
    const first = [{ name: "b", extent: 3 }];
    expect(evaluateScalar(reduce("argmax", first, load("x", "f32", constant(0), index("b", 3))), env)).toBe(1);
    expect(evaluateScalar(reduce("add", first, load("x", "f32", constant(0), index("b", 3))), env)).toBe(19);
    expect(evaluateScalar(at(shift(index("i", 9), 4)), env)).toBe(5);
  });

  test.each([
    [apply("cast", "i32", f(-2.7)), -2],
    [apply("cast", "i32", f(-0.7)), 0],
    [apply("cast", "i32", f(3e9)), 2147483647],
    [apply("cast", "i32", f(NaN)), 0],
    [apply("cast", "bool", f(-2.7)), 1],
    [apply("cast", "f32", f(0.1)), 0.1],
    [{ kind: "round", dtype: "f32", value: f(0.1) } as Scalar, Math.fround(0.1)],
    [apply("sign", "f32", f(NaN)), NaN],
    [apply("max", "f32", f(NaN), f(1)), NaN],
    [apply("and", "bool", literal(1, "bool"), literal(0, "bool")), 0],
    [apply("or", "bool", literal(1, "bool"), literal(0, "bool")), 1],
    [apply("not", "bool", literal(0, "bool")), 1],
  ])("%# gives scalars their meaning", (scalar, value) => {
    expect(evaluateScalar(scalar, { locals: new Map(), indices: new Map(), load: () => 0 })).toBe(value);
  });

  // values of Python's math.erf; 2.5 is where the series gives way to the continued fraction
  test.each([
    [0, 0],
    [1e-9, 1.1283791670955127e-9],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.4999, 0.9995928300996666],
    [2.5, 0.999593047982555],
    [3, 0.9999779095030014],
    [5, 0.9999999999984626],
    [-1, -0.8427007929497149],
  ])("erf(%d) = %d", (x, y) => {
    expect(Math.abs(erf(x) - y)).toBeLessThanOrEqual(1e-15 * Math.max(1e-3, Math.abs(y)) * 2);
  });
});

// a module of two calls, with every kind of thing in it

const axes46 = [
  { name: "i", extent: 4 },
  { name: "j", extent: 6 },
];
const hDefinition: Definition = {
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
const group: Group = { axes: [{ name: "i", extent: 4 }], stages: [{ definition: { ...hDefinition, axes: axes46 }, storage: "buffer" }] };
const lossDefinition: Definition = {
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

const module: Module = {
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
const [step] = module.entries;

describe("the text", () => {
  test.each(Object.entries(kernels))("of kernel %s reads back", (_, whole) => {
    expect(parseKernel(printKernel(whole))).toEqual(whole);
  });

  test("of a kernel is pleasant", () => {
    expect(printKernel(guarded)).toBe(`kernel blur(x: f32[8] read, y: f32[8] write) flops 0 {
  for p in 0..8 {
    var total: f32 = 0
    for q in 0..3 {
      total = add(total, select(and(le(0i32, at(p + q - 1)), lt(at(p + q - 1), 8i32)), x[p + q - 1], 0))
    }
    y[p] = total
  }
}
`);
  });

  test("of a module reads back, whatever its names and numbers", () => {
    expect(parseModule(printModule(module))).toEqual(module);
    expect(printModule(module)).toContain(`  plan {
    x            @   0 .. 80   live always  input
    y            @  80 .. 96   live always  input
    "w \\"1\\" */" @  96 .. 216  live always  parameter
    b            @ 216 .. 228  live always  state
    c            @ 228 .. 232  live always  constant
    z            @ 232 .. 240  live always  state
    h            @ 240 .. 336  live 0..1    residual
    "for"        @ 336 .. 340  live 1..2    scratch
    best         @ 340 .. 344  live 3..3    output
  }
`);
    expect(printModule(module)).toContain(`    // h = x·w    %h  primal, models/m.ts:7
    // ["*/ \`\${evil}\`\\n// next","a b","x, y",""]
    call dot_4x5x6(x, "w \\"1\\" */", h) over (i<4) {
`);
  });

  test("of a program reads back", () => {
    const { entries, buffers, kernels: all } = module;
    const { name, calls, results } = entries[0]!;
    const program: Program = { name, buffers, kernels: all, calls, results };
    expect(parseProgram(printProgram(program))).toEqual(program);
  });

  const names = fc.oneof(fc.constantFrom("i", "true", "inf", "nanf64", "div", "let", "return", "x"), fc.string());
  const dtypes = fc.constantFrom("f32" as const, "f64" as const, "i32" as const, "bool" as const);
  const indices: fc.Arbitrary<Index> = fc.letrec<{ index: Index; atom: Index["terms"][number]["atom"] }>((tie) => ({
    index: fc.record({
      terms: fc.array(fc.record({ atom: tie("atom"), by: fc.integer({ min: -9, max: 9 }).filter((by) => by !== 0) }), { maxLength: 3 }),
      offset: fc.integer({ min: -9, max: 9 }),
    }),
    atom: fc.oneof(
      { depthSize: "small" },
      fc.record({ kind: fc.constant("index" as const), name: names, extent: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constantFrom("quotient" as const, "remainder" as const), of: tie("index"), by: fc.integer({ min: 1, max: 9 }) }),
    ),
  })).index;
  const scalars: fc.Arbitrary<Scalar> = fc.letrec<{ scalar: Scalar }>((tie) => {
    const one = tie("scalar");
    return {
      scalar: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.record({ kind: fc.constant("literal" as const), dtype: dtypes, value: fc.double() }),
        fc.record({ kind: fc.constant("local" as const), dtype: dtypes, name: names }),
        fc.record({ kind: fc.constant("index" as const), dtype: fc.constant("i32" as const), at: indices }),
        fc.record({ kind: fc.constant("load" as const), dtype: dtypes, buffer: names, at: fc.array(indices, { maxLength: 3 }) }),
        fc.record({
          kind: fc.constant("apply" as const),
          dtype: dtypes,
          fn: fc.constantFrom("add" as const, "lt" as const, "cast" as const, "max" as const, "neg" as const),
          args: fc.array(one, { minLength: 1, maxLength: 2 }),
        }),
        fc.record({ kind: fc.constant("select" as const), dtype: dtypes, when: one, then: one, otherwise: one }),
        fc.record({ kind: fc.constant("round" as const), dtype: fc.constant("f32" as const), value: one }),
        fc.record({
          kind: fc.constant("reduce" as const),
          dtype: dtypes,
          by: fc.constantFrom("add" as const, "max" as const, "argmax" as const),
          over: fc.array(fc.record({ name: names, extent: fc.integer({ min: 1, max: 9 }) }), { maxLength: 2 }),
          term: one,
        }),
      ) as fc.Arbitrary<Scalar>,
    };
  }).scalar;

  test("of any scalar, name and comment reads back", () => {
    const plain = (value: unknown): unknown => structuredClone(value);
    fc.assert(
      fc.property(scalars, names, fc.array(fc.string()), indices, (value, name, doc, to) => {
        const body: Stmt[] = [
          {
            kind: "for",
            index: name,
            from: constant(-0),
            to,
            step: 2,
            form: "vector",
            body: [store(name, to, value), assign(name, value)],
          },
          { kind: "for", index: name, from: constant(0), to, step: 1, form: "loop", unrolled: 8, body: [store(name, to, value)] },
          set(name, value, true),
          when(value, set(`${name}2`, value)),
        ];
        const whole = plain(kernel(name, [param(name, 4, "update", "i32")], body, doc));
        expect(parseKernel(printKernel(whole as Kernel))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    [
      "kernel k() flops 0 {\n  y[i] = 0\n}",
      "line 2, column 6: expected `<` and the extent of i, which no loop around gives, but found `]`",
    ],
    ["kernel k() flops 0 {\n  y = foo(1)\n}", "line 2, column 10: expected a function before `(`, which foo is not, but found `(`"],
    ["kernel k(a: f16[3] read) flops 0 {}", "line 1, column 13: expected `f32` or `f64` or `i32` or `bool`, but found `f16`"],
    ["kernel k() flops 0 {\n  let y: f32 = ", "line 2, column 16: expected a scalar, but found the end"],
    ["kernel k() flops 0 {} x", "line 1, column 23: expected the end, but found `x`"],
    ['kernel k() flops 0 {\n  // "broken\n}', "line 2, column 3: expected a comment, or one quoted as JSON, but found a comment"],
  ])("%# that cannot be read is complained of at its place", (source, message) => {
    expect(() => parseKernel(source)).toThrow(complaint(message));
  });
});

describe("index notation", () => {
  const x = load("x", "f32", i, k);
  const sum = {
    kind: "reduce",
    dtype: "f32",
    by: "add",
    over: [{ name: "k", extent: 784 }],
    term: times(x, load("w", "f32", k, j)),
  } as const satisfies Scalar;
  const biased = plus(sum, load("b", "f32", j));
  test("reads as on a blackboard", () => {
    const relu = select(less(biased, f(0)), f(0), biased);
    expect(printDefinition({ ...hDefinition, value: relu })).toBe("h[i,j] = relu(Σ k<784: x[i,k]·w[k,j] + b[j])");
  });
  const [a, b, c] = [v("a"), v("b"), v("c")];
  const minus = (l: Scalar, r: Scalar): Scalar => apply("sub", "f32", l, r);
  const over = (l: Scalar, r: Scalar): Scalar => apply("div", "f32", l, r);
  const neg = (s: Scalar): Scalar => apply("neg", "f32", s);
  test.each([
    [minus(minus(a, b), c), "a − b − c"],
    [minus(a, minus(b, c)), "a − (b − c)"],
    [plus(a, plus(b, c)), "a + (b + c)"],
    [times(plus(a, b), c), "(a + b)·c"],
    [over(times(a, b), c), "a·b / c"],
    [over(a, times(b, c)), "a / (b·c)"],
    [neg(times(a, b)), "−(a·b)"],
    [times(a, neg(b)), "a·(−b)"],
    [times(f(-2), b), "−2·b"],
    [plus(a, f(-3)), "a − 3"],
    [apply("pow", "f32", plus(a, b), f(2)), "(a + b)^2"],
    [times(sum, a), "(Σ k<784: x[i,k]·w[k,j])·a"],
    [{ ...sum, term: biased } as Scalar, "Σ k<784: (Σ k<784: x[i,k]·w[k,j] + b[j])"],
    [{ ...sum, by: "argmax", term: x } as Scalar, "argmax k<784: x[i,k]"],
    [select(both(atMost(a, b), less(b, c)), a, b), "where(a ≤ b ∧ b < c, a, b)"],
    [apply("not", "bool", less(a, b)), "¬(a < b)"],
    [apply("cast", "i32", apply("max", "f32", a, apply("exp", "f32", b))), "i32(max(a, exp(b)))"],
    [load("x", "f32", quotient(add(scale(i, 3), j), 5), shift(scale(i, 2), -1)), "x[((3·i + j) div 5),2·i − 1]"],
    [apply("eq", "bool", at(shift(i, 1)), n(3)), "i + 1 = 3"],
  ])("%# has no parentheses too many and none too few", (scalar, text) => {
    expect(printScalar(scalar)).toBe(text);
  });

  test("of groups shows each stage after its storage", () => {
    expect(printGroup(group)).toBe('group i<4\n  buffer  h[i,j] = Σ k<5: x[i,k]·"w \\"1\\" */"[k,j]');
    const text = printDefinitions({
      name: "step",
      buffers: [],
      work: [
        { kind: "group", group },
        { kind: "scalar", definition: lossDefinition, storage: "local" },
      ],
      results: step!.results,
      refusals: [{ value: "loss", from: ["h"], reason: "it has another shape" }],
    });
    expect(text).toBe(`definitions step

group i<4
  buffer  h[i,j] = Σ k<5: x[i,k]·"w \\"1\\" */"[k,j]

scalar
  local   loss = h[0,0]·0.25 into best

return loss "a loss" = loss: f32[]
return output best = best: f32[]

apart  loss | h: it has another shape
`);
  });
});

describe("an entry", () => {
  const given = (): ReturnType<typeof createMemory> => {
    const memory = createMemory(module);
    memory.get("x")!.set(numbers(20));
    memory.get('w "1" */')!.set(numbers(30));
    return memory;
  };

  test("runs its calls, poisoned or not, to the same results", () => {
    const [plain, poisoned] = [given(), given()];
    const results = interpretEntry(module, "step", plain);
    expect(interpretEntry(module, "step", poisoned, { poison: true })).toEqual(results);
    const total = plain.get("h")!.reduce((a, b) => a + b, 0);
    expect(results.get("a loss")![0]).toBe(Math.fround(total) * 0.1);
    expect(results.get("best")![0]).toBe(Math.fround(Math.fround(total) * 0.1));
    expect(plain.get("h")![0]).not.toBeNaN();
    expect(poisoned.get("h")![0]).toBeNaN();
  });

  test("that reads dead storage is caught", () => {
    const early = { ...module, slots: module.slots.map((s) => (s.buffer === "h" ? { ...s, live: [0, 0] as const } : s)) };
    expect(() => interpretEntry(early, "step", given(), { poison: true })).toThrow(
      "kernel total loads h[0], but nothing has written that element of h in its live range",
    );
    expect(() => verifyModule(early)).toThrow(
      'entry step: a buffer is used only while it lives, but h lives in calls 0..0 and call 1 uses it\n\n    total(h, "for")',
    );
  });
});

describe("the verifier", () => {
  test.each(Object.entries(kernels))("accepts %s", (_, whole) => verifyKernel(whole));
  test("accepts the module", () => verifyModule(module));

  test("proves guarded two-dimensional windows without trying points", () => {
    const [y, x, r, s] = [index("y", 4000), index("x", 4000), index("r", 3), index("s", 3)];
    const [row, column] = [shift(add(y, r), -1), shift(add(x, s), -1)];
    const inside = both(both(atMost(n(0), at(row)), less(at(row), n(4000))), both(atMost(n(0), at(column)), less(at(column), n(4000))));
    const value = select(local("inside", "bool"), of("a", add(scale(row, 4000), column)), f(0));
    const body = [set("inside", inside), set("t", value)];
    verifyKernel(kernel("k", [param("a", 16e6, "read")], [loop("y", 4000, [loop("x", 4000, [loop("r", 3, [loop("s", 3, body)])])])]));
  });

  test("proves a guarded window of an upsampled picture without trying points", () => {
    const [y, x, r, s] = [index("y", 4000), index("x", 4000), index("r", 3), index("s", 3)];
    const [row, column] = [shift(add(y, r), -1), shift(add(x, s), -1)];
    const within = (at0: Index): Scalar => both(atMost(n(0), at(at0)), less(at(at0), n(4000)));
    const body = (length: number): Kernel => {
      const read = of("a", add(scale(quotient(row, 2), 2000), quotient(column, 2)));
      const value = select(both(within(row), within(column)), read, f(0));
      return kernel(
        "k",
        [param("a", length, "read")],
        [loop("y", 4000, [loop("x", 4000, [loop("r", 3, [loop("s", 3, [set("t", value)])])])])],
      );
    };
    verifyKernel(body(2000 * 2000));
    expect(() => verifyKernel(body(2000 * 2000 - 1))).toThrow("could not be proved to");
  });

  test("proves by points what intervals cannot", () => {
    const square = add(remainder(add(scale(p8, 3), q3), 5), scale(quotient(add(scale(p8, 3), q3), 5), -1));
    const highest = Math.max(...[...Array(24).keys()].map((at) => (at % 5) - Math.floor(at / 5) + 4));
    const whole = (length: number): Kernel =>
      kernel("k", [param("a", length, "read")], [loop("p", 8, [loop("q", 3, [set("t", of("a", shift(square, 4)))])])]);
    expect(highest).toBe(8);
    verifyKernel(whole(9));
    expect(() => verifyKernel(whole(8))).toThrow("is a[8] at p = 1, q = 1");
  });

  test("follows a tile whose bounds move", () => {
    const inner: Stmt = {
      kind: "for",
      index: "e",
      from: j,
      to: shift(j, 2),
      step: 1,
      form: "loop",
      body: [set("t", of("a", index("e", 6)))],
    };
    verifyKernel(kernel("k", [param("a", 6, "read")], [loop("j", 6, [inner], 2)]));
  });

  const a4 = [param("a", 4, "read")];
  test.each<[string, Kernel, string]>([
    [
      "bounds",
      kernel("k", a4, [loop("i", 4, [set("t", of("a", shift(i, 1)))])]),
      "kernel k: a load stays inside its buffer, but a[i + 1] is a[4] at i = 3, and a has 4 elements; guard the access or mend the loop\n\n    let t = a[i + 1]",
    ],
    [
      "bounds of stores",
      kernel("k", [param("a", 4, "write")], [store("a", constant(-1), f(0))]),
      "kernel k: a store stays inside its buffer, but a[−1] is a[-1], and a has 4 elements; guard the access or mend the loop\n\n    a[−1] = 0",
    ],
    [
      "guards of the other branch",
      kernel("k", a4, [loop("j", 6, [set("t", select(less(at(j), n(4)), f(0), of("a", j)))])]),
      "kernel k: a load stays inside its buffer, but a[j] is a[4] at j = 4, and a has 4 elements; guard the access or mend the loop\n\n    let t = where(j < 4, 0, a[j])",
    ],
    [
      "too many points",
      kernel("k", a4, [loop("z", 2e6, [set("t", of("a", remainder(shift(index("z", 2e6), 1), 7)))])]),
      "kernel k: a load stays inside its buffer, but a[((z + 1) mod 7)] could not be proved to: it may lie in 0..6, and a has 4 elements; guard the access or mend the loop\n\n    let t = a[((z + 1) mod 7)]",
    ],
    [
      "locals before use",
      kernel("k", [], [set("t", plus(v("u"), f(1)))]),
      "kernel k: a local is defined before it is used, but u is not\n\n    let t = u + 1",
    ],
    [
      "locals of a block that has ended",
      kernel("k", a4, [loop("i", 4, [set("t", f(1))]), set("u", v("t"))]),
      "kernel k: a local is defined before it is used, but t is not\n\n    let u = t",
    ],
    [
      "locals before they are assigned",
      kernel("k", [], [assign("t", f(1))]),
      "kernel k: a local is defined before it is assigned, but t is not\n\n    t = 1",
    ],
    [
      "lets",
      kernel("k", [], [set("t", f(1)), assign("t", f(2))]),
      "kernel k: only a mutable local is assigned, but t is a let\n\n    t = 2",
    ],
    [
      "one dtype of a local",
      kernel("k", [], [set("t", f(1)), set("u", local("t", "i32"))]),
      "kernel k: a local has one dtype, but t is f32 and is used as i32\n\n    let u = t",
    ],
    [
      "one dtype of a name",
      kernel("k", [], [when(literal(1, "bool"), set("t", f(1))), set("t", n(1))]),
      "kernel k: a local has one dtype, but t is f32 above and i32 here\n\n    let t = 1",
    ],
    [
      "one meaning of a name",
      kernel("k", [], [loop("i", 4, [loop("i", 4, [])])]),
      "kernel k: a name has one meaning, but i is already defined here\n\n    for i in 0..4",
    ],
    [
      "read parameters",
      kernel("k", a4, [store("a", constant(0), f(1))]),
      "kernel k: a read parameter is never stored to, but a is; declare it write or update\n\n    a[0] = 1",
    ],
    [
      "write parameters",
      kernel("k", [param("a", 4, "write")], [set("t", of("a", constant(0)))]),
      "kernel k: a write parameter is loaded only after a store to it, but a is not stored to above; declare it update\n\n    let t = a[0]",
    ],
    [
      "known parameters",
      kernel("k", [], [store("a", constant(0), f(1))]),
      "kernel k: a store goes to a parameter, but there is none called a\n\n    a[0] = 1",
    ],
    [
      "dtypes of stores",
      kernel("k", [param("a", 4, "write")], [store("a", constant(0), n(1))]),
      "kernel k: a is f32, but its value is i32\n\n    a[0] = 1",
    ],
    [
      "dtypes of operands",
      kernel("k", [], [set("t", plus(f(1), n(2)))]),
      "kernel k: operands of add have one dtype, but 1 + 2 takes f32, i32 and gives f32\n\n    let t = 1 + 2",
    ],
    [
      "loops around",
      kernel("k", a4, [set("t", of("a", i))]),
      "kernel k: an index belongs to a loop around it, but there is no loop over i\n\n    let t = a[i]",
    ],
    [
      "extents",
      kernel("k", [param("a", 9, "read")], [loop("i", 6, [set("t", of("a", i))])]),
      "kernel k: an index stays below its extent, but i reaches 5 and is used as i<4\n\n    let t = a[i]",
    ],
    [
      "iterations in a row",
      kernel("k", [], [{ ...loop("i", 4, []), unrolled: 1 } as Stmt]),
      "kernel k: at least 2 iterations are written in a row, but of i it is 1\n\n    for i in 0..4 unrolled 1",
    ],
    [
      "ends of unrolled loops",
      kernel("k", [], [loop("j", 6, [{ ...loop("i", 4, []), to: j, unrolled: 2 } as Stmt])]),
      "kernel k: an unrolled loop goes one by one to a known end, but i does not\n\n    for i in 0..j unrolled 2",
    ],
    [
      "steps of unrolled loops",
      kernel("k", [], [{ ...loop("i", 4, [], 2), unrolled: 2 } as Stmt]),
      "kernel k: an unrolled loop goes one by one to a known end, but i does not\n\n    for i in 0..4 step 2 unrolled 2",
    ],
    [
      "reductions",
      kernel("k", [], [set("t", { kind: "reduce", dtype: "f32", by: "add", over: [{ name: "e", extent: 3 }], term: f(1) })]),
      "kernel k: reductions are loops by now, but Σ e<3: 1 is not\n\n    let t = Σ e<3: 1",
    ],
  ])("names the law of %s", (_, whole, message) => {
    expect(() => verifyKernel(whole)).toThrow(complaint(message));
  });

  const withCalls = (calls: Module["entries"][number]["calls"]): Module => ({ ...module, entries: [{ ...step!, calls, results: [] }] });
  const callTotal = (...args: string[]): Module =>
    withCalls([{ kind: "call", kernel: "total", args, group: { axes: [], stages: [] }, doc: [] }]);
  const slotOf = (change: object): Module => ({ ...module, slots: module.slots.map((s) => (s.buffer === "h" ? { ...s, ...change } : s)) });
  test.each<[string, Module, string]>([
    [
      "kernels",
      withCalls([{ kind: "call", kernel: "nope", args: [], group, doc: [] }]),
      "entry step: a call names a kernel of the program, but there is no nope\n\n    nope()",
    ],
    [
      "arguments",
      callTotal("h"),
      "entry step: a call gives every parameter a buffer, but total has 2 and the call gives 1\n\n    total(h)",
    ],
    ["known arguments", callTotal("h", "t"), "entry step: an argument is a buffer of the program, but there is no t\n\n    total(h, t)"],
    [
      "lengths",
      callTotal("x", "best"),
      "entry step: an argument has its parameter's dtype and length, but h is f32[24] and x is f32[20]\n\n    total(x, best)",
    ],
    ["what is given", callTotal("h", "c"), "entry step: a step never writes what is given to it, but c is constant\n\n    total(h, c)"],
    [
      "scalar statements",
      withCalls([{ kind: "let", name: "t", dtype: "f32", value: of("h", constant(24)), doc: [] }]),
      "entry step: a load stays inside its buffer, but h[24] is h[24], and h has 24 elements; guard the access or mend the loop\n\n    let t = h[24]",
    ],
    [
      "results",
      { ...module, entries: [{ ...step!, results: [{ kind: "loss", name: "l", value: "nope", dtype: "f32", shape: [] }] }] },
      "entry step: a result is a local or a buffer, but there is no nope",
    ],
    [
      "result lengths",
      { ...module, entries: [{ ...step!, results: [{ kind: "loss", name: "l", value: "h", dtype: "f32", shape: [] }] }] },
      "entry step: a result has its value's dtype and length, but l is f32[1] and h is f32[24]",
    ],
    ["slots in the arena", slotOf({ offset: 1000 }), "module m: a slot lies inside the arena, but h is at 1000 .. 1096 of 1024 bytes"],
    ["slots that are aligned", slotOf({ offset: 241 }), "module m: a slot starts at a multiple of its element's 4 bytes, but h is at 241"],
    ["slots that are large enough", slotOf({ bytes: 92 }), "module m: a slot holds its buffer, but h needs 96 bytes and has 92"],
    [
      "slots of what is used",
      { ...module, slots: module.slots.filter((s) => s.buffer !== "h") },
      'entry step: a buffer that is used has a slot, but h has none\n\n    dot_4x5x6(x, "w \\"1\\" */", h)',
    ],
  ])("names the law of %s", (_, whole, message) => {
    expect(() => verifyModule(whole)).toThrow(complaint(message));
  });

  test("checks programs alike", () => {
    const { buffers, kernels: all } = module;
    verifyProgram({ ...step!, buffers, kernels: all });
    expect(() => verifyProgram({ ...step!, buffers, kernels: [dot, dot] })).toThrow("program step: two kernels are called dot_4x5x6");
  });
});

// index algebra = arithmetic

type Tree = { index: Index; value(at: ReadonlyMap<string, number>): number };
const EXTENTS = { i: 4, j: 6, k: 1, l: 7 };
const trees = fc.letrec<{ tree: Tree }>((tie) => {
  const tree = tie("tree");
  const positive = fc.integer({ min: 1, max: 8 });
  return {
    tree: fc.oneof(
      { depthSize: "medium", withCrossShrink: true },
      fc
        .constantFrom(...(Object.keys(EXTENTS) as (keyof typeof EXTENTS)[]))
        .map((name): Tree => ({ index: index(name, EXTENTS[name]), value: (at) => at.get(name)! })),
      fc.integer({ min: -9, max: 9 }).map((value): Tree => ({ index: constant(value), value: () => value })),
      fc.tuple(tree, tree).map(([a, b]): Tree => ({ index: add(a.index, b.index), value: (at) => a.value(at) + b.value(at) })),
      fc
        .tuple(tree, fc.integer({ min: -5, max: 5 }))
        .map(([a, by]): Tree => ({ index: scale(a.index, by), value: (at) => a.value(at) * by })),
      fc.tuple(tree, positive).map(([a, by]): Tree => ({ index: quotient(a.index, by), value: (at) => Math.floor(a.value(at) / by) })),
      fc.tuple(tree, positive).map(([a, by]): Tree => ({ index: remainder(a.index, by), value: (at) => ((a.value(at) % by) + by) % by })),
    ),
  };
}).tree;
const points = fc
  .record(Object.fromEntries(Object.entries(EXTENTS).map(([name, extent]) => [name, fc.nat(extent - 1)])))
  .map((at) => new Map(Object.entries(at)));

describe("a vector loop", () => {
  const kernel = (body: string, head = ""): Kernel =>
    parseKernel(`kernel k(x: f32[8] read, y: f32[8] write) flops 0 {
  ${head}
  for lane in 0..4 vector {
    ${body}
  }
}
`);

  test("is what the plain loop is", () => {
    const sum = kernel("let v: f32 = x[lane]\n s = add(s, v)\n y[lane] = mul(v, v)", "var s: f32 = 0");
    verifyKernel(sum);
    const plain = parseKernel(printKernel(sum).replace(" vector", ""));
    const run = (of: Kernel): Float64Array => {
      const y = new Float64Array(8);
      interpretKernel(of, [Float64Array.from([1, 2, 3, 4, 5, 6, 7, 8]), y]);
      return y;
    };
    expect(run(sum)).toEqual(run(plain));
    expect([...run(sum)]).toEqual([1, 4, 9, 16, 0, 0, 0, 0]);
  });

  test.each([
    ["y[2·lane] = x[lane]", "", "a store does not go to neighbours"],
    ["y[lane] = x[lane]\n y[lane + 1] = x[lane]", "", "two stores to y may meet"],
    ["y[lane] = x[lane]\n y[lane + 4] = y[lane + 1]", "", "one lane may load what another stores to y"],
    ["if lt(0, x[lane]) { y[lane] = 1 }", "", "a branch differs from lane to lane"],
    ["s = add(s, x[lane])\n y[lane] = s", "var s: f32 = 0", "s is read beside its sum"],
    ["s = mul(s, x[lane])", "var s: f32 = 1", "takes what is no sum, largest or smallest"],
    ["for k in 0..2 { s = add(s, x[k + lane]) }", "var s: f32 = 0", "or summed in a loop inside"],
    [
      "y[lane] = select(lt(x[lane], 1), x[lane + 3], 0)\n for m in 0..4 vector { y[m + 4] = 0 }",
      "",
      "it stands inside another or holds one",
    ],
  ])("refuses %s", (body, head, law) => {
    expect(() => verifyKernel(kernel(body, head))).toThrow(law);
  });

  test("knows how far its lanes are apart, where that is the same everywhere", () => {
    const [lane, m] = [index("lane", 4), index("m", 8)];
    const apart = (at: Index) => distancesIn(at, { lane: "lane", count: 4 });
    expect(apart(add(scale(m, 7), scale(lane, 2)))).toEqual([0, 2, 4, 6]);
    expect(apart(quotient(add(scale(m, 4), lane), 2))).toEqual([0, 0, 1, 1]);
    expect(apart(remainder(add(scale(m, 4), lane), 2))).toEqual([0, 1, 0, 1]);
    expect(apart(quotient(add(m, lane), 2))).toBe(undefined); // from an odd m on: 0, 1, 1, 2
  });

  test("has four lanes, or a pair of them", () => {
    const lanes = (n: number): Kernel => parseKernel(printKernel(kernel("y[lane] = x[lane]")).replace("0..4 vector", `0..${n} vector`));
    verifyKernel(lanes(2));
    expect(() => verifyKernel(lanes(3))).toThrow("it does not run from 0 to 4 or 2 by ones");
  });

  test("refuses a load that only some lanes may make", () => {
    const guarded = "y[lane] = select(lt(at(lane), 3), x[lane + 5], 0)";
    expect(() => verifyKernel(kernel(guarded))).toThrow("x is loaded in a branch that some lanes do not take");
  });
});

describe("index algebra", () => {
  test("is arithmetic, and ranges hold it", () => {
    fc.assert(
      fc.property(trees, points, (tree, at) => {
        const value = evaluate(tree.index, at);
        expect(value === tree.value(at)).toBe(true);
        const [low, high] = rangeOf(tree.index);
        expect(low <= value && value <= high).toBe(true);
        expect(equal(tree.index, tree.index)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test("a position in rows of 6 is taken apart into its row and its column", () => {
    const l = index("l", 7);
    const position = add(scale(l, 6), j);
    expect(printIndex(quotient(position, 12))).toBe("((l) div 2)");
    expect(printIndex(remainder(position, 12))).toBe("6·((l) mod 2) + j");
    // a window's offset stays with its row
    const moved = substitute(quotient(position, 12), new Map([["l", shift(l, -1)]]));
    expect(printIndex(moved)).toBe("((l + 1) div 2) + -1");
    // not where the rest may leave its row
    expect(printIndex(quotient(shift(position, -1), 12))).toBe("((6·l + j + 11) div 12) + -1");
  });

  test("a position that was taken apart along three axes is itself again", () => {
    const k = index("k", 4096);
    const parts = [quotient(k, 64), remainder(quotient(k, 8), 8), remainder(k, 8)];
    expect(printIndex(rowMajor(parts, [64, 8, 8]))).toBe("k");
    expect(printIndex(rowMajor(parts.slice(1), [8, 8]))).not.toBe("k");
  });

  test("substitutes as arithmetic does", () => {
    fc.assert(
      fc.property(trees, trees, points, (outer, inner, at) => {
        // an index stays below its extent: the replacement of l is brought there
        const replacement = remainder(inner.index, EXTENTS.l);
        const value = evaluate(substitute(outer.index, new Map([["l", replacement]])), at);
        expect(value).toBe(evaluate(outer.index, new Map([...at, ["l", evaluate(replacement, at)]])));
      }),
      { numRuns: 3000 },
    );
  });

  test("never gives a negative zero", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        expect(Object.is(tree.index.offset, -0)).toBe(false);
      }),
    );
  });
});
