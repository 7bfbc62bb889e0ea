/** Checkpoints in a database of the browser: a transaction writes all of one or nothing. */

import { TEXT } from "../arguments.ts";
import type { CheckpointStore } from "../checkpoint-options.ts";
import { hold } from "../kinds.ts";
import { engine, type Database, type Databases, type ObjectStore, type Request } from "./engine.ts";
import * as error from "./error.ts";

const STORE = "checkpoints";

/**
 * A store in IndexedDB, in pages and workers alike, which is made where it is missing. One training run at a time may use a database.
 *
 * @param name of the database, within the page's origin
 * @throws DataError when there is no IndexedDB, or the database cannot be made, read or written to; a write that finds the page's storage
 * full says how full it is, and what was stored before is still there
 */
export async function checkpointIndexedDB(name: string): Promise<CheckpointStore> {
  hold("checkpointIndexedDB", { name }, { name: TEXT });
  const databases = engine.indexedDB;
  if (databases === undefined) throw error.noIndexedDb(name);

  let opened: Promise<Database> | undefined;
  /** Opened again where the browser has closed it, as it may when it clears storage or another page asks. */
  const database = async (): Promise<Database> => {
    opened ??= open(databases, name);
    const found = await opened;
    found.onclose = () => (opened = undefined);
    found.onversionchange = () => {
      found.close();
      opened = undefined;
    };
    return found;
  };
  const within = async <Result>(mode: "readonly" | "readwrite", act: (store: ObjectStore) => Request<Result>): Promise<Result> => {
    const transaction = (await database()).transaction([STORE], mode, { durability: "strict" });
    return new Promise((resolve, reject) => {
      const request = act(transaction.objectStore(STORE));
      // only then is it on the disk
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () =>
        reject(transaction.error ?? request.error ?? new Error("the transaction was aborted"));
    });
  };

  const store: CheckpointStore = {
    write: async (key, bytes) => {
      // a view would be stored with all of the buffer that it looks at
      const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
      await within("readwrite", (store) => store.put(whole, key)).catch(async (cause: unknown) => {
        throw await error.ofWrite(cause);
      });
    },
    read: async (key) => {
      const found = await within("readonly", (store) => store.get(key));
      if (found instanceof Uint8Array) return found;
      throw error.noCheckpoint(`the database ${name}`, key);
    },
    list: async () => (await within("readonly", (store) => store.getAllKeys())).filter((key) => typeof key === "string"),
    remove: async (key) => void (await within("readwrite", (store) => store.delete(key))),
  };
  try {
    if (!(await database()).objectStoreNames.contains(STORE)) throw error.otherDatabase(name);
    // asked before hours of training depend on it
    await store.write("probe", new Uint8Array(1));
    await store.remove("probe");
  } catch (cause) {
    throw cause instanceof Error && cause.name === "DataError" && cause.cause === undefined
      ? cause
      : error.unusable(`the database ${name}`, cause);
  }
  return store;
}

function open(databases: Databases, name: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const request = databases.open(name, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("it cannot be opened"));
    request.onblocked = () => reject(new Error("another page holds an older version of it"));
  });
}
