/** What is true of recurrent layers with initial states, masks, both directions and several layers: values and gradients are PyTorch's (interop/pytorch/recurrent.py). */

import { readFileSync } from "node:fs";
import { bidirectional, cast, gru, input, lstm, model, normal, param, sgd, simpleRnn, sum, type FloatTensor, type Tensor } from "adjoint";
import { describe, expect, test } from "vitest";
import { evaluateGraph } from "../../compiler/check/evaluate.ts";
import { lower } from "../../compiler/driver/lower.ts";
import type { Value } from "../../compiler/graph/graph.ts";
import { context, Context, within } from "../../compiler/model/context.ts";
import { targetOf } from "../../compiler/targets/index.ts";
import { gradientOf } from "../support/pytorch.ts";

interface Known {
  readonly s: readonly number[];
  readonly x: readonly number[];
}
interface Case {
  readonly layers: readonly {
    readonly kind: "lstm" | "gru" | "simpleRnn";
    readonly units: number;
    readonly mergeMode?: "concat" | "sum" | "mul" | "ave";
    readonly options: Readonly<Record<string, boolean>>;
    readonly name: string;
  }[];
  readonly leaves: Readonly<Record<string, Known>>;
  readonly mask?: Known;
  readonly y: readonly Known[];
  readonly g: readonly (readonly number[])[];
  readonly h?: readonly (readonly number[])[];
}
const CASES = JSON.parse(readFileSync(new URL("./recurrent.json", import.meta.url), "utf8")) as Readonly<Record<string, Case>>;
const LAYERS = { lstm, gru, simpleRnn } as const;

type Layer = (x: FloatTensor, call?: object) => FloatTensor | readonly FloatTensor[];
interface Declared {
  readonly y: readonly Value[];
  readonly g: readonly (Value | undefined)[];
  readonly h: readonly (Value | undefined)[];
}

/** Declares a case; `prefix` stands before the names of what it is fed. */
function declared(c: Context, { layers, leaves, mask, h }: Case, prefix = ""): Declared {
  const fed = (name: string, { s }: Known): FloatTensor => input(`${prefix}${name}`, s, { rows: false });
  const states = Object.entries(leaves).flatMap(([name, leaf]) => (/^state\d$/.test(name) ? [fed(name, leaf)] : []));
  const isReal = mask === undefined ? undefined : cast(fed("mask", mask), "bool");
  let made: readonly FloatTensor[] = [fed("x", leaves["x"]!)];
  layers.forEach(({ kind, units, mergeMode, options, name }, n) => {
    const own = LAYERS[kind](units, { ...options, name: `${prefix}${name}`, trainable: false }) as unknown as Layer & { kind: string }; // options are a case's
    const layer = mergeMode === undefined ? own : (bidirectional(own, { mergeMode }) as unknown as Layer);
    const given = layer(made[0]!, {
      ...(n === 0 && states.length > 0 ? { initialState: states } : {}),
      ...(isReal === undefined ? {} : { mask: isReal }),
    });
    made = [given].flat() as readonly FloatTensor[];
  });
  const at = (name: string): Value => c.builder.nodes.findIndex((node) => node.name === `${prefix}${name}`) as Value;
  const all = Object.keys(leaves).map(at);
  const y = made.map(({ value }) => value);
  const g = c.run(() => gradientOf(c, y, all, [7, 3, 11]));
  return { y, g, h: h === undefined ? [] : c.run(() => gradientOf(c, g, all, [5, 1, 13])) };
}

/** Recorded with twelve digits. */
const NEAR = 2e-11;
const HERE = { cite: (file: string): string => file.split("/").at(-1)!, textOf: (): undefined => undefined };

