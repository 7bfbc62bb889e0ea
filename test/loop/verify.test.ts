/** What is true of the verifier: it accepts what is right, however it is proved, and names each broken law. */

import { describe, expect, test } from "vitest";
import { at, literal, local, select } from "../../compiler/loop/build.ts";
import { add, constant, index, quotient, remainder, scale, shift, type Index } from "../../compiler/loop/index-expression.ts";
import type { Kernel, Module, Scalar, Stmt } from "../../compiler/loop/loop.ts";
import { verifyKernel, verifyModule, verifyProgram } from "../../compiler/loop/verify/index.ts";
import {
  assign,
  atMost,
  both,
  complaint,
  dot,
  f,
  group,
  i,
  j,
  kernel,
  kernels,
  less,
  loop,
  module,
  n,
  of,
  p8,
  param,
  plus,
  q3,
  set,
  step,
  store,
  v,
  when,
} from "../support/kernels.ts";

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
      "one iteration",
      kernel("k", [], [{ ...loop("i", 4, []), only: f(1) } as Stmt]),
      "kernel k: the one iteration of i is i32, but its value is f32\n\n    for i in 0..4 only 1",
    ],
    [
      "ends of loops of one iteration",
      kernel("k", [], [{ ...loop("i", 4, [], 2), only: literal(1, "i32") } as Stmt]),
      "kernel k: a loop of one iteration goes from 0 one by one to a known end, but i does not\n\n    for i in 0..4 step 2 only 1",
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
