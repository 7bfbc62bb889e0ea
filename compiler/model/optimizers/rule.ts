/** The few words that update rules are written in. */

import type { UpdateRule, UpdateScope } from "../../autodiff/update.ts";
import type { Value } from "../../graph/graph.ts";
import { sizeOf, type Shape } from "../../graph/type.ts";
import { callSite } from "../site.ts";

/** A literal of the parameter's dtype. */
export const number = ({ g, parameter }: Pick<UpdateScope, "g" | "parameter">, value: number): Value =>
  g.literal(value, g.typeOf(parameter).dtype);

/** A scalar spread to a shape; a literal stands for every element by itself. */
export function spread({ g, builder }: UpdateScope, scalar: Value, shape: Shape): Value {
  if (shape.length === 0 || builder.node(scalar).op === "literal") return scalar;
  return g.broadcast(scalar, { axes: shape.map((_, axis) => axis), size: shape });
}

/** A scalar spread over the parameter. */
export const over = (scope: UpdateScope, scalar: Value): Value => spread(scope, scalar, scope.g.typeOf(scope.parameter).shape);

/** value·factor. */
export const scaled = (scope: UpdateScope, value: Value, factor: number): Value => scope.g.mul(value, number(scope, factor));

/** √(mean x²). */
export function rootMeanSquare(scope: UpdateScope, x: Value): Value {
  const { g } = scope;
  const { shape } = g.typeOf(x);
  const square = g.mul(x, x);
  return shape.length === 0
    ? g.sqrt(square)
    : g.sqrt(scaled(scope, g.sum(square, { axes: shape.map((_, axis) => axis) }), 1 / sizeOf(shape)));
}

/** β·before + (1 − β)·value. */
export const averaged = (scope: UpdateScope, before: Value, beta: number, value: Value): Value =>
  scope.g.add(scaled(scope, before, beta), scaled(scope, value, 1 - beta));

/** β·before + (1 − β)·value². */
export const averagedSquare = (scope: UpdateScope, before: Value, beta: number, value: Value): Value =>
  scope.g.add(scaled(scope, before, beta), scaled(scope, scope.g.mul(value, value), 1 - beta));

/** g + λ·w: the gradient with an L2 penalty of ½λ‖w‖². */
export const withDecay = (scope: UpdateScope, decay: number): Value =>
  decay === 0 ? scope.gradient : scope.g.add(scope.gradient, scaled(scope, scope.parameter, decay));

/** Names what a wrapper makes of a gradient, for the readers of the emitted code: `d_W_mean`. */
export function namedGradient({ builder, parameter }: UpdateScope, of: string, value: Value): Value {
  builder.rename(value, `d_${builder.node(parameter).name}_${of}`);
  return value;
}

/** What a rule that treats each parameter by itself says of itself. */
interface Said {
  readonly linear?: boolean;
  readonly comparable?: readonly string[];
  /** What it does to a parameter w with gradient g, in the order in which it does it; what is missing is not done. */
  readonly words: readonly (string | undefined)[];
}

/** A rule that treats each parameter by itself. */
export const eachParameter = (
  name: string,
  { linear = false, comparable = [], words }: Said,
  update: (scope: UpdateScope) => void,
): UpdateRule => ({
  name,
  site: callSite(),
  linear,
  comparable: () => comparable,
  period: 1,
  update(scopes) {
    const said = words.filter((one) => one !== undefined).join("; ");
    for (const scope of scopes) scope.by(name, () => update(scope), said);
  },
});

/** 1 − β in words. */
export const rest = (beta: number): string => `(1 − ${beta})`;

/** `g ← g + λ·w`, where there is a decay. */
export const decayWords = (decay: number): string | undefined => (decay === 0 ? undefined : `g ← g + ${decay}·w`);
