/** Guarantees that what `model` is given, and what its function returns, hold their laws; told at the line that calls `model`. */

import { FUNCTION, isRecord, kind, listOf, optionsOf, recordOf, required, TEXT, type Law } from "../graph/arguments.ts";
import { check } from "./arguments.ts";
import type { Context } from "./context.ts";
import { EXTENT, FLOATS, INTEGERS, NAME, PARAMETERS, RULE, TENSOR } from "./kinds.ts";
import type { BatchSizes, Declaration, Generated, Instance, ModelOptions, PhaseDeclaration } from "./declaration.ts";
import type { Site } from "./site.ts";

const BATCHES: Law = optionsOf<BatchSizes>(
  { train: required(EXTENT), evaluate: required(EXTENT), predict: required(EXTENT) },
  "{ train, evaluate, predict }",
);
const optionsWith = (batch: Law): Law =>
  optionsOf<ModelOptions>(
    { batch, memory: TEXT, trainable: listOf('a list of patterns, such as ["layer4.*"]', TEXT) },
    "its options as an object, such as { batch: 32 }",
  );
const [ONE_SIZE, THREE_SIZES] = [optionsWith(EXTENT), optionsWith(BATCHES)];

/** What `model` is called in messages. */
export const titled = (name: unknown): string => (typeof name === "string" ? `model ${JSON.stringify(name)}` : "model");

/** Refuses a call of `model` that cannot mean one. */
export function checkModel(name: string, options: ModelOptions, declare: (instance: Instance) => Declaration): void {
  const laws = { name: NAME, options: isRecord(options) && isRecord(options.batch) ? THREE_SIZES : ONE_SIZE, declare: FUNCTION };
  check(titled(name), { name, options, declare }, laws);
}

const GENERATED = optionsOf<Generated>({ tokens: required(INTEGERS), scores: required(FLOATS) }, "{ tokens, scores }");

const SHOWN = {
  outputs: recordOf(
    "tensors by name, such as { scores }",
    TENSOR,
    "Write outputs: { scores }, each with the name that predict is to give it.",
  ),
  generate: GENERATED,
  metrics: recordOf("scalars by name, such as { accuracy }", FLOATS, "Write metrics: { accuracy: accuracy(scores, y) }."),
};
const PHASE = optionsOf<PhaseDeclaration>(
  { name: required(NAME), loss: required(FLOATS), parameters: PARAMETERS, optimizer: required(RULE) },
  "a phase, { name, loss, optimizer }",
);
const ONE_PHASE = optionsOf(
  { loss: required(FLOATS), optimizer: required(RULE), ...SHOWN },
  "{ loss, optimizer }, and outputs and metrics where there are some",
);
const PHASES = optionsOf({ phases: required(listOf("a list of phases, { name, loss, optimizer }", PHASE)), ...SHOWN }, "{ phases }");

/** Refuses what no declaration is: without optimizer, with misspelt names, with tensors of another call. */
export function checkDeclared(c: Context, declared: Declaration, site: Site | undefined): void {
  const laws = { options: isRecord(declared) && "phases" in declared ? PHASES : ONE_PHASE };
  c.run(() => check(`what the function of ${titled(c.builder.name)} returns`, { options: declared }, laws), site);
}

/** What a declaration may depend on; asked for a batch that the model has no size for, it says which it takes. */
export function instanceOf(c: Context, { batch, training }: Instance, options: ModelOptions, site: Site | undefined): Instance {
  let isTold = options.batch !== undefined || c.small;
  return {
    get batch() {
      if (!isTold)
        c.run(
          () =>
            c.advise(
              "advice/batch",
              `${titled(c.builder.name)} does not say how many rows a batch has, so each entry point takes ${batch}`,
              "Write model(name, { batch: 32 }, …), or { batch: 1 }.",
            ),
          site,
        );
      isTold = true;
      return batch;
    },
    training,
  };
}

/** A model, whichever copy of the package declared it. */
export const MODEL: Law = kind(
  "a model, made by model(…)",
  (value) => isRecord(value) && value["kind"] === "adjoint model" && typeof value["trace"] === "function",
  "Give it what model(name, { batch }, …) or sequential(…).compile(…) returns.",
);
