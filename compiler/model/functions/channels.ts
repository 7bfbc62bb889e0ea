/** Functions of neighbouring channels, and of powers in windows. */

import { FLAG, numbers, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { called } from "../arguments.ts";
import { EXTENT, FLOATS, PER_AXIS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { placeOf } from "./place.ts";
import { average, attrsOf, windowOf } from "./pool.ts";
import type { PerAxis } from "./spatial.ts";

/** x [n, c, …] with the channels of `groups` groups dealt out in turn (torch.nn.functional.channel_shuffle). Throws where the groups do not divide the channels. */
export function channelShuffle(x: FloatTensor, groups: number): FloatTensor {
  const c = called("channelShuffle", { x, groups }, { x: FLOATS, groups: EXTENT });
  return c.run(() => {
    const [n, channels = 0, ...space] = x.shape as readonly [number, ...number[]];
    if (x.shape.length < 3 || channels % groups !== 0)
      placeOf(c, "channelShuffle", { x }).fail(
        `needs x [n, c, …] with channels that ${groups} divides, but got [${x.shape.join(",")}]`,
        "Change the groups, or the channels.",
      );
    const apart = c.g.reshape(x.value, { shape: [n, groups, channels / groups, ...space] });
    const dealt = c.g.transpose(apart, { order: [0, 2, 1, ...space.map((_, axis) => axis + 3)] });
    return c.tensor(c.g.reshape(dealt, { shape: x.shape }));
  }) as FloatTensor;
}

/** What localResponseNorm takes besides. */
export interface ResponseOptions {
  /** Default: 1e-4. */
  readonly alpha?: number;
  /** Default: 0.75. */
  readonly beta?: number;
  /** Default: 1. */
  readonly k?: number;
}

const NUMBER = numbers("a finite number");
const RESPONSE = optionsOf<ResponseOptions>({ alpha: NUMBER, beta: NUMBER, k: NUMBER });

/** x / (k + α·mean x²)^β, the mean over `size` neighbouring channels of [n, c, …] (Krizhevsky et al. 2012; torch.nn.functional.local_response_norm). */
export function localResponseNorm(x: FloatTensor, size: number, options: ResponseOptions = {}): FloatTensor {
  const c = called("localResponseNorm", { x, size, options }, { x: FLOATS, size: EXTENT, options: RESPONSE });
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
  return c.run(() => {
    const { g } = c;
    if (x.shape.length < 3) placeOf(c, "localResponseNorm", { x }).fail(`needs x [n, c, …], but got [${x.shape.join(",")}]`, "Reshape it.");
    const only = (own: number, other: number): number[] => x.shape.map((_, axis) => (axis === 1 ? own : other));
    const ends = { low: only(Math.floor(size / 2), 0), high: only(Math.floor((size - 1) / 2), 0) };
    const total = g.windowSum(g.mul(x.value, x.value), { window: only(size, 1), stride: only(1, 1), ...ends });
    const base = g.add(g.mul(total, g.literal(alpha / size, c.float)), g.literal(k, c.float));
    return c.tensor(g.div(x.value, c.named("response", g.pow(base, g.literal(beta, c.float)))));
  }) as FloatTensor;
}

/** What lpPool1d, 2d and 3d take besides. */
export interface PowerPoolOptions {
  /** Default: the window's size. */
  readonly strides?: PerAxis;
  /** See `maxPool2d`. Default: false. */
  readonly ceilMode?: boolean;
}

const POWER = optionsOf<PowerPoolOptions>({ strides: PER_AXIS, ceilMode: FLAG });

function lpPool(spatial: number, x: FloatTensor, p: number, window: PerAxis, options: PowerPoolOptions): FloatTensor {
  const of = `lpPool${spatial}d`;
  const laws = { x: FLOATS, p: numbers("a finite number above 0", (n) => n > 0), window: PER_AXIS, options: POWER };
  const c = called(of, { x, p, window, options }, laws);
  return c.run(() => {
    const { g } = c;
    const place = placeOf(c, of, { x });
    const number = (value: number): Value => g.literal(value, c.float);
    const powers = p === 1 ? x.value : p === 2 ? g.mul(x.value, x.value) : g.pow(x.value, number(p));
    // a window that ceilMode lets reach beyond the end has fewer elements, and counts as a whole one, as in PyTorch
    const axes = windowOf(place, x, spatial, window, options);
    const size = axes.reduce((n, axis) => n * axis.window, 1);
    const whole = axes.every(({ beyond }) => beyond === 0);
    const total = whole
      ? g.windowSum(powers, attrsOf(axes, 2))
      : g.mul(average(place, c.tensor(powers), spatial, window, { ...options, paddedZeros: "counted" }), number(size));
    return c.tensor(p === 1 ? g.relu(total) : g.pow(g.relu(total), number(1 / p)));
  }) as FloatTensor;
}

/** (Σ xᵖ)^(1/p) of each window: x [n, c, t] → [n, c, t'] (torch.nn.functional.lp_pool1d). */
export const lpPool1d = (x: FloatTensor, p: number, window: PerAxis, options: PowerPoolOptions = {}): FloatTensor =>
  lpPool(1, x, p, window, options);
/** (Σ xᵖ)^(1/p) of each window: x [n, c, h, w] → [n, c, h', w'] (torch.nn.functional.lp_pool2d). */
export const lpPool2d = (x: FloatTensor, p: number, window: PerAxis, options: PowerPoolOptions = {}): FloatTensor =>
  lpPool(2, x, p, window, options);
/** (Σ xᵖ)^(1/p) of each window: x [n, c, d, h, w] → [n, c, d', h', w'] (torch.nn.functional.lp_pool3d). */
export const lpPool3d = (x: FloatTensor, p: number, window: PerAxis, options: PowerPoolOptions = {}): FloatTensor =>
  lpPool(3, x, p, window, options);
