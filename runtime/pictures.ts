/** What a classifier has learned, as pictures: its templates, its filters, its confusions. Of equal numbers, equal bytes. */

import { ASCENT, GLYPH_HEIGHT, textWidth } from "./drawing/font.ts";
import { colorOf, createRaster, drawText, fillRect, WHITE, type Raster } from "./drawing/raster.ts";
import { shareColor } from "./drawing/scales.ts";
import { colorTile, columnsFor, drawTiles, signedTile, type Tile } from "./drawing/tiles.ts";
import { COUNT, optional } from "./arguments.ts";
import * as error from "./error.ts";
import { FLOATS, hold, NAMES, NUMBER, NUMERIC, PICTURE } from "./kinds.ts";
import { squareSide } from "./metrics.ts";

/** [channels, height, width] */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** The image that a row of `size` values may be: square, of one channel or else of three; undefined where it is none. */
export function imageShape(size: number): ImageShape | undefined {
  hold("imageShape", { size }, { size: NUMBER });
  for (const channels of [1, 3]) {
    const side = Math.round(Math.sqrt(size / channels));
    if (side >= 4 && channels * side * side === size) return [channels, side, side];
  }
  return undefined;
}

/**
 * The columns of a dense layer's weights as images, one a unit: what the unit looks for. Three channels are shown in
 * colour, others a tile a channel, red above 0 and blue below; each unit scaled to its own range.
 *
 * @param weights [channels·height·width, units] row-major
 * @throws RangeError when the weights are no whole number of images
 */
export function templatePicture(weights: Float32Array, shape: ImageShape): Raster {
  hold("templatePicture", { weights, shape }, { weights: FLOATS, shape: PICTURE });
  const inputs = shape[0] * shape[1] * shape[2];
  const units = weights.length / inputs;
  if (!Number.isInteger(units) || units < 1) throw error.notTemplates(weights.length, shape);
  const images = Array.from({ length: units }, (_, unit) => Float32Array.from({ length: inputs }, (_, at) => weights[at * units + unit]!));
  return imagesPicture(images, shape);
}

/**
 * The filters of a convolution side by side, one an output channel: in colour where they read three channels, otherwise
 * a tile for each channel they read; each filter scaled to its own range.
 *
 * @param weights [filters, channels, height, width] row-major
 * @throws RangeError when the weights are no whole number of filters
 */
export function filterPicture(weights: Float32Array, shape: ImageShape): Raster {
  hold("filterPicture", { weights, shape }, { weights: FLOATS, shape: PICTURE });
  const size = shape[0] * shape[1] * shape[2];
  const filters = weights.length / size;
  if (!Number.isInteger(filters) || filters < 1) throw error.notFilters(weights.length, shape);
  const images = Array.from({ length: filters }, (_, n) => weights.subarray(n * size, (n + 1) * size));
  return imagesPicture(images, shape);
}

/** Any matrix [rows, columns] as one tile. */
export function matrixPicture(values: Float32Array, rows: number, columns: number): Raster {
  hold("matrixPicture", { values, rows, columns }, { values: FLOATS, rows: COUNT, columns: COUNT });
  return drawTiles([signedTile(values, rows, columns)], 1);
}

function imagesPicture(images: readonly Float32Array[], [channels, height, width]: ImageShape): Raster {
  const tiles = images.flatMap((image): Tile[] => {
    if (channels === 3) return [colorTile(image, height, width)];
    // channels below one another are scaled together, so that they can be compared
    const all = signedTile(image, channels * height, width);
    return Array.from({ length: channels }, (_, c) => ({
      height,
      width,
      colors: all.colors.slice(c * height * width, (c + 1) * height * width),
    }));
  });
  const grouped = channels !== 1 && channels !== 3;
  const columns = grouped ? channels : columnsFor(tiles.length, width, height);
  // at least one image was asked for, of at least one channel
  return drawTiles(tiles as [Tile, ...Tile[]], columns);
}

const INK = colorOf("#374151");
const QUIET = colorOf("#6b7280");
const LINE = colorOf("#d7dce3");
const SCALE = 2;
const PAD = 16;
/** Above this many classes the counts are left out and the cells are small. */
const COUNTED = 32;

/**
 * A confusion matrix: rows true, columns predicted, each cell as dark as its share of the row, with its count.
 *
 * @param confusion [classes, classes], as `confusionMatrix` gives it
 * @param labels names of the classes; by default their numbers
 * @throws RangeError when the matrix is not square, or the labels are not one a class
 */
export function confusionPicture(confusion: ArrayLike<number>, labels?: readonly string[]): Raster {
  hold("confusionPicture", { confusion, labels }, { confusion: NUMERIC, labels: optional(NAMES) });
  const classes = squareSide(confusion);
  const names = labels ?? Array.from({ length: classes }, (_, c) => String(c));
  if (names.length !== classes) throw error.unequalLabels(names.length, classes);
  const counts = Array.from({ length: classes * classes }, (_, at) => confusion[at]!);
  const wide = (texts: readonly string[]): number => Math.max(...texts.map(textWidth)) * SCALE;
  const counted = classes <= COUNTED;
  const cell = counted ? Math.max(44, wide(counts.map(String)) + 16, wide(names) + 12) : 12;
  const margin = PAD + 2 * GLYPH_HEIGHT * SCALE + 12;
  const left = PAD + Math.max(textWidth("true") * SCALE, counted ? wide(names) : 0) + 12;
  const side = classes * cell;
  const raster = createRaster(left + side + PAD, margin + side + PAD, WHITE);
  const centred = (text: string, x: number, y: number, color = INK): void =>
    drawText(raster, x - Math.floor((textWidth(text) * SCALE) / 2), y, text, color, SCALE);

  centred("predicted", left + Math.floor(side / 2), PAD, QUIET);
  drawText(raster, PAD, margin - GLYPH_HEIGHT * SCALE - 4, "true", QUIET, SCALE);
  fillRect(raster, left, margin, side, side, LINE);
  for (let row = 0; row < classes; row++) {
    const total = counts.slice(row * classes, (row + 1) * classes).reduce((a, b) => a + b, 0) || 1;
    const middle = Math.floor((cell - ASCENT * SCALE) / 2);
    if (counted) {
      const at = left + row * cell + Math.floor(cell / 2);
      centred(names[row]!, at, margin - GLYPH_HEIGHT * SCALE - 4);
      const width = textWidth(names[row]!) * SCALE;
      drawText(raster, left - 8 - width, margin + row * cell + middle, names[row]!, INK, SCALE);
    }
    for (let column = 0; column < classes; column++) {
      const count = counts[row * classes + column]!;
      const [x, y] = [left + column * cell, margin + row * cell];
      fillRect(raster, x, y, cell - 1, cell - 1, shareColor(count / total));
      // an empty cell says so by being empty
      if (counted && count > 0) centred(String(count), x + Math.floor(cell / 2), y + middle, count / total > 0.45 ? WHITE : INK);
    }
  }
  return raster;
}
