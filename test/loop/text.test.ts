/** What is true of the texts of loops: the canonical one reads back whatever it holds, index notation reads as on a blackboard. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apply, at, load, select } from "../../compiler/loop/build.ts";
import { add, constant, quotient, scale, shift, type Index } from "../../compiler/loop/index-expression.ts";
import type { Kernel, Program, Scalar, Stmt } from "../../compiler/loop/loop.ts";
import {
  parseKernel,
  parseModule,
  parseProgram,
  printDefinition,
  printDefinitions,
  printGroup,
  printKernel,
  printModule,
  printProgram,
  printScalar,
} from "../../compiler/loop/text/index.ts";
import {
  assign,
  atMost,
  both,
  complaint,
  f,
  group,
  guarded,
  hDefinition,
  i,
  j,
  k,
  kernel,
  kernels,
  less,
  lossDefinition,
  module,
  n,
  param,
  plus,
  set,
  step,
  store,
  times,
  v,
  when,
} from "../support/kernels.ts";

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
        fc.record({
          kind: fc.constant("reduce" as const),
          dtype: dtypes,
          by: fc.constant("add" as const),
          over: fc.array(fc.record({ name: names, extent: fc.integer({ min: 1, max: 9 }) }), { maxLength: 2 }),
          term: one,
          inMemory: fc.constant(true as const),
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
          { kind: "for", index: name, from: constant(0), to, step: 1, form: "loop", only: value, body: [store(name, to, value)] },
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
