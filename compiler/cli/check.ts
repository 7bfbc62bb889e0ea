/** Guarantees `adjoint check`: every gradient of a model beside its numeric one, and a plain answer whether they agree. */

import { defineCommand } from "citty";
import { checkModel, type CheckResult } from "../check/check.ts";
import { verdictOf } from "../check/result.ts";
import { COMMON } from "./arguments.ts";
import { InputError } from "./errors.ts";
import type { CheckJson, Results, TensorJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { grouped, paint, progress, result, resultJson, table } from "./output.ts";

export const check = defineCommand({
  meta: { name: "adjoint check", description: "Compare a model's gradients with numeric ones" },
  args: {
    models: { type: "positional", required: false, description: "Model files" },
    exhaustive: { type: "boolean", description: "Every coordinate of every tensor" },
    ...COMMON,
  },
  async run({ args }) {
    if (args._.length === 0) throw new InputError("adjoint check needs a model: adjoint check models/<name>.ts");
    const effort = args.exhaustive === true ? "exhaustive" : "more";
    const results: CheckJson[] = [];
    for (const file of args._) {
      const { model, source, shown } = await loadModel(file);
      const checked = await checkModel(model, { source, effort, progress: (text) => progress(`${shown}: ${text}`) });
      results.push(toJson(checked));
      if (args.json !== true) result(`${results.length > 1 ? "\n" : ""}${show(results.at(-1)!)}`);
    }
    const [first] = results;
    if (args.json === true) resultJson((results.length === 1 ? first! : { results }) satisfies Results<CheckJson>);
    process.exitCode = results.every(({ holds }) => holds) ? 0 : 1;
  },
});

export const toJson = ({ model, holds, instance, tensors }: Pick<CheckResult, "model" | "holds" | "instance" | "tensors">): CheckJson => ({
  model,
  holds,
  ...(instance === undefined ? {} : { instance }),
  tensors: tensors.map((tensor) => {
    const { name, role, method, coordinates, worst, at, kinks, unjudged } = tensor;
    return {
      name,
      role,
      method,
      coordinates,
      worst,
      at,
      kinks,
      verdict: verdictOf(tensor),
      ...(unjudged === undefined ? {} : { reason: unjudged }),
    };
  }),
});

function show({ model, holds, instance, tensors }: CheckJson): string {
  const worst = Math.max(0, ...tensors.map((tensor) => tensor.worst));
  const unjudged = tensors.filter(({ reason }) => reason !== undefined);
  const left = unjudged.length === 0 ? "" : `, ${unjudged.length} not judged`;
  return [
    `model ${paint.bold(model)}${instance === undefined ? "" : `, gradients and steps ${instance}`}`,
    "",
    tensorTable(tensors),
    "",
    ...unjudged.map(({ name, method, reason }) => `  not judged: ${name}, by ${method}: ${reason!}`),
    ...(unjudged.length === 0 ? [] : [""]),
    holds
      ? `${paint.green("✓")} holds: ${tensors.length - unjudged.length} tensors agree, worst error ${worst.toExponential(1)}${left}`
      : `${paint.red("✗")} does not hold: the worst error is ${worst.toExponential(1)}`,
  ].join("\n");
}

export function tensorTable(tensors: readonly TensorJson[]): string {
  return table(
    [
      { head: "tensor" },
      { head: "role" },
      { head: "method" },
      { head: "coordinates", align: "right" },
      { head: "worst", align: "right" },
      { head: "kinks", align: "right" },
    ],
    tensors.map(({ name, role, method, coordinates, worst, kinks, verdict }) => [
      name,
      role,
      method,
      grouped(coordinates),
      verdict === "not judged" ? verdict : worst === 0 ? "0" : worst.toExponential(1),
      String(kinks),
    ]),
  );
}
