/** The kinds of arguments of the layer language, each under the words that a message has for it. */

import { anyOf, FUNCTION, isRecord, kind, listOf, oneOf, TEXT, whole, type Law } from "../graph/arguments.ts";
import { isFloat } from "../graph/type.ts";
import { declaring, isTensor, ownerOf } from "./context.ts";
import type { Tensor } from "./tensor.ts";

/** Tensors of the declaration in progress, of which a predicate holds. */
const tensors = (says: string, holds: (x: Tensor) => boolean, remedy?: string): Law =>
  kind(says, (x) => isTensor(x) && (declaring() ?? ownerOf(x)) === ownerOf(x) && holds(x), remedy);

export const TENSOR: Law = tensors("a tensor", () => true);
export const FLOATS: Law = tensors("a tensor of floats", ({ dtype }) => isFloat(dtype));
export const INTEGERS: Law = tensors(
  "a tensor of integers",
  ({ dtype }) => dtype === "i32",
  "Declare it with labels, or make it one with cast(x, 'i32').",
);
export const TRUTHS: Law = tensors("a tensor of truth values", ({ dtype }) => dtype === "bool", "Make it with a comparison, such as less.");
/** What a loss compares scores with. */
export const TARGETS: Law = tensors("a tensor of labels or of floats", ({ dtype }) => dtype !== "bool");

/** A number stands for a tensor of it; whether it may be infinite the function says. */
const NUMBER: Law = kind("a number", (value) => typeof value === "number");
export const FLOATS_OR_NUMBER: Law = anyOf("a tensor of floats or a number", FLOATS, NUMBER);
export const TENSOR_OR_NUMBER: Law = anyOf("a tensor or a number", TENSOR, NUMBER);
export const ANY_NUMBER: Law = NUMBER;

const listOfNumbers = (says: string): Law => kind(says, (value) => Array.isArray(value) && value.every((one) => typeof one === "number"));
/** Extents are judged where they are used, axis by axis. */
export const SHAPE: Law = listOfNumbers("a shape, such as [3, 32, 32]");
export const AXES: Law = listOfNumbers("a list of axes, such as [0]");
export const NUMBERS: Law = listOfNumbers("a list of numbers");
export const AXIS: Law = whole("an axis, as a whole number", Number.MIN_SAFE_INTEGER);
export const EXTENT: Law = whole("a whole number above 0", 1);
/** A number for all axes, or one an axis. */
export const PER_AXIS: Law = anyOf("a number, or a list of one for each axis", NUMBER, NUMBERS);
/** What a thing is called in the trainer. */
export const NAME: Law = { ...TEXT, says: "a name, as a text" };
export const TENSORS: Law = listOf("a list of tensors", TENSOR);
export const FLOAT_TENSORS: Law = listOf("a list of tensors of floats", FLOATS);

/** The usual slip is a factory without its call, or Keras's word for it. */
export const INITIALIZER: Law = kind(
  "an initializer, such as zeros()",
  (value) => isRecord(value) && "initial" in value && typeof value["initial"] === "function",
  "Call one: zeros(), glorot(), he(), constant(1).",
);
export const RULE: Law = kind(
  "an optimizer, such as adam()",
  (value) => isRecord(value) && typeof value["update"] === "function",
  "Make one by its call: sgd(), adam(), adamw({ learningRate: 1e-3 }).",
);
/** What a phase or a group trains. */
export const PARAMETERS: Law = listOf(
  "a list of parameters, or of names",
  anyOf("a parameter, or the name of one or of a layer", FLOATS, TEXT),
);
/** Which words there are `activationOf` knows. */
export const ACTIVATION: Law = anyOf("the name of an activation or a function of a tensor", TEXT, FUNCTION);
export const LAYER: Law = kind("a layer, such as dense(10)", (value) => typeof value === "function");
export const LAYERS: Law = listOf("a list of layers", LAYER);

/** What an input may be told besides its shape: see `input`. */
const INTERVAL: Law = kind(
  "[low, high] with low < high",
  (value) => Array.isArray(value) && value.length === 2 && value.every((bound) => Number.isFinite(bound)) && value[0] < value[1],
);
export const DOMAIN: Law = anyOf(
  '"positive", "probabilities", "unit" or [low, high] with low < high',
  oneOf("positive", "probabilities", "unit"),
  INTERVAL,
);
