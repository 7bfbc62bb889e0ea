/** Layers over images and sequences of Keras: convolutions, pools, margins; channels stand behind the batch here, behind all pixels there. */

import type { Dim } from "../code.ts";
import { activated, activationOption, snake } from "./activations.ts";
import type { KerasLayer } from "./calls.ts";
import { isList, own } from "./file.ts";
import { meanOfSteps } from "./masks.ts";
import { shown, type Placed, type Translation, type Value } from "./translation.ts";

/** An image as layers here take it. */
export interface Image {
  readonly code: string;
  readonly rows: Dim;
  readonly channels: number;
  readonly space: readonly number[];
}

const isFirst = (t: Translation, l: KerasLayer): boolean => snake(t.word(l, "data_format", "channels_last")) === "channels_first";

/** x as an image over so many axes. */
export function imageOf(t: Translation, l: KerasLayer, x: Value, axes: number): Image {
  if (x.dims.length !== axes + 2) t.fail(l, `is over ${axes} axes, but its input is [${x.dims.join(",")}]`, "the file is damaged");
  const first = isFirst(t, l);
  const given = first ? t.keras(x) : t.first(x);
  const [rows, channels, ...space] = first ? given.dims : t.here(given);
  return { code: given.code, rows: rows!, channels: channels as number, space: space as readonly number[] };
}

/** A result over an image's axes. */
export const made = (t: Translation, l: KerasLayer, code: string, { rows }: Image, channels: number, space: readonly number[]): Value =>
  isFirst(t, l) ? t.make(l, code, [rows, channels, ...space]) : t.make(l, code, [rows, ...space, channels], "first");

export const perAxis = (values: readonly number[]): string =>
  values.every((value) => value === values[0]) ? String(values[0]) : `[${values.join(", ")}]`;
const unless = (values: readonly number[], usual: number): string | undefined =>
  values.every((value) => value === usual) ? undefined : perAxis(values);

interface Windows {
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: string;
}

const windowsOf = (t: Translation, l: KerasLayer, axes: number, key: string, strides: number | readonly number[] = 1): Windows => ({
  window: t.each(l, key, axes, 1),
  strides: t.each(l, "strides", axes, strides),
  dilation: t.each(l, "dilation_rate", axes, 1),
  padding: t.word(l, "padding", "valid"),
});

/** Extents of what windows make: ⌈e / s⌉ of the padding `same` and, for `causal`, of one that reaches back alone. */
function outputs(
  t: Translation,
  l: KerasLayer,
  { window, strides, dilation, padding }: Windows,
  space: readonly number[],
): readonly number[] {
  const all = space.map((extent, axis) =>
    padding === "valid" ? Math.ceil((extent - (window[axis]! - 1) * dilation[axis]!) / strides[axis]!) : Math.ceil(extent / strides[axis]!),
  );
  if (all.some((extent) => !(extent > 0))) t.fail(l, `leaves nothing of its input [${space.join(",")}]`, "fix larger inputs with --size");
  return all;
}

/** As the language says it; `causal` is zeros before the first element. */
function paddingOf(t: Translation, l: KerasLayer, { window, dilation, padding }: Windows): string | undefined {
  if (padding === "valid") return undefined;
  if (padding === "same") return '"same"';
  if (padding === "causal" && window.length === 1) return `[[${(window[0]! - 1) * dilation[0]!}, 0]]`;
  return t.fail(l, `has the padding ${shown(padding)}`, "valid, same and, over one axis, causal are read");
}

/** What the language is told of the windows of a layer with a kernel. */
const windowOptions = (t: Translation, l: KerasLayer, windows: Windows): Readonly<Record<string, string | undefined>> => ({
  strides: unless(windows.strides, 1),
  padding: paddingOf(t, l, windows),
  dilation: unless(windows.dilation, 1),
});

/** Holds a kernel whose last two axes come first here, the last of all before the other: […window, a, b] is [b, a, …window]. */
function holdTurned(t: Translation, l: Placed, name: string, words: readonly string[], dims: readonly number[]): void {
  const axes = dims.length - 2;
  t.holds(name, t.weightOf(l, words, dims), [axes + 1, axes, ...dims.slice(0, axes).map((_, n) => n)]);
}

/** What a layer with a kernel, a bias and an activation computes, as code of its options. */
function finished(
  t: Translation,
  l: Placed,
  image: Image,
  filters: number,
  space: readonly number[],
  make: (name: string, options: Readonly<Record<string, string | undefined>>) => string,
): Value {
  const { option, after } = activationOption(t, l);
  const useBias = t.flag(l, "use_bias", true);
  const layer = t.layerOf(l, (name) => {
    const code = make(name, { useBias: useBias ? undefined : "false", activation: option });
    if (useBias) t.holds(`${name}.bias`, t.weightOf(l, ["bias"], [filters]));
    return code;
  });
  return activated(t, l, after, made(t, l, `${layer}(${image.code})`, image, filters, space));
}

