/** The readers of files, over the net: each takes an address, tells how far it is, and fails by naming it. */

import { anyOf, FUNCTION, kind, listOf, optional, optionsOf, TEXT } from "../arguments.ts";
import { readCifar10, type Pictures } from "../data/cifar.ts";
import { readCsv, type CsvTable, type LabelledTable, type LabelOptions } from "../data/csv.ts";
import { IMAGE_OPTIONS, readImages, type ImageOptions, type LabelledPictures, type PictureFile } from "../data/images.ts";
import { readIdx, type Idx } from "../data/idx.ts";
import { mnist, type Digits } from "../data/mnist.ts";
import { readNpy, type NpyArray } from "../data/npy.ts";
import { readNpz } from "../data/npz.ts";
import { readTable, type EncodedTable, type TableOptions } from "../data/table.ts";
import { readText, type Characters } from "../data/text.ts";
import { has, hold, SIGNAL } from "../kinds.ts";
import * as error from "./error.ts";

/** How far a file is. */
export interface FetchProgress {
  readonly address: string;
  /** Bytes that have come. */
  readonly loaded: number;
  /** Bytes in all; undefined where the server does not say. */
  readonly total: number | undefined;
}

/** What a reader over the net may be told. */
export interface FetchOptions {
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Breaks off; the reader then rejects with its reason. */
  readonly signal?: AbortSignal;
}

const OPTIONS = optional(optionsOf<FetchOptions>({ onProgress: FUNCTION, signal: SIGNAL }));

/**
 * The bytes at an address; those of a gzip file, named `.gz`, unpacked.
 *
 * @throws DataError when nothing comes, or something else than a file: an error, a page, a part of it
 */
