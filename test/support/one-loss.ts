/** Guarantees one loss or metric by itself: its value in double, its checked gradients, and its emitted float32 gradients. */

import { evaluateResults } from "../../compiler/check/evaluate.ts";
import type { AnyGradients } from "../../compiler/check/emitted.ts";
import { checkModelGradients } from "../../compiler/check/small.ts";
import { withinBound, type TensorCheck } from "../../compiler/check/result.ts";
import { fedLeaves } from "../../compiler/check/draw.ts";
import { citation } from "../../compiler/driver/citation.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { model } from "../../compiler/model/model.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { sgd } from "../../compiler/model/optimizers/index.ts";
import type { Scalar } from "../../compiler/model/tensor.ts";
import { importText, stripTypes } from "../../compiler/targets/strip.ts";
import { typescript } from "../../compiler/targets/typescript/index.ts";

/** A scalar of a batch. */
export type Build = (batch: number) => Scalar;

const alone = (build: Build, batch: number): Model =>
  model("one loss", { batch }, ({ batch: rows }) => ({ loss: build(rows), optimizer: sgd() }));

/** Its value where the first `count` of the rows are real. */
export function valueOf(build: Build, rows: number, feed: Readonly<Record<string, readonly number[]>>, count = rows): number {
  const { graph } = alone(build, rows).trace({ entry: "evaluate", batch: rows, float: "f64", small: false, citation: citation(undefined) });
  const contents = fedLeaves(graph).map(({ name, op }) => [name, Float64Array.from(op === "count" ? [count] : feed[name]!)] as const);
  return evaluateResults(graph, new Map(contents)).losses.get("loss")!;
}

/** The tensors whose gradients do not agree with forward mode, or with central differences at every coordinate; and whether kinks were few. */
export async function disagreements(build: Build): Promise<{ failed: readonly TensorCheck[]; smooth: boolean; compared: number }> {
  const tensors = await checkModelGradients(alone(build, 3), {}, { coordinates: Infinity, directions: 2, seed: 3 });
  const compared = tensors.reduce((n, { coordinates }) => n + coordinates, 0);
  return { failed: tensors.filter((one) => !withinBound(one)), smooth: fewKinks(tensors), compared };
}

/** At most one probe in ten met a kink, or two where there are few. */
function fewKinks(tensors: readonly TensorCheck[]): boolean {
  const kinks = tensors.reduce((n, tensor) => n + tensor.kinks, 0);
  const tried = tensors.reduce((n, tensor) => n + tensor.coordinates + tensor.kinks, 0);
  return kinks <= Math.max(2, tried / 10);
}

/** Loss and gradients of its inputs, by the code that a float32 compilation emits; and the approximate laws in its header. */
export async function emitted(
  build: Build,
  rows: number,
  batch: Parameters<AnyGradients["gradients"]>[0],
): Promise<{ loss: number; inputs: Readonly<Record<string, number[]>>; header: string }> {
  const { module, facts } = await lower(alone(build, rows), {}, "gradients");
  const text = (await typescript.emit(module, facts, "gradients")).text;
  const made = await importText<{ createGradients(): AnyGradients }>(await stripTypes(text));
  const own = Object.fromEntries(Object.entries(batch).filter(([name]) => facts.inputs.includes(name)));
  const { loss, inputs } = made.createGradients().gradients(own);
  return {
    loss,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, d]) => [name, Array.from(d)])),
    header: /approximate rewrites: (.*)/.exec(text)?.[1] ?? "",
  };
}
