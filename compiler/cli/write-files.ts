/** Guarantees that a folder's files change together or not at all, that unchanged files are not touched, and that no link is followed on the way. */

import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { canonicalText } from "../driver/hash.ts";

export interface Written {
  readonly file: string;
  readonly bytes: number;
  readonly written: boolean;
}

/** Bytes that are made a part at a time, of a file that may be larger than memory has room for twice. */
export interface Parts {
  readonly length: number;
  parts(): Iterable<Uint8Array>;
}
export type Contents = string | Uint8Array | Parts;

/** The calls by which files come to be; tests put failing ones in their place. */
export interface Disk {
  /** Makes a file that is not there yet. */
  create(path: string, contents: Contents): void;
  rename(from: string, to: string): void;
}

/** Bytes of one call: the system takes less than 2³¹. */
const LARGEST_WRITE = 1 << 28;
const DISK: Disk = {
  // exclusively: where anything has that name, a link as well, it is an error
  create: (path, contents) => {
    if (typeof contents === "string" || contents instanceof Uint8Array) return writeFileSync(path, contents, { flag: "wx" });
    const file = openSync(path, "wx");
    try {
      for (const part of contents.parts())
        for (let at = 0; at < part.length;) at += writeSync(file, part, at, Math.min(LARGEST_WRITE, part.length - at));
    } finally {
      closeSync(file);
    }
  },
  rename: renameSync,
};

/** A name beside others that nobody foresees, and no longer for a longer name. */
const temporaryIn = (folder: string): string => join(folder, `.adjoint-${crypto.randomUUID()}.tmp`);

/** What the disk refuses is told of the file that was meant. */
function telling<T>(path: string, syscall: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { path, syscall }) : error;
  }
}

const refusal = (code: string, path: string, syscall: string): Error => Object.assign(new Error(code), { code, path, syscall });

/** One file on its way: written beside its place, and what stood there kept until all are in theirs. */
interface Change {
  readonly path: string;
  readonly temporary: string;
  readonly contents: Contents;
  /** A second name of what stood there. */
  before?: string;
  moved?: true;
}

/**
 * Writes every file beside its place, then renames them all. Synchronous, so that an interrupt comes before
 * or after; where a call fails, what stood there before still stands.
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, Contents>, disk: Disk = DISK): Written[] {
  mkdirSync(folder, { recursive: true });
  const changes = [...files].flatMap(([name, contents]): Change[] => {
    const path = join(folder, name);
    return stands(path, contents) ? [] : [{ path, temporary: temporaryIn(folder), contents }];
  });
  try {
    for (const { path, temporary, contents } of changes) {
      if (isFolder(path)) throw refusal("EISDIR", path, "open");
      telling(path, "open", () => disk.create(temporary, contents));
    }
    for (const change of changes) replace(change, disk);
  } catch (error) {
    for (const change of changes.toReversed()) undo(change);
    throw error;
  } finally {
    for (const { before, temporary } of changes)
      for (const path of [temporary, before]) if (path !== undefined) rmSync(path, { force: true });
  }
  const changed = new Set(changes.map(({ path }) => path));
  return [...files].map(([name, contents]) => ({
    file: join(folder, name),
    bytes: typeof contents === "string" ? Buffer.byteLength(contents) : contents.length,
    written: changed.has(join(folder, name)),
  }));
}

/** One file, by the same way; gives back its path. */
export function writeOneFile(path: string, contents: string | Uint8Array): string {
  writeFiles(dirname(path), new Map([[basename(path), contents]]));
  return path;
}

function replace(change: Change, disk: Disk): void {
  const { path, temporary } = change;
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    const before = temporaryIn(dirname(path));
    telling(path, "open", () => keep(path, before));
    change.before = before;
  }
  telling(path, "open", () => disk.rename(temporary, path));
  change.moved = true;
}

/** A second name for a file, or a copy where the file system has none. */
function keep(path: string, before: string): void {
  try {
    linkSync(path, before);
  } catch {
    copyFileSync(path, before, constants.COPYFILE_EXCL);
  }
}

function undo({ path, before, moved }: Change): void {
  if (moved !== true) return;
  if (before === undefined) rmSync(path, { force: true });
  else renameSync(before, path);
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * Throws the error that writing files into a folder would end with, before there is anything to write: hours may depend on it. Leaves
 * nothing behind, not even the folder.
 */
export function requireWritable(folder: string): void {
  let nearest = folder;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  if (!isFolder(nearest)) throw refusal(nearest === folder ? "EEXIST" : "ENOTDIR", folder, "mkdir");
  const probe = temporaryIn(nearest);
  telling(folder, "open", () => DISK.create(probe, ""));
  rmSync(probe);
}

/** The same of one file, in whose place no folder may lie. */
export function requireWritableFile(path: string): void {
  if (isFolder(path)) throw refusal("EISDIR", path, "open");
  requireWritable(dirname(path));
}

/** Whether a file has these contents already; of a text, whatever its checkout made of its line ends. Parts are always written. */
export function stands(path: string, contents: Contents): boolean {
  if (typeof contents === "string") return readText(path) === canonicalText(contents);
  if (!(contents instanceof Uint8Array)) return false;
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && readFileSync(path).equals(contents);
}

/** A file's text as hashes see it; undefined where there is none that can be read. */
export function readText(path: string): string | undefined {
  try {
    return canonicalText(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
