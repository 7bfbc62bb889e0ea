/** Whatever becomes of a graph's or a plan's text, its parser ends in what the text says or in a complaint that names the place. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VerifyError } from "../compiler/graph/error.ts";
import { parseGraph } from "../compiler/graph/parse.ts";
import { parseModule } from "../compiler/loop/text/index.ts";
import { verifyModule } from "../compiler/loop/verify/index.ts";
import { root } from "./support/command.ts";

const shipped = (file: string): string => readFileSync(`${root}generated/${file}`, "utf8");
/** The first graph of a file of several. */
const [graph = ""] = shipped("circuit/model.graph").split("\n\ngraph ");
const plan = shipped("circuit/model.plan");

/** What is read of a text; undefined for a complaint, which names line and column. Any other error is thrown on. */
function readOrComplain<Result>(read: (text: string) => Result, text: string): Result | undefined {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    expect(error.message).toMatch(/line \d+, column \d+: |expected a type/);
    return undefined;
  }
}

describe.each([
  ["graph", graph, parseGraph as (text: string) => unknown],
  ["plan", plan, parseModule as (text: string) => unknown],
])("a %s", (_, text, parse) => {
  const whole = parse(text);

  test("cut at any byte is complained of, but for the white space at its end", () => {
    for (let length = 0; length < text.trimEnd().length; length++)
      expect(readOrComplain(parse, text.slice(0, length)), `cut at ${length}`).toBeUndefined();
    expect(parse(text.trimEnd())).toEqual(whole);
  });

  test("with anything after its end is complained of", () => {
    for (const tail of ["x", "}", "\0", "%a = b", text]) expect(readOrComplain(parse, text + tail), tail).toBeUndefined();
  });

  test("with bits flipped, or characters in place of others, is read or complained of", () => {
    const places = fc.array(
      fc.tuple(
        fc.nat(text.length - 1),
        fc.oneof(
          fc.nat(6).map((bit) => 1 << bit),
          fc.constantFrom(...'{}[]()%:="\\\n0-9e.'.split("")),
        ),
      ),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(places, (edits) => {
        const units = text.split("");
        for (const [at, by] of edits) units[at] = typeof by === "string" ? by : String.fromCharCode(units[at]!.charCodeAt(0) ^ by);
        readOrComplain(parse, units.join(""));
      }),
      { numRuns: 500 },
    );
  });

  test("that opens brackets without end is complained of, not followed", () => {
    for (const open of ["[", "{", "(", "-", "for i in 0..("])
      expect(readOrComplain(parse, text.replace(/\{/, `{${open.repeat(20_000)}`))).toBeUndefined();
    // where brackets belong
    const [before, open] = parse === parseGraph ? ["{\n", "%a = f {a="] : [" = ", ""];
    for (const nested of ["[", "neg("])
      expect(readOrComplain(parse, text.replace(before, before + open + nested.repeat(20_000))), nested).toBeUndefined();
  });
});

test("what is nested too deeply is named with its place", () => {
  expect(() => parseGraph(`graph g {\n%a = f {a=${"[".repeat(17)}`)).toThrow(
    /^.*line 2, column \d+: a list within 16 lists is more than an attribute may have$/m,
  );
  expect(() => parseModule(`module m ${"(".repeat(501)}`)).toThrow(
    /line 1, column \d+: a bracket within 500 others is more than a program may have/,
  );
});

test("dimensions that are merely declared are never allocated", () => {
  const before = process.memoryUsage().arrayBuffers;
  const huge = "graph g {\n%x = input : f32[4294967295,4294967295]\nreturn y=%x }";
  expect(parseGraph(huge).nodes[0]!.type.shape).toEqual([4294967295, 4294967295]);
  const module = parseModule(plan.replace(/arena \d+/, "arena 9007199254740991"));
  expect(() => verifyModule(module)).not.toThrow(RangeError);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
});
