/** Bytes of a file, or the reason why there are none, with the remedy of whoever asked. */

import { readFile, stat } from "node:fs/promises";
import * as error from "./error.ts";

/**
 * The file's bytes, or undefined where there is no such file.
 *
 * @throws DataError when it is there and cannot be read
 */
export async function readIfThere(path: string, remedy: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw error.unreadable(path, code ?? String(cause), remedy);
  }
}

/**
 * The file's bytes.
 *
 * @throws DataError when there is no such file, or it cannot be read
 */
export async function read(path: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path, error.NAME_ANOTHER);
  if (bytes === undefined) throw error.noSuchFile(path);
  return bytes;
}

/** @throws DataError with the set's remedy when there is no such folder */
export async function requireFolder(folder: string, source: error.Source): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) throw error.noFolder(folder, source);
}
