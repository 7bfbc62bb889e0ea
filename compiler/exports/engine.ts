/** What an engine is: a printer of a graph before any loops exist, which knows graph and ops and nothing of the passes below. */

import type { Graph, Node, Value } from "../graph/graph.ts";
import type { DType, Float, Shape } from "../graph/type.ts";
import type { Twins } from "./twin.ts";

/** A graph of prediction with its weights. */
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

/** What is said above a statement, as lines of comments: where a part of the step or a layer begins, then what it computes. */
export interface Telling {
  readonly statements: readonly { readonly above: readonly string[]; readonly comment: readonly string[] }[];
  readonly after: readonly string[];
}

/** One entry point, differentiated and simplified. */
export interface ProgramEntry {
  readonly name: string;
  readonly kind: "step" | "evaluate" | "predict" | "gradients";
  readonly graph: Graph;
  /** Rows of its batch. */
  readonly batch: number;
  /** Whether rows depend on each other: only a full batch is right. */
  readonly meets: boolean;
  /** Comments for statements that compute these nodes of its graph, or of a body in it, in lines that begin with #. */
  tell(
    graph: Graph,
    statements: readonly { readonly name: string; readonly nodes: readonly Value[] }[],
    inStep: boolean,
    indentation: number,
  ): Telling;
}

/** A parameter or state, in the order of checkpoints. */
export interface Kept {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** As the graph has it: a kind, then numbers. */
  readonly initial: readonly [kind: string, ...numbers: number[]];
}

/** A whole trainer: what computes, what is kept between steps, what is fed. */
export interface Program {
  readonly name: string;
  readonly version: string;
  /** The model's file and the hash of its text. */
  readonly source?: { readonly path: string; readonly hash: string };
  readonly command: string;
  /** Of its floats. */
  readonly dtype: Float;
  /** The hash that checkpoints know the training graph by. */
  readonly hash: string;
  readonly entries: readonly ProgramEntry[];
  readonly parameters: readonly Kept[];
  readonly state: readonly Kept[];
}

/** One way to print a model for other programs: prediction with its weights, or the program that trains it. */
export type Engine = {
  /** What the command line asks for it by. */
  readonly name: string;
  /** The file beside the model's trainer. */
  readonly file: string;
  /** The command that makes of that file what was asked for. */
  readonly then?: (file: string) => string;
} & (
  | {
      readonly of: "prediction";
      /** The bytes of its file. Throws a ModelError for what the engine has no form for, by name. */
      print(exported: Exported): Uint8Array;
    }
  | {
      readonly of: "training";
      /** Programs that go with the file, by name. Where there are some, the first state goes with it too, as a checkpoint. */
      readonly beside?: ReadonlyMap<string, string>;
      print(program: Program): Uint8Array;
    }
);
