/** Decodes files of pictures, the same on every engine: PNG of any kind, and JPEG. Loaded with the first pictures that are read. */

import { convertIndexedToRgb, decode as decodePng, type DecodedPng } from "fast-png";
import { decode as decodeJpeg } from "jpeg-js";
import * as error from "./image-error.ts";

/** A picture's dots, rows from above. */
export interface Dots {
  readonly width: number;
  readonly height: number;
  /** Of a dot: grey, or red, green and blue; what more there is, is how opaque it is, and left out. */
  readonly channels: number;
  readonly data: ArrayLike<number>;
  /** The value of what is brightest. */
  readonly most: number;
}

/** A PNG or JPEG file's dots. Throws a DataError that names what is neither, or is broken. */
export function decodePicture(bytes: Uint8Array, name: string): Dots {
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  if (!isPng && !(bytes[0] === 0xff && bytes[1] === 0xd8)) throw error.notPicture(name, bytes);
  try {
    if (isPng) return dotsOf(decodePng(bytes));
    const { width, height, data } = decodeJpeg(bytes, { useTArray: true, formatAsRGBA: false });
    return { width, height, channels: 3, data, most: 255 };
  } catch (cause) {
    throw error.brokenPicture(name, isPng ? "PNG" : "JPEG", cause);
  }
}

function dotsOf(png: DecodedPng): Dots {
  const { width, height, channels, depth } = png;
  if (png.palette !== undefined) {
    const data = convertIndexedToRgb(png);
    return { width, height, channels: data.length / (width * height), data, most: 255 };
  }
  const data = depth < 8 ? unpacked(png) : png.data;
  return { width, height, channels, data, most: 2 ** depth - 1 };
}

/** Grey dots of less than a byte: rows begin with a byte of their own, the first dot in its highest bits. */
function unpacked({ width, height, depth, data }: DecodedPng): Uint8Array {
  const row = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, n) => {
    const bit = (n % width) * depth;
    return (data[Math.floor(n / width) * row + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  });
}
