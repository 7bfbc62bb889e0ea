/** The activation functions, finite with their slopes at ±1e4, and one list of the names that layers know them by. */

import { anyOf, FINITE, numbers, oneOf, optional, optionsOf, type Law } from "../graph/arguments.ts";
import { suggestion } from "../graph/nearest.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { called, check } from "./arguments.ts";
import { isTensor, type Context } from "./context.ts";
import { axisIn } from "./axes.ts";
import { composed, logSigmoid, relu, sigmoid, softsign, tanh, type Unary } from "./elementwise.ts";
import { AXIS, FLOATS } from "./kinds.ts";
import { hardshrink, hardSigmoid, hardSwish, hardtanh, relu6, softshrink } from "./piecewise.ts";
import type { FloatTensor } from "./tensor.ts";

const literal = (c: Context, value: number): Value => c.g.literal(value, c.float);
const times = (c: Context, x: Value, factor: number): Value => c.g.mul(x, literal(c, factor));

/** The tensor that a function takes with a number after it, which is easily given alone. */
const withNumber = (name: string, option: string): Law => ({
  ...FLOATS,
  remedy: `Write ${name}(x), with ${option} after it if you like; as a layer, activation((x) => ${name}(x, 0.1)).`,
});

/** x where x > 0, slope·x elsewhere; the slope at 0 is `slope`. */
export function leakyRelu<S extends Shape>(x: FloatTensor<S>, slope = 0.01): FloatTensor<S> {
  check("leakyRelu", { x, slope }, { x: withNumber("leakyRelu", "slope"), slope: optional(FINITE) });
  return composed("leakyRelu", (c, v) => c.g.where(c.g.lt(literal(c, 0), v), v, times(c, v, slope)))(x);
}

/** α·(eˣ − 1) where x ≤ 0, x elsewhere (Clevert et al. 2016); the exponential never sees a positive x. */
function exponentialLinear(c: Context, x: Value, alpha: number): Value {
  const { g } = c;
  const negative = g.le(x, literal(c, 0));
  const tail = g.expm1(g.where(negative, x, literal(c, 0)));
  return g.where(negative, alpha === 1 ? tail : times(c, tail, alpha), x);
}

/** x where x > 0, α·(eˣ − 1) elsewhere. */
export function elu<S extends Shape>(x: FloatTensor<S>, alpha = 1): FloatTensor<S> {
  check("elu", { x, alpha }, { x: withNumber("elu", "alpha"), alpha: optional(FINITE) });
  return composed("elu", (c, v) => exponentialLinear(c, v, alpha))(x);
}

/** max(x, 0) + min(0, α·(e^(x/α) − 1)): elu whose slope is 1 at 0 for any α above 0 (Barron 2017). */
export function celu<S extends Shape>(x: FloatTensor<S>, alpha = 1): FloatTensor<S> {
  check("celu", { x, alpha }, { x: withNumber("celu", "alpha"), alpha: optional(numbers("a finite number above 0", (n) => n > 0)) });
  return composed("celu", (c, v) => {
    const { g } = c;
    const negative = g.le(v, literal(c, 0));
    const inside = g.where(negative, alpha === 1 ? v : times(c, v, 1 / alpha), literal(c, 0));
    const tail = g.expm1(inside);
    return g.where(negative, alpha === 1 ? tail : times(c, tail, alpha), v);
  })(x);
}

const SELU_SCALE = 1.0507009873554804934;
const SELU_ALPHA = 1.6732632423543772848;

/** λ·elu(x, α) with the self-normalizing λ and α (Klambauer et al. 2017). */
export const selu: Unary = composed("selu", (c, x) => times(c, exponentialLinear(c, x, SELU_ALPHA), SELU_SCALE));

/** Options of `gelu`. */
export interface GeluOptions {
  /** `"tanh"`: ½x(1 + tanh(√(2/π)·(x + 0.044715x³))); without it ½x(1 + erf(x/√2)). */
  readonly approximate?: "tanh";
}

const GELU = optionsOf<GeluOptions>({ approximate: oneOf("tanh") });

function gaussianLinear(c: Context, x: Value, { approximate }: GeluOptions): Value {
  const { g } = c;
  const inner = (): Value => {
    const cubic = g.mul(times(c, g.mul(x, x), 0.044715), x);
    return g.tanh(times(c, g.add(x, cubic), Math.sqrt(2 / Math.PI)));
  };
  const spread = approximate === "tanh" ? inner() : g.erf(times(c, x, Math.SQRT1_2));
  return g.mul(times(c, x, 0.5), g.add(spread, literal(c, 1)));
}

/** x·Φ(x) (Hendrycks & Gimpel 2016). With options alone it is an activation for layers. */
export function gelu(options: GeluOptions): Unary;
export function gelu<S extends Shape>(x: FloatTensor<S>, options?: GeluOptions): FloatTensor<S>;
export function gelu(first: FloatTensor | GeluOptions, options: GeluOptions = {}): FloatTensor | Unary {
  const of = (given: GeluOptions): Unary => composed("gelu", (c, x) => gaussianLinear(c, x, given));
  check("gelu", { x: first }, { x: anyOf("a tensor of floats, or its options as an object", FLOATS, GELU) });
  check("gelu", { options }, { options: GELU });
  return isTensor(first) ? of(options)(first) : of(first);
}

/** x·σ(x). */
export const silu: Unary = composed("silu", ({ g }, x) => g.mul(x, g.sigmoid(x)));

