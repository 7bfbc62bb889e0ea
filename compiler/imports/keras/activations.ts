/** Activations of Keras in the layer language: by name, as objects, and as layers of their own. */

import { numberText } from "../code.ts";
import type { KerasLayer } from "./calls.ts";
import { isObject, own, type Json } from "./file.ts";
import { shown, type Translation, type Value } from "./translation.ts";

/** `hardSigmoid` of TensorFlow.js, or a class, as Keras writes functions. */
export const snake = (name: string): string => name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();

/** Functions of one name here, which layers take as an option. */
const SAME: Readonly<Record<string, string>> = {
  relu: "relu",
  relu6: "relu6",
  tanh: "tanh",
  elu: "elu",
  selu: "selu",
  silu: "silu",
  swish: "silu",
  softplus: "softplus",
  softsign: "softsign",
  mish: "mish",
  gelu: "gelu",
  hard_silu: "hardSwish",
  hard_swish: "hardSwish",
};

/** The function of a name, as code of code. */
function functionOf(t: Translation, l: KerasLayer, name: string): (x: string) => string {
  const same = Object.hasOwn(SAME, name) ? SAME[name]! : undefined;
  if (same !== undefined) return (x) => t.call(same, x);
  switch (name) {
    case "linear":
      return (x) => x;
    case "sigmoid":
      return (x) => t.call("sigmoid", x);
    case "exponential":
      return (x) => t.call("exp", x);
    case "leaky_relu":
      return (x) => t.call("leakyRelu", x, "0.2");
    case "gelu_new":
      return (x) => t.call("gelu", x, '{ approximate: "tanh" }');
    case "hard_sigmoid":
      // Keras 3: relu6(x + 3) / 6; before, and in TensorFlow.js, 0.2·x + 0.5 between 0 and 1
      return t.isThird ? (x) => t.call("hardSigmoid", x) : (x) => t.call("clip", t.call("add", t.call("mul", x, "0.2"), "0.5"), "0", "1");
    default:
      return t.fail(
        l,
        `has the activation ${shown(name)}, which is not read`,
        "give the layer no activation, and write that one in the source",
      );
  }
}

/** What an `activation` of a config is called. */
function nameOf(t: Translation, l: KerasLayer, given: Json | undefined): string {
  if (given === undefined || given === null) return "linear";
  if (typeof given === "string") return snake(given);
  if (isObject(given)) {
    const config = own(given, "config");
    const named = own(given, "class_name") === "function" ? config : (own(given, "class_name") ?? null);
    if (typeof named === "string") {
      const plain = snake(named).replace(/^re_lu/, "relu");
      const slope = isObject(config) ? own(config, "max_value") : undefined;
      return plain === "relu" && slope === 6 ? "relu6" : plain;
    }
  }
  return t.fail(
    l,
    `has the activation ${shown(given)}, which is not read`,
    "give the layer no activation, and write that one in the source",
  );
}

/** The activation of a layer's config, as code of code: for gates. */
export const activationIn = (t: Translation, l: KerasLayer, key: string, otherwise: string): ((x: string) => string) =>
  functionOf(t, l, nameOf(t, l, own(l.config, key) ?? otherwise));
export const activationName = (t: Translation, l: KerasLayer, key: string, otherwise: string): string =>
  nameOf(t, l, own(l.config, key) ?? otherwise);

/** The name that layers here know an activation by, as code; undefined where they know none. */
export const optionNamed = (name: string): string | undefined => (Object.hasOwn(SAME, name) ? JSON.stringify(SAME[name]) : undefined);

/** The option of a layer for its activation, where it has one of that name; what is left is applied after it. */
export function activationOption(t: Translation, l: KerasLayer): { readonly option: string | undefined; readonly after: string } {
  const name = nameOf(t, l, own(l.config, "activation"));
  const option = optionNamed(name);
  return option === undefined ? { option, after: name } : { option, after: "linear" };
}

/** The channels' axis as x lies here, counted from the front, where it is not the last. */
const lastAxis = (x: Value): readonly string[] => (x.order === "first" ? ["1"] : []);

/** x after an activation; softmax and sigmoid remember of what they are, for losses of logits. */
export function activated(t: Translation, l: KerasLayer, name: string, x: Value): Value {
  if (name === "linear") return x;
  if (name === "softmax" || name === "log_softmax") {
    const given = typeof x.order === "object" ? t.keras(x) : x;
    const y = t.make(l, t.call(name === "softmax" ? "softmax" : "logSoftmax", given.code, ...lastAxis(given)), x.dims, given.order);
    return name === "softmax" && given.order === "keras" ? { ...y, logits: { of: "softmax", code: given.code } } : y;
  }
  const y = t.make(l, functionOf(t, l, name)(x.code), x.dims, x.order);
  return name === "sigmoid" && x.order === "keras" ? { ...y, logits: { of: "sigmoid", code: x.code } } : y;
}

/** ReLU with its numbers. */
export function rectified(t: Translation, l: KerasLayer, x: Value): Value {
  const most = own(l.config, "max_value") ?? null;
  const slope = t.number(l, "negative_slope", 0);
  const from = t.number(l, "threshold", 0);
  const plain = slope === 0 && from === 0;
  if (plain && most === null) return t.make(l, t.call("relu", x.code), x.dims, x.order);
  if (plain && most === 6) return t.make(l, t.call("relu6", x.code), x.dims, x.order);
  if (plain && typeof most === "number") return t.make(l, t.call("clip", x.code, "0", numberText(most)), x.dims, x.order);
  if (from === 0 && most === null) return t.make(l, t.call("leakyRelu", x.code, numberText(slope)), x.dims, x.order);
  return t.fail(l, "bends at a threshold", "write it in the source as a function of its input");
}
