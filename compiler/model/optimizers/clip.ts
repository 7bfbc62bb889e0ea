/** Gradients of bounded size before a rule sees them. */

import type { UpdateRule, UpdateScope } from "../../autodiff/update.ts";
import type { Value } from "../../graph/graph.ts";
import { check } from "../arguments.ts";
import { RULE } from "../kinds.ts";
import { POSITIVE } from "./options.ts";
import { namedGradient, number, over } from "./rule.ts";

/** Each element of each gradient is held between −limit and limit (torch.nn.utils.clip_grad_value_). */
export function clipByValue(rule: UpdateRule, limit: number): UpdateRule {
  check("clipByValue", { rule, limit }, { rule: RULE, limit: POSITIVE });
  const clip = (scope: UpdateScope): Value =>
    scope.by(
      "clipByValue",
      () => {
        const { g, gradient } = scope;
        const clipped = g.min(g.max(gradient, number(scope, -limit)), number(scope, limit));
        return namedGradient(scope, "clipped", clipped);
      },
      `g ← g held between ${-limit} and ${limit}`,
    );
  return {
    ...rule,
    name: `clipByValue(${rule.name}, ${limit})`,
    // a limit far below a tensor's largest element lets that element's rounding show in the others
    linear: false,
    comparable: () => [],
    update: (scopes) => rule.update(scopes.map((scope) => ({ ...scope, gradient: clip(scope) }))),
  };
}

/** What PyTorch adds to the norm, so that it can be divided by. */
const NORM_EPSILON = 1e-6;

/**
 * All gradients of the phase times min(1, limit / (‖g‖ + 1e-6)), ‖g‖ over all of them together (torch.nn.utils.clip_grad_norm_).
 * Every gradient is stored: none can be used before the last is known.
 */
export function clipByGlobalNorm(rule: UpdateRule, limit: number): UpdateRule {
  check("clipByGlobalNorm", { rule, limit }, { rule: RULE, limit: POSITIVE });
  return {
    ...rule,
    name: `clipByGlobalNorm(${rule.name}, ${limit})`,
    update(scopes) {
      const [first] = scopes;
      if (first === undefined) return;
      const words = `g ← g·min(1, ${limit} / (‖g‖ + ${NORM_EPSILON})), ‖g‖ over all parameters`;
      const squares = scopes.map((scope) => scope.by("clipByGlobalNorm", () => squareOf(scope), words));
      const scale = first.by("clipByGlobalNorm", () => scaleOf(first, squares, limit), words);
      const clip = (scope: UpdateScope): Value =>
        scope.by("clipByGlobalNorm", () => namedGradient(scope, "clipped", scope.g.mul(scope.gradient, over(scope, scale))), words);
      rule.update(scopes.map((scope) => ({ ...scope, gradient: clip(scope) })));
    },
  };
}

/** Each gradient by itself times min(1, limit / (‖g‖ + 1e-6)): torch.nn.utils.clip_grad_norm_ of one parameter, Keras's clipnorm. */
export function clipByNorm(rule: UpdateRule, limit: number): UpdateRule {
  check("clipByNorm", { rule, limit }, { rule: RULE, limit: POSITIVE });
  const clip = (scope: UpdateScope): Value =>
    scope.by(
      "clipByNorm",
      () => namedGradient(scope, "clipped", scope.g.mul(scope.gradient, over(scope, scaleOf(scope, [squareOf(scope)], limit)))),
      `g ← g·min(1, ${limit} / (‖g‖ + ${NORM_EPSILON}))`,
    );
  return {
    ...rule,
    name: `clipByNorm(${rule.name}, ${limit})`,
    update: (scopes) => rule.update(scopes.map((scope) => ({ ...scope, gradient: clip(scope) }))),
  };
}

/** ‖d_w‖², Σ over all elements of one gradient. */
function squareOf(scope: UpdateScope): Value {
  const { g, gradient } = scope;
  const axes = g.typeOf(gradient).shape.map((_, axis) => axis);
  const square = g.mul(gradient, gradient);
  return namedGradient(scope, "square", axes.length === 0 ? square : g.sum(square, { axes }));
}

/** min(1, limit / (‖g‖ + 1e-6)). */
function scaleOf(scope: UpdateScope, squares: readonly Value[], limit: number): Value {
  const { g, builder } = scope;
  const norm = g.sqrt(squares.reduce((a, b) => g.add(a, b)));
  builder.rename(norm, "clip.norm");
  const share = g.div(number(scope, limit), g.add(norm, number(scope, NORM_EPSILON)));
  const scale = g.min(share, number(scope, 1));
  builder.rename(scale, "clip.scale");
  return scale;
}
