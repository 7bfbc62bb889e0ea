/** What is true of the interpreter: kernels and entries mean what they say, and dead storage is found. */

import { describe, expect, test } from "vitest";
import { apply, at, literal, load } from "../../compiler/loop/build.ts";
import { constant, index, shift } from "../../compiler/loop/index-expression.ts";
import { createMemory, erf, evaluateScalar, interpretEntry, interpretKernel } from "../../compiler/loop/interpret/index.ts";
import type { Scalar } from "../../compiler/loop/loop.ts";
import { verifyModule } from "../../compiler/loop/verify/index.ts";
import { argmax, dot, f, guarded, module, numbers, softmax } from "../support/kernels.ts";

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
