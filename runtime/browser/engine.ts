/** What a page's engine offers, as far as it is used here: told without its own types, which a user's project may not have. */

export interface Request<Result = unknown> {
  readonly result: Result;
  readonly error: Error | null;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}

export interface ObjectStore {
  put(value: unknown, key: string): Request;
  get(key: string): Request;
  getAllKeys(): Request<readonly unknown[]>;
  delete(key: string): Request;
}

export interface Transaction {
  readonly error: Error | null;
  objectStore(name: string): ObjectStore;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  onerror: (() => void) | null;
}

export interface Database {
  readonly objectStoreNames: { contains(name: string): boolean };
  createObjectStore(name: string): ObjectStore;
  transaction(stores: readonly string[], mode: "readonly" | "readwrite", options?: { readonly durability: "strict" }): Transaction;
  close(): void;
  onclose: (() => void) | null;
  onversionchange: (() => void) | null;
}

export interface OpenRequest extends Request<Database> {
  onupgradeneeded: (() => void) | null;
  onblocked: (() => void) | null;
}

export interface Databases {
  open(name: string, version: number): OpenRequest;
}

export interface WritableFile {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

export interface FileHandle {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<{ readonly size: number; arrayBuffer(): Promise<ArrayBuffer> }>;
  createWritable?(): Promise<WritableFile>;
}

export interface DirectoryHandle {
  readonly kind: "directory";
  readonly name: string;
  getDirectoryHandle(name: string, options: { readonly create: boolean }): Promise<DirectoryHandle>;
  getFileHandle(name: string, options?: { readonly create: boolean }): Promise<FileHandle>;
  removeEntry(name: string): Promise<void>;
  values(): AsyncIterable<FileHandle | DirectoryHandle>;
}

export interface Storage {
  getDirectory?(): Promise<DirectoryHandle>;
  estimate?(): Promise<{ readonly usage?: number; readonly quota?: number }>;
}

/** A worker, seen from its page: one of the engine's, or one end of a channel. Who calls the handlers, and with which events, is the engine's affair. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  onmessage: ((event: never) => void) | null;
  onerror?: ((event: never) => void) | null;
  terminate?(): unknown;
}

/** What a handler of messages is called with. */
export interface Said {
  readonly data: unknown;
}

/** What a handler of errors is called with. */
export interface Fault {
  readonly message?: string;
  preventDefault?(): void;
}

interface Engine {
  readonly indexedDB?: Databases;
  readonly navigator?: { readonly storage?: Storage };
  readonly location?: { readonly href: string };
  readonly Worker?: new (address: URL, options: { readonly type: "module" }) => WorkerLike;
}

/** The globals, those of them that there are. */
export const engine = globalThis as unknown as Engine;
