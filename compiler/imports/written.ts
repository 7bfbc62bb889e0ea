/** A model's source as one text: what it is called, what it imports, which of it trains, its inputs, lines, losses and outputs. */

import { printable } from "../graph/printable.ts";
import { shapeText, wordsIn, type Dim, type Kind } from "./code.ts";
import { ImportError } from "./error.ts";
import type { Source, Unit, Weight } from "./source.ts";

/** What an import is told. */
export interface ImportOptions {
  /** The model's name. */
  readonly name: string;
  /** The file's name, for the source's first line. */
  readonly file: string;
  /** Rows of a batch, where the file fixes them: then they are fixed here too. */
  readonly batch?: number;
  /** Open extents by name. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Inputs that are one number from now on. */
  readonly values?: Readonly<Record<string, number>>;
  /** Classes of a last dense layer that takes the place of the file's own, and begins anew. */
  readonly head?: number;
  /** Patterns of the parameters that train, as `model` takes them, or `last:2`, the last two layers that have some. */
  readonly train?: readonly string[];
  /** Patterns of parameters that do not train. */
  readonly freeze?: readonly string[];
  /** Weights that the file shares stay one parameter. */
  readonly tie?: boolean;
  /** Batch norms take the batch's statistics in training. */
  readonly trainNorms?: boolean;
}

/** A model's source, not yet formatted, and its parameters and running statistics by their names in it. */
export interface Imported {
  readonly source: string;
  readonly weights: readonly Weight[];
}

/** What the whole gives. */
export interface Output {
  /** In the file. */
  readonly name: string;
  readonly code: string;
  readonly dims: readonly Dim[];
  readonly of: Kind;
  /** Where it is a softmax's or a sigmoid's: of what. */
  readonly logits?: string | undefined;
  /** Which steps of it are real, where some are not. */
  readonly mask?: string | undefined;
}

/** What stands after the lines. */
export interface Ending {
  /** What the source is of, for its first line: `Imported from … (…)`. */
  readonly from: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly Output[];
  /** Targets of a loss, and the loss. */
  readonly targets: readonly string[];
  readonly loss: string;
  readonly optimizer: string;
}

/** The text of a model whose lines `t` has. Throws an ImportError where no output can be trained. */
export function written(t: Source, told: ImportOptions, { from, inputs, outputs, targets, loss, optimizer }: Ending): Imported {
  const record = outputs.map(({ name: own, code }) => (own === code ? own : `${JSON.stringify(printable(own))}: ${code}`)).join(", ");
  const result = `return { loss: ${loss}, outputs: { ${record} }, optimizer: ${optimizer} };`;
  const { lines, weights, units } = t.finished([...targets, result]);
  const body = [...inputs, ...lines, "", ...targets, result];
  const used = new Set(body.flatMap(wordsIn));
  const imports = ["model", ...[...t.called].filter((name) => used.has(name))].toSorted((a, b) => a.localeCompare(b));
  const batched = used.has("batch");
  const trainable = trainableOf(told, units);
  const given = [...(batched ? ["batch: 32"] : []), ...(trainable.length === 0 ? [] : [`trainable: ${JSON.stringify(trainable)}`])];
  const source = [
    `/** Imported from ${from}; its weights are in ${comment(told.name)}.safetensors beside this file. */`,
    "",
    `import { ${imports.map((name) => (name === "FloatTensor" ? `type ${name}` : name)).join(", ")} } from "adjoint";`,
    "",
    `export default model(${JSON.stringify(told.name)}, { ${given.join(", ")} }, (${batched ? "{ batch }" : ""}) => {`,
    ...body,
    "});",
    "",
  ].join("\n");
  return { source, weights };
}

/** A name for a target that neither inputs nor layers have. */
export function targetName(taken: Set<string>, t: Source): string {
  for (let n = 0; ; n++) {
    const name = ["y", "target"][n] ?? `target_${n}`;
    if (taken.has(name) || t.hasLayer(name)) continue;
    taken.add(name);
    return name;
  }
}

/** The targets of outputs, one after the other, and the sum of their losses; `judge` gives an output's target, declared, and its loss. */
export function judged(
  t: Source,
  inputs: readonly string[],
  outputs: readonly Output[],
  judge: (output: Output, variable: string) => { readonly declared: (name: string) => string; readonly loss: string },
): { readonly targets: readonly string[]; readonly loss: string } {
  const targets: string[] = [];
  const taken = new Set(inputs);
  const losses = outputs
    .filter(({ of }) => of === "float")
    .map((output) => {
      if (output.dims.length === 0) return t.call("sum", output.code); // a loss already
      const name = targetName(taken, t);
      const variable = t.identifier(name);
      const { declared, loss } = judge(output, variable);
      targets.push(`const ${variable} = ${declared(JSON.stringify(name))};`);
      return loss;
    });
  if (losses.length === 0) throw new ImportError("its outputs are whole numbers; cut the model where it has floats, to train it");
  return { targets, loss: losses.reduce((sum, one) => t.call("add", sum, one)) };
}

/** Classes by their logits, where a row has several numbers; else squared errors. */
export const usualLoss =
  (t: Source, rows: Dim = "batch") =>
  ({ code, dims, logits }: Output, y: string): { readonly declared: (name: string) => string; readonly loss: string } => {
    const isClasses = dims.length === 2 && dims[0] === rows && Number(dims[1]) > 1;
    return isClasses
      ? {
          declared: (name) => t.call("labels", name, `[${rows}]`, `{ classes: ${dims[1]} }`),
          loss: t.call("softmaxCrossEntropy", logits ?? code, y),
        }
      : { declared: (name) => t.call("input", name, shapeText(dims)), loss: t.call("mse", code, y) };
  };

/** The patterns that the model is told: `last:2` by the names of those layers, what is frozen behind. */
function trainableOf({ train = [], freeze = [] }: ImportOptions, units: readonly Unit[]): readonly string[] {
  const trained = train.flatMap((pattern) => {
    const [, count] = /^last:(\d+)$/.exec(pattern) ?? [];
    if (count === undefined) return [pattern];
    if (Number(count) === 0 || Number(count) > units.length)
      throw new ImportError(`--train ${pattern} names ${count} of ${units.length} layers with weights`);
    return units.slice(-Number(count)).map(({ name }) => name);
  });
  return [...trained, ...freeze.map((pattern) => `!${pattern}`)];
}

/** Text of a file inside a comment. */
export const comment = (text: string): string => printable(text).replaceAll("*/", "* /").slice(0, 80);
