/** One model's training for scripts/learn.ts: its committed trainer, on the data that its file names, held to what its file says it learns. */

import { loadData, readDataDeclaration } from "../compiler/cli/data.ts";
import { inputsOf } from "../compiler/cli/inputs.ts";
import type { LoadedTrainer, TrainerModule } from "../compiler/compile.ts";
import type { Arrays } from "../compiler/cli/synthetic.ts";
import type { InputFacts } from "../compiler/cli/inputs.ts";
import type { DataDeclaration } from "../compiler/cli/data.ts";
import type { Sets } from "../compiler/cli/sources.ts";
import type { Model } from "../compiler/index.ts";
import { evaluate, fit } from "../runtime/index.ts";
import { judgeCaptions, judgeDetector } from "./learn-scenes.ts";

/** A model's file, its committed trainer, and the texts of both. */
export interface Files {
  readonly stem: string;
  readonly exports: { readonly default: Model } & Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly trainer: TrainerModule;
  readonly header: string;
}

/** `export const learns` of a model's file. */
type Learns =
  | { readonly metric: string; readonly atLeast: number }
  | { readonly metric: string; readonly shareOfFirst: number }
  | { readonly generator: string; readonly within: number }
  | { readonly detects: string; readonly atLeast: number }
  | { readonly writes: string; readonly atLeast: number };

type Means = Readonly<Record<string, number>>;

/** What is said of a model in the table. */
export interface Judged {
  readonly threshold: string;
  readonly reached: string;
  readonly holds?: boolean;
}

/** What a short training may cost. The number of steps follows from it, so that it is the same on every machine. */
const MOST_FLOPS = 8e11;
/** Test rows that tell whether a loss has fallen; an accuracy is that of all of them. */
const JUDGED = 1000;
/** Pictures that a generator is judged by. */
const DRAWN = 400;

/** Data as the file names them; synthetic ones of the same shape where they lie in a folder that only a user has. */
async function dataOf({
  stem,
  exports,
  text,
}: Files): Promise<Sets & { readonly declared: DataDeclaration; readonly inputs: readonly InputFacts[] }> {
  const loaded = {
    shown: `models/${stem}.ts`,
    stem,
    model: exports.default,
    source: { path: `models/${stem}.ts`, text },
    data: exports["data"],
    exports,
  };
  const found = readDataDeclaration(loaded);
  const declared: DataDeclaration = found.source === "fashion-mnist" ? { ...found, source: "cifar10" } : found;
  const inputs = inputsOf(loaded.model, loaded.source);
  return { ...(await loadData(loaded, declared, undefined)), declared, inputs };
}

const firstRows = (arrays: Arrays, inputs: readonly InputFacts[]): Arrays =>
  Object.fromEntries(inputs.map(({ name, row }) => [name, arrays[name]!.slice(0, JUDGED * row.reduce((a, b) => a * b, 1))]));

/** A training of at most so many steps; gives back how many were taken. */
async function trained(trainer: LoadedTrainer, train: Arrays, epochs: number, most: number): Promise<number> {
  const abort = new AbortController();
  let steps = 0;
  const onStep = (): void => {
    if (++steps === most) abort.abort(ENOUGH);
  };
  await fit(trainer, train, { epochs, shuffle: { seed: 0 }, callbacks: { onStep }, signal: abort.signal }).catch((reason: unknown) => {
    if (reason !== ENOUGH) throw reason;
  });
  return steps;
}
const ENOUGH = new Error("enough");

