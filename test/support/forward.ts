/** Guarantees a few lines of the layer language evaluated in float64, outside any model: values, next states, gradients. */

import { drawsIn } from "../../compiler/check/domain.ts";
import { evaluateGraph } from "../../compiler/check/evaluate.ts";
import { checkGradients } from "../../compiler/check/numeric-gradient.ts";
import type { TensorCheck } from "../../compiler/check/result.ts";
import { reverse } from "../../compiler/autodiff/reverse.ts";
import type { Value } from "../../compiler/graph/graph.ts";
import { isFloat } from "../../compiler/graph/type.ts";
import type { ModelError } from "../../compiler/graph/error.ts";
import { Context, within } from "../../compiler/model/context.ts";
import { gradients } from "../../compiler/passes/graph/gradients.ts";
import { writeOut } from "../../compiler/passes/graph/write-out.ts";
import { sgd, type Tensor } from "../../compiler/index.ts";
import { randomFrom } from "./sample.ts";

const HERE = { cite: (file: string): string => file.split("/").at(-1)!, textOf: (): undefined => undefined };

export interface Run {
  readonly shape: readonly number[];
  readonly y: Float64Array;
  /** Contents of every leaf by name: inputs, parameters, states. */
  readonly leaf: ReadonlyMap<string, Float64Array>;
  /** Shapes of the parameters by name. */
  readonly parameters: ReadonlyMap<string, readonly number[]>;
  /** What a training step would leave in each state. */
  readonly next: ReadonlyMap<string, Float64Array>;
  readonly context: Context;
}

export interface Setting {
  readonly training?: boolean;
  readonly seed?: number;
  /** Contents of leaves; the others are drawn. */
  readonly feed?: Readonly<Record<string, ArrayLike<number>>>;
}

function declared(declare: () => Tensor, training: boolean): { c: Context; y: Tensor } {
  const c = new Context("test", "f64", HERE, { training, small: true, batch: 1 });
  return { c, y: within(c, declare) };
}

/** What the declaration computes. */
export function forward(declare: () => Tensor, { training = false, seed = 1, feed = {} }: Setting = {}): Run {
  const { c, y } = declared(declare, training);
  const graph = c.builder.graph();
  const leaf = drawsIn([graph]).feed(graph, seed, y.shape[0] ?? 1);
  for (const [name, values] of Object.entries(feed)) leaf.set(name, Float64Array.from(values));
  const values = evaluateGraph(graph, leaf);
  const nameOf = (value: Value): string => graph.nodes[value]!.name;
  return {
    shape: y.shape,
    y: values[y.value]!.data,
    leaf,
    parameters: new Map(graph.nodes.flatMap(({ op, name, type }) => (op === "param" ? [[name, type.shape] as const] : []))),
    next: new Map([...c.assignments].map(([target, value]) => [nameOf(target), values[value]!.data])),
    context: c,
  };
}

/** Appends Σ w ⊙ y with drawn w, so that no element's gradient is special. */
function weighed({ builder, g }: Context, y: Value, seed: number): Value {
  const { shape, dtype } = builder.typeOf(y);
  const random = randomFrom(seed);
  const axes = shape.map((_, axis) => axis);
  const n = shape.reduce((size, extent) => size * extent, 1);
  const parts = g.sin(
    g.add(g.cast(g.reshape(g.iota({ dtype: "i32", shape: [n] }, { axis: 0 }), { shape }), { to: dtype }), g.literal(random(), dtype)),
  );
  const product = g.mul(y, parts);
  return axes.length === 0 ? product : g.sum(product, { axes });
}

/** Gradients of Σ w ⊙ y with respect to every float parameter and input, against central differences; with `order` 2, of Σ w ⊙ those gradients. */
export function differences(
  declare: () => Tensor,
  { training = false, seed = 1, order = 1 }: Setting & { readonly order?: 1 | 2 } = {},
): TensorCheck[] {
  const { c, y } = declared(declare, training);
  const { builder, g } = c;
  let loss = weighed(c, y.value, seed);
  if (order === 2) {
    const leaves = builder.nodes.flatMap(({ op, type }, at) =>
      (op === "param" || op === "input") && isFloat(type.dtype) ? [at as Value] : [],
    );
    const first = reverse(builder, loss, leaves).flatMap((value, n) => (value === undefined ? [] : [weighed(c, value, seed + n)]));
    loss = first.reduce((a, b) => g.add(a, b));
  }
  builder.results.push({ kind: "loss", name: "train", value: loss });
  const full = writeOut.run(gradients({ name: "train", rule: sgd() }).run(builder.graph()));
  const value = full.results.find(({ kind }) => kind === "loss")!.value;
  return checkGradients(full, value, drawsIn([full]).feed(full, seed, y.shape[0] ?? 1), { coordinates: 12, directions: 1, seed });
}

/** The text of the ModelError that a declaration throws. */
export function complaint(declare: () => Tensor, training = false): string {
  try {
    declared(declare, training);
  } catch (error) {
    return (error as ModelError).message;
  }
  throw new Error("nothing was thrown");
}
