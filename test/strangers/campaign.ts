/** Guarantees a run over drawn models: each seed's models, refusals by kind with their texts, and a table of what was drawn. */

import { callsIn, type Stranger, type Trait } from "./draft.ts";
import { outcomesOf, TARGETS, type Outcome, type Refusal, type Target } from "./compiled.ts";
import { stranger } from "./families.ts";

/** One model, and what became of it on each target. */
export interface Tried {
  readonly seed: number;
  readonly n: number;
  readonly stranger: Stranger;
  readonly outcomes: readonly Outcome[];
}

export interface Range {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly targets?: readonly Target[];
}

/** Models `from` up to, but not including, `to` of a seed, one after the other. */
export async function* tryAll({ seed, from, to, targets = TARGETS }: Range): AsyncGenerator<Tried> {
  for (let n = from; n < to; n++) {
    const drawn = stranger(seed, n);
    yield { seed, n, stranger: drawn, outcomes: await outcomesOf(drawn, targets) };
  }
}

/** What is kept of a model when its text is no longer needed: what tables are made of. */
export interface Row {
  readonly seed: number;
  readonly n: number;
  readonly family: string;
  readonly traits: readonly Trait[];
  readonly calls: readonly string[];
  readonly words: Readonly<Record<Word, readonly string[]>>;
  readonly outcomes: readonly Outcome[];
}

/** What a text says by name and not by a call: words of `sequential`, activations, shapes of inputs, rows of a batch. */
const PATTERNS = {
  loss: /^ {2}loss: "(\w+)",$/gm,
  optimizer: /^ {2}optimizer: "(\w+)",$/gm,
  activation: /\bactivation(?:: |\()"(\w+)"/g,
  shape: /\binput(?:\("\w+", |: )(\[[^\]]*\])/g,
  rows: /\b(?:batch: (?=[\d{])(?:\{ train: )?|batchSize: )(\d+)/g,
} as const;
export type Word = keyof typeof PATTERNS;

const wordsOf = (kind: Word, text: string): readonly string[] => [...text.matchAll(PATTERNS[kind])].map(([, word]) => word!);

export const rowOf = ({ seed, n, stranger: { family, traits, text }, outcomes }: Tried): Row => ({
  seed,
  n,
  family,
  traits: [...traits],
  calls: callsIn(text),
  words: {
    loss: wordsOf("loss", text),
    optimizer: wordsOf("optimizer", text),
    activation: wordsOf("activation", text),
    shape: wordsOf("shape", text),
    rows: wordsOf("rows", text),
  },
  outcomes,
});

/** Which of these models were refused, on any target. */
export const refused = (rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ outcomes }) => outcomes.some(({ refusal }) => refusal !== undefined));

export const KINDS: readonly Refusal[] = ["check wrong", "model error", "compiler fault", "crash", "time"];

/** The text of a refused model with what it was refused for, on each target that did. */
export const explain = ({ seed, n, stranger: { text, family }, outcomes }: Tried): string =>
  [
    `=== seed ${seed}, model ${n}: ${family}`,
    text,
    ...outcomes.flatMap(({ target, refusal, message }) => (refusal === undefined ? [] : [`--- ${target}: ${refusal}`, message])),
    `reproduce: npm run strangers -- --seed ${seed} --from ${n} --models 1`,
    "",
  ].join("\n");
