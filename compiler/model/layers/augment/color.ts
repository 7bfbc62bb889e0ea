/** Colours of images changed at random. Channels are axis 1; three of them are red, green and blue. */

import { numbers } from "../../../graph/arguments.ts";
import type { Value } from "../../../graph/graph.ts";
import { dotAttrs } from "../../../ops/dot.ts";
import type { Tensor } from "../../tensor.ts";
import { checked, layerOptions, type LayerOptions, type LayerScope, type SameShapeLayer } from "../layer.ts";
import {
  augmenting,
  COLOR,
  drawn,
  factor,
  FACTOR,
  held,
  number,
  overRow,
  SHARE_OF_ROWS,
  sometimes,
  type ColorOptions,
  type Factor,
} from "./augmenting.ts";
import { blurred } from "./blur.ts";

const OPTIONS = layerOptions<ColorOptions>(COLOR);
const LAWS = { by: FACTOR, options: OPTIONS };
const rangeOf = ({ valueRange = [0, 1] }: ColorOptions): readonly [number, number] => valueRange;

/** x + (f − 1)·(x − other): other at 0, x at 1, and more of x beyond; f is 1 + a drawn number a row. */
function apartFrom(scope: LayerScope, x: Tensor, other: Value, by: Factor, options: ColorOptions): Value {
  const { g } = scope.c;
  const amount = overRow(scope, factor(scope, x.shape[0]!, by), x);
  return held(scope, g.add(x.value, g.mul(g.sub(x.value, other), amount)), rangeOf(options));
}

/** A layer that moves images away from another one, or towards it. */
const blending =
  (kind: string, otherOf: (scope: LayerScope, x: Tensor) => Value) =>
  (by: Factor, options: ColorOptions = {}): SameShapeLayer => {
    checked(kind, { by, options }, LAWS);
    return augmenting(kind, options, (scope, x) => apartFrom(scope, x, otherOf(scope, x), by, options));
  };

/** The luminance of three channels (ITU-R BT.601), in each of them; of other numbers of channels their mean. */
function gray({ c }: LayerScope, x: Tensor): Value {
  const { g } = c;
  const channels = x.shape[1]!;
  const shares = channels === 3 ? [0.299, 0.587, 0.114] : Array.from({ length: channels }, () => 1 / channels);
  const weights = g.table({ dtype: c.float, shape: [channels] }, { values: shares, symbol: "luma" });
  return g.broadcast(g.dot(x.value, weights, dotAttrs([1], [0])), { axes: [1], size: [channels] });
}

/** The mean over space of each channel. */
function channelMean({ c }: LayerScope, x: Tensor): Value {
  const space = x.shape.slice(2);
  const total = c.g.mul(c.g.sum(x.value, { axes: [2, 3] }), c.g.literal(1 / (space[0]! * space[1]!), c.float));
  return c.g.broadcast(total, { axes: [2, 3], size: space });
}

/** Makes images brighter or darker by shares of their range (keras.layers.RandomBrightness). */
export const randomBrightness = (by: Factor, options: ColorOptions = {}): SameShapeLayer => {
  checked("randomBrightness", { by, options }, LAWS);
  return augmenting("randomBrightness", options, (scope, x) => {
    const { g } = scope.c;
    const [low, high] = rangeOf(options);
    const more = g.mul(factor(scope, x.shape[0]!, by), number(scope, high - low));
    return held(scope, g.add(x.value, overRow(scope, more, x)), [low, high]);
  });
};

/** Moves pixels away from the mean of their channel, or towards it (keras.layers.RandomContrast). */
export const randomContrast = blending("randomContrast", channelMean);
/** Moves pixels away from their gray, or towards it (keras.layers.RandomSaturation, which does so in HSV). */
export const randomSaturation = blending("randomSaturation", gray);
/** Moves pixels towards their gray by a share drawn up to `by` (keras.layers.RandomColorDegeneration). */
export const randomColorDegeneration = (by: number, options: ColorOptions = {}): SameShapeLayer => {
  checked("randomColorDegeneration", { by, options }, { by: SHARE_OF_ROWS, options: OPTIONS });
  return augmenting("randomColorDegeneration", options, (scope, x) => apartFrom(scope, x, gray(scope, x), [-by, 0], options));
};
/**
 * Moves pixels away from a mean of their neighbours in which they count five times, or towards it; outside are zeros (keras.layers.RandomSharpness,
 * whose factors are those here, and 1, halved).
 */
export const randomSharpness = blending("randomSharpness", ({ c }, x) => {
  const one = { window: [1, 1, 3, 3], stride: [1, 1, 1, 1], low: [0, 0, 1, 1], high: [0, 0, 1, 1] };
  const own = c.g.mul(x.value, c.g.literal(4 / 13, c.float));
  return c.g.add(c.g.mul(c.g.windowSum(x.value, one), c.g.literal(1 / 13, c.float)), own);
});

const SHARE = { share: SHARE_OF_ROWS, options: OPTIONS };

