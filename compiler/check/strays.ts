/**
 * Guarantees that kernels are held to their definitions for labels that name no class, too: of each input of labels one names what comes before the
 * first class, and one what comes after the last. A definition finds nothing at such a place; no step lets them in, so that they are written where it
 * has copied its batch to.
 */

import type { Buffer } from "../loop/loop.ts";
import { below, randomOf } from "./draw.ts";
import type { Numbers } from "./emitted.ts";

/** Of fewer labels every one is needed. */
const FEWEST = 4;

/** Writes the two labels, wherever `seed` says. */
export function strayLabels({ name, classes }: Buffer, labels: Numbers, seed: number): void {
  if (classes === undefined || labels.length < FEWEST) return;
  const random = randomOf(seed, name);
  const half = labels.length >> 1;
  const [first, second] = [below(random, half), half + below(random, labels.length - half)];
  labels[first] = -1;
  labels[second] = classes;
}
