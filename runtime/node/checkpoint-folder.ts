/** Checkpoints in a folder: at every moment, whatever dies, each file under its own name is whole. */

import { TEXT } from "../arguments.ts";
import { hold } from "../kinds.ts";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointStore } from "../checkpoint-options.ts";
import * as error from "./error.ts";

/** An open file, as far as it is used. */
export interface OpenFile {
  writeFile(bytes: Uint8Array): Promise<unknown>;
  sync(): Promise<unknown>;
  close(): Promise<unknown>;
}

/**
 * The calls of `node:fs/promises` that are used, told without its types, which a user's project may not have; tests put failing ones in
 * their place.
 */
export interface FileSystem {
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>;
  open(path: string, flags: string): Promise<OpenFile>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string): Promise<Uint8Array>;
  rename(from: string, to: string): Promise<unknown>;
  rm(path: string, options?: { readonly force?: boolean }): Promise<void>;
}

/** Marks a file that is being written. */
const UNFINISHED = ".unfinished";

/**
 * A store in a folder, which is made where it is missing. What an interrupted write left behind is removed. One
 * training run at a time may use a folder.
 *
 * @throws DataError when the folder cannot be made, read or written to
 */
export async function checkpointFolder(folder: string, files: FileSystem = fs): Promise<CheckpointStore> {
  hold("checkpointFolder", { folder }, { folder: TEXT });
  try {
    await files.mkdir(folder, { recursive: true });
    for (const name of await files.readdir(folder)) {
      if (name.endsWith(UNFINISHED)) await files.rm(join(folder, name));
    }
    await probe(unfinishedIn(folder), files);
  } catch (cause) {
    throw error.folderUnusable(folder, cause);
  }
  return {
    async write(name, bytes) {
      const path = join(folder, name);
      const beside = unfinishedIn(folder);
      try {
        await writeFlushed(beside, bytes, files);
        await files.rename(beside, path);
        await flushFolder(folder, files);
      } catch (cause) {
        // what is left would only take room; the fault itself is what matters
        await files.rm(beside, { force: true }).catch(() => undefined);
        throw cause;
      }
    },
    read: (name) => files.readFile(join(folder, name)),
    list: () => files.readdir(folder),
    remove: (name) => files.rm(join(folder, name)),
  };
}

/** A name that nobody foresees. */
const unfinishedIn = (folder: string): string => join(folder, `${crypto.randomUUID()}${UNFINISHED}`);

/** Whether a file can be made and removed, asked before hours of training depend on it. */
async function probe(path: string, files: FileSystem): Promise<void> {
  const file = await files.open(path, "wx");
  await file.close();
  await files.rm(path);
}

/** The bytes are on the disk itself when this resolves. */
async function writeFlushed(path: string, bytes: Uint8Array, files: FileSystem): Promise<void> {
  // exclusively: where anything has that name, a link as well, it is an error
  const file = await files.open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Names of files are data of their folder: they too are flushed. Windows has no such call, and does it by itself. */
async function flushFolder(folder: string, files: FileSystem): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await files.open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
