/** Checkpoints as files of the page's own file system (OPFS): what is written takes its name's place when it is closed, whole. */

import { TEXT } from "../arguments.ts";
import type { CheckpointStore } from "../checkpoint-options.ts";
import { hold } from "../kinds.ts";
import { engine, type DirectoryHandle } from "./engine.ts";
import * as error from "./error.ts";

/**
 * A store in a folder of the origin's private file system, in pages and workers alike, which is made where it is missing. One training run at
 * a time may use a folder.
 *
 * @param folder its name
 * @throws DataError when there is no such file system, or the folder cannot be made, read or written to; a write that finds the page's storage
 * full says how full it is, and what was stored before is still there
 */
export async function checkpointOPFS(folder: string): Promise<CheckpointStore> {
  hold("checkpointOPFS", { folder }, { folder: TEXT });
  const storage = engine.navigator?.storage;
  if (storage?.getDirectory === undefined) throw error.noOpfs(folder);
  const where = `the folder ${folder}`;
  let directory: DirectoryHandle;
  try {
    directory = await (await storage.getDirectory()).getDirectoryHandle(folder, { create: true });
    // asked before hours of training depend on it
    await write(directory, "probe", new Uint8Array(1));
    await directory.removeEntry("probe");
    for (const name of await emptyIn(directory)) await directory.removeEntry(name);
  } catch (cause) {
    throw error.unusable(where, cause);
  }
  return {
    write: (name, bytes) =>
      write(directory, name, bytes).catch(async (cause: unknown) => {
        throw await error.ofWrite(cause);
      }),
    read: async (name) => {
      const handle = await directory.getFileHandle(name).catch(() => undefined);
      if (handle === undefined) throw error.noCheckpoint(where, name);
      return new Uint8Array(await (await handle.getFile()).arrayBuffer());
    },
    list: async () => {
      const empty = new Set(await emptyIn(directory));
      return (await filesIn(directory)).filter((name) => !empty.has(name));
    },
    remove: (name) => directory.removeEntry(name),
  };
}

/** Until the file is closed, all is beside it: what was there before, or nothing. */
async function write(directory: DirectoryHandle, name: string, bytes: Uint8Array): Promise<void> {
  const handle = await directory.getFileHandle(name, { create: true });
  if (handle.createWritable === undefined) throw new Error("this browser writes files in pieces only; use checkpointIndexedDB");
  const file = await handle.createWritable();
  try {
    await file.write(bytes);
  } catch (cause) {
    await file.abort().catch(() => undefined);
    throw cause;
  }
  await file.close();
}

async function filesIn(directory: DirectoryHandle): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const entry of directory.values()) if (entry.kind === "file") names.push(entry.name);
  return names;
}

/** Files that were made and never closed: a checkpoint is never empty. */
async function emptyIn(directory: DirectoryHandle): Promise<readonly string[]> {
  const empty: string[] = [];
  for (const name of await filesIn(directory)) {
    if ((await (await directory.getFileHandle(name)).getFile()).size === 0) empty.push(name);
  }
  return empty;
}
