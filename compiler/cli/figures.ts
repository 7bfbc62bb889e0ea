/** Pictures of discs, boxes, diamonds and rings on a noisy ground, and their masks: what is to be told apart is the form. */

import { below, type Random } from "../check/draw.ts";

/** A form around a centre; its class is 1 or more, 0 being the ground. */
interface Figure {
  readonly class: number;
  readonly y: number;
  readonly x: number;
  readonly radius: number;
}

/** Whether a form that reaches from −1 to 1 covers a place. */
export type Form = (y: number, x: number) => boolean;

/** Disc, box, diamond and ring. */
export const FORMS: readonly Form[] = [
  (y, x) => Math.hypot(y, x) <= 1,
  (y, x) => Math.max(Math.abs(y), Math.abs(x)) <= 1,
  (y, x) => Math.abs(y) + Math.abs(x) <= 1,
  (y, x) => Math.hypot(y, x) <= 1 && Math.hypot(y, x) >= 0.6,
];
const MOST_FIGURES = 3;
const GROUND = 0.2;
const NOISE = 0.2;

const formOf = (figure: Figure) => FORMS[(figure.class - 1) % FORMS.length]!;

/** Brightness of a class: where there are more classes than forms, a form comes back darker. */
const lightOf = (of: number): number => (of === 0 ? GROUND : 1 - 0.3 * Math.floor((of - 1) / FORMS.length));

function drawFigures(random: Random, classes: number, height: number, width: number): Figure[] {
  const count = classes < 2 ? 0 : 1 + below(random, MOST_FIGURES);
  const shorter = Math.min(height, width);
  return Array.from({ length: count }, () => ({
    class: 1 + below(random, classes - 1),
    y: below(random, height),
    x: below(random, width),
    radius: shorter * (0.15 + 0.15 * random()),
  }));
}

/** The class of each pixel, [height, width]; later figures cover earlier ones. */
export function mask(random: Random, classes: number, height: number, width: number): Int32Array {
  const figures = drawFigures(random, classes, height, width);
  return Int32Array.from({ length: height * width }, (_, at) => {
    const [y, x] = [Math.floor(at / width), at % width];
    const top = figures.findLast((one) => formOf(one)((y - one.y) / one.radius, (x - one.x) / one.radius));
    return top?.class ?? 0;
  });
}

/** A picture of a mask, the same in each of its channels but for the noise: [channels, height, width], 0 to 1. */
export const pictureOf = (of: Int32Array, channels: number, random: Random): Float32Array =>
  Float32Array.from({ length: channels * of.length }, (_, at) => {
    const noisy = lightOf(of[at % of.length]!) + NOISE * (2 * random() - 1);
    return Math.min(1, Math.max(0, noisy));
  });
