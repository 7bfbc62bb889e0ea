/** Guarantees `adjoint check`: a plain answer whether a model's gradients and their numeric ones agree, and first of all what does not. */

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
    all: { type: "boolean", description: "Show the tensors that agree as well" },
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
      if (args.json !== true) result(`${results.length > 1 ? "\n" : ""}${show(results.at(-1)!, args.all === true)}`);
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

/** The verdict, then what is wrong, then what was not judged; every tensor where all is asked for. */
function show({ model, holds, instance, tensors }: CheckJson, all: boolean): string {
  const having = (verdict: TensorJson["verdict"]): readonly TensorJson[] => tensors.filter((tensor) => tensor.verdict === verdict);
  const [wrong, unjudged, right] = [having("wrong"), having("not judged"), having("holds")];
  const worst = Math.max(0, ...[...wrong, ...right].map((tensor) => tensor.worst)).toExponential(1);
  const left = unjudged.length === 0 ? "" : `, ${unjudged.length} not judged`;
  const rows = all ? [...wrong, ...unjudged, ...right] : wrong;
  return [
    holds
      ? `${paint.green("✓")} ${paint.bold(model)} holds: ${right.length} tensors agree${left}; worst error ${worst}`
      : `${paint.red("✗")} ${paint.bold(model)} does not hold: ${wrong.length} of ${tensors.length} tensors wrong${left}; worst error ${worst}`,
    ...(instance === undefined ? [] : [`  gradients and steps ${instance}`]),
    ...(rows.length === 0 ? [] : ["", tensorTable(rows)]),
    ...(unjudged.length === 0 ? [] : [""]),
    ...unjudged.map(({ name, method, reason }) => `  not judged: ${name}, by ${method}: ${reason!}`),
  ].join("\n");
}

const tensorTable = (tensors: readonly TensorJson[]): string =>
  table(
    [
      { head: "tensor" },
      { head: "role" },
      { head: "method" },
      { head: "coordinates", align: "right" },
      { head: "worst", align: "right" },
      { head: "kinks", align: "right" },
      { head: "verdict" },
    ],
    tensors.map(({ name, role, method, coordinates, worst, kinks, verdict }) => [
      name,
      role,
      method,
      grouped(coordinates),
      verdict === "not judged" ? "–" : worst === 0 ? "0" : worst.toExponential(1),
      String(kinks),
      verdict,
    ]),
  );
