/** What `fit` may be told of checkpoints, apart from what keeps them: that is loaded with the first run that has some. */

import { COUNT, kind, optionsOf, required, type Law } from "./arguments.ts";
import type { Tables } from "./checkpoint.ts";
import { has, TABLES } from "./kinds.ts";

/** Where checkpoints lie: a folder, a browser's database, a server. */
export interface CheckpointStore {
  /** All or nothing: until it resolves, what was stored before is untouched. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  read(name: string): Promise<Uint8Array>;
  /** Every name, in any order; what is no checkpoint is left alone. */
  list(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

/** Where `fit` keeps checkpoints, and how often. */
export interface CheckpointOptions {
  readonly store: CheckpointStore;
  /** The generated module, for its PARAMETERS and STATE. */
  readonly tables: Tables;
  /** Default: every epoch. The end of training is always one. */
  readonly every?: { readonly epochs: number } | { readonly steps: number };
  /** The newest so many stay. Default: 3. */
  readonly keep?: number;
}

const STORE: Law = kind("a store with functions write, read, list and remove", (value) =>
  has(value, "function", ...(["write", "read", "list", "remove"] satisfies (keyof CheckpointStore)[])),
);
/** What `fit` may be told of checkpoints. */
export const CHECKPOINT_OPTIONS: Law = optionsOf<CheckpointOptions>(
  {
    store: required(STORE),
    tables: required(TABLES),
    every: optionsOf({ epochs: COUNT, steps: COUNT }, "{ epochs } or { steps }"),
    keep: COUNT,
  },
  "{ store, tables }",
);
