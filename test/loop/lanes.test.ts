/** What is true of vector loops: they mean what the plain loop means, and what cannot run in lockstep is refused. */

import { describe, expect, test } from "vitest";
import { add, index, quotient, remainder, scale, type Index } from "../../compiler/loop/index-expression.ts";
import { interpretKernel } from "../../compiler/loop/interpret/index.ts";
import { distancesIn } from "../../compiler/loop/lanes.ts";
import type { Kernel } from "../../compiler/loop/loop.ts";
import { parseKernel, printKernel } from "../../compiler/loop/text/index.ts";
import { verifyKernel } from "../../compiler/loop/verify/index.ts";

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
