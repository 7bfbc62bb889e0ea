/** Guarantees gradients of bounded size before a rule sees them. */

import type { UpdateRule, UpdateScope } from "../../autodiff/update.ts";
import type { Value } from "../../graph/graph.ts";
import { checkOptions, POSITIVE, required, RULE } from "./options.ts";
import { number, over } from "./rule.ts";

/** Each element of each gradient is held between −limit and limit (torch.nn.utils.clip_grad_value_). */
export function clipByValue(rule: UpdateRule, limit: number): UpdateRule {
  checkOptions("clipByValue", { rule, limit }, { rule: RULE, limit: required(POSITIVE) });
  const clip = (scope: UpdateScope): Value =>
    scope.by("clipByValue", () =>
      scope.g.min(scope.g.max(scope.gradient, number(scope, -limit)), number(scope, limit)),
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
  checkOptions("clipByGlobalNorm", { rule, limit }, { rule: RULE, limit: required(POSITIVE) });
  return {
    ...rule,
    name: `clipByGlobalNorm(${rule.name}, ${limit})`,
    update(scopes) {
      const scale = (scope: UpdateScope): Value =>
        scope.shared("clip.scale", () => {
          const { g } = scope;
          const norm = g.sqrt(scopes.map(squares).reduce((a, b) => g.add(a, b)));
          const share = g.div(number(scope, limit), g.add(norm, number(scope, NORM_EPSILON)));
          return g.min(share, number(scope, 1));
        });
      const clipped = scopes.map((scope) =>
        scope.by("clipByGlobalNorm", () => ({
          ...scope,
          gradient: scope.g.mul(scope.gradient, over(scope, scale(scope))),
        })),
      );
      rule.update(clipped);
    },
  };
}

/** Σ g² over one gradient. */
function squares({ g, gradient }: UpdateScope): Value {
  const axes = g.typeOf(gradient).shape.map((_, axis) => axis);
  const square = g.mul(gradient, gradient);
  return axes.length === 0 ? square : g.sum(square, { axes });
}
