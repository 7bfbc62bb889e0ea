/** Checkpoints in a browser's database: a run that dies anywhere goes on from there with the same bits, and what fails says why. */

import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as softmax from "../../generated/linear-softmax/trainer.ts";
import { checkpointIndexedDB, checkpointOPFS } from "../../runtime/browser/index.ts";
import { DataError, type CheckpointStore } from "../../runtime/index.ts";
import { killed, nameOf, OPTIONS, run, type Options } from "../support/interrupted-run.ts";

vi.setConfig({ testTimeout: 30_000 });

const straight = await run(OPTIONS);
const options = (store: CheckpointStore): Options => ({ ...OPTIONS, checkpoint: { store, tables: softmax, every: { steps: 1 }, keep: 2 } });

beforeEach(() => vi.stubGlobal("indexedDB", new IDBFactory()));
afterEach(() => void vi.unstubAllGlobals());

test("a run that is killed before any of its steps goes on from the database that it made", async () => {
  for (let step = 1; step <= 12; step++) {
    await killed(step, options(await checkpointIndexedDB(`run ${step}`)));
    const store = await checkpointIndexedDB(`run ${step}`);
    expect(await run(options(store))).toEqual(straight);
    expect([...(await store.list())].sort()).toEqual([12, 13].map(nameOf));
  }
});

test("what is stored is what was given, of a view no more than it shows; a second store of the name sees it", async () => {
  const store = await checkpointIndexedDB("bytes");
  await store.write("a", Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4));
  await store.write("b", Uint8Array.of(7));
  await store.write("b", Uint8Array.of(8));
  const again = await checkpointIndexedDB("bytes");
  expect(await again.read("a")).toEqual(Uint8Array.of(1, 2, 3));
  expect((await again.read("a")).buffer.byteLength).toBe(3);
  expect(await again.read("b")).toEqual(Uint8Array.of(8));
  await again.remove("a");
  expect(await store.list()).toEqual(["b"]);
  await expect(store.read("a")).rejects.toThrow(new DataError("the database bytes holds no a"));
});

test("a full browser is told with how full it is, and what was stored is still there", async () => {
  const store = await checkpointIndexedDB("full");
  await store.write("kept", Uint8Array.of(1));
  vi.stubGlobal("navigator", { storage: { estimate: async () => ({ usage: 99_600_000, quota: 100_000_000 }) } });
  const put = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
    throw Object.assign(new Error("full"), { name: "QuotaExceededError" });
  });
  await expect(store.write("more", new Uint8Array(8))).rejects.toThrow(
    new DataError(
      "the browser's storage for this page is full: 100 MB of 100 MB are used; remove what is not needed, or keep fewer checkpoints",
    ),
  );
  put.mockRestore();
  expect(await store.list()).toEqual(["kept"]);
});

test("where there is no such storage, that is said with another way", async () => {
  vi.stubGlobal("indexedDB", undefined);
  await expect(checkpointIndexedDB("run")).rejects.toThrow(
    new DataError(
      "checkpoints cannot be kept in the database run: there is no IndexedDB here; use checkpointOPFS, or train without checkpoints",
    ),
  );
  await expect(checkpointOPFS("run")).rejects.toThrow(
    "checkpoints cannot be kept in the folder run: there is no file system of the page's own here (it needs https, or localhost)",
  );
  await expect(checkpointIndexedDB(7 as never)).rejects.toThrow("checkpointIndexedDB: name must be a text, not 7");
});

test("another program's database is left as it is", async () => {
  await new Promise((resolve) => {
    const request = (globalThis as unknown as { indexedDB: InstanceType<typeof IDBFactory> }).indexedDB.open("theirs", 1);
    request.onupgradeneeded = () => void request.result.createObjectStore("things");
    request.onsuccess = () => resolve(request.result.close());
  });
  await expect(checkpointIndexedDB("theirs")).rejects.toThrow(
    new DataError("the database theirs is another program's: it holds no checkpoints; name another"),
  );
});
