/** Guarantees emitted trainers in a few lines: what a rule does to weights whose gradients are known. */

import { model, mul, param, constant, sum, add, type FloatTensor } from "adjoint";
import type { UpdateRule } from "../../compiler/autodiff/update.ts";
import { runningTrainer, type AnyTrainer } from "../../compiler/check/emitted.ts";
import { lower } from "../../compiler/driver/lower.ts";
import type { Model } from "../../compiler/model/declaration.ts";

export const trainerOf = async (declared: Model): Promise<AnyTrainer> => runningTrainer(await lower(declared));

/** loss = Σ over parameters of w·g: every gradient is the given constant. */
export const withGradients = (
  gradients: Readonly<Record<string, readonly number[]>>,
  start: number,
  rule: (parameters: Readonly<Record<string, FloatTensor>>) => UpdateRule,
): Model =>
  model("known gradients", {}, () => {
    const parameters: Record<string, FloatTensor> = {};
    const terms = Object.entries(gradients).map(([name, values]) => {
      const shape: readonly number[] = [values.length];
      const w = param(name, shape, constant(start));
      parameters[name] = w;
      const g = param(`gradient of ${name}`, shape, constant(values), { trainable: false });
      return sum(mul(w, g));
    });
    return { loss: terms.reduce((a, b) => add(a, b)), optimizer: rule(parameters) };
  });

/** A parameter of a trainer after each of `steps` steps. */
export function weightsOver(trainer: AnyTrainer, name: string, steps: number): number[][] {
  return Array.from({ length: steps }, () => {
    trainer.step({});
    return [...trainer.parameters[name]!];
  });
}
