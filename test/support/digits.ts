/** Guarantees a small set of digits on disk, in MNIST's own format, the same on every machine. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomFrom } from "./sample.ts";

/** An IDX file of unsigned bytes: magic, dimensions big-endian, data. */
export function idx(dims: readonly number[], values: readonly number[]): Uint8Array {
  const file = Buffer.alloc(4 + 4 * dims.length + values.length);
  file.set([0, 0, 8, dims.length]);
  dims.forEach((extent, n) => file.writeUInt32BE(extent, 4 + 4 * n));
  file.set(values, 4 + 4 * dims.length);
  return file;
}

/** Writes the four files; images are noise, labels 0 to 9 in turn. */
export function writeDigits(folder: string, rows: { readonly train: number; readonly test: number }): void {
  const random = randomFrom(5);
  mkdirSync(folder, { recursive: true });
  for (const [set, n] of [
    ["train", rows.train],
    ["t10k", rows.test],
  ] as const) {
    writeFileSync(
      join(folder, `${set}-images-idx3-ubyte`),
      idx(
        [n, 28, 28],
        Array.from({ length: n * 784 }, () => Math.floor(random() * 256)),
      ),
    );
    writeFileSync(
      join(folder, `${set}-labels-idx1-ubyte`),
      idx(
        [n],
        Array.from({ length: n }, (_, at) => at % 10),
      ),
    );
  }
}
