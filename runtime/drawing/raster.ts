/** A picture of RGBA dots, and the few ways to put something on it: the same bytes on every engine. */

import { ADVANCE, glyph } from "./font.ts";

/** A picture of RGBA dots, rows from above. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4]: red, green, blue, alpha */
  readonly data: Uint8Array;
}

/** Red, green and blue, 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

export const WHITE: Color = [255, 255, 255];

/** `#1f77b4` → [31, 119, 180]. */
export const colorOf = (hex: `#${string}`): Color => {
  const bits = Number.parseInt(hex.slice(1), 16);
  return [(bits >> 16) & 255, (bits >> 8) & 255, bits & 255];
};

/** A picture of one opaque colour. */
export function createRaster(width: number, height: number, color: Color): Raster {
  const raster = { width, height, data: new Uint8Array(width * height * 4) };
  fillRect(raster, 0, 0, width, height, color);
  return raster;
}

/** Puts a colour on one dot; `cover` of it, 0 to 1, over what is there. Dots outside are let pass. */
function blend({ width, height, data }: Raster, x: number, y: number, color: Color, cover: number): void {
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  const at = (y * width + x) * 4;
  for (let c = 0; c < 3; c++) data[at + c] = Math.round(data[at + c]! + (color[c]! - data[at + c]!) * cover);
  data[at + 3] = 255;
}

export function fillRect(raster: Raster, left: number, top: number, width: number, height: number, color: Color): void {
  for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) blend(raster, x, y, color, 1);
}

/** A text whose first character's top left corner is at (left, top), `scale` dots a dot. */
export function drawText(raster: Raster, left: number, top: number, text: string, color: Color, scale: number): void {
  [...text].forEach((character, n) =>
    glyph(character)?.forEach((row, y) =>
      [...row].forEach((dot, x) => {
        if (dot === "#") fillRect(raster, left + (n * ADVANCE + x) * scale, top + y * scale, scale, scale, color);
      }),
    ),
  );
}

/** A line of round ends through the points, its edges smoothed. Needs +, −, ×, ÷ and √ alone, which engines agree on. */
export function drawLine(raster: Raster, points: readonly Point[], color: Color, width: number): void {
  if (points.length === 0) return;
  const reach = width / 2 + 1;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const left = Math.max(0, Math.floor(Math.min(...xs) - reach));
  const right = Math.min(raster.width - 1, Math.ceil(Math.max(...xs) + reach));
  const top = Math.max(0, Math.floor(Math.min(...ys) - reach));
  const bottom = Math.min(raster.height - 1, Math.ceil(Math.max(...ys) + reach));
  for (let x = left; x <= right; x++) {
    const near = points.flatMap((to, n): [Point, Point][] => {
      const from = points[n - 1] ?? to;
      const inReach = x + 0.5 >= Math.min(from[0], to[0]) - reach && x + 0.5 <= Math.max(from[0], to[0]) + reach;
      return inReach ? [[from, to]] : [];
    });
    for (let y = top; y <= bottom; y++) {
      // the nearest segment decides, so that joints are not painted twice
      let nearest = Infinity;
      for (const [from, to] of near) nearest = Math.min(nearest, distance(x + 0.5, y + 0.5, from, to));
      const cover = Math.min(1, Math.max(0, width / 2 + 0.5 - nearest));
      if (cover > 0) blend(raster, x, y, color, cover);
    }
  }
}

export type Point = readonly [x: number, y: number];

/** From (x, y) to the segment. */
function distance(x: number, y: number, from: Point, to: Point): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((x - from[0]) * dx + (y - from[1]) * dy) / length;
  const t = Math.min(1, Math.max(0, along));
  const [ex, ey] = [x - from[0] - t * dx, y - from[1] - t * dy];
  return Math.sqrt(ex * ex + ey * ey);
}
