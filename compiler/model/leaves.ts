/** Inputs, labels, parameters and live scalars of a model, each under a name of its own. */

import type { Attr, Attrs, Value } from "../graph/graph.ts";
import type { Shape, TensorType } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import { FINITE, FLAG, optionsOf, required } from "../graph/arguments.ts";
import { called } from "./arguments.ts";
import { LIVE_ROWS, type Context } from "./context.ts";
import { DOMAIN, EXTENT, FLOATS, INITIALIZER, NAME, SHAPE } from "./kinds.ts";
import type { Initializer } from "./initializers.ts";
import type { FloatTensor, Scalar, Tensor } from "./tensor.ts";

/** Where the elements of an input lie: what the check draws from. Default: what the graph shows, or any number near 0. */
export type InputDomain = "positive" | "unit" | "probabilities" | readonly [low: number, high: number];

/** `input "x"`, for messages; whatever came in place of the name has its own. */
const titled = (of: string, name: string): string => (typeof name === "string" ? `${of} ${JSON.stringify(name)}` : of);

/** What may be said of an input beside its shape. */
export interface InputOptions {
  readonly domain?: InputDomain;
  /** `false`: none of its axes is the batch's, though one may be as long; it is given whole. Default: an axis that grows with the batch is. */
  readonly rows?: boolean;
}
const INPUT = optionsOf<InputOptions>({ rows: FLAG, domain: DOMAIN });

/** An input of the batch, which may say that it has no rows. */
function fed(c: Context, name: string, { dtype, shape }: TensorType, attrs: Attrs, rows: boolean): Value {
  if (!rows) c.whole.add(name);
  const own = c.extents.shape(shape, { rows });
  const steps = rows ? c.decoding?.of.steps : undefined;
  return c.leaf("input", name, { dtype, shape: own.map((extent, axis) => (axis === 1 && extent === steps ? 1 : extent)) }, attrs);
}

/** A float input of the batch, fed at every call. */
export function input<const S extends Shape>(name: string, shape: S, options: InputOptions = {}): FloatTensor<S> {
  const c = called(titled("input", name), { name, shape, options }, { name: NAME, shape: SHAPE, options: INPUT });
  const { rows = true, domain } = options;
  const attrs: Attrs = domain === undefined ? {} : { domain };
  return c.run(() => c.tensor(fed(c, name, { dtype: c.float, shape }, attrs, rows))) as FloatTensor<S>;
}

const LABELS = optionsOf<{ readonly classes: number; readonly rows?: boolean }>({ classes: required(EXTENT), rows: FLAG });

/** Class labels, 0 ≤ y < classes, one a row. */
export function labels<const S extends Shape>(
  name: string,
  shape: S,
  options: InputOptions & { readonly classes: number },
): Tensor<S, "i32"> {
  const c = called(titled("labels", name), { name, shape, options }, { name: NAME, shape: SHAPE, options: LABELS });
  const { classes, rows = true } = options;
  return c.run(() => {
    const attrs = { classes: c.extents.of(classes) };
    return c.tensor(fed(c, name, { dtype: "i32", shape }, attrs, rows));
  }) as Tensor<S, "i32">;
}

const PARAM = optionsOf<{ readonly trainable?: boolean }>({ trainable: FLAG });

/** A trained value. `trainable: false` freezes it. */
export function param<const S extends Shape>(
  name: string,
  shape: S,
  initial: Initializer,
  options: { readonly trainable?: boolean } = {},
): FloatTensor<S> {
  const c = called(
    titled("param", name),
    { name, shape, initial, options },
    { name: NAME, shape: SHAPE, initial: INITIALIZER, options: PARAM },
  );
  const { trainable = true } = options;
  return c.run(() => {
    const own = c.extents.shape(shape, { rows: false });
    const value: Attr = initial.initial(own, () => c.nextStream(), c);
    return c.tensor(c.leaf("param", name, { dtype: c.float, shape: own }, { initial: value, trainable }));
  }) as FloatTensor<S>;
}

/** A value kept between steps: running statistics, counters. Not trained; write it with assign. */
export function state<const S extends Shape>(name: string, shape: S, initial: Initializer): FloatTensor<S> {
  const c = called(titled("state", name), { name, shape, initial }, { name: NAME, shape: SHAPE, initial: INITIALIZER });
  return c.run(() => {
    const own = c.extents.shape(shape, { rows: false });
    const value: Attr = initial.initial(own, () => c.nextStream(), c);
    return c.tensor(c.leaf("state", name, { dtype: c.float, shape: own }, { initial: value }));
  }) as FloatTensor<S>;
}

/** The value a state has after the training step; evaluation and prediction leave it alone. */
export function assign<S extends Shape>(target: FloatTensor<S>, value: FloatTensor<S>): void {
  const c = called("assign", { target, value }, { target: FLOATS, value: FLOATS });
  c.run(() => {
    const node = c.builder.node(target.value);
    if (node.op !== "state")
      c.fail(
        "assign/target",
        `assign writes to a state, but ${JSON.stringify(node.name)} is ${node.op}`,
        "Declare it with state(name, shape, initial).",
      );
    if (String(target.shape) !== String(value.shape))
      c.fail(
        "assign/shape",
        `assign needs one shape, but [${String(target.shape)}] ≠ [${String(value.shape)}]`,
        "Give the new value the state's shape.",
      );
    if (c.assignments.has(target.value)) c.fail("assign/twice", `state ${JSON.stringify(node.name)} is assigned twice`, "Assign it once.");
    c.assignments.set(target.value, value.value);
  });
}

const SIZE = optionsOf<{ readonly check: number }>({ check: required(EXTENT) });

/**
 * An extent that is large where the model ships and small where it is checked: the same graph in both, so choose `check` as the least
 * extent at which every layer still does its work.
 */
export function size<const N extends number>(name: string, extent: N, options: { readonly check: number }): N {
  const c = called(titled("size", name), { name, extent, options }, { name: NAME, extent: EXTENT, options: SIZE });
  const { check } = options;
  return c.run(() => {
    if (check > extent)
      c.fail(
        "size/check",
        `size ${JSON.stringify(name)}: check ${check} is above the extent ${extent} itself`,
        "Give a smaller extent to check at.",
      );
    c.sizes.set(name, { extent, check });
    if (c.decoding?.of.size === name) return 1 as N;
    return (c.small ? check : extent) as N; // in its type the extent is the one that ships
  });
}

/** A scalar that stays live: `trainer.hyper.<name>`. */
export interface Hyper extends Scalar {
  readonly hyper: { readonly name: string; readonly value: number };
}

/** Declares a live scalar: the trainer keeps it as `hyper.<name>`, to be changed between steps without compiling again. */
export function hyper(name: string, value: number): Hyper {
  const c = called(titled("hyper", name), { name, value }, { name: NAME, value: FINITE });
  return c.run(() => {
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
    return at >= 0 ? (at as Tensor["value"]) : c.builder.append(opOf("count"), [], {}, LIVE_ROWS, { dtype: "i32", shape: [] });
  };
  return {
    live: (rows) =>
      c.named(
        "isLive",
        c.g.lt(c.g.iota({ dtype: "i32", shape: [rows] }, { axis: 0 }), c.g.broadcast(value(), { axes: [0], size: [rows] })),
      ),
    scale: () => c.g.recip(c.g.cast(value(), { to: c.float })),
  };
}
