/** Layers of features of Keras: dense and embedding, shapes, merges, dropout. */

import { fresh, lengthOf, numberText, options, shapeText, type Dim } from "../code.ts";
import { activated, activationOption } from "./activations.ts";
import type { KerasLayer } from "./calls.ts";
import { isList, own, type KerasTensor } from "./file.ts";
import { zerosMasked } from "./masks.ts";
import { jointDims, type Placed, type Translation, type Value } from "./translation.ts";

/** Rows of a kernel [h·w·c, units] as those of an image that is flattened channels first. */
function turnedRows({ name, dims, data }: KerasTensor, flat: readonly number[]): KerasTensor {
  const [rows, units] = dims as readonly [number, number];
  const channels = flat.at(-1)!;
  const pixels = rows / channels;
  const turned = new Float32Array(rows * units);
  for (let row = 0; row < rows; row++) {
    const from = (row % pixels) * channels + Math.floor(row / pixels);
    for (let unit = 0; unit < units; unit++) turned[row * units + unit] = data[from * units + unit]!;
  }
  return { name, dims, data: turned };
}

export function dense(t: Translation, l: Placed, x: Value): Value {
  const given = x.order === "first" || (l.isShared && x.order !== "keras") ? t.keras(x) : x;
  const inputs = given.dims.at(-1)!;
  if (given.dims.length < 2 || inputs === "batch") t.fail(l, `has no features in [${given.dims.join(",")}]`, "the file is damaged");
  const isHead = t.head?.layer === [...l.within, l.name].join("/");
  const units = t.number(l, "units", 1);
  const outputs = isHead ? t.head!.units : units;
  const useBias = t.flag(l, "use_bias", true);
  const { option, after } = activationOption(t, l);
  const layer = t.layerOf(l, (name) => {
    const kernel = t.weightOf(l, ["kernel"], [inputs, units]);
    const flat = typeof given.order === "object" ? given.order.flat : undefined;
    if (isHead) t.hold(`${name}.kernel`, [inputs as number, outputs], fresh(inputs as number, outputs));
    else t.holds(`${name}.kernel`, flat === undefined ? kernel : turnedRows(kernel, flat));
    if (useBias && isHead) t.hold(`${name}.bias`, [outputs], new Float32Array(outputs));
    else if (useBias) t.holds(`${name}.bias`, t.weightOf(l, ["bias"], [units]));
    return t.call("dense", String(outputs), t.told(l, name, { useBias: useBias ? undefined : "false", activation: option }));
  });
  return activated(t, l, after, t.make(l, `${layer}(${given.code})`, [...given.dims.slice(0, -1), outputs]));
}

export function embedding(t: Translation, l: Placed, x: Value): Value {
  if (x.of !== "integer") t.fail(l, "looks up what are no whole numbers", "give it an input of its own");
  const [vocabulary, width] = [t.number(l, "input_dim", 1), t.number(l, "output_dim", 1)];
  const layer = t.layerOf(l, (name) => {
    t.holds(`${name}.table`, t.weightOf(l, ["embeddings"], [vocabulary, width]));
    return t.call("embedding", String(vocabulary), String(width), t.told(l, name));
  });
  const y = t.make(l, `${layer}(${x.code})`, [...x.dims, width]);
  return t.flag(l, "mask_zero", false) ? { ...y, mask: zerosMasked(t, l, x) } : y;
}

/** Rows of images stay channels first: the next dense kernel is permuted instead. */
export function flatten(t: Translation, l: KerasLayer, x: Value): Value {
  const [rows, ...rest] = x.dims as readonly [Dim, ...number[]];
  const dims = [rows, lengthOf(rest)];
  if (x.dims.length === 2) return x;
  if (x.order !== "first") return t.make(l, `${t.call("flatten")}(${t.keras(x).code})`, dims);
  const isOne = isOneRun(x);
  const note = isOne ? undefined : "channels before pixels: rows of the next kernel are permuted so";
  const y = t.named(l.name, `${t.call("flatten")}(${x.code})`, dims, x.of, note);
  return { ...y, dims, order: isOne ? "keras" : { flat: rest } };
}

/** Whether the elements of x come in one order either way: of one pixel, or one channel. */
const isOneRun = ({ dims }: Value): boolean => dims.at(-1) === 1 || dims.slice(1, -1).every((extent) => extent === 1);

export function reshape(t: Translation, l: KerasLayer, x: Value): Value {
  const given = own(l.config, "target_shape");
  if (!isList(given) || !given.every((extent) => typeof extent === "number"))
    return t.fail(l, "has no target_shape", "the file is damaged");
  const [rows, ...rest] = x.dims as readonly [Dim, ...number[]];
  const asked = given as readonly number[];
  const known = lengthOf(asked.filter((extent) => extent !== -1));
  const target = asked.map((extent) => (extent === -1 ? lengthOf(rest) / known : extent));
  if (lengthOf(target) !== lengthOf(rest)) t.fail(l, `makes [${target.join(",")}] of [${rest.join(",")}]`, "the file is damaged");
  const plain = x.order === "first" && isOneRun(x) ? x : t.keras(x);
  // one pixel, or one channel, may lie channels first
  const first = target.length > 1 && (target.at(-1) === 1 || target.slice(0, -1).every((extent) => extent === 1));
  const here = first ? [target.at(-1)!, ...target.slice(0, -1)] : target;
  return t.make(l, t.call("reshape", plain.code, shapeText([rows, ...here])), [rows, ...target], first ? "first" : "keras");
}

