/** Guarantees that random single edits of committed trainers are judged as `adjoint verify` would judge them if no hash gave them away, and told as text. */

import { readFile } from "node:fs/promises";
import { judgeText } from "../../compiler/check/certificate.ts";
import { below, randomOf } from "../../compiler/check/draw.ts";
import { prepareKernels } from "../../compiler/check/kernels.ts";
import { loadModel } from "../../compiler/cli/load-model.ts";
import { lower } from "../../compiler/driver/lower.ts";
import type { Source } from "../../compiler/driver/options.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { allEdits, edited, type Edit, type Kind } from "./edits.ts";
import { isNeverTaken, whyEquivalent } from "./equivalent.ts";

export interface Outcome {
  readonly model: string;
  readonly kernels?: Kind | undefined;
  readonly edit: Edit;
  /** What verify says of it; undefined for a survivor. */
  readonly reason?: string;
  /** Of a survivor: whether comparing every element of every buffer finds it. */
  readonly missed?: boolean;
}

/** A model and its committed trainer. */
export interface Subject {
  readonly name: string;
  readonly model: Model;
  readonly source: Source;
  readonly text: string;
}

export async function subjectOf(name: string): Promise<Subject> {
  const { model, source } = await loadModel(`models/${name}.ts`);
  return { name, model, source, text: await readFile(`generated/${name}/trainer.ts`, "utf8") };
}

/** Edits of one committed trainer, or of its kernels of one kind; `count` of all that there are, drawn without repetition. */
export async function mutate(
  { name: model, model: declared, source, text }: Subject,
  count: number,
  seed: number,
  kernels?: Kind,
): Promise<Outcome[]> {
  const lowered = await lower(declared, { source });
  const prepared = await prepareKernels(lowered);
  const { reason: before } = await judgeText(prepared, text);
  if (before !== undefined) throw new Error(`generated/${model}/trainer.ts does not hold as it is: ${before}`);
  const edits = allEdits(lowered.module, lowered.facts.phases, text, kernels).filter((edit) => !isNeverTaken(edit));
  const random = randomOf(seed, model);
  const outcomes: Outcome[] = [];
  while (outcomes.length < count && edits.length > 0) {
    const [edit] = edits.splice(below(random, edits.length), 1) as [Edit];
    const { reason } = await judgeText(prepared, edited(text, edit));
    const missed = reason === undefined ? (await judgeText(prepared, edited(text, edit), Infinity)).reason !== undefined : false;
    outcomes.push({ model, kernels, edit, ...(reason === undefined ? { missed } : { reason }) });
  }
  return outcomes;
}

/** Models, how many edits each gets, and of which kernels, where not of all of the backward pass and the updates. */
export const SUBJECTS: readonly { readonly model: string; readonly count: number; readonly kernels?: Kind }[] = [
  { model: "circuit", count: 8 },
  { model: "polar", count: 30 },
  { model: "linear-svm", count: 20 },
  { model: "two-layer-net", count: 30 },
  { model: "mnist-mlp", count: 60 },
  { model: "first-convnet", count: 30 },
  { model: "lenet", count: 60 },
  { model: "autoencoder", count: 20 },
  { model: "lenet", count: 60, kernels: "of convolutions" },
  { model: "char-lstm", count: 60, kernels: "in loops" },
  { model: "char-lstm", count: 40, kernels: "that gather and scatter" },
  { model: "char-transformer", count: 40, kernels: "that gather and scatter" },
];

const shownModel = ({ model, kernels }: Outcome): string => (kernels === undefined ? model : `${model}, kernels ${kernels}`);

const code = (line: string): string => `\`${line.trim()}\``;

function table(outcomes: readonly Outcome[], by: (outcome: Outcome) => string): string[] {
  const groups = [...new Set(outcomes.map(by))];
  return groups.map((group) => {
    const own = outcomes.filter((one) => by(one) === group);
    return `| ${group} | ${own.length} | ${own.filter(({ reason }) => reason !== undefined).length} |`;
  });
}

/** The whole run as committed text. */
export function report(outcomes: readonly Outcome[], seed: number): string {
  const survivors = outcomes.filter(({ reason }) => reason === undefined);
  const caught = outcomes.length - survivors.length;
  const argued = survivors.filter((one) => whyEquivalent(one) !== undefined);
  const at = ({ model, edit }: Outcome): string => `generated/${model}/trainer.ts, line ${edit.line}, ${edit.kind}`;
  return [
    "# Single edits of committed trainers, judged by what they compute",
    "",
    `Made by \`npm run mutate -- --seed ${seed}\`: each edit changes one sign, product, number or comparison, swaps two loads or drops a mask, in a kernel of the backward pass or of an update, or of the kind that is named; exits of loops that are taken neither before nor after are left out. Each edited file is judged as \`adjoint verify\` does, with the comparison of hashes left out; with it, every one of them is refused at once.`,
    "",
    `**${caught} of ${outcomes.length} edits are caught (${((100 * caught) / outcomes.length).toFixed(1)} %); of the ${survivors.length} survivors ${argued.length} are argued to be equivalent.**`,
    "",
    ...["| model | edits | caught |", "| --- | --: | --: |", ...table(outcomes, shownModel), ""],
    ...["| edit | edits | caught |", "| --- | --: | --: |", ...table(outcomes, ({ edit }) => edit.kind), ""],
    "## Survivors",
    "",
    ...survivors.flatMap((one) => [
      `- ${at(one)}`,
      `  - from ${code(one.edit.before)}`,
      `  - to ${code(one.edit.after)}`,
      `  - ${whyEquivalent(one) ?? (one.missed === true ? "NOT CAUGHT: comparing every element finds it" : "NOT ARGUED: no element differs")}`,
    ]),
    ...(survivors.length === 0 ? ["None.", ""] : [""]),
    "## What verify says of the first edit of each model",
    "",
    ...[...new Set(outcomes.map(({ model }) => model))].flatMap((model) => {
      const one = outcomes.find((outcome) => outcome.model === model && outcome.reason !== undefined);
      return one === undefined ? [] : [`- ${at(one)}: ${code(one.edit.before)} → ${code(one.edit.after)}`, `  - ${one.reason!}`];
    }),
    "",
  ].join("\n");
}
