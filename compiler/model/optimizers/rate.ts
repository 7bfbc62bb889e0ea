/** A learning rate as one scalar of the step: a number in the code, a live hyper, or a schedule of the step count. */

import type { UpdateScope } from "../../autodiff/update.ts";
import { isRecord, kind, type Law } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { declaring, isTensor, ownerOf } from "../context.ts";
import type { Hyper } from "../leaves.ts";
import { number } from "./rule.ts";

export type RateScope = Pick<UpdateScope, "g" | "parameter" | "hyper">;

/** A rate as a function of how many updates were made before: 0 in the first. */
export interface RateSchedule {
  readonly kind: "schedule";
  /** 1, and one more for each schedule that it lies around. */
  readonly depth: number;
  at(scope: RateScope, step: Value): Value;
}

/** A number is folded into the code, and is the constant schedule; a hyper stays live. */
export type Rate = number | Hyper | RateSchedule;

const isRateSchedule = (value: unknown): value is RateSchedule => isRecord(value) && value["kind"] === "schedule";
/** Of the declaration in progress: its name would be found in another one, where its number is not. */
const isHyper = (value: unknown): value is Hyper =>
  isTensor(value) && "hyper" in value && (declaring() ?? ownerOf(value)) === ownerOf(value);

export const depthOf = (rate: Rate): number => (isRateSchedule(rate) ? rate.depth : 0);

export const RATE: Law = kind("a finite number of at least 0, a hyper or a schedule", (value) => {
  const fixed = isHyper(value) ? value.hyper.value : value;
  return isRateSchedule(value) || (typeof fixed === "number" && Number.isFinite(fixed) && fixed >= 0);
});

export function rateAt(scope: RateScope, rate: Rate, step: Value): Value {
  if (typeof rate === "number") return number(scope, rate);
  return isRateSchedule(rate) ? rate.at(scope, step) : scope.hyper(rate.hyper.name, rate.hyper.value);
}

/** The rate of this step; a schedule is evaluated once for all parameters. Advises against a rate of 0. */
export function rateOf(scope: UpdateScope, rate: Rate): Value {
  if (isRateSchedule(rate)) return scope.shared("learningRate", () => rate.at(scope, scope.step()));
  if (rate === 0)
    scope.advise({
      code: "advice/rate",
      law: "the learning rate is 0, so what it trains never changes",
      remedy: "Give it a learningRate above 0, or freeze the parameters with { trainable: false }.",
    });
  if (isHyper(rate) && rate.hyper.value === 0)
    scope.advise({
      code: "advice/rate",
      law: `the learning rate ${JSON.stringify(rate.hyper.name)} starts at 0, so what it trains does not change until trainer.hyper.${rate.hyper.name} is set`,
      remedy: "Start it above 0.",
    });
  return rateAt(scope, rate, number(scope, 0));
}

/** A rate in the words of a rule: its number, or the name of the scalar that it is. */
export const rateWords = (rate: Rate): string =>
  typeof rate === "number" ? String(rate) : isRateSchedule(rate) ? "learningRate" : rate.hyper.name;
