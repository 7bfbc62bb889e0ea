/** Small images side by side: equal gaps, whole enlargement, nothing blurred. */

import { colorOf, createRaster, fillRect, type Color, type Raster } from "./raster.ts";
import { signedColor } from "./scales.ts";

/** One image: a colour for each of its dots, [height, width]. */
export interface Tile {
  readonly width: number;
  readonly height: number;
  readonly colors: readonly Color[];
}

const GROUND = colorOf("#1f2430");
/** What a picture is enlarged towards, and no further; dots. */
const SIZE = 960;
const LARGEST_SCALE = 32;

/** One channel [height, width], red above 0 and blue below, each tile as strong as its largest value. */
export function signedTile(values: Float32Array, height: number, width: number): Tile {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return { height, width, colors: Array.from(values, (value) => signedColor(value / largest)) };
}

/** Red, green and blue [3, height, width], from the tile's smallest value to its largest. */
export function colorTile(values: Float32Array, height: number, width: number): Tile {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const range = values.reduce((most, value) => Math.max(most, value), -Infinity) - low || 1;
  const size = height * width;
  const byte = (at: number): number => Math.round((255 * (values[at]! - low)) / range);
  const colors = Array.from({ length: size }, (_, at): Color => [byte(at), byte(at + size), byte(at + 2 * size)]);
  return { height, width, colors };
}

/** Tiles of one size in rows of `columns`, on a dark ground. */
export function drawTiles(tiles: readonly [Tile, ...Tile[]], columns: number): Raster {
  const [{ width, height }] = tiles;
  const rows = Math.ceil(tiles.length / columns);
  const fits = Math.floor(SIZE / Math.max(columns * (width + 1), rows * (height + 1)));
  const scale = Math.min(LARGEST_SCALE, Math.max(1, fits));
  const gap = Math.max(1, Math.min(8, Math.round((Math.min(width, height) * scale) / 12)));
  const place = (n: number, extent: number): number => gap + n * (extent * scale + gap);
  const raster = createRaster(place(columns, width), place(rows, height), GROUND);
  tiles.forEach((tile, n) => {
    const left = place(n % columns, width);
    const top = place(Math.floor(n / columns), height);
    tile.colors.forEach((color, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      fillRect(raster, left + x * scale, top + y * scale, scale, scale, color);
    });
  });
  return raster;
}

/** Columns that make a picture of so many tiles a little wider than high; whole rows where there is such a number near. */
export function columnsFor(count: number, width: number, height: number): number {
  const even = Math.max(1, Math.ceil(Math.sqrt((1.4 * count * height) / width)));
  const most = Math.min(count, Math.ceil(even * 1.5));
  for (let columns = even; columns <= most; columns++) if (count % columns === 0) return columns;
  return Math.min(count, even);
}