export const convolution =
  (axes: 1 | 2 | 3) =>
  (t: Translation, l: Placed, x: Value): Value => {
    const image = imageOf(t, l, x, axes);
    const windows = windowsOf(t, l, axes, "kernel_size");
    const [filters, groups] = [t.number(l, "filters", 1), t.number(l, "groups", 1)];
    return finished(t, l, image, filters, outputs(t, l, windows, image.space), (name, more) => {
      // […window, channels / groups, filters] there, [filters, channels / groups, …window] here
      holdTurned(t, l, `${name}.kernel`, ["kernel"], [...windows.window, image.channels / groups, filters]);
      return t.call(
        `conv${axes}d`,
        String(filters),
        perAxis(windows.window),
        t.told(l, name, {
          ...windowOptions(t, l, windows),
          groups: groups === 1 ? undefined : String(groups),
          ...more,
        }),
      );
    });
  };

/** […window, channels, multiplier] there, [channels·multiplier, 1, …window] here. */
function depthwiseKernel(t: Translation, l: Placed, name: string, { window }: Windows, channels: number, multiplier: number): void {
  const { name: of, data } = t.weightOf(l, ["depthwise_kernel", "kernel"], [...window, channels, multiplier]);
  const taps = window.reduce((n, extent) => n * extent, 1);
  t.holds(name, { name: of, dims: [taps, channels * multiplier], data }, [1, 0], [channels * multiplier, 1, ...window]);
}

export const depthwise =
  (axes: 1 | 2) =>
  (t: Translation, l: Placed, x: Value): Value => {
    const image = imageOf(t, l, x, axes);
    const windows = windowsOf(t, l, axes, "kernel_size");
    const multiplier = t.number(l, "depth_multiplier", 1);
    return finished(t, l, image, image.channels * multiplier, outputs(t, l, windows, image.space), (name, more) => {
      depthwiseKernel(t, l, `${name}.kernel`, windows, image.channels, multiplier);
      return t.call(
        `depthwiseConv${axes}d`,
        perAxis(windows.window),
        t.told(l, name, {
          ...windowOptions(t, l, windows),
          depthMultiplier: multiplier === 1 ? undefined : String(multiplier),
          ...more,
        }),
      );
    });
  };

export const separable =
  (axes: 1 | 2) =>
  (t: Translation, l: Placed, x: Value): Value => {
    const image = imageOf(t, l, x, axes);
    const windows = windowsOf(t, l, axes, "kernel_size");
    const [filters, multiplier] = [t.number(l, "filters", 1), t.number(l, "depth_multiplier", 1)];
    const ones = windows.window.map(() => 1);
    return finished(t, l, image, filters, outputs(t, l, windows, image.space), (name, more) => {
      depthwiseKernel(t, l, `${name}.depthwise`, windows, image.channels, multiplier);
      holdTurned(t, l, `${name}.pointwise`, ["pointwise_kernel"], [...ones, image.channels * multiplier, filters]);
      return t.call(
        `separableConv${axes}d`,
        String(filters),
        perAxis(windows.window),
        t.told(l, name, {
          ...windowOptions(t, l, windows),
          depthMultiplier: multiplier === 1 ? undefined : String(multiplier),
          ...more,
        }),
      );
    });
  };

export const transposed =
  (axes: 1 | 2 | 3) =>
  (t: Translation, l: Placed, x: Value): Value => {
    const image = imageOf(t, l, x, axes);
    const windows = windowsOf(t, l, axes, "kernel_size");
    const { window, strides, dilation, padding } = windows;
    const filters = t.number(l, "filters", 1);
    if ((own(l.config, "output_padding") ?? null) !== null) t.fail(l, "has an output_padding of its own", "leave it out, and pad after it");
    if (padding === "same" && window.some((taps, axis) => (taps - 1) * dilation[axis]! + 1 < strides[axis]!))
      t.fail(l, "has windows below its strides", "write it in the source with outputPadding");
    const space = image.space.map((extent, axis) =>
      padding === "same"
        ? extent * strides[axis]!
        : (extent - 1) * strides[axis]! + Math.max((window[axis]! - 1) * dilation[axis]! + 1, strides[axis]!),
    );
    // of windows below the strides, Keras fills up the last stride
    const more = window.map((taps, axis) => (padding === "same" ? 0 : Math.max(0, strides[axis]! - (taps - 1) * dilation[axis]! - 1)));
    return finished(t, l, image, filters, space, (name, given) => {
      // […window, filters, channels] there, [channels, filters, …window] here
      holdTurned(t, l, `${name}.kernel`, ["kernel"], [...window, filters, image.channels]);
      return t.call(
        `conv${axes}dTranspose`,
        String(filters),
        perAxis(window),
        t.told(l, name, {
          ...windowOptions(t, l, windows),
          outputPadding: unless(more, 0),
          ...given,
        }),
      );
    });
  };

