/** Reads pictures in folders that are called as their classes, scaled to one size, as rows for a model. */

import { COUNT, kind, listOf, optionsOf, required, TEXT } from "../arguments.ts";
import { BYTES, hold, NAMES } from "../kinds.ts";
import { classOrder } from "./csv.ts";
import * as error from "./image-error.ts";
import type { Dots } from "./picture-file.ts";

/** What pictures are made to. */
export interface ImageOptions {
  readonly height: number;
  readonly width: number;
  /** 3, red, green and blue (the default), or 1, grey. */
  readonly channels?: 1 | 3;
  /** Those of another set, to be labelled alike; by default the set's own, in order of name. */
  readonly classes?: readonly string[];
}

/** Pictures with their classes. */
export interface LabelledPictures {
  readonly rows: number;
  /** [rows, channels, height, width], 0 to 1 */
  readonly x: Float32Array;
  /** The class of each, as a place in `classes`. */
  readonly y: Int32Array;
  readonly classes: readonly string[];
}

/** A file of a picture; the folder in its name is its class: `photos/cat/1.png`. */
export interface PictureFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What readers of pictures may be told. */
export const IMAGE_OPTIONS = optionsOf<ImageOptions>({
  height: required(COUNT),
  width: required(COUNT),
  channels: kind("1 or 3", (value) => value === 1 || value === 3),
  classes: NAMES,
});
const FILES = listOf(
  "a list of files, { name, bytes }",
  optionsOf<PictureFile>({ name: required(TEXT), bytes: required(BYTES) }, "a file, { name, bytes }"),
);

/** The class of a picture: the folder that it lies in. */
export function classOf(name: string): string {
  const folder = name.replaceAll("\\", "/").split("/").at(-2);
  if (folder === undefined || folder === "" || folder === ".") throw error.noClassFolder(name);
  return decodeURIComponent(folder);
}

/**
 * PNG and JPEG files as rows of one size: scaled as Pillow scales with BILINEAR, opaque, grey by the weights of ITU-R 601 where one
 * channel is asked for.
 *
 * @throws DataError naming a file that is no picture, is broken, lies in no folder, or is of a class that is not among `classes`
 */
export async function readImages(files: readonly PictureFile[], options: ImageOptions): Promise<LabelledPictures> {
  hold("readImages", { files, options }, { files: FILES, options: IMAGE_OPTIONS });
  if (files.length === 0) throw error.noPictures();
  const { height, width, channels = 3 } = options;
  const { decodePicture } = await import("./picture-file.ts");
  const own = files.map(({ name }) => classOf(name));
  const classes = options.classes ?? [...new Set(own)].sort(classOrder(own));
  const y = Int32Array.from(own, (one, row) => {
    const id = classes.indexOf(one);
    if (id === -1) throw error.otherClass(files[row]!.name, one, classes);
    return id;
  });
  const size = channels * height * width;
  const x = new Float32Array(files.length * size);
  files.forEach(({ name, bytes }, row) => {
    const planes = planesOf(decodePicture(bytes, name), channels);
    planes.forEach(({ width: from, height: rows, values }, c) =>
      x.set(scaled(values, rows, from, height, width), row * size + c * height * width),
    );
  });
  return { rows: files.length, x, y, classes };
}

interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float64Array;
}

/** The planes of a picture, 0 to 1. */
function planesOf({ width, height, channels, data, most }: Dots, wanted: 1 | 3): Plane[] {
  const colors = channels >= 3 ? 3 : 1;
  const plane = (of: (at: number) => number): Plane => ({
    width,
    height,
    values: Float64Array.from({ length: width * height }, (_, n) => of(n * channels) / most),
  });
  if (wanted === 3) return [0, 1, 2].map((c) => plane((at) => data[at + Math.min(c, colors - 1)]!));
  return [plane((at) => (colors === 1 ? data[at]! : (299 * data[at]! + 587 * data[at + 1]! + 114 * data[at + 2]!) / 1000))];
}

/** Columns, then rows. */
function scaled(values: Float64Array, rows: number, columns: number, height: number, width: number): Float64Array {
  const across = weightsOf(columns, width);
  const down = weightsOf(rows, height);
  const wide = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++)
    across.forEach(
      ({ from, weights }, j) => (wide[i * width + j] = weights.reduce((sum, w, n) => sum + w * values[i * columns + from + n]!, 0)),
    );
  const made = new Float64Array(height * width);
  down.forEach(({ from, weights }, i) => {
    for (let j = 0; j < width; j++) made[i * width + j] = weights.reduce((sum, w, n) => sum + w * wide[(from + n) * width + j]!, 0);
  });
  return made;
}

/** For each place of the result, of which places it is made and how much of each: a triangle as wide as two places of the smaller of both. */
function weightsOf(length: number, wanted: number): { readonly from: number; readonly weights: readonly number[] }[] {
  const scale = length / wanted;
  const reach = Math.max(1, scale);
  return Array.from({ length: wanted }, (_, n) => {
    const center = (n + 0.5) * scale;
    const from = Math.max(0, Math.floor(center - reach + 0.5));
    const to = Math.min(length, Math.floor(center + reach + 0.5));
    const raw = Array.from({ length: to - from }, (_, k) => Math.max(0, 1 - Math.abs(from + k + 0.5 - center) / reach));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { from, weights: raw.map((w) => w / sum) };
  });
}
