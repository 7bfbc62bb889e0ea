/** Regions and points as a picture. */

import { sharp } from "../dom.ts";
import { placeOf, type Point } from "./points.ts";
import { CLASSES } from "./texts.ts";

/** Points of the grid along a side of the picture. */
export const SIDE = 56;

const COLOURS = ["--c0", "--c1", "--c2"];
const parsed = new Map<string, readonly [number, number, number]>();

/** A colour of the style sheet as numbers, for the light or the dark that is on. */
function rgbOf(name: string): readonly [number, number, number] {
  const key = `${name}${matchMedia("(prefers-color-scheme: dark)").matches}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const [r = 0, g = 0, b = 0] = getComputedStyle(probe)
    .color.match(/[\d.]+/g)!
    .map(Number);
  probe.remove();
  parsed.set(key, [r, g, b]);
  return [r, g, b];
}
export const cssOf = (name: string): string => `rgb(${rgbOf(name).join(" ")})`;

/** The winner of every place, and how sure: the softmax of its score. */
function winners(scores: ArrayLike<number>): { readonly color: Uint8Array; readonly sure: Float32Array } {
  const places = scores.length / CLASSES;
  const color = new Uint8Array(places);
  const sure = new Float32Array(places);
  for (let n = 0; n < places; n++) {
    let best = 0;
    for (let c = 1; c < CLASSES; c++) if (scores[n * CLASSES + c]! > scores[n * CLASSES + best]!) best = c;
    let sum = 0;
    for (let c = 0; c < CLASSES; c++) sum += Math.exp(scores[n * CLASSES + c]! - scores[n * CLASSES + best]!);
    color[n] = best;
    sure[n] = 1 / sum;
  }
  return { color, sure };
}

const small = new OffscreenCanvas(SIDE, SIDE);

/** Draws; returns how many places of the grid each class has. */
export function drawPlane(
  canvas: HTMLCanvasElement,
  {
    points,
    scores,
    lines = [],
    chosen,
    polar,
  }: {
    readonly points: readonly Point[];
    readonly scores: ArrayLike<number> | undefined;
    readonly lines?: readonly (readonly [wx: number, wy: number, b: number])[];
    readonly chosen: number;
    readonly polar: boolean;
  },
): readonly number[] {
  const size = canvas.clientWidth;
  if (size === 0) return [];
  const context = sharp(canvas, size, size);
  context.fillStyle = cssOf("--card");
  context.fillRect(0, 0, size, size);
  const counts = new Array<number>(CLASSES).fill(0);
  if (scores !== undefined) {
    const { color, sure } = winners(scores);
    const image = new ImageData(SIDE, SIDE);
    color.forEach((winner, n) => {
      counts[winner]!++;
      const [r, g, b] = rgbOf(COLOURS[winner]!);
      image.data.set([r, g, b, 30 + 110 * Math.max(0, (sure[n]! - 1 / CLASSES) * 1.5)], n * 4);
    });
    small.getContext("2d")!.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = true;
    context.drawImage(small, 0, 0, size, size);
  }
  context.strokeStyle = cssOf("--soft");
  context.lineWidth = 0.8;
  for (const [wx, wy, b] of lines) {
    // of w·x + b = 0 the point nearest to the middle, and from there along it
    const norm = wx * wx + wy * wy;
    if (norm < 1e-9) continue;
    const [px, py] = [(-wx * b) / norm, (-wy * b) / norm];
    const [dx, dy] = [(-wy / Math.sqrt(norm)) * 3, (wx / Math.sqrt(norm)) * 3];
    const at = (x: number, y: number): [number, number] => [((x + 1) / 2) * size, ((1 - y) / 2) * size];
    context.beginPath();
    context.moveTo(...at(px - dx, py - dy));
    context.lineTo(...at(px + dx, py + dy));
    context.stroke();
  }
  points.forEach((point, n) => {
    const [across, down] = placeOf(point, polar);
    shape(context, point.color, across * size, down * size, n === chosen ? 8 : 6);
    context.fillStyle = cssOf(COLOURS[point.color]!);
    context.fill();
    context.lineWidth = n === chosen ? 3 : 1.5;
    context.strokeStyle = cssOf(n === chosen ? "--ink" : "--card");
    context.stroke();
  });
  return counts;
}

/** Classes are told apart by form as well as by colour. */
function shape(context: CanvasRenderingContext2D, color: number, x: number, y: number, radius: number): void {
  context.beginPath();
  if (color === 0) context.arc(x, y, radius, 0, 2 * Math.PI);
  else if (color === 1) context.rect(x - radius * 0.88, y - radius * 0.88, radius * 1.76, radius * 1.76);
  else {
    context.moveTo(x, y - radius * 1.15);
    context.lineTo(x + radius * 1.05, y + radius * 0.75);
    context.lineTo(x - radius * 1.05, y + radius * 0.75);
    context.closePath();
  }
}
