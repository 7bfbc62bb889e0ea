/** What Keras calls preprocessing: images of another size, numbers of known mean and variance, and what changes images in training alone. */

import { numberText, options } from "../code.ts";
import { isList, own } from "./file.ts";
import { imageOf, made, perAxis } from "./spatial.ts";
import { shown, type Placed, type Translation, type Value } from "./translation.ts";

const INTERPOLATIONS: Readonly<Record<string, string | undefined>> = { nearest: '"nearest"', bilinear: undefined, bicubic: '"cubic"' };

/** A layer's result of images [n, c, h, w], of this size. */
const ofSize = (t: Translation, l: Placed, x: Value, space: readonly number[], layer: string): Value => {
  const image = imageOf(t, l, x, 2);
  return made(t, l, `${layer}(${image.code})`, image, image.channels, space);
};

const sizeOf = (t: Translation, l: Placed): readonly [number, number] => {
  const size = [t.number(l, "height", 0), t.number(l, "width", 0)] as const;
  if (!size.every((extent) => Number.isSafeInteger(extent) && extent > 0))
    t.fail(l, `has the size [${size.join(",")}]`, "the file is damaged");
  return size;
};

export function resizing(t: Translation, l: Placed, x: Value): Value {
  const mode = t.word(l, "interpolation", "bilinear");
  if (!Object.hasOwn(INTERPOLATIONS, mode)) t.fail(l, `has the interpolation ${shown(mode)}`, "nearest, bilinear and bicubic are read");
  for (const key of ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"])
    if (t.flag(l, key, false)) t.fail(l, `has ${key}`, "set it to False, or prepare the images before they are given");
  const size = sizeOf(t, l);
  const told = options({ interpolation: INTERPOLATIONS[mode] });
  return ofSize(t, l, x, size, t.call("resizing", perAxis(size), ...(told === "" ? [] : [told])));
}

/** The middle; of smaller images Keras makes larger ones first. */
export function cropped(name: "centerCrop" | "randomCrop") {
  return (t: Translation, l: Placed, x: Value): Value => {
    const size = sizeOf(t, l);
    const { space } = imageOf(t, l, x, 2);
    if (size.some((extent, n) => extent > space[n]!))
      t.fail(l, `cuts [${size.join(",")}] out of [${space.join(",")}]`, "images that are at least as large are read");
    return ofSize(t, l, x, size, t.call(name, perAxis(size)));
  };
}

const factorText = (t: Translation, l: Placed, key: string): string => {
  const given = own(l.config, key) ?? 0;
  const list = isList(given) ? given : [given];
  if (!list.every((one) => typeof one === "number") || list.length > 2) t.fail(l, `has ${key} ${shown(given)}`, "the file is damaged");
  const [low, high] = (list as readonly number[]).map(numberText);
  return high === undefined ? low! : `[${low}, ${high}]`;
};

/** What lies outside a picture that was moved: its border, or zeros. What Keras mirrors there is the border here, in training alone. */
const warp = (t: Translation, l: Placed): readonly string[] => {
  const isZeros = t.word(l, "fill_mode", "reflect") === "constant";
  if (isZeros && t.number(l, "fill_value", 0) !== 0) t.fail(l, "fills with another number than 0", "set fill_mode to nearest");
  const told = options({
    outside: isZeros ? '"zeros"' : undefined,
    interpolation: t.word(l, "interpolation", "bilinear") === "nearest" ? '"nearest"' : undefined,
  });
  return told === "" ? [] : [told];
};

/** A layer that changes images in training, and passes them on elsewhere. */
const changing =
  (told: (t: Translation, l: Placed) => readonly [name: string, ...args: readonly string[]]) =>
  (t: Translation, l: Placed, x: Value): Value => {
    const [name, ...args] = told(t, l);
    return ofSize(t, l, x, imageOf(t, l, x, 2).space, t.call(name, ...args));
  };

const valueRange = (t: Translation, l: Placed): string => {
  const given = own(l.config, "value_range") ?? [0, 255];
  if (!isList(given) || given.length !== 2 || !given.every((one) => typeof one === "number"))
    return t.fail(l, `has value_range ${shown(given)}`, "the file is damaged");
  return `{ valueRange: [${given.map((one) => numberText(Number(one))).join(", ")}] }`;
};

const MODES: Readonly<Record<string, string>> = { horizontal: '"horizontal"', vertical: '"vertical"', horizontal_and_vertical: '"both"' };
export const randomFlip = changing((t, l) => [
  "randomFlip",
  MODES[t.word(l, "mode", "horizontal_and_vertical")] ?? t.fail(l, "has an unknown mode", "the file is damaged"),
]);
export const randomRotation = changing((t, l) => ["randomRotation", factorText(t, l, "factor"), ...warp(t, l)]);
export const randomTranslation = changing((t, l) => [
  "randomTranslation",
  factorText(t, l, "height_factor"),
  factorText(t, l, "width_factor"),
  ...warp(t, l),
]);
export const randomZoom = changing((t, l) => {
  const more = warp(t, l);
  const isAlike = (own(l.config, "width_factor") ?? null) === null;
  const across = !isAlike ? [factorText(t, l, "width_factor")] : more.length > 0 ? ["undefined"] : [];
  return ["randomZoom", factorText(t, l, "height_factor"), ...across, ...more];
});
export const randomContrast = changing((t, l) => ["randomContrast", factorText(t, l, "factor"), valueRange(t, l)]);
export const randomBrightness = changing((t, l) => ["randomBrightness", factorText(t, l, "factor"), valueRange(t, l)]);

/** Statistics of the data, given or adapted: those of an adapted layer are in the file of weights. */
export function normalization(t: Translation, l: Placed, x: Value): Value {
  if (t.flag(l, "invert", false)) t.fail(l, "turns normalized numbers back", "write it in the source with mul and add");
  const rank = x.dims.length;
  const given = own(l.config, "axis") ?? null;
  const axes = (isList(given) ? given : [given]).map((axis) => (axis === null ? null : Number(axis) + (Number(axis) < 0 ? rank : 0)));
  const [axis] = axes;
  if (axes.length > 1 || axis === undefined) t.fail(l, `is along ${axes.length} axes`, "one axis, or none, is read");
  const isFeatures = x.order === "first" && axis === rank - 1;
  const value = isFeatures ? x : t.keras(x);
  const of = (key: "mean" | "variance"): string => {
    const told = own(l.config, key) ?? null;
    const flat = told === null ? Array.from(t.find(l, [key])?.data ?? []) : [told].flat(8).map(Number);
    if (flat.length === 0 || !flat.every((one) => Number.isFinite(one)))
      t.fail(l, `lacks its ${key}`, "adapt it to data before the model is saved, or give it mean and variance");
    return flat.length === 1 ? numberText(flat[0]!) : `[${flat.map(numberText).join(", ")}]`;
  };
  const place = isFeatures ? "1" : axis === null || axis === rank - 1 ? undefined : String(axis);
  const layer = t.call("normalization", options({ mean: of("mean"), variance: of("variance"), axis: place }));
  return t.make(l, `${layer}(${value.code})`, x.dims, value.order);
}
