/** What is true of what Keras has and PyTorch has not: layers, and losses, have Keras's values and gradients in float64 (interop/keras). */

import { readFileSync } from "node:fs";
import { dense, einsumDense, reversibleEmbedding, tanh, timeDistributed, type FloatTensor, type Tensor } from "adjoint";
import { describe, expect, test } from "vitest";
import { fedLeaves } from "../../compiler/check/draw.ts";
import { evaluateGraph } from "../../compiler/check/evaluate.ts";
import type { Value } from "../../compiler/graph/graph.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { Context, within } from "../../compiler/model/context.ts";
import { argumentsOf, calls, declared, floatsOf, gradientOf, leafOf, numberOf, type Case } from "../support/pytorch.ts";

type Cases = Readonly<Record<string, readonly Case[]>>;
const { functions, layers } = JSON.parse(readFileSync(new URL("./layers.json", import.meta.url), "utf8")) as Readonly<
  Record<"functions" | "layers", Cases>
>;

/** Layers that take more than numbers to make. */
const OWN = {
  timeDistributedDense: (units: number, options: object) => timeDistributed(dense(units, options)),
  einsumDenseTanh: (equation: string, shape: number, options: object) => einsumDense(equation, shape, { ...options, activation: tanh }),
  reverseEmbedding: (vocabulary: number, width: number, options: object) => (x: FloatTensor) =>
    reversibleEmbedding(vocabulary, width, options).reverse(x),
};
type Make = (...args: unknown[]) => (...xs: unknown[]) => Tensor;
type Weights = Readonly<Record<string, { readonly x?: readonly number[]; readonly i?: readonly number[] }>>;

interface Evaluated {
  readonly given: ReadonlyMap<string, readonly number[]>;
  readonly y: readonly Value[];
  readonly g: readonly (Value | undefined)[];
}

/** Declares a layer's call: its weights are those of the case, by name. */
function called(c: Context, name: string, { args, g }: Case): Evaluated {
  const [make, weights, on] = args as [Case["args"], { readonly o: Weights }, Case["args"]];
  const of = ({ ...calls, ...OWN } as unknown as Readonly<Record<string, Make>>)[name]!; // the recorded names are of these
  const layer = of(...argumentsOf("", make).values);
  const { values, fed } = argumentsOf("", on);
  const y = [layer(...values).value];
  const held = Object.entries(weights.o).map(([own, { x, i }]) => ({ name: `l.${own}`, data: x ?? i!, isTrained: x !== undefined }));
  const leaves = [...held.filter(({ isTrained }) => isTrained), ...floatsOf(c, fed)].map((leaf) => leafOf(c, leaf.name));
  expect(leaves).not.toContain(-1);
  const given = new Map([...held, ...fed].map((leaf) => [leaf.name, leaf.data]));
  return { given, y, g: g == null ? [] : c.run(() => gradientOf(c, y, leaves, [7, 3, 11])) };
}

function calledFunction(c: Context, name: string, one: Case): Evaluated {
  const { fed, y, g } = declared(c, name, one);
  return { given: new Map(fed.map((leaf) => [leaf.name, leaf.data])), y, g };
}

const NEAR = 1e-9;
const HERE = { cite: (file: string): string => file.split("/").at(-1)!, textOf: (): undefined => undefined };

/** What a case is off by, in words. */
function wrongIn(of: (c: Context, name: string, one: Case) => Evaluated, name: string, one: Case): string[] {
  // in training, or images are left alone
  const c = new Context("cases", "f64", HERE, { training: true, small: false, batch: 1 });
  const { given, y, g } = within(c, () => of(c, name, one));
  const graph = c.builder.graph();
  const feed = fedLeaves(graph).map(
    (node) => [node.name, Float64Array.from(given.get(node.name) ?? new Array<number>(sizeOf(node.type.shape)).fill(0))] as const,
  );
  const values = evaluateGraph(graph, new Map(feed));
  const shape = c.typeOf(y[0]!).shape;
  const wrong = String(shape) === String(one.y[0]!.s) ? [] : [`shape [${shape.join(",")}], not [${one.y[0]!.s.join(",")}]`];
  const compare = (what: string, value: Value | undefined, theirs: readonly (number | string)[]): void => {
    const mine = value === undefined ? theirs.map(() => 0) : Array.from(values[value]!.data);
    const off = theirs.findIndex((own, n) => {
      const known = numberOf(own as number);
      return !(Math.abs(mine[n]! - known) <= NEAR * Math.max(1, Math.abs(known)));
    });
    if (off >= 0) wrong.push(`${what}[${off}] is ${mine[off]}, not ${theirs[off]}`);
  };
  compare("y", y[0], one.y[0]!.d);
  one.g?.forEach((own, n) => compare(`gradient ${n}`, g[n], own));
  return wrong;
}

describe.each([
  ["layers", layers, called],
  ["functions", functions, calledFunction],
] as const)("%s", (_, all, of) => {
  test.each(Object.entries(all))("%s", (name, cases) => {
    const wrong = cases.flatMap((one, n) => {
      const found = wrongIn(of, name, one);
      return found.length === 0 ? [] : [`case ${n}: ${found.join("; ")}`];
    });
    expect(wrong).toEqual([]);
  });
});
