/** The kinds of arguments that the runtime takes, and one error for what is of none: a RangeError for a number, else a TypeError. */

import { kind, listOf, nearWord, problemIn, shown, tagOf, TEXT, whole, type Law, type Laws } from "./arguments.ts";

/** Holds every argument to its law, options by their own names. */
export function hold<Given extends object>(of: string, given: Given, laws: Laws<Given>): void {
  const problem = problemIn(given, laws);
  if (problem === undefined) return;
  const { path, law, got, unknown } = problem;
  const isOptions = path === "options";
  // what has no name of its own outside the call is told with the call
  const argument = isOptions ? of : Object.hasOwn(given, path) ? `${of}: ${path}` : path;
  const near = nearWord(problem);
  const message =
    unknown === undefined
      ? `${argument} ${isOptions ? "needs" : "must be"} ${law.says}, not ${shown(got)}${near}${law.remedy ? `: ${law.remedy}` : ""}`
      : `${argument} has no option ${JSON.stringify(unknown)}${near || ";"} its options are ${Object.keys(law.names!).join(", ")}`;
  throw new (typeof got === "number" ? RangeError : TypeError)(message);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;
/** Whether a value has members of a type by these names. */
export const has = (value: unknown, type: string, ...names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => typeof value[name] === type && value[name] !== null);

// Said to have no effect, so that bundlers leave out what nobody uses: of a function of another module they do not see it themselves.
export const BYTES: Law = /* @__PURE__ */ kind("the bytes as a Uint8Array", (value) => tagOf(value) === "Uint8Array");
export const FLOATS: Law = /* @__PURE__ */ kind("a Float32Array", (value) => tagOf(value) === "Float32Array");
export const IDS: Law = /* @__PURE__ */ kind("an Int32Array", (value) => tagOf(value) === "Int32Array");
/** Any array of numbers; what they may be the function says. */
export const NUMERIC: Law = /* @__PURE__ */ kind(
  "an array of numbers",
  (value) =>
    (ArrayBuffer.isView(value) && "length" in value && !/^Big/.test(tagOf(value))) ||
    (Array.isArray(value) && value.every((one) => typeof one === "number")),
);
export const NUMBER: Law = /* @__PURE__ */ kind("a number", (value) => typeof value === "number");
// in figures: bundlers take the reading of a name, and any computing, for what may have an effect
export const SEED: Law = /* @__PURE__ */ whole("a whole number within ±(2^53 − 1)", -9007199254740991);
export const NAMES: Law = /* @__PURE__ */ listOf("a list of texts", TEXT);
export const PICTURE: Law = /* @__PURE__ */ kind(
  "[channels, height, width]",
  (value) => Array.isArray(value) && value.length === 3 && value.every((extent) => typeof extent === "number"),
);

export const TRAINER: Law = /* @__PURE__ */ kind(
  "a trainer, made by createTrainer()",
  (value) => has(value, "function", "step", "evaluate", "predict") && has(value, "object", "batch", "inputs"),
);
export const GENERATES: Law = /* @__PURE__ */ kind(
  "a trainer of a model that declares generate",
  (value) => has(value, "function", "predict") && has(value, "object", "batch", "generation"),
  "return generate: { tokens, scores } from the model's function, and compile it again",
);
export const SNAPSHOT: Law = /* @__PURE__ */ kind(
  "a trainer, made by createTrainer()",
  (value) => has(value, "function", "bytes", "restore") && has(value, "object", "hyper"),
);
export const WEIGHTED: Law = /* @__PURE__ */ kind(
  "a trainer with its tables, made by createTrainer()",
  (value) => has(value, "function", "bytes", "restore") && has(value, "object", "tables"),
  "what an earlier adjoint compiled has none; compile it again",
);
/** The module itself, or a copy of what it exports. */
export const TABLES: Law = /* @__PURE__ */ kind(
  "the trainer's module, for its PARAMETERS and STATE",
  (value) => isObject(value) && Array.isArray(value["PARAMETERS"]) && Array.isArray(value["STATE"]),
);
/** Each array is judged by name in `tabulate`. */
export const DATA: Law = /* @__PURE__ */ kind(
  "a record of arrays, such as { x, y }",
  (value) => isObject(value) && !Array.isArray(value) && !ArrayBuffer.isView(value),
);

const HOOKS: readonly string[] = ["onStep", "onEpoch", "onResume", "kept", "onTurn", "onEnd"];
const isCallback = (value: unknown): boolean =>
  isObject(value) &&
  !Array.isArray(value) &&
  Object.keys(value).every((name) => HOOKS.includes(name) || !/^on[A-Z]/.test(name)) &&
  HOOKS.every((name) => value[name] === undefined || typeof value[name] === "function");
export const CALLBACKS: Law = /* @__PURE__ */ kind(
  "a callback with functions onStep, onEpoch, onResume, kept, onTurn, onEnd, as far as it has them, or a list of such",
  (value) => (Array.isArray(value) ? value.every(isCallback) : isCallback(value)),
);

export const SIGNAL: Law = /* @__PURE__ */ kind(
  "an AbortSignal",
  (value) => has(value, "function", "throwIfAborted") && has(value, "boolean", "aborted"),
);
export const HISTORY: Law = /* @__PURE__ */ kind(
  "what fit resolves to",
  (value) => isObject(value) && Array.isArray(value["epochs"]) && value["epochs"].every(isObject),
);
export const RASTER: Law = /* @__PURE__ */ kind(
  "a picture, { width, height, data }",
  (value) => has(value, "number", "width", "height") && has(value, "object", "data"),
);
