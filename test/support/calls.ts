/** A trainer called as JavaScript calls it, where no type checks what is passed; and what it says to what it refuses. */

import { dropout, glorot, he, hyper, input, labels, matmul, model, param, sgd, softmaxCrossEntropy } from "adjoint";
import { lower } from "../../compiler/driver/lower.ts";
import { targetOf, type TargetName } from "../../compiler/targets/index.ts";
import { compileBytes } from "./webassembly.ts";

/** As JavaScript sees it: nothing is checked by types. */
type Any = (...given: readonly unknown[]) => unknown;
export interface Loose {
  readonly step: Any;
  readonly evaluate: Any;
  readonly predict: Any;
  readonly gradients: Any;
  readonly restore: Any;
  readonly bytes: () => Uint8Array;
  readonly phases: Readonly<Record<string, Any>>;
  readonly inputs: Readonly<Record<string, Float32Array | Int32Array>>;
  readonly parameters: Readonly<Record<string, Float32Array>>;
  readonly state: Readonly<Record<string, Float32Array | Int32Array>>;
  readonly hyper: Record<string, unknown>;
}
export type Maker = (...given: readonly unknown[]) => Loose;

export type Batch = Readonly<Record<string, Float32Array | Float64Array | Int32Array>>;

export const ROWS = 4;
export const drawn = model("drawn", { batch: { train: ROWS, evaluate: ROWS, predict: 2 } }, ({ batch }) => {
  const x = input("x", [batch, 2]);
  const y = labels("y", [batch], { classes: 3 });
  const hidden = dropout(0.5)(matmul(x, param("V", [2, 2], glorot())));
  const scores = matmul(hidden, param("W", [2, 3], he()));
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd({ learningRate: hyper("rate", 0.1) }) };
});

/** The constructors of an emitted file. */
export async function emitted(
  target: TargetName,
  threads?: number,
): Promise<{ createTrainer: Maker; createThreadedTrainer: (...given: readonly unknown[]) => Promise<Loose>; module: object }> {
  const { module, facts } = await lower(drawn, { target, ...(threads !== undefined && { threads }) });
  const printed = await targetOf(target).emit(module, facts);
  const exports = await printed.load<{ createTrainer: Maker; createThreadedTrainer: (...given: readonly unknown[]) => Promise<Loose> }>();
  return { ...exports, module: printed.kernels === undefined ? {} : compileBytes(printed.kernels.bytes) };
}

export const plain = await emitted("typescript");

/** A batch that it takes. */
export const x = Float32Array.from({ length: 2 * ROWS }, (_, n) => Math.sin(n));
export const y = Int32Array.of(0, 1, 2, 0);

export const thrownBy = (act: () => unknown): Error => {
  try {
    act();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it was taken");
};
/** Of which class an error is, and its words. */
export const said = (act: () => unknown): string => {
  const { name, message } = thrownBy(act);
  return `${name}: ${message}`;
};