describe.each(Object.keys(LAYERS))("%s in float64", (kind) => {
  test.each(Object.entries(CASES).filter(([title]) => title.startsWith(`${kind}:`)))("%s", (_, one) => {
    const c = new Context("cases", "f64", HERE, { training: false, small: false, batch: 1 });
    const { y, g, h } = within(c, () => declared(c, one));
    const feed = Object.entries({ ...one.leaves, ...(one.mask === undefined ? {} : { mask: one.mask }) });
    const values = evaluateGraph(c.builder.graph(), new Map(feed.map(([name, { x }]) => [name, Float64Array.from(x)])));
    const wrong: string[] = [];
    const compare = (what: string, value: Value | undefined, theirs: readonly number[]): void => {
      const mine = value === undefined ? theirs.map(() => 0) : values[value]!.data;
      theirs.forEach((own, n) => {
        if (!(Math.abs(mine[n]! - own) <= NEAR * Math.max(1, Math.abs(own)))) wrong.push(`${what}[${n}] is ${mine[n]}, not ${own}`);
      });
    };
    expect(y.map((value) => c.typeOf(value).shape)).toEqual(one.y.map(({ s }) => s));
    one.y.forEach(({ x }, n) => compare(`y${n}`, y[n], x));
    Object.keys(one.leaves).forEach((name, n) => compare(`gradient in ${name}`, g[n], one.g[n]!));
    Object.keys(one.leaves).forEach((name, n) => one.h && compare(`second gradient in ${name}`, h[n], one.h[n]!));
    expect(wrong).toEqual([]);
  });
});

/** Values and gradients of these, as outputs of one model. */
const SAMPLE = ["lstm: initial states", "lstm: bidirectional, backwards, masked", "gru: masked, zeros", "simpleRnn: two layers"].map(
  (title) => [title, CASES[title]!] as const,
);
const expected = new Map<string, readonly number[]>();
const sampled = model("sampled", {}, () => {
  const c = context();
  const outputs: Record<string, Tensor> = {};
  for (const [title, one] of SAMPLE) {
    const { y, g } = declared(c, one, `${title} `);
    const show = (as: string, value: Value | undefined, numbers: readonly number[]): void => {
      if (value === undefined) return;
      outputs[`${title} ${as}`] = c.tensor(value);
      expected.set(`${title} ${as}`, numbers);
    };
    one.y.forEach(({ x }, n) => show(`y${n}`, y[n], x));
    Object.keys(one.leaves).forEach((name, n) => show(`gradient in ${name}`, g[n], one.g[n]!));
  }
  return { loss: sum(param("w", [1], normal())), outputs, optimizer: sgd() };
});

interface Trainer {
  readonly parameters: Readonly<Record<string, Float32Array>>;
  predict(batch: object): Readonly<Record<string, ArrayLike<number>>>;
}

/** Of float32, relative to the largest element. */
const SINGLE = 1e-5;

test.each(["typescript", "wasm"] as const)("in float32 for %s", async (target) => {
  const { module, facts } = await lower(sampled, { target });
  const emitted = await targetOf(target).emit(module, facts);
  const trainer = (await emitted.load<{ createTrainer: () => Trainer }>()).createTrainer();
  const batch: Record<string, Float32Array> = {};
  for (const [title, { leaves, mask }] of SAMPLE) {
    for (const [name, { x }] of Object.entries(leaves)) {
      const parameter = trainer.parameters[`${title} ${name}`];
      if (parameter === undefined) batch[`${title} ${name}`] = Float32Array.from(x);
      else parameter.set(x);
    }
    if (mask !== undefined) batch[`${title} mask`] = Float32Array.from(mask.x);
  }
  const found = trainer.predict(batch);
  const wrong = [...expected].flatMap(([name, theirs]) => {
    const most = theirs.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
    const off = theirs.findIndex((own, n) => !(Math.abs(own - found[name]![n]!) <= SINGLE * most));
    return off < 0 ? [] : [`${name}[${off}] is ${found[name]![off]}, not ${theirs[off]}`];
  });
  expect(wrong).toEqual([]);
  expect(expected.size).toBeGreaterThan(40);
});
