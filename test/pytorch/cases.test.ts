/** What is true of the vocabulary: values, first and second gradients are PyTorch's, in float64, and in float32 on either target. */

import { describe, expect, test } from "vitest";
import { evaluateGraph } from "../../compiler/check/evaluate.ts";
import { fedLeaves } from "../../compiler/check/draw.ts";
import type { Node, Value } from "../../compiler/graph/graph.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { cast, model, normal, param, sgd, sum, type Tensor } from "../../compiler/index.ts";
import { context, Context, within } from "../../compiler/model/context.ts";
import { targetOf } from "../../compiler/targets/index.ts";
import { casesOf, declared, numberOf, type Case, type Fed } from "../support/pytorch.ts";

const HERE = { cite: (file: string): string => file.split("/").at(-1)!, textOf: (): undefined => undefined };
const FILES = ["elementwise", "reductions", "shapes", "einsum", "losses", "layers", "functional"];

/** Recorded with twelve digits. */
const NEAR = 2e-11;
const differs = (mine: number, theirs: number): boolean =>
  Number.isFinite(theirs) ? !(Math.abs(mine - theirs) <= NEAR * Math.max(1, Math.abs(theirs))) : !Object.is(mine, theirs);

/** The numbers of a constant. */
const dataOf = ({ attrs }: Node): readonly number[] => (attrs["initial"] as readonly [string, ...number[]]).slice(1) as number[];

/** What a case is off by, in words. */
function wrongIn(name: string, one: Case): string[] {
  const c = new Context("cases", "f64", HERE, { training: false, small: false, batch: 1 });
  const { fed, y, g, h } = within(c, () => declared(c, name, one));
  const graph = c.builder.graph();
  const given = new Map(fed.map((leaf) => [leaf.name, leaf.data]));
  const feed = fedLeaves(graph).map((node) => [node.name, Float64Array.from(given.get(node.name) ?? dataOf(node))] as const);
  const values = evaluateGraph(graph, new Map(feed));
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

/** Of each name the first case whose values and gradients are numbers. */
const sample = FILES.flatMap((file) =>
  Object.entries(casesOf(file)).flatMap(([name, cases]) => {
    const one = cases.find(({ y, g }) => g !== null && y.every(({ d }) => d.every((value) => typeof value === "number")));
    return one === undefined ? [] : [{ file, name, one }];
  }),
);

/** Values and gradients of the whole sample, as outputs of one model. */
const expected = new Map<string, readonly number[]>();
const fed = new Map<string, Fed>();
const sampled = model("sampled", {}, () => {
  const c = context();
  const outputs: Record<string, Tensor> = {};
  for (const { file, name: call, one } of sample) {
    const name = `${file} ${call}`; // some have cases in two files
    const { fed: own, y, g } = declared(c, call, { ...one, h: null }, `${name} `);
    for (const leaf of own) fed.set(leaf.name, leaf);
    const show = (as: string, value: Value, numbers: readonly (number | string)[]): void => {
      outputs[as] = cast(c.tensor(value), "float");
      expected.set(as, numbers as readonly number[]); // the sample has no others
    };
    one.y.forEach(({ d }, n) => show(`${name} y${n}`, y[n]!, d));
    one.g?.forEach((d, n) => g[n] !== undefined && show(`${name} g${n}`, g[n], d));
  }
  return { loss: sum(param("w", [1], normal())), outputs, optimizer: sgd() };
});

/** Of float32, relative to the largest element. */
const SINGLE = 1e-5;

test.each(["typescript", "wasm"] as const)(
  "the first of each in float32 for %s",
  async (target) => {
    const { module, facts } = await lower(sampled, { target });
    const { createTrainer } = await (
      await targetOf(target).emit(module, facts)
    ).load<{ createTrainer: () => { predict(batch: object): Readonly<Record<string, ArrayLike<number>>> } }>();
    const batch = [...fed.values()].map(({ name, type, data }) => [
      name,
      type.dtype === "i32" ? Int32Array.from(data) : Float32Array.from(data),
    ]);
    const found = createTrainer().predict(Object.fromEntries(batch));
    const wrong = [...expected].flatMap(([name, theirs]) => {
      const most = theirs.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
      const off = theirs.findIndex((own, n) => !(Math.abs(own - found[name]![n]!) <= SINGLE * most));
      return off < 0 ? [] : [`${name}[${off}] is ${found[name]![off]}, not ${theirs[off]}`];
    });
    expect(wrong).toEqual([]);
    expect(expected.size).toBeGreaterThan(150);
  },
  240_000,
);
