/** Whatever fails while a checkpoint is written to a folder, what was saved before loads, and the run ends as if nothing had. */

import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as softmax from "../../generated/linear-softmax/trainer.ts";
import { DataError, loadCheckpoint, type CheckpointStore } from "../../runtime/index.ts";
import { checkpointFolder, type FileSystem } from "../../runtime/node/checkpoint-folder.ts";
import { killed, nameOf, OPTIONS, run, type Options } from "../support/interrupted-run.ts";

// dozens of short runs that flush every file, on machines that may be busy
vi.setConfig({ testTimeout: 30_000 });

const says = (message: string) => new DataError(message);
const straight = await run(OPTIONS);

describe("checkpointFolder", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), "adjoint-"));
  });
  afterEach(() => fs.rm(folder, { recursive: true }));
  const options = (store: CheckpointStore): Options => ({
    ...OPTIONS,
    checkpoint: { store, tables: softmax, every: { steps: 1 }, keep: 2 },
  });

  test("a run goes on from the files of a folder that it made", async () => {
    const inner = join(folder, "runs", "a");
    await killed(7, options(await checkpointFolder(inner)));
    expect((await fs.readdir(inner)).sort()).toEqual([5, 6].map(nameOf));
    expect(await run(options(await checkpointFolder(inner)))).toEqual(straight);
    expect((await fs.readdir(inner)).sort()).toEqual([12, 13].map(nameOf));
  });

  test("what an interrupted write left is removed, and nothing else", async () => {
    await fs.writeFile(join(folder, `${nameOf(1)}.unfinished`), "half");
    await fs.writeFile(join(folder, "notes.txt"), "mine");
    await checkpointFolder(folder);
    expect(await fs.readdir(folder)).toEqual(["notes.txt"]);
  });

  /** The real file system, but the n-th call that could fail does, with half of its bytes written. */
  function failing(n: number, code: string): FileSystem & { readonly calls: string[] } {
    const calls: string[] = [];
    const fault = async <R>(call: string, act: () => Promise<R>, before: () => Promise<unknown> = async () => {}): Promise<R> => {
      calls.push(call);
      if (calls.length !== n) return act();
      await before();
      throw Object.assign(new Error(`${code}: ${call}`), { code });
    };
    return {
      ...fs,
      calls,
      rename: (from, to) => fault("rename", () => fs.rename(from, to)),
      rm: (path, how) => fault("rm", () => fs.rm(path, how)),
      open: async (path, flags) => {
        const file = await fault("open", () => fs.open(path, flags));
        const { sync, writeFile } = file;
        file.sync = () => fault("sync", () => sync.call(file));
        file.writeFile = (data) =>
          fault(
            "write",
            () => writeFile.call(file, data),
            () => writeFile.call(file, (data as Uint8Array).subarray(0, 9999)),
          );
        return file;
      },
    };
  }

  test("whichever call of the file system fails, at each of the first 24: what was saved still loads", async () => {
    const failed = new Set<string>();
    for (let n = 1; n <= 24; n++) {
      const at = join(folder, String(n));
      const files = failing(n, n % 2 === 0 ? "ENOSPC" : "EIO");
      const error = await checkpointFolder(at, files)
        .then((store) => run(options(store)))
        .catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(DataError);
      failed.add(files.calls[n - 1]!);
      const names = await fs.readdir(at);
      for (const name of names.filter((name) => !name.endsWith(".unfinished"))) {
        loadCheckpoint(await fs.readFile(join(at, name)), name);
      }
      const store = await checkpointFolder(at);
      expect(await run({ ...OPTIONS, checkpoint: { store, tables: softmax } })).toEqual(straight);
    }
    expect([...failed].sort()).toEqual(["open", "rename", "rm", "sync", "write"]);
  });

  test("a folder that takes no files says so before training begins", async () => {
    const readOnly: FileSystem = {
      ...fs,
      open: () => Promise.reject(new Error("EROFS: read-only file system")),
    };
    await expect(checkpointFolder(folder, readOnly)).rejects.toThrowError(
      says(
        `checkpoints cannot be kept in ${folder} (EROFS: read-only file system); mend its permissions, make room, or name another folder`,
      ),
    );
    const file = join(folder, "file");
    await fs.writeFile(file, "");
    await expect(checkpointFolder(file)).rejects.toThrowError(/cannot be kept in .*EEXIST/);
  });

  test("disk full in the middle of a run: the message names the checkpoint and the remedy", async () => {
    const files = failing(10, "ENOSPC");
    const store = await checkpointFolder(folder, files);
    await expect(run(options(store))).rejects.toThrowError(
      says(
        `checkpoint-000002.safetensors could not be written (ENOSPC: ${files.calls[9] ?? "write"}); the checkpoints before it are as they were: make room or mend the permissions, then call fit again to go on from the last`,
      ),
    );
    expect(await fs.readdir(folder)).toEqual([nameOf(1)]);
  });
});
