/** What a scan is told, and what its body reads. */

import type { Graph, Node } from "../graph/graph.ts";
import type { TensorType } from "../graph/type.ts";

/** Operands: `carries` initial values, `sequences` of `steps` slices along axis 0, constants. Results: the last carries, stacked outputs. */
export type ScanAttrs = {
  readonly body: Graph;
  readonly carries: number;
  readonly sequences: number;
  readonly steps: number;
  /** From the last slice to the first; what is stacked lies where its slice lay. */
  readonly reverse: boolean;
};

/** Which operand an input of a body stands for. */
export const operandOf = ({ attrs }: Pick<Node, "attrs">): number => attrs["operand"] as number;

/** The type of one slice of a sequence. */
export const sliceOf = ({ dtype, shape }: TensorType): TensorType => ({ dtype, shape: shape.slice(1) });

/** The numbers of the slices, in the order in which they are taken. */
export const stepsOf = ({ steps, reverse }: Pick<ScanAttrs, "steps" | "reverse">): number[] =>
  Array.from({ length: steps }, (_, n) => (reverse ? steps - 1 - n : n));

/** What a result of a scan is called: `h_last` of a carry, `y_all` of what is stacked. */
export const partName = ({ body, carries }: Pick<ScanAttrs, "body" | "carries">, n: number): string =>
  `${body.nodes[body.results[n]!.value]!.name}_${n < carries ? "last" : "all"}`;
