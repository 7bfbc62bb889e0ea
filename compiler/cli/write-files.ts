/** Guarantees that a folder's files change together or not at all, and that unchanged files are not touched. */

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Written {
  readonly file: string;
  readonly bytes: number;
  readonly written: boolean;
}

/**
 * Writes every file beside its place, then renames them all. Synchronous, so that an interrupt comes before
 * or after; where a write fails, what stood there before still stands.
 */
export function writeFiles(
  folder: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): Written[] {
  mkdirSync(folder, { recursive: true });
  const changed = [...files].filter(([name, contents]) => !stands(join(folder, name), contents));
  const temporary = (name: string): string => join(folder, `${name}.tmp`);
  try {
    for (const [name, text] of changed) {
      if (statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory())
        throw Object.assign(new Error("is a folder"), { code: "EISDIR", path: join(folder, name), syscall: "open" }); // prettier-ignore
      writeFileSync(temporary(name), text);
    }
    for (const [name] of changed) renameSync(temporary(name), join(folder, name));
  } catch (error) {
    for (const [name] of changed) rmSync(temporary(name), { force: true });
    throw error;
  }
  const names = new Set(changed.map(([name]) => name));
  return [...files].map(([name, text]) => ({
    file: join(folder, name),
    bytes: typeof text === "string" ? Buffer.byteLength(text) : text.length,
    written: names.has(name),
  }));
}

/** Whether a file has these contents already. */
export function stands(path: string, contents: string | Uint8Array): boolean {
  if (typeof contents === "string") return readText(path) === contents;
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && readFileSync(path).equals(contents);
}

/** A file's text; undefined where there is none that can be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