export async function fetchBytes(address: string, options?: FetchOptions): Promise<Uint8Array> {
  hold("fetchBytes", { address, options }, { address: TEXT, options: OPTIONS });
  const bytes = await whole(address, options ?? {});
  const packed = address.replace(/[?#].*$/s, "").endsWith(".gz") && bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!packed) return bytes; // a server may have unpacked it on the way
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw error.brokenGzip(address, cause);
  }
}

async function whole(address: string, { onProgress, signal }: FetchOptions): Promise<Uint8Array> {
  try {
    const response = await fetch(address, signal === undefined ? {} : { signal });
    if (!response.ok) throw error.badAnswer(address, response.status, response.statusText);
    if (/^text\/html\b/.test(response.headers.get("content-type") ?? "")) throw error.answeredByPage(address);
    // of what is packed on the way the length is that of the packed bytes
    const length = response.headers.has("content-encoding") ? null : response.headers.get("content-length");
    const total = length === null ? undefined : Number(length);
    const parts: Uint8Array[] = [];
    let loaded = 0;
    onProgress?.({ address, loaded, total });
    const reader = response.body?.getReader();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) break;
      parts.push(value);
      loaded += value.length;
      onProgress?.({ address, loaded, total });
    }
    if (total !== undefined && loaded !== total) throw error.cutOff(address, loaded, total);
    return joined(parts, loaded);
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof Error && cause.name === "DataError" ? cause : error.notFetched(address, cause);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** `readCsv` of what an address gives. */
export async function loadCsv(address: string, options?: undefined, fetching?: FetchOptions): Promise<CsvTable>;
export async function loadCsv(address: string, options: LabelOptions, fetching?: FetchOptions): Promise<LabelledTable>;
export async function loadCsv(address: string, options?: LabelOptions, fetching?: FetchOptions): Promise<CsvTable> {
  const bytes = await fetchBytes(address, fetching);
  return options === undefined ? readCsv(bytes, address) : readCsv(bytes, address, options);
}

/** `readTable` of what an address gives. */
export const loadTable = async (address: string, options: TableOptions = {}, fetching?: FetchOptions): Promise<EncodedTable> =>
  readTable(await fetchBytes(address, fetching), address, options);

/** `readNpy` of what an address gives. */
export const loadNpy = async (address: string, fetching?: FetchOptions): Promise<NpyArray> =>
  readNpy(await fetchBytes(address, fetching), address);

/** `readNpz` of what an address gives. */
export const loadNpz = async (address: string, fetching?: FetchOptions): Promise<ReadonlyMap<string, NpyArray>> =>
  readNpz(await fetchBytes(address, fetching), address);

/** `readText` of what an address gives. */
export const loadText = async (address: string, vocabulary?: readonly string[], fetching?: FetchOptions): Promise<Characters> =>
  readText(await fetchBytes(address, fetching), address, vocabulary);

/**
 * The training and test digits of MNIST, or of Fashion-MNIST, from a folder of their four IDX files, plain or gzipped, under their own names.
 *
 * @param folder its address: `/mnist`
 * @throws DataError naming the file that does not come, or is another
 */
export async function loadMnist(folder: string, fetching?: FetchOptions): Promise<{ readonly train: Digits; readonly test: Digits }> {
  hold("loadMnist", { folder, fetching }, { folder: TEXT, fetching: OPTIONS });
  const set = async (of: "train" | "t10k"): Promise<Digits> => {
    const images = await idxAt(inFolder(folder, `${of}-images-idx3-ubyte`), fetching);
    return mnist(images, await idxAt(inFolder(folder, `${of}-labels-idx1-ubyte`), fetching));
  };
  return { train: await set("train"), test: await set("t10k") };
}

const inFolder = (folder: string, file: string): string => `${folder.replace(/\/$/, "")}/${file}`;

/** The packed file is the one that servers mostly have; the plain one is asked for where there is none. */
async function idxAt(address: string, fetching: FetchOptions | undefined): Promise<Idx> {
  const packed = await fetchBytes(`${address}.gz`, fetching).catch(() => undefined);
  if (packed !== undefined) return readIdx(packed, `${address}.gz`);
  const plain = await fetchBytes(address, fetching).catch((cause: unknown) => {
    fetching?.signal?.throwIfAborted();
    throw error.neitherAnswered(address, cause);
  });
  return readIdx(plain, address);
}

/**
 * The 50 000 training and 10 000 test pictures of CIFAR-10, [n, 3, 32, 32], from a folder of the six files of its binary version.
 *
 * @param folder its address: `/cifar-10-batches-bin`
 * @throws DataError naming the file that does not come, or is another
 */
export async function loadCifar10(folder: string, fetching?: FetchOptions): Promise<{ readonly train: Pictures; readonly test: Pictures }> {
  hold("loadCifar10", { folder, fetching }, { folder: TEXT, fetching: OPTIONS });
  const set = async (files: readonly string[]): Promise<Pictures> => {
    const read: { readonly name: string; readonly bytes: Uint8Array }[] = [];
    for (const file of files) {
      const name = inFolder(folder, file);
      read.push({ name, bytes: await fetchBytes(name, fetching) });
    }
    return readCifar10(read);
  };
  return { train: await set([1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`)), test: await set(["test_batch.bin"]) };
}

/** A file that a user chose: of a folder, `webkitRelativePath` says where in it the file lies. */
interface ChosenFile {
  readonly name: string;
  readonly webkitRelativePath?: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

const CHOSEN = listOf(
  "a list of addresses or files",
  anyOf(
    "an address or a file",
    TEXT,
    kind("a file", (value) => has(value, "function", "arrayBuffer")),
  ),
);

/**
 * `readImages` of what addresses give (`/photos/cat/1.png`), or of files that a user chose: `[...input.files]` of `<input type="file" webkitdirectory>`, of
 * which those that are named as pictures are read.
 *
 * @throws DataError as `readImages` and `fetchBytes` do
 */
export async function loadImages(
  files: readonly (string | ChosenFile)[],
  options: ImageOptions,
  fetching?: FetchOptions,
): Promise<LabelledPictures> {
  hold("loadImages", { files, options, fetching }, { files: CHOSEN, options: IMAGE_OPTIONS, fetching: OPTIONS });
  const read: PictureFile[] = [];
  for (const file of files) {
    const name = typeof file === "string" ? file.replace(/[?#].*$/s, "") : file.webkitRelativePath || file.name;
    if (typeof file === "string") read.push({ name, bytes: await fetchBytes(file, fetching) });
    else if (/\.(?:png|jpe?g)$/i.test(name)) read.push({ name, bytes: new Uint8Array(await file.arrayBuffer()) });
  }
  return readImages(read, options);
}