/** Trains from seed 0 and compares with `export const learns`. */
export async function learnShortly(files: Files): Promise<Judged & { readonly data: string; readonly steps: number }> {
  const learns = files.exports["learns"] as Learns | undefined; // as npm run tables reads it too
  if (learns === undefined) return { data: "—", threshold: "none stated", reached: "—", steps: 0 };
  const { train, test, declared, inputs } = await dataOf(files);
  const trainer = files.trainer.createTrainer({ seed: 0 });
  const flops = Number(/([\d,]+) FLOPs a step/.exec(files.header)![1]!.replaceAll(",", ""));
  const rows = "atLeast" in learns ? test : firstRows(test, inputs);
  const first: Means = "shareOfFirst" in learns ? evaluate(trainer, rows) : {};
  const steps = await trained(trainer, train, declared.epochs, Math.max(1, Math.floor(MOST_FLOPS / flops)));
  const judged = judge(learns, { first, last: evaluate(trainer, rows), trainer, train, test: rows, inputs });
  return { data: declared.source === "mnist" ? "MNIST" : "synthetic", steps, ...judged };
}

export interface Learnt {
  readonly first: Means;
  readonly last: Means;
  readonly trainer: LoadedTrainer;
  readonly train: Arrays;
  /** What it was not trained on. */
  readonly test: Arrays;
  readonly inputs: readonly InputFacts[];
}

function judge(learns: Learns, learnt: Learnt): Judged {
  if ("detects" in learns) return judgeDetector(learns.detects, learns.atLeast, learnt);
  if ("writes" in learns) return judgeCaptions(learns.writes, learns.atLeast, learnt);
  if ("generator" in learns) return judgeGenerator(learns.generator, learns.within, learnt);
  const { metric } = learns;
  const { first, last } = learnt;
  const value = last[metric];
  if (value === undefined) throw new Error(`learns names ${metric}, but the trainer measures ${Object.keys(last).join(", ")}`);
  if ("atLeast" in learns) return { threshold: `${metric} ≥ ${learns.atLeast}`, reached: value.toFixed(4), holds: value >= learns.atLeast };
  const { shareOfFirst } = learns;
  const before = first[metric]!; // measured as the last was
  const share = value / before;
  return {
    threshold: `${metric} ≤ ${shareOfFirst} of the first`,
    reached: `${share.toPrecision(3)} (${before.toPrecision(4)} → ${value.toPrecision(4)})`,
    holds: share <= shareOfFirst,
  };
}

function judgeGenerator(output: string, within: number, { last, trainer, train, inputs }: Learnt): Judged {
  const random = trainer.state["random"]!; // a generator draws
  const drawn: number[] = [];
  for (let n = 0; n < DRAWN; n++) {
    // prediction reads the state of random numbers and leaves it, so that each call would draw the same
    random[0] = n;
    drawn.push(...trainer.predict({})[output]!);
  }
  const size = drawn.length / DRAWN;
  const real = inputs.find(({ dtype, row }) => dtype === "f32" && row.reduce((a, b) => a * b, 1) === size);
  if (real === undefined) throw new Error(`no input has rows of ${size} values, as ${output} has`);
  const [made, given] = [momentsOf(drawn), momentsOf(train[real.name]!)] as const;
  const off = [made.mean / given.mean - 1, made.variance / given.variance - 1];
  const finite = Object.values(last).every(Number.isFinite);
  const sign = (share: number): string => `${share < 0 ? "−" : "+"}${(100 * Math.abs(share)).toFixed(1)} %`;
  return {
    threshold: `losses finite; mean and variance within ${100 * within} %`,
    reached: `mean ${sign(off[0]!)}, variance ${sign(off[1]!)}${finite ? "" : "; a loss is not finite"}`,
    holds: finite && off.every((share) => Math.abs(share) <= within),
  };
}

function momentsOf(values: Iterable<number> & { readonly length: number }): { readonly mean: number; readonly variance: number } {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let variance = 0;
  for (const value of values) variance += (value - mean) ** 2 / values.length;
  return { mean, variance };
}

/** Trains for all of the model's epochs; the test set is read once, at the end. */
export async function learnFully(files: Files, seed: number): Promise<{ readonly epochs: number; readonly accuracy: number }> {
  const { train, test, declared } = await dataOf(files);
  const trainer = files.trainer.createTrainer({ seed });
  await fit(trainer, train, { epochs: declared.epochs, shuffle: { seed } });
  return { epochs: declared.epochs, accuracy: (evaluate(trainer, test) as Means)["accuracy"]! };
}