/** x − tanh(x). */
export const tanhShrink: Unary = composed("tanhShrink", ({ g }, x) => g.sub(x, g.tanh(x)));

/** x·tanh(log(1 + eˣ)) (Misra 2019). */
export const mish: Unary = composed("mish", ({ g }, x) => g.mul(x, g.tanh(g.neg(g.logSigmoid(g.neg(x))))));

/** a·σ(b) of the halves a and b of x along an axis (Dauphin et al. 2017). Throws for an axis of odd extent. */
export function glu(x: FloatTensor, axis = -1): FloatTensor {
  const c = called("glu", { x, axis }, { x: FLOATS, axis: optional(AXIS) });
  return c.run(() => {
    const at = axisIn(c, "glu", x.value, axis);
    const extent = x.shape[at]!;
    if (extent % 2 === 1)
      c.fail("shape/glu", `glu needs an axis with two halves, but axis ${at} has ${extent}`, "Make that axis even.", [
        c.operand("x", x.value),
      ]);
    const half = (from: number): Value => {
      const start = x.shape.map((_, n) => (n === at ? from : 0));
      return c.g.slice(x.value, { start, limit: x.shape.map((e, n) => (n === at ? from + extent / 2 : e)), stride: start.map(() => 1) });
    };
    return c.tensor(c.g.mul(half(0), c.g.sigmoid(half(extent / 2))));
  }) as FloatTensor;
}

/** log(1 + eˣ) = max(x, 0) + log1p(e^−|x|): the exponential never overflows. */
export const softplus: Unary = composed("softplus", (c, x) => {
  const { g } = c;
  return g.add(g.max(x, literal(c, 0)), g.log1p(g.exp(g.neg(g.abs(x)))));
});

/** x less its largest along an axis, and the sum of the exponentials of that, spread over the axis. */
function shifted(c: Context, x: Value, axis: number, name: string): { x: Value; total: Value; exps: Value; spread: (v: Value) => Value } {
  const { g } = c;
  const { shape } = c.typeOf(x);
  const at = axisIn(c, name, x, axis);
  const spread = (v: Value): Value => g.broadcast(v, { axes: [at], size: [shape[at]!] });
  const largest = g.stopGradient(c.named("largest", g.reduceMax(x, { axes: [at] })));
  const less = c.named("shifted", g.sub(x, spread(largest)));
  const exps = c.named("exps", g.exp(less));
  return { x: less, exps, total: c.named("total", g.sum(exps, { axes: [at] })), spread };
}

/** e^x / Σ e^x along an axis; stable, because the axis is shifted by its largest. Throws for an axis x does not have. */
export function softmax<S extends Shape>(x: FloatTensor<S>, axis = -1): FloatTensor<S> {
  check("softmax", { x, axis }, { x: FLOATS, axis: optional(AXIS) });
  return composed("softmax", (c, v) => {
    const { exps, total, spread } = shifted(c, v, axis, "softmax");
    return c.mark(c.g.div(exps, spread(total)), "probabilities");
  })(x);
}

/** softmax(−x): the smallest weighs most. Throws for an axis x does not have. */
export function softmin<S extends Shape>(x: FloatTensor<S>, axis = -1): FloatTensor<S> {
  const c = called("softmin", { x, axis }, { x: FLOATS, axis: optional(AXIS) });
  return c.run(() => {
    axisIn(c, "softmin", x.value, axis);
    return softmax(c.tensor(c.g.neg(x.value)) as FloatTensor<S>, axis); // of x's shape
  });
}

/** x − log Σ e^x along an axis, without the quotient that would underflow. Throws for an axis x does not have. */
export function logSoftmax<S extends Shape>(x: FloatTensor<S>, axis = -1): FloatTensor<S> {
  check("logSoftmax", { x, axis }, { x: FLOATS, axis: optional(AXIS) });
  return composed("logSoftmax", (c, v) => {
    const { x: less, total, spread } = shifted(c, v, axis, "logSoftmax");
    return c.mark(c.g.sub(less, spread(c.named("logTotal", c.g.log(total)))), "logarithms");
  })(x);
}

const NAMED = {
  relu,
  leakyRelu,
  elu,
  selu,
  gelu,
  silu,
  softplus,
  sigmoid,
  tanh,
  softmax,
  logSoftmax,
  celu,
  mish,
  logSigmoid,
  softsign,
  relu6,
  hardtanh,
  hardSigmoid,
  hardSwish,
  hardshrink,
  softshrink,
  softmin,
  tanhShrink,
  linear: composed("linear", (_, x) => x),
} as const;

/** Activations that layers know by name. */
export type ActivationName = keyof typeof NAMED;

/** What `activation:` takes: a name, or any function of a tensor. */
export type Activation = ActivationName | ((x: FloatTensor) => FloatTensor);

/** The function of that name. Throws a ModelError that suggests the nearest name. */
export function activationOf(c: Context, activation: Activation): (x: FloatTensor) => FloatTensor {
  if (typeof activation === "function") return activation;
  if (Object.hasOwn(NAMED, activation)) return NAMED[activation];
  const names = Object.keys(NAMED);
  return c.fail(
    "activation/unknown",
    `there is no activation ${JSON.stringify(activation)}${suggestion(activation, names)}`,
    `Activations are ${names.join(", ")}; or give a function of a tensor.`,
  );
}
