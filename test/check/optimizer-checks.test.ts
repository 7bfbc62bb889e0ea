/** What is true of the check under every rule: right trainers pass, and planted faults do not. */

import { accumulate, clipByValue, lion, sgd } from "adjoint";
import { describe, expect, test } from "vitest";
import type { UpdateRule } from "../../compiler/autodiff/update.ts";
import { checkModel } from "../../compiler/check/check.ts";
import { withinBound, type TensorCheck } from "../../compiler/check/result.ts";
import { checkTranslation, lowerSmall } from "../../compiler/check/translation.ts";
import { ops } from "../../compiler/ops/index.ts";
import type { Op } from "../../compiler/ops/op.ts";
import { dense, globalRules, rules } from "../support/rules.ts";

test.each(Object.entries({ ...rules, ...globalRules }))(
  "%s passes the check",
  async (_, rule) => {
    const { tensors, holds } = await checkModel(dense(rule), { effort: "quick" });
    expect(tensors.filter((tensor) => !withinBound(tensor))).toEqual([]);
    expect(holds).toBe(true);
  },
  30_000,
);

describe("the check of a rule that is not linear", () => {
  /** What fails where an op is compiled to something else than it means. */
  async function failing(rule: () => UpdateRule, op: Op, define: Op["define"]): Promise<TensorCheck[]> {
    // prettier-ignore
    const patched = op as { define: Op["define"] };
    const right = op.define;
    patched.define = define;
    try {
      const found = await checkTranslation(await lowerSmall(dense(rule), {}), {}, 1);
      return found.filter((tensor) => !withinBound(tensor));
    } finally {
      patched.define = right;
    }
  }

  test("finds a miscompiled update, under the rule's name", async () => {
    const ignored: Op["define"] = ({ at, read: [x] }) => x!(...at);
    const failed = await failing(() => lion(), ops.sign, ignored);
    expect(failed.map(({ name }) => name)).toEqual(expect.arrayContaining(["W", "b", "c"]));
    expect(new Set(failed.map(({ method }) => method))).toEqual(new Set(["lion on given gradients"]));
  });

  test("follows an accumulating rule to the step that updates", async () => {
    const ignored: Op["define"] = ({ at, read: [x] }) => x!(...at);
    const failed = await failing(() => accumulate(lion(), 5), ops.sign, ignored);
    expect(failed.map(({ name }) => name)).toEqual(expect.arrayContaining(["W", "b", "c"]));
  });

  test("finds a miscompiled gradient where no state of the rule shows it", async () => {
    const right: Op["define"] = ops.tanh.define;
    const doubled: Op["define"] = (scope) => {
      const value = right(scope);
      return { kind: "apply", dtype: value.dtype, fn: "add", args: [value, value] };
    };
    const methods = new Set((await failing(() => clipByValue(sgd(), 1e-3), ops.tanh, doubled)).map(({ method }) => method));
    expect(methods).toContain("float32 against float64");
  });
});