/** Takes the colour of a share of the images (keras.layers.RandomGrayscale). */
export const randomGrayscale = (share = 0.5, options: ColorOptions = {}): SameShapeLayer => {
  checked("randomGrayscale", { share, options }, SHARE);
  return augmenting("randomGrayscale", options, (scope, x) => sometimes(scope, x, share, gray(scope, x)));
};

/** Turns a share of the images to their negative (keras.layers.RandomInvert). */
export const randomInvert = (share = 0.5, options: ColorOptions = {}): SameShapeLayer => {
  checked("randomInvert", { share, options }, SHARE);
  return augmenting("randomInvert", options, (scope, x) => {
    const [low, high] = rangeOf(options);
    return sometimes(scope, x, share, scope.c.g.sub(number(scope, low + high), x.value));
  });
};

/** Turns hues by shares of a whole turn, about the axis of gray (keras.layers.RandomHue, which does so in HSV). Throws a ModelError for other than three channels. */
export const randomHue = (by: Factor, options: ColorOptions = {}): SameShapeLayer => {
  checked("randomHue", { by, options }, LAWS);
  return augmenting("randomHue", options, (scope, x) => {
    const { g } = scope.c;
    if (x.shape[1] !== 3) scope.fail(`needs images of three channels, but got ${x.shape[1]}`, "Leave it out for others.");
    const n = x.shape[0]!;
    const angle = g.mul(factor(scope, n, by), number(scope, 2 * Math.PI));
    // Rodrigues' turn about (1, 1, 1) / √3: cos·x + sin·(k × x) + (1 − cos)·mean
    const channel = (k: number): Value => {
      const limit = [n, k + 1, ...x.shape.slice(2)];
      return g.slice(x.value, { start: [0, k, 0, 0], limit, stride: [1, 1, 1, 1] });
    };
    const [r, b, gr] = [channel(0), channel(2), channel(1)];
    const across = g.mul(g.concat([g.sub(b, gr), g.sub(r, b), g.sub(gr, r)], { axis: 1 }), number(scope, 1 / Math.sqrt(3)));
    const third = g.mul(g.sum(x.value, { axes: [1] }), number(scope, 1 / 3));
    const mean = g.broadcast(third, { axes: [1], size: [3] });
    const [cos, sin] = [overRow(scope, g.cos(angle), x), overRow(scope, g.sin(angle), x)];
    const turned = g.add(g.add(g.mul(x.value, cos), g.mul(across, sin)), g.mul(mean, g.sub(number(scope, 1), cos)));
    return held(scope, turned, rangeOf(options));
  });
};

/** How much `randomColorJitter` changes. */
export interface JitterOptions extends ColorOptions {
  readonly brightness?: Factor;
  readonly contrast?: Factor;
  readonly saturation?: Factor;
  readonly hue?: Factor;
}

/** Brightness, contrast, saturation and hue, one after the other (keras.layers.RandomColorJitter). */
export const randomColorJitter = (options: JitterOptions = {}): SameShapeLayer => {
  const laws = { ...COLOR, brightness: FACTOR, contrast: FACTOR, saturation: FACTOR, hue: FACTOR };
  checked("randomColorJitter", { options }, { options: layerOptions<JitterOptions>(laws) });
  const { brightness, contrast, saturation, hue, name: _, ...own } = options;
  const parts = [
    ...(brightness === undefined ? [] : [randomBrightness(brightness, own)]),
    ...(contrast === undefined ? [] : [randomContrast(contrast, own)]),
    ...(saturation === undefined ? [] : [randomSaturation(saturation, own)]),
    ...(hue === undefined ? [] : [randomHue(hue, own)]),
  ];
  return augmenting("randomColorJitter", options, (_, x) => parts.reduce((image, part) => part(image as never) as Tensor, x).value);
};

const BITS = { bits: numbers("a whole number from 1 to 8", (n) => Number.isInteger(n) && n >= 1 && n <= 8), options: OPTIONS };

/** As many levels as so many bits have, always (keras.layers.RandomPosterization of a factor [bits, bits]; of a number it draws fewer). */
export const randomPosterization = (bits: number, options: ColorOptions = {}): SameShapeLayer => {
  checked("randomPosterization", { bits, options }, BITS);
  return augmenting("randomPosterization", options, (scope, x) => {
    const { g } = scope.c;
    const [low, high] = rangeOf(options);
    const levels = 2 ** bits;
    const bytes = g.floor(g.mul(g.sub(x.value, number(scope, low)), number(scope, 255 / (high - low))));
    const cut = g.mul(g.floor(g.mul(bytes, number(scope, levels / 256))), number(scope, 256 / levels));
    return g.add(g.mul(cut, number(scope, (high - low) / 255)), number(scope, low));
  });
};

const SOLAR = { addition: FACTOR, threshold: FACTOR, options: OPTIONS };

