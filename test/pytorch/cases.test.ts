/** What is true of the vocabulary: values, first and second gradients are PyTorch's, in float64, and in float32 on either target. */

import { describe, expect, test } from "vitest";
import { evaluateGraph } from "../../compiler/check/evaluate.ts";
import type { Value } from "../../compiler/graph/graph.ts";
import { Context, within } from "../../compiler/model/context.ts";
import { casesOf, declared, numberOf, type Case } from "../support/pytorch.ts";

const HERE = { cite: (file: string): string => file.split("/").at(-1)!, textOf: (): undefined => undefined };
const FILES = ["elementwise", "reductions", "shapes", "einsum"];

/** Recorded with twelve digits. */
const NEAR = 2e-11;
const differs = (mine: number, theirs: number): boolean =>
  Number.isFinite(theirs) ? !(Math.abs(mine - theirs) <= NEAR * Math.max(1, Math.abs(theirs))) : !Object.is(mine, theirs);

/** What a case is off by, in words. */
function wrongIn(name: string, one: Case): string[] {
  const c = new Context("cases", "f64", HERE, { training: false, small: false, batch: 1 });
  const { fed, y, g, h } = within(c, () => declared(c, name, one));
  const values = evaluateGraph(c.builder.graph(), new Map(fed.map((leaf) => [leaf.name, Float64Array.from(leaf.data)])));
  const shapes = y.map((value) => c.typeOf(value).shape.join(","));
  const wrong = shapes.join(";") === one.y.map(({ s }) => s.join(",")).join(";") ? [] : [`shape [${shapes.join("; ")}]`];
  const compare = (what: string, value: Value | undefined, theirs: readonly (number | string)[]): void => {
    const mine = value === undefined ? theirs.map(() => 0) : Array.from(values[value]!.data);
    theirs.forEach((own, n) => {
      if (differs(mine[n]!, numberOf(own as number))) wrong.push(`${what}[${n}] is ${mine[n]}, not ${own}`);
    });
  };
  one.y.forEach(({ d }, n) => compare(`y${n}`, y[n], d));
  one.g?.forEach((own, n) => compare(`g${n}`, g[n], own));
  one.h?.forEach((own, n) => compare(`h${n}`, h[n], own));
  return wrong;
}

describe.each(FILES)("%s in float64", (file) => {
  test.each(Object.entries(casesOf(file)))("%s", (name, cases) => {
    const wrong = cases.flatMap((one) => {
      const found = wrongIn(name, one);
      return found.length === 0 ? [] : [`${JSON.stringify(one.args).slice(0, 150)}: ${found.slice(0, 3).join("; ")}`];
    });
    expect(wrong).toEqual([]);
  });
});
