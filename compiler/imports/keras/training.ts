/** The loss and the optimizer that a Keras model was compiled with, in the layer language. */

import { numberText, options, shapeText } from "../code.ts";
import { ImportError } from "../error.ts";
import { judged, usualLoss, type Output } from "../written.ts";
import { snake } from "./activations.ts";
import { isList, isObject, own, type Json, type JsonObject } from "./file.ts";
import { shown, type Translation } from "./translation.ts";

const REMEDY = "take training_config out of the file, and write the loss and the optimizer in the source";

/** What is judged by Keras's name of a loss: its target and its loss of an output, in the language's terms. */
type Judge = (output: Output, y: string, more: string) => { readonly declared: (name: string) => string; readonly loss: string };

/** By numbers of the output's shape. */
const ofNumbers =
  (t: Translation, name: string): Judge =>
  ({ code, dims }, y, more) => ({
    declared: (own) => t.call("input", own, shapeText(dims)),
    loss: t.call(name, code, y, ...(more === "" ? [] : [more])),
  });

/** What labels are that do not count. */
const IGNORED = -1;

/** Labels of the steps that are real, IGNORED elsewhere. */
const ofRealSteps = (t: Translation, y: string, mask: string): string =>
  t.call("cast", t.call("where", mask, t.call("cast", y, '"float"'), String(IGNORED)), '"i32"');

/** Cross entropies are of logits where those are known. */
function judges(t: Translation, fromLogits: boolean): Readonly<Record<string, Judge>> {
  const ofClasses = ({ code, logits }: Output, y: string, more: string): string => {
    const given = logits ?? (fromLogits ? code : undefined);
    const rest = more === "" ? [] : [more];
    return given === undefined ? t.call("categoricalCrossentropy", code, y, ...rest) : t.call("softmaxCrossEntropy", given, y, ...rest);
  };
  const binary: Judge = ({ code, dims, logits }, y, more) => {
    const given = logits ?? (fromLogits ? code : undefined);
    const rest = more === "" ? [] : [more];
    return {
      declared: (own) => t.call("input", own, shapeText(dims)),
      loss: given === undefined ? t.call("binaryCrossentropy", code, y, ...rest) : t.call("bceWithLogits", given, y, ...rest),
    };
  };
  const squared = ofNumbers(t, "mse");
  const absolute = ofNumbers(t, "mae");
  return {
    sparse_categorical_crossentropy: (output, y, more) => ({
      declared: (own) => t.call("labels", own, shapeText(output.dims.slice(0, -1)), `{ classes: ${output.dims.at(-1)} }`),
      loss:
        output.mask === undefined
          ? ofClasses(output, y, more)
          : ofClasses(output, ofRealSteps(t, y, output.mask), `{ ignoreIndex: ${IGNORED} }`),
    }),
    categorical_crossentropy: (output, y, more) => ({
      declared: (own) => t.call("input", own, shapeText(output.dims), '{ domain: "probabilities" }'),
      loss: ofClasses(output, y, more),
    }),
    binary_crossentropy: binary,
    mean_squared_error: squared,
    mse: squared,
    mean_absolute_error: absolute,
    mae: absolute,
    huber: ofNumbers(t, "huber"),
    log_cosh: ofNumbers(t, "logCosh"),
    logcosh: ofNumbers(t, "logCosh"),
    kl_divergence: ofNumbers(t, "kl"),
    kldivergence: ofNumbers(t, "kl"),
  };
}

/** The loss of one output. */
function lossOf(t: Translation, given: Json): Judge {
  const config = isObject(given) ? own(given, "config") : undefined;
  const told = isObject(config) ? config : {};
  const name = typeof given === "string" ? given : isObject(given) ? own(given, "class_name") : undefined;
  const known = typeof name === "string" ? snake(name === "function" && typeof config === "string" ? config : name) : "";
  const table = judges(t, own(told, "from_logits") === true);
  const judge = Object.hasOwn(table, known) ? table[known]! : undefined;
  if (judge === undefined) throw new ImportError(`it was compiled with the loss ${shown(given)}, which is not read; ${REMEDY}`);
  const reduction = own(told, "reduction") ?? "sum_over_batch_size";
  if (!["sum_over_batch_size", "auto", "mean"].includes(String(reduction)))
    throw new ImportError(`its loss is reduced by ${shown(reduction)}, where the mean is read; ${REMEDY}`);
  const smoothing = own(told, "label_smoothing") ?? 0;
  return (output, y) => {
    if (output.mask !== undefined && known !== "sparse_categorical_crossentropy")
      throw new ImportError(
        `its output ${JSON.stringify(output.name)} is masked, and of its loss ${shown(given)} the masked steps are left out; ${REMEDY}`,
      );
    return judge(output, y, typeof smoothing === "number" && smoothing > 0 ? `{ labelSmoothing: ${numberText(smoothing)} }` : "");
  };
}

