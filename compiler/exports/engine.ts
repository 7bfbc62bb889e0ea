/** What an engine is: a printer of a graph before any loops exist, which knows graph and ops and nothing of the passes below. */

import type { Node } from "../graph/graph.ts";
import type { Twins } from "./twin.ts";

/** What is exported. */
export interface Exported {
  /** The model's. */
  readonly name: string;
  /** The graph of prediction. */
  readonly twins: Twins;
  /** The elements of a parameter, state, constant or live scalar, row-major. */
  weights(leaf: Node): ArrayLike<number>;
  /** Of the compiler. */
  readonly version: string;
  /** Texts about the model that the format keeps: its hash, its certificate. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One way to print a graph for other programs. */
export interface Engine {
  /** What the command line asks for it by. */
  readonly name: string;
  /** How its files end. */
  readonly extension: string;
  /** The bytes of its file. Throws a ModelError for what the engine has no form for, by name. */
  print(exported: Exported): Uint8Array;
}
