/** A picture as the bytes of a PNG file: of equal pictures, equal bytes. */

import { encode } from "fast-png";
import type { Raster } from "./raster.ts";

/** Eight bits a channel, RGBA, no metadata. */
export const png = ({ width, height, data }: Raster): Uint8Array =>
  encode({ width, height, data, channels: 4, depth: 8 });