/** Of several outputs, what one has: by its name, or by its place. */
const at = (given: Json, { name }: Output, n: number): Json | undefined =>
  isList(given) ? given[n] : isObject(given) && own(given, "class_name") === undefined ? own(given, name) : given;

/** Targets and the loss of all outputs, weighed as the file says. */
export function lossesOf(
  t: Translation,
  training: JsonObject | undefined,
  inputs: readonly string[],
  outputs: readonly Output[],
): { readonly targets: readonly string[]; readonly loss: string } {
  const given = training === undefined ? undefined : own(training, "loss");
  if (given === undefined || given === null) return judged(t, inputs, outputs, usualLoss(t));
  const weights = own(training!, "loss_weights") ?? null;
  return judged(t, inputs, outputs, (output, y) => {
    const n = outputs.indexOf(output);
    const loss = at(given, output, n);
    if (loss === undefined || loss === null)
      throw new ImportError(`it was compiled without a loss of ${JSON.stringify(output.name)}; ${REMEDY}`);
    const made = lossOf(t, loss)(output, y, "");
    const weight = weights === null ? 1 : (at(weights, output, n) ?? 1);
    return weight === 1 ? made : { ...made, loss: t.call("mul", made.loss, numberText(Number(weight))) };
  });
}

/** Keras's names of an optimizer's numbers, beside those here. */
const NUMBERS: readonly (readonly [here: string, there: readonly string[]])[] = [
  ["learningRate", ["learning_rate", "learningRate", "lr"]],
  ["momentum", ["momentum"]],
  ["rho", ["rho", "decay"]],
  ["beta1", ["beta_1", "beta1"]],
  ["beta2", ["beta_2", "beta2"]],
  ["epsilon", ["epsilon"]],
  ["initialAccumulator", ["initial_accumulator_value"]],
  ["weightDecay", ["weight_decay"]],
];
const OPTIMIZERS: Readonly<Record<string, readonly [name: string, numbers: readonly string[]]>> = {
  sgd: ["sgd", ["learningRate", "momentum"]],
  adam: ["adam", ["learningRate", "beta1", "beta2", "epsilon"]],
  adam_w: ["adamw", ["learningRate", "beta1", "beta2", "epsilon", "weightDecay"]],
  rmsprop: ["rmsprop", ["learningRate", "rho", "momentum", "epsilon"]],
  adagrad: ["adagrad", ["learningRate", "epsilon", "initialAccumulator"]],
  adadelta: ["adadelta", ["learningRate", "rho", "epsilon"]],
  adamax: ["adamax", ["learningRate", "beta1", "beta2", "epsilon"]],
  nadam: ["nadam", ["learningRate", "beta1", "beta2", "epsilon"]],
};

/** The optimizer with the numbers of the file; Adam where it was not compiled. */
export function optimizerOf(t: Translation, training: JsonObject | undefined): string {
  const given = training === undefined ? undefined : (own(training, "optimizer_config") ?? own(training, "optimizer"));
  if (given === undefined || given === null) return t.call("adam");
  if (typeof given === "string" && Object.hasOwn(OPTIMIZERS, snake(given))) return t.call(OPTIMIZERS[snake(given)]![0]);
  const kind = isObject(given) ? own(given, "class_name") : undefined;
  const config = isObject(given) ? own(given, "config") : undefined;
  const known = typeof kind === "string" ? snake(kind) : "";
  if (!isObject(config) || !Object.hasOwn(OPTIMIZERS, known))
    throw new ImportError(`it was compiled with the optimizer ${shown(given)}, which is not read; ${REMEDY}`);
  const [name, numbers] = OPTIMIZERS[known]!;
  for (const key of ["clipnorm", "clipvalue", "global_clipnorm"])
    if (typeof own(config, key) === "number") throw new ImportError(`its optimizer has a ${key}; ${REMEDY}`);
  const told = numbers.map((here): readonly [string, string | undefined] => {
    const found = NUMBERS.find(([own]) => own === here)![1]
      .map((there) => own(config, there))
      .find((value) => value !== undefined && value !== null);
    if (found === undefined || (here === "momentum" && found === 0)) return [here, undefined];
    if (typeof found !== "number") throw new ImportError(`its optimizer's ${here} is ${shown(found)}, which is no number; ${REMEDY}`);
    return [here, numberText(found)];
  });
  const flags: readonly (readonly [string, string | undefined])[] = [
    ["nesterov", own(config, "nesterov") === true && own(config, "momentum") !== 0 ? "true" : undefined],
    ["amsgrad", own(config, "amsgrad") === true ? "true" : undefined],
    ["centered", own(config, "centered") === true ? "true" : undefined],
  ];
  return t.call(name, ...[options(Object.fromEntries([...told, ...flags]))].filter((text) => text !== ""));
}