export function permute(t: Translation, l: KerasLayer, x: Value): Value {
  const order = t.each(l, "dims", x.dims.length - 1, 1);
  const given = t.keras(x);
  return t.make(l, `${t.call("permute", `[${order.join(", ")}]`)}(${given.code})`, [
    x.dims[0]!,
    ...order.map((axis) => x.dims[axis] ?? t.fail(l, `has no axis ${axis}`, "the file is damaged")),
  ]);
}

export function repeatVector(t: Translation, l: KerasLayer, x: Value): Value {
  const times = t.number(l, "n", 1);
  const given = t.keras(x);
  return t.make(l, `${t.call("repeatVector", String(times))}(${given.code})`, [x.dims[0]!, times, ...x.dims.slice(1)]);
}

export function rescaling(t: Translation, l: KerasLayer, x: Value): Value {
  const [scale, offset] = [t.number(l, "scale", 1), t.number(l, "offset", 0)];
  const said = [numberText(scale), ...(offset === 0 ? [] : [numberText(offset)])];
  return t.make(l, `${t.call("rescaling", ...said)}(${x.code})`, x.dims, x.order);
}

/** A layer of one number that keeps its input's order, and does nothing when it predicts. */
export const noisy =
  (name: string, key: string) =>
  (t: Translation, l: KerasLayer, x: Value): Value =>
    t.make(l, `${t.call(name, numberText(t.number(l, key, 0)))}(${x.code})`, x.dims, x.order);

/** Dropout of whole channels, which layers here have behind the batch. */
export const channelDropout =
  (axes: 1 | 2 | 3) =>
  (t: Translation, l: KerasLayer, x: Value): Value => {
    const given = t.first(x);
    return t.make(l, `${t.call(`spatialDropout${axes}d`, numberText(t.number(l, "rate", 0)))}(${given.code})`, x.dims, "first");
  };

/** Operands in one order of axes: channels first where one lies so and all have as many axes. */
function alike(t: Translation, xs: readonly Value[]): readonly Value[] {
  const rank = xs[0]!.dims.length;
  if (xs.some(({ order }) => order === "first") && xs.every(({ dims }) => dims.length === rank && rank > 2))
    return xs.map((x) => t.first(x));
  if (xs.every(({ order, dims }) => typeof order === "object" && String(dims) === String(xs[0]!.dims))) {
    const flat = xs.map(({ order }) => String((order as { flat: readonly number[] }).flat));
    if (flat.every((one) => one === flat[0])) return xs;
  }
  return xs.map((x) => t.keras(x));
}

/** Element by element, one after the other; `then` of how many there are. */
export const merged =
  (name: "add" | "sub" | "mul" | "maximum" | "minimum", then?: "mean") =>
  (t: Translation, l: KerasLayer, given: readonly Value[]): Value => {
    if (given.length < 2) t.fail(l, `merges ${given.length} value`, "the file is damaged");
    const xs = alike(t, given);
    const dims = xs.map((x) => x.dims).reduce((a, b) => jointDims(t, l, a, b));
    const total = xs.map(({ code }) => code).reduce((sum, code) => t.call(name, sum, code));
    return t.make(l, then === undefined ? total : t.call("div", total, String(xs.length)), dims, xs[0]!.order);
  };

export function concatenate(t: Translation, l: KerasLayer, given: readonly Value[]): Value {
  const rank = given[0]!.dims.length;
  const asked = t.number(l, "axis", -1);
  const axis = asked < 0 ? asked + rank : asked;
  if (!(axis > 0 && axis < rank)) t.fail(l, `joins along the axis ${asked} of ${rank}`, "the file is damaged");
  const kept = rank === 2 ? given.map((x) => t.keras(x)) : alike(t, given);
  const { order } = kept[0]!;
  const here = order !== "first" ? axis : axis === rank - 1 ? 1 : axis + 1;
  const dims = given[0]!.dims.map((dim, n) => (n === axis ? given.reduce((sum, x) => sum + Number(x.dims[axis]), 0) : dim));
  return t.make(l, t.call("concatenate", `[${kept.map(({ code }) => code).join(", ")}]`, String(here)), dims, order, kept[0]!.of);
}

export function dot(t: Translation, l: KerasLayer, given: readonly Value[]): Value {
  const [a, b] = given.map((x) => t.keras(x)) as [Value, Value];
  if (given.length !== 2) t.fail(l, `multiplies ${given.length} values`, "the file is damaged");
  const axes = t.each(l, "axes", 2, 1);
  const [i, k] = axes as [number, number];
  const rest = [...a.dims.filter((_, n) => n !== i), ...b.dims.filter((_, n) => n !== 0 && n !== k)];
  const more = options({ axes: `[${axes.join(", ")}]`, normalize: t.flag(l, "normalize", false) ? "true" : undefined });
  return t.make(l, t.call("dot", a.code, b.code, more), rest.length === 1 ? [...rest, 1] : rest);
}
