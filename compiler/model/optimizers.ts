/** Guarantees the update rules, each a few lines of the same graph language the model is written in. */

import type { UpdateRule, UpdateScope } from "../autodiff/update.ts";
import type { Value } from "../graph/graph.ts";
import type { Calls } from "../ops/index.ts";
import { context } from "./context.ts";
import type { Hyper } from "./leaves.ts";

/** A number is folded into the code; a hyper stays live. */
export type Rate = number | Hyper;

function check(
  optimizer: string,
  options: Readonly<Record<string, number | Hyper | boolean | undefined>>,
): void {
  for (const [name, value] of Object.entries(options))
    if (typeof value === "number" && !Number.isFinite(value))
      context().run(
        () =>
        context().fail("value/finite", `${optimizer}: ${name} needs a finite number, but got ${value}`, `Give ${name} a finite number.`), // prettier-ignore
      );
}

const floatOf = (g: Calls, like: Value): "f32" | "f64" =>
  g.typeOf(like).dtype === "f64" ? "f64" : "f32";

/** A scalar spread over a parameter. */
function over(scope: UpdateScope, scalar: Value): Value {
  const { shape } = scope.g.typeOf(scope.parameter);
  if (shape.length === 0 || scope.builder.node(scalar).op === "literal") return scalar;
  return scope.g.broadcast(scalar, { axes: shape.map((_, axis) => axis), size: shape });
}

const rateOf = (
  { g, parameter, hyper }: Pick<UpdateScope, "g" | "parameter" | "hyper">,
  rate: Rate,
): Value =>
  typeof rate === "number"
    ? g.literal(rate, floatOf(g, parameter))
    : hyper(rate.hyper.name, rate.hyper.value);

export interface SgdOptions {
  readonly learningRate?: Rate;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
}

/** g ← g + wd·w; buf ← μ·buf + g; w ← w − lr·buf, or with Nesterov w − lr·(g + μ·buf). */
export function sgd({
  learningRate = 1e-2,
  momentum = 0,
  nesterov = false,
  weightDecay = 0,
}: SgdOptions = {}): UpdateRule {
  check("sgd", { learningRate, momentum, weightDecay });
  return {
    name: "sgd",
    linear: true,
    update(scope) {
      const { g, parameter } = scope;
      const number = (value: number): Value => g.literal(value, floatOf(g, parameter));
      let step = scope.gradient;
      if (weightDecay !== 0) step = g.add(step, g.mul(parameter, number(weightDecay)));
      if (momentum !== 0) {
        const buffer = scope.state("momentum", 0);
        const next = g.add(g.mul(buffer, number(momentum)), step);
        scope.write(buffer, next);
        step = nesterov ? g.add(step, g.mul(next, number(momentum))) : next;
      }
      scope.write(
        parameter,
        g.sub(parameter, g.mul(step, over(scope, rateOf(scope, learningRate)))),
      );
    },
  };
}

export interface AdamOptions {
  readonly learningRate?: Rate;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** Adam (Kingma & Ba 2015): ε outside the square root, both moments bias-corrected; β^t is carried along as state. */
export function adam({
  learningRate = 1e-3,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
}: AdamOptions = {}): UpdateRule {
  check("adam", { learningRate, beta1, beta2, epsilon });
  return {
    name: "adam",
    linear: false,
    update(scope) {
      const { g, parameter, gradient } = scope;
      const number = (value: number): Value => g.literal(value, floatOf(g, parameter));
      const power = (name: string, beta: number): Value =>
        scope.shared(name, (shared) => {
          const before = shared.state(`adam.${name}`, 1);
          const after = g.mul(before, number(beta));
          shared.write(before, after);
          return after;
        });
      const rate = scope.shared("rate", () => g.div(rateOf(scope, learningRate), g.sub(number(1), power("beta1^t", beta1)))); // prettier-ignore
      const correction = scope.shared("correction", () => g.recip(g.sub(number(1), power("beta2^t", beta2)))); // prettier-ignore
      const m = scope.state("m", 0);
      const v = scope.state("v", 0);
      const mNext = g.add(g.mul(m, number(beta1)), g.mul(gradient, number(1 - beta1)));
      const vNext = g.add(
        g.mul(v, number(beta2)),
        g.mul(g.mul(gradient, gradient), number(1 - beta2)),
      );
      scope.write(m, mNext);
      scope.write(v, vNext);
      const size = g.add(g.sqrt(g.mul(vNext, over(scope, correction))), number(epsilon));
      scope.write(parameter, g.sub(parameter, g.div(g.mul(mNext, over(scope, rate)), size)));
    },
  };
}
