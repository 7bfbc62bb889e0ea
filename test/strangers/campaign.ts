/** Guarantees a run over drawn models: each seed's models, refusals by kind with their texts, and a table of what was drawn. */

import { callsIn, type Stranger, type Trait } from "./draft.ts";
import { outcomeOf, TARGETS, type Outcome, type Refusal, type Target } from "./compiled.ts";
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
    const outcomes: Outcome[] = [];
    for (const target of targets) outcomes.push(await outcomeOf(drawn, target));
    yield { seed, n, stranger: drawn, outcomes };
  }
}

/** What is kept of a model when its text is no longer needed: what tables are made of. */
export interface Row {
  readonly seed: number;
  readonly n: number;
  readonly family: string;
  readonly traits: readonly Trait[];
  readonly calls: readonly string[];
  readonly words: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/** What `sequential` is told by name. */
const wordsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^ {2}(loss|optimizer): "(\w+)",$/gm)].map(([, key, word]) => `${key} "${word}"`); // prettier-ignore

export const rowOf = ({ seed, n, stranger: { family, traits, text }, outcomes }: Tried): Row => ({
  seed,
  n,
  family,
  traits: [...traits],
  calls: callsIn(text),
  words: wordsIn(text),
  outcomes,
});

/** Which of these models were refused, on any target. */
export const refused = (rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ outcomes }) => outcomes.some(({ refusal }) => refusal !== undefined));

export const KINDS: readonly Refusal[] = ["check wrong", "model error", "compiler fault", "crash", "time"]; // prettier-ignore

/** The text of a refused model with what it was refused for, on each target that did. */
export const explain = ({ seed, n, stranger: { text, family }, outcomes }: Tried): string =>
  [
    `=== seed ${seed}, model ${n}: ${family}`,
    text,
    ...outcomes.flatMap(({ target, refusal, message }) => (refusal === undefined ? [] : [`--- ${target}: ${refusal}`, message])),
    `reproduce: npm run strangers -- --seed ${seed} --from ${n} --models 1`,
    "",
  ].join("\n"); // prettier-ignore
