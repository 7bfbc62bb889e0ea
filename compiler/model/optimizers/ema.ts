/** An exponential moving average of the weights in STATE, beside any rule. */

import type { UpdateRule, UpdateScope } from "../../autodiff/update.ts";
import { check } from "../arguments.ts";
import { RULE } from "../kinds.ts";
import { SHARE } from "./options.ts";
import { averaged, number, over, rest } from "./rule.ts";

/**
 * State `<parameter>.ema`: the weights after the first update, then decay·ema + (1 − decay)·w of the new weights
 * (torch.optim.swa_utils, AveragedModel with get_ema_multi_avg_fn).
 */
export function ema(rule: UpdateRule, decay: number): UpdateRule {
  check("ema", { rule, decay }, { rule: RULE, decay: SHARE });
  return {
    ...rule,
    name: `ema(${rule.name}, ${decay})`,
    update: (scopes) => rule.update(scopes.map((scope) => averaging(scope, decay))),
  };
}

/** Whatever is written to the parameter is averaged too. */
function averaging(scope: UpdateScope, decay: number): UpdateScope {
  const { g } = scope;
  return {
    ...scope,
    write(target, value) {
      scope.write(target, value);
      if (target !== scope.parameter) return;
      scope.by(
        "ema",
        () => {
          const isFirst = scope.shared("ema.isFirst", (shared) => {
            const count = shared.state("ema.count", 0); // sticks at 2^24, which is not 0
            shared.write(count, g.add(count, number(scope, 1)));
            return g.eq(count, number(scope, 0));
          });
          const before = scope.state("ema", 0);
          const after = averaged(scope, before, decay, value);
          scope.write(before, g.where(over(scope, isFirst), value, after));
        },
        `ema ← ${decay}·ema + ${rest(decay)}·w`,
      );
    },
  };
}
