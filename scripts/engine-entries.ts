/** The folder from which engines load what they run, for the commands that drive them. */

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildEntries } from "../test/engines/entries.ts";
import { root } from "./compiler.ts";

/** Hands on a folder of what pages, workers and processes load, and an empty one beside it; both are removed afterwards. */
export async function withEntries(use: (entries: string, work: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "adjoint-engines-"));
  try {
    const [entries, work] = [join(folder, "entries"), join(folder, "work")];
    await buildEntries(root, entries);
    await mkdir(work);
    await use(entries, work);
  } finally {
    await rm(folder, { recursive: true });
  }
}
