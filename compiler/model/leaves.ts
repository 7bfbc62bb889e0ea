/** Guarantees inputs, labels, parameters and live scalars of a model, each under a name of its own. */

import type { Attr, Attrs } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import { context, LIVE_ROWS, type Context } from "./context.ts";
import type { Initializer } from "./initializers.ts";
import type { FloatTensor, Scalar, Tensor } from "./tensor.ts";

/** Where the elements of an input lie: what the check draws from. Default: what the graph shows, or any number near 0. */
export type InputDomain =
  "positive" | "unit" | "probabilities" | readonly [low: number, high: number];

export interface InputOptions {
  readonly domain?: InputDomain;
}

/** A float input of the batch, fed at every call. */
export function input<const S extends Shape>(
  name: string,
  shape: S,
  { domain }: InputOptions = {},
): FloatTensor<S> {
  const c = context();
  return c.run(() => {
    if (domain !== undefined && !isDomain(domain))
      c.fail("input/domain", `input ${JSON.stringify(name)}: domain needs "positive", "unit", "probabilities" or [low, high] with low < high, but got ${JSON.stringify(domain)}`, "Say where its elements lie, or leave the domain out."); // prettier-ignore
    const attrs: Attrs = domain === undefined ? {} : { domain };
    return c.tensor(c.leaf("input", name, { dtype: c.float, shape }, attrs));
  }) as FloatTensor<S>;
}

const isDomain = (domain: unknown): domain is InputDomain =>
  Array.isArray(domain)
    ? domain.length === 2 && domain.every(Number.isFinite) && domain[0] < domain[1]
    : domain === "positive" || domain === "unit" || domain === "probabilities";

/** Class labels, 0 ≤ y < classes, one a row. */
export function labels<const S extends Shape>(
  name: string,
  shape: S,
  { classes }: { readonly classes: number },
): Tensor<S, "i32"> {
  const c = context();
  return c.run(() => {
    if (!(Number.isInteger(classes) && classes > 0))
      c.fail("labels/classes", `labels ${JSON.stringify(name)}: needs a whole number of classes above 0, but got ${classes}`, "Give the number of classes."); // prettier-ignore
    return c.tensor(c.leaf("input", name, { dtype: "i32", shape }, { classes }));
  }) as Tensor<S, "i32">;
}

/** A trained value. `trainable: false` freezes it. */
export function param<const S extends Shape>(
  name: string,
  shape: S,
  initial: Initializer,
  { trainable = true }: { readonly trainable?: boolean } = {},
): FloatTensor<S> {
  const c = context();
  return c.run(() => {
    const value: Attr = initial.initial(shape, () => c.nextStream(), c);
    return c.tensor(
      c.leaf("param", name, { dtype: c.float, shape }, { initial: value, trainable }),
    );
  }) as FloatTensor<S>;
}

/** A value kept between steps: running statistics, counters. Not trained; write it with assign. */
export function state<const S extends Shape>(
  name: string,
  shape: S,
  initial: Initializer,
): FloatTensor<S> {
  const c = context();
  return c.run(() => {
    const value: Attr = initial.initial(shape, () => c.nextStream(), c);
    return c.tensor(c.leaf("state", name, { dtype: c.float, shape }, { initial: value }));
  }) as FloatTensor<S>;
}

/** The value a state has after the training step; evaluation and prediction leave it alone. */
export function assign<S extends Shape>(target: FloatTensor<S>, value: FloatTensor<S>): void {
  const c = context();
  c.run(() => {
    const node = c.builder.node(target.value);
    if (node.op !== "state") c.fail("assign/target", `assign writes to a state, but ${JSON.stringify(node.name)} is ${node.op}`, "Declare it with state(name, shape, initial)."); // prettier-ignore
    if (String(target.shape) !== String(value.shape)) c.fail("assign/shape", `assign needs one shape, but [${String(target.shape)}] ≠ [${String(value.shape)}]`, "Give the new value the state's shape."); // prettier-ignore
    if (c.assignments.has(target.value)) c.fail("assign/twice", `state ${JSON.stringify(node.name)} is assigned twice`, "Assign it once."); // prettier-ignore
    c.assignments.set(target.value, value.value);
  });
}

/**
 * An extent that is large where the model ships and small where it is checked: the same graph in both, so choose `check` as the least
 * extent at which every layer still does its work.
 */
export function size<const N extends number>(
  name: string,
  extent: N,
  { check }: { readonly check: number },
): N {
  const c = context();
  return c.run(() => {
    for (const [which, value] of [["extent", extent], ["check", check]] as const)
      if (!(Number.isInteger(value) && value > 0))
        c.fail("shape/extent", `size ${JSON.stringify(name)}: its ${which} needs a whole number above 0, but got ${value}`, "Change that number."); // prettier-ignore
    if (check > extent)
      c.fail("size/check", `size ${JSON.stringify(name)}: check ${check} is above the extent ${extent} itself`, "Give a smaller extent to check at."); // prettier-ignore
    return (c.small ? check : extent) as N; // in its type the extent is the one that ships
  });
}

/** A scalar that stays live: `trainer.hyper.<name>`. */
export interface Hyper extends Scalar {
  readonly hyper: { readonly name: string; readonly value: number };
}

export function hyper(name: string, value: number): Hyper {
  const c = context();
  return c.run(() => {
    if (!Number.isFinite(value))
      c.fail("value/finite", `hyper ${JSON.stringify(name)}: needs a finite number, but got ${value}`, "Use a finite number."); // prettier-ignore
    const scalar = c.tensor(c.leaf("hyper", name, { dtype: c.float, shape: [] }, { value }));
    return { ...scalar, hyper: { name, value } };
  }) as Hyper;
}

/** The number of real rows of the batch, as a float scalar; declared on first use. */
export function countOf(c: Context): {
  readonly live: (rows: number) => Tensor["value"];
  readonly scale: () => Tensor["value"];
} {
  const value = (): Tensor["value"] => {
    const at = c.builder.nodes.findIndex((node) => node.op === "count");
    return at >= 0
      ? (at as Tensor["value"])
      : c.builder.append(opOf("count"), [], {}, LIVE_ROWS, { dtype: "i32", shape: [] });
  };
  return {
    live: (rows) => c.named("isLive", c.g.lt(c.g.iota({ dtype: "i32", shape: [rows] }, { axis: 0 }), c.g.broadcast(value(), { axes: [0], size: [rows] }))), // prettier-ignore
    scale: () => c.g.recip(c.g.cast(value(), { to: c.float })),
  };
}
