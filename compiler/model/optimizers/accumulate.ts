/** Guarantees that k micro-batches train as one batch k times as large does: the rule steps in every k-th step, on the mean. */

import type { UpdateRule, UpdateScope } from "../../autodiff/update.ts";
import { COUNT } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { check } from "../arguments.ts";
import { RULE } from "../kinds.ts";
import { namedGradient, number, over, scaled, spread } from "./rule.ts";

/**
 * State `<parameter>.accumulated` holds the sum of the gradients so far; weights and the rule's states change in every
 * k-th step only. Schedules inside count updates, so that they too see one batch k times as large.
 */
export function accumulate(rule: UpdateRule, k: number): UpdateRule {
  check("accumulate", { rule, k }, { rule: RULE, k: COUNT });
  return {
    name: `accumulate(${rule.name}, ${k})`,
    linear: rule.linear,
    comparable: (parameter) => ["accumulated", ...rule.comparable(parameter)],
    period: k * rule.period,
    update: (scopes) => rule.update(scopes.map((scope) => scope.by("accumulate", () => micro(scope, k), words(k)))),
  };
}

const words = (k: number): string => `g ← the mean of ${k} gradients, in every ${k}-th step; in the others w stays`;

/** The scope of a rule that sees the mean of k gradients, and whose writes count in the k-th step only. */
function micro(scope: UpdateScope, k: number): UpdateScope {
  const { g } = scope;
  const isLast = scope.shared("accumulate.isLast", (shared) => {
    const count = shared.state("accumulate.count", 0);
    const last = g.eq(count, number(scope, k - 1));
    shared.write(count, g.where(last, number(scope, 0), g.add(count, number(scope, 1))));
    return last;
  });
  const sum = scope.state("accumulated", 0);
  const total = namedGradient(scope, "total", g.add(sum, scope.gradient));
  scope.write(sum, g.where(over(scope, isLast), number(scope, 0), total));
  const selected = (target: Value, value: Value): Value => g.where(spread(scope, isLast, g.typeOf(target).shape), value, target);
  return {
    ...scope,
    gradient: namedGradient(scope, "mean", scaled(scope, total, 1 / k)),
    step: () => scope.shared("accumulate.updates", () => g.floor(g.div(scope.step(), number(scope, k)))),
    shared: (key, make) =>
      scope.shared(key, (shared) =>
        make({
          state: shared.state,
          write: (target, value) => shared.write(target, selected(target, value)),
        }),
      ),
    write: (target, value) => scope.by("accumulate", () => scope.write(target, selected(target, value)), words(k)),
  };
}