/** Adds a drawn share of the range, then turns what is not below a drawn share of it to its negative (keras.layers.Solarization). */
export const solarization = (addition: Factor = 0, threshold: Factor = 0.5, options: ColorOptions = {}): SameShapeLayer => {
  checked("solarization", { addition, threshold, options }, SOLAR);
  return augmenting("solarization", options, (scope, x) => {
    const { g } = scope.c;
    const [low, high] = rangeOf(options);
    const n = x.shape[0]!;
    const range = (given: Factor): readonly [number, number] => (typeof given === "number" ? [0, given] : given);
    const share = (given: Factor): Value => overRow(scope, g.mul(drawn(scope, n, range(given)), number(scope, high - low)), x);
    const moved = held(scope, addition === 0 ? x.value : g.add(x.value, share(addition)), [low, high]);
    const isBelow = g.lt(moved, g.add(share(threshold), number(scope, low)));
    return g.where(isBelow, moved, g.sub(number(scope, low + high), moved));
  });
};

const PLAIN = { options: OPTIONS };

/** Each channel of each image stretched to the whole range (keras.layers.AutoContrast). */
export const autoContrast = (options: ColorOptions = {}): SameShapeLayer => {
  checked("autoContrast", { options }, PLAIN);
  return augmenting("autoContrast", options, (scope, x) => {
    const { g } = scope.c;
    const [low, high] = rangeOf(options);
    const most = g.reduceMax(x.value, { axes: [2, 3] });
    const least = g.neg(g.reduceMax(g.neg(x.value), { axes: [2, 3] }));
    const wide = (value: Value): Value => g.broadcast(value, { axes: [2, 3], size: x.shape.slice(2) });
    const width = g.sub(most, least);
    const isFlat = g.le(width, number(scope, 0));
    const scale = g.div(number(scope, high - low), g.where(isFlat, number(scope, 1), width));
    const stretched = g.add(g.mul(g.sub(x.value, wide(least)), wide(scale)), number(scope, low));
    return g.where(wide(isFlat), x.value, stretched);
  });
};

/** Options of `equalization`. */
export interface EqualizationOptions extends ColorOptions {
  /** Levels that are told apart. Default: 256. */
  readonly bins?: number;
}

const EQUALIZATION = { options: layerOptions<EqualizationOptions>({ ...COLOR, bins: numbers("a whole number above 1", (n) => Number.isInteger(n) && n > 1) }) }; // prettier-ignore

/**
 * Each channel of each image with its levels equally often: the lowest becomes 0, another the share of the other pixels that are not above it, in
 * steps of 255 (keras.layers.Equalization, which takes the shares over a whole batch). A channel of one level stays as it is.
 */
export const equalization = (options: EqualizationOptions = {}): SameShapeLayer => {
  checked("equalization", { options }, EQUALIZATION);
  return augmenting("equalization", options, (scope, x) => {
    const { c } = scope;
    const { g } = c;
    const { bins = 256 } = options;
    const [low, high] = rangeOf(options);
    const [n, channels, h, w] = x.shape as readonly [number, number, number, number];
    const scaled = g.mul(g.sub(x.value, number(scope, low)), number(scope, (bins - 1) / (high - low)));
    const level = g.reshape(g.cast(held(scope, g.floor(scaled), [0, bins - 1]), { to: "i32" }), { shape: [n, channels, h * w] });
    const wide = [n, channels, h * w, bins];
    const of = g.broadcast(level, { axes: [3], size: [bins] });
    const bin = g.iota({ dtype: "i32", shape: wide }, { axis: 3 });
    const upTo = g.sum(g.cast(g.le(of, bin), { to: c.float }), { axes: [2] }); // [n, c, bins]
    const own = g.sum(g.where(g.eq(of, bin), g.broadcast(upTo, { axes: [2], size: [h * w] }), number(scope, 0)), { axes: [3] });
    const fewest = g.neg(g.reduceMax(g.neg(own), { axes: [2] }));
    const others = g.sub(number(scope, h * w), fewest);
    const isFlat = g.eq(others, number(scope, 0));
    const along = (value: Value): Value => g.broadcast(value, { axes: [2], size: [h * w] });
    const shares = g.div(g.mul(g.sub(own, along(fewest)), number(scope, 255)), along(g.where(isFlat, number(scope, 1), others)));
    const equal = g.add(g.mul(g.round(shares), number(scope, (high - low) / 255)), number(scope, low));
    return g.where(g.reshape(along(isFlat), { shape: x.shape }), x.value, g.reshape(equal, { shape: x.shape }));
  });
};

const BLUR = { sigma: FACTOR, options: layerOptions({}) };

/** Blurs images, with a deviation drawn for each, in pixels (keras.layers.RandomGaussianBlur). */
export const randomGaussianBlur = (sigma: Factor = 1, options: LayerOptions = {}): SameShapeLayer => {
  checked("randomGaussianBlur", { sigma, options }, BLUR);
  return augmenting("randomGaussianBlur", options, (scope, x) => {
    const range: readonly [number, number] = typeof sigma === "number" ? [0, sigma] : sigma;
    return blurred(scope, x.value, drawn(scope, x.shape[0]!, range), 3 * range[1]);
  });
};
