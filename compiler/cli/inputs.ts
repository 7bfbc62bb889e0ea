/** Guarantees what a model takes: each input's row, its classes, and whether prediction reads it or only the loss does. */

import { reachable } from "../graph/walk.ts";
import { InputError } from "./errors.ts";
import { citation } from "../driver/citation.ts";
import type { Source } from "../driver/options.ts";
import type { EntryKind, Model } from "../model/declaration.ts";
import type { Graph } from "../graph/graph.ts";

export interface InputFacts {
  readonly name: string;
  readonly dtype: "f32" | "i32";
  /** Without the batch's axis; of a flattened batch, positions a row first. */
  readonly row: readonly number[];
  /** Of integers: values are 0 to classes − 1. */
  readonly classes?: number;
  /** What prediction reads is a feature; what only the loss reads, a target. */
  readonly role: "feature" | "target";
}

/** The inputs of a model's training step, in the order of their declaration. */
export function inputsOf(model: Model, source: Source | undefined): readonly InputFacts[] {
  const graphOf = (entry: EntryKind): Graph =>
    model.trace({ entry, batch: model.batch[entry], float: "f32", small: false, citation: citation(source) }).graph;
  const predict = graphOf("predict");
  const live = reachable(predict);
  const read = new Set(predict.nodes.filter(({ op }, at) => op === "input" && live[at]).map(({ name }) => name));
  return graphOf("train")
    .nodes.filter(({ op }) => op === "input")
    .map(({ name, type, attrs }) => {
      const { classes, rows } = attrs;
      const [axis, per = 1] = (rows ?? [0]) as readonly number[]; // written by model/trace
      if (axis !== 0)
        throw new InputError(
          `the input ${name} of ${JSON.stringify(model.name)} is not made of rows along its leading axis, so no data of rows can be brought to it; train it in a program`,
        );
      return {
        name,
        dtype: type.dtype === "i32" ? "i32" : "f32",
        row: per === 1 ? type.shape.slice(1) : [per, ...type.shape.slice(1)],
        ...(typeof classes === "number" && { classes }),
        role: read.has(name) ? "feature" : "target",
      };
    });
}
