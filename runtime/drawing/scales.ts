/** Numbers as colours: from blue through near-white to red, from white to blue, and three channels as they are. */

import { colorOf, type Color } from "./raster.ts";

type Anchors = readonly [Color, Color, ...Color[]];

const SIGNED: Anchors = [colorOf("#123c7c"), colorOf("#5b93cf"), colorOf("#f6f6f4"), colorOf("#e58368"), colorOf("#9e1327")];
const SHARE: Anchors = [colorOf("#f7f9fc"), colorOf("#a8c8ea"), colorOf("#3b7cc4"), colorOf("#0d3a75")];

/** Anchors at equal distances, straight between them; `at` from 0 to 1. */
function between(anchors: Anchors, at: number): Color {
  const place = Math.min(1, Math.max(0, at)) * (anchors.length - 1);
  const low = Math.min(anchors.length - 2, Math.floor(place));
  const [from, to] = [anchors[low]!, anchors[low + 1]!];
  const mixed = (c: 0 | 1 | 2): number => Math.round(from[c] + (to[c] - from[c]) * (place - low));
  return [mixed(0), mixed(1), mixed(2)];
}

/** −1 is blue, 0 near white, 1 red. */
export const signedColor = (value: number): Color => between(SIGNED, (value + 1) / 2);

/** 0 is near white, 1 dark blue. */
export const shareColor = (value: number): Color => between(SHARE, value);
