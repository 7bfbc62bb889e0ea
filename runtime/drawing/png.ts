/** A picture as the bytes of a PNG file: of equal pictures, equal bytes. */

import { encode } from "fast-png";
import { hold, RASTER } from "../kinds.ts";
import type { Raster } from "./raster.ts";

/** Eight bits a channel, RGBA, no metadata. */
export function png(raster: Raster): Uint8Array {
  hold("png", { raster }, { raster: RASTER });
  const { width, height, data } = raster;
  return encode({ width, height, data, channels: 4, depth: 8 });
}