export const pool =
  (what: "max" | "avg", axes: 1 | 2 | 3) =>
  (t: Translation, l: Placed, x: Value): Value => {
    const image = imageOf(t, l, x, axes);
    const size = t.each(l, "pool_size", axes, 2);
    const windows = windowsOf(t, l, axes, "pool_size", size);
    const strides = String(windows.strides) === String(size) ? undefined : perAxis(windows.strides);
    const padding = paddingOf(t, l, windows);
    const said = [...(strides === undefined ? [] : [`strides: ${strides}`]), ...(padding === undefined ? [] : [`padding: ${padding}`])];
    const layer = t.call(`${what}Pool${axes}d`, perAxis(size), ...(said.length === 0 ? [] : [`{ ${said.join(", ")} }`]));
    return made(t, l, `${layer}(${image.code})`, image, image.channels, outputs(t, l, windows, image.space));
  };

/** So many windows that share space evenly. */
export const adaptivePool =
  (what: "Max" | "Avg", axes: 1 | 2 | 3) =>
  (t: Translation, l: Placed, x: Value): Value => {
    const image = imageOf(t, l, x, axes);
    const size = t.each(l, "output_size", axes, 1);
    return made(t, l, `${t.call(`adaptive${what}Pool${axes}d`, perAxis(size))}(${image.code})`, image, image.channels, size);
  };

/** Over all of space; what lies in Keras's order stays there. */
export const globalPool =
  (what: "mean" | "max", axes: 1 | 2 | 3) =>
  (t: Translation, l: Placed, x: Value): Value => {
    if (x.dims.length !== axes + 2) t.fail(l, `is over ${axes} axes, but its input is [${x.dims.join(",")}]`, "the file is damaged");
    if (x.mask !== undefined && what === "mean") return meanOfSteps(t, l, t.keras(x), x.mask);
    const keeps = t.flag(l, "keepdims", false);
    const given = typeof x.order === "object" ? t.keras(x) : x;
    const behind = isFirst(t, l) || given.order === "first"; // channels right behind the batch, as it lies here
    const value = isFirst(t, l) ? t.keras(given) : given;
    const over = Array.from({ length: axes }, (_, n) => n + (behind ? 2 : 1));
    const dims = value.dims;
    const channels = isFirst(t, l) ? dims[1]! : dims.at(-1)!;
    const ones = over.map(() => 1);
    if (!keeps && behind)
      return t.make(l, `${t.call(`global${what === "mean" ? "Average" : "Max"}Pool${axes}d`)}(${value.code})`, [dims[0]!, channels]);
    const code = t.call(what, value.code, `[${over.join(", ")}]`, ...(keeps ? ["{ keepDims: true }"] : []));
    if (!keeps) return t.make(l, code, [dims[0]!, channels]);
    return isFirst(t, l) ? t.make(l, code, [dims[0]!, channels, ...ones]) : t.make(l, code, [dims[0]!, ...ones, channels], value.order);
  };

/** What stands at both ends of each axis: a number, one an axis, or [low, high] an axis. */
function endsOf(t: Translation, l: KerasLayer, key: string, axes: number): readonly (readonly [number, number])[] {
  const given = own(l.config, key) ?? 1;
  const wrong = (): never => t.fail(l, `has ${key} ${shown(given)}`, "the file is damaged");
  const whole = (value: unknown): number => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : wrong());
  if (!isList(given)) return Array.from({ length: axes }, () => [whole(given), whole(given)] as const);
  // over one axis [low, high] itself
  const list = axes === 1 && given.length === 2 && !given.some(isList) ? [given] : given;
  if (list.length !== axes) wrong();
  return list.map((one) => (isList(one) ? ([whole(one[0]), whole(one[1])] as const) : ([whole(one), whole(one)] as const)));
}

/** zeroPadding and cropping. */
export const margins =
  (what: "zeroPadding" | "cropping", axes: 1 | 2 | 3) =>
  (t: Translation, l: Placed, x: Value): Value => {
    const image = imageOf(t, l, x, axes);
    const ends = endsOf(t, l, what === "cropping" ? "cropping" : "padding", axes);
    const sign = what === "cropping" ? -1 : 1;
    const space = image.space.map((extent, axis) => extent + sign * (ends[axis]![0] + ends[axis]![1]));
    const flat = ends.flat();
    const said = flat.every((n) => n === flat[0]) ? String(flat[0]) : `[${ends.map(([low, high]) => `[${low}, ${high}]`).join(", ")}]`;
    return made(t, l, `${t.call(`${what}${axes}d`, said)}(${image.code})`, image, image.channels, space);
  };

export const upsampling =
  (axes: 1 | 2 | 3) =>
  (t: Translation, l: Placed, x: Value): Value => {
    const image = imageOf(t, l, x, axes);
    const factors = t.each(l, "size", axes, 2);
    const mode = t.word(l, "interpolation", "nearest");
    if (mode !== "nearest" && mode !== "bilinear") t.fail(l, `has the interpolation ${shown(mode)}`, "nearest and bilinear are read");
    const more = mode === "nearest" ? [] : ['{ interpolation: "linear" }'];
    const space = image.space.map((extent, axis) => extent * factors[axis]!);
    return made(t, l, `${t.call(`upsampling${axes}d`, perAxis(factors), ...more)}(${image.code})`, image, image.channels, space);
  };
