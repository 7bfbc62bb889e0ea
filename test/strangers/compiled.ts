/** Guarantees that a drawn model is compiled as its file would be, checked as by default, and that what becomes of it has a name. */

import { compileFunction } from "node:vm";
import * as library from "adjoint";
import { compile, type Compiled } from "../../compiler/compile.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import type { TargetName } from "../../compiler/targets/index.ts";
import type { Stranger } from "./draft.ts";

export const TARGETS = ["typescript", "wasm"] as const satisfies readonly TargetName[];
export type Target = (typeof TARGETS)[number];

/** Why a model was refused. `time`: it was compiled, but nobody would have waited. */
export type Refusal = "check wrong" | "model error" | "compiler fault" | "crash" | "time";

export interface Outcome {
  readonly target: Target;
  readonly refusal?: Refusal;
  readonly message: string;
  /** Tensors of the certificate, and those of them that it does not judge. */
  readonly tensors: number;
  readonly notJudged: number;
  /** Seconds of processor time. */
  readonly seconds: number;
}

/** Seconds of processor time after which one who compiles a small model has gone. */
const PATIENCE = 60;

const REFUSALS: Readonly<Record<string, Refusal>> = {
  CheckError: "check wrong",
  ModelError: "model error",
  CompilerFault: "compiler fault",
};

/** The model that a text declares. Lines and columns of the declaration stay what they are in the file. */
export function modelOf({ name, text }: Pick<Stranger, "name" | "text">): Model {
  const body = text.replace(/^import (\{[^}]*\}) from "adjoint";/, "const $1 = adjoint;").replace("export default ", "return         ");
  const declare = compileFunction(body, ["adjoint"], { filename: `/models/${name}.ts` });
  return (declare as (adjoint: unknown) => Model)(library); // what `export default` of a model file gives
}

/** Compiles a model for each target with the default check. */
export async function outcomesOf(stranger: Stranger, targets: readonly Target[]): Promise<readonly Outcome[]> {
  let model: Model | undefined;
  // what is found out about a model is found out once for all targets
  const declared = (): Model => (model ??= modelOf(stranger));
  const outcomes: Outcome[] = [];
  for (const target of targets) outcomes.push(await outcomeOf(stranger, declared, target));
  return outcomes;
}

async function outcomeOf(stranger: Stranger, declared: () => Model, target: Target): Promise<Outcome> {
  const began = process.cpuUsage();
  const found = await attempt(stranger, declared, target);
  const { user, system } = process.cpuUsage(began);
  const seconds = (user + system) / 1e6;
  if (found instanceof Error)
    return {
      target,
      refusal: REFUSALS[found.name] ?? "crash",
      message: `${found.name}: ${found.message}`,
      tensors: 0,
      notJudged: 0,
      seconds,
    };
  const { tensors = [] } = found.check ?? {};
  const late = seconds > PATIENCE;
  return {
    target,
    ...(late ? { refusal: "time" as const } : {}),
    message: late ? `took ${seconds.toFixed(1)} s` : "",
    tensors: tensors.length,
    notJudged: tensors.filter((tensor) => "unjudged" in tensor).length,
    seconds,
  };
}

async function attempt(stranger: Stranger, declared: () => Model, target: Target): Promise<Compiled | Error> {
  try {
    const source = { path: `models/${stranger.name}.ts`, text: stranger.text };
    return await compile(declared(), { target, source });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
