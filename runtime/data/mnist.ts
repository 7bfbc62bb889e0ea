/** Turns MNIST's images and labels (or a set in its form) into the arrays that a trainer takes. */

import { isRecord, kind } from "../arguments.ts";
import { hold } from "../kinds.ts";
import * as error from "./error.ts";
import type { Idx } from "./idx.ts";

/** n images as [n, 784], 0 to 1, and their n labels, 0 to 9. Also [n, 1, 28, 28]: the order is the same. */
export interface Digits {
  readonly x: Float32Array;
  readonly y: Int32Array;
}

const IDX = kind("what readIdx returns", (value) => isRecord(value) && Array.isArray(value["shape"]) && ArrayBuffer.isView(value["data"]));

/**
 * Pixels scaled by 1/255, labels as they are.
 *
 * @throws DataError when the shapes are not those of MNIST, counts differ, or a label is above 9
 */
export function mnist(images: Idx, labels: Idx): Digits {
  hold("mnist", { images, labels }, { images: IDX, labels: IDX });
  const [imageCount = 0, height, width] = images.shape;
  if (images.shape.length !== 3 || height !== 28 || width !== 28) {
    throw error.notImages(images.name, images.shape);
  }
  const [labelCount = 0] = labels.shape;
  if (labels.shape.length !== 1) throw error.notLabels(labels.name, labels.shape);
  if (imageCount !== labelCount) {
    throw error.unequalCounts(images.name, imageCount, labels.name, labelCount);
  }
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong !== -1) throw error.wrongLabel(labels.name, labels.data[wrong]!, wrong);

  const pixels = images.data;
  const x = new Float32Array(pixels.length);
  for (let i = 0; i < x.length; i++) x[i] = pixels[i]! / 255;
  return { x, y: Int32Array.from(labels.data) };
}
