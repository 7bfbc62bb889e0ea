/** Guarantees that a trainer says of its batches what the runtime cannot see: whether a short one is refused, and what is not cut by rows. */

import type { Module } from "../../loop/loop.ts";
import type { Facts } from "../target.ts";
import { sizeOf } from "../../graph/type.ts";
import { entryNamed } from "./callable.ts";
import { blockComment } from "./comment.ts";
import { perRowOf, takenBy } from "./entry.ts";
import { property, quoted } from "./scope.ts";

function printGeneration(module: Module, { tokens, scores, steps, position, carries }: NonNullable<Facts["generation"]>): string {
  const { results } = entryNamed(module, "predict");
  const lengths = carries.map((name) => `${property(name)}: ${sizeOf(results.find((result) => result.name === name)!.shape)}`);
  return `{ tokens: ${quoted(tokens)}, scores: ${quoted(scores)},${steps === undefined ? "" : ` steps: ${steps},`} position: ${position}, carries: { ${lengths.join(", ")} } }`;
}

/** What the callers' batches are not: short, where rows meet, or cut by rows, where an input or an output has none along its leading axis. */
export function printRowFacts(
  module: Module,
  { meetings, wholeOutputs, batch, phases, generation }: Facts,
): { types: string; values: string } {
  const taken = takenBy(
    module,
    module.entries.filter(({ name }) => phases.includes(name)),
  );
  const crosswise = taken.filter(([, buffer]) => perRowOf(buffer, batch.train) === 0 && (batch.train > 1 || buffer.rows === "none"));
  const axes = crosswise.map(([name, { rows }]) => `${property(name)}: ${rows === undefined || rows === "none" ? "null" : rows.axis}`);
  const lines: readonly (readonly [name: string, type: string, value: string, doc: string])[] = [
    ...(meetings.train === undefined
      ? []
      : [["shortBatch", '"refuse"', '"refuse"', "Rows depend on each other: step throws a RangeError unless the batch is full."] as const]),
    ...(meetings.evaluate === undefined ? [] : [["shortEvaluation", '"refuse"', '"refuse"', "The same of evaluate."] as const]),
    ...(meetings.predict === undefined
      ? []
      : [
          [
            "shortPrediction",
            '"refuse"',
            '"refuse"',
            "Rows depend on each other in outputs: each batch of predict needs rows of its own.",
          ] as const,
        ]),
    ...(axes.length === 0
      ? []
      : [
          [
            "inputRows",
            `{ ${axes.map((one) => `readonly ${one}`).join("; ")} }`,
            `{ ${axes.join(", ")} }`,
            "Inputs that are no row after the other: the axis of their rows, or null where they have none and are given whole.",
          ] as const,
        ]),
    ...(wholeOutputs.length === 0
      ? []
      : [
          [
            "wholeOutputs",
            "readonly string[]",
            `[${wholeOutputs.map(quoted).join(", ")}]`,
            "Outputs that are no row after the other.",
          ] as const,
        ]),
    ...(generation === undefined
      ? []
      : [
          [
            "generation",
            "{ readonly tokens: string; readonly scores: string; readonly steps?: number; readonly position: boolean; readonly carries: Readonly<Record<string, number>> }",
            printGeneration(module, generation),
            "predict is one step: tokens in, scores of the next out, and carries in and out, zeros at first; with `position` it takes the step's number, below `steps`.",
          ] as const,
        ]),
  ];
  return {
    types: lines.map(([name, type, , doc]) => `\n  ${blockComment([doc])}\n  readonly ${name}: ${type};`).join(""),
    values: lines.map(([name, , value]) => `\n    ${name}: ${value},`).join(""),
  };
}
