/** A text to learn from where no file is given: sentences of a small grammar, the same for the same seed on every machine. */

import { below, randomOf, type Random } from "../check/draw.ts";

/** What each symbol may become; what is no symbol stands for itself. Nouns agree with their verbs. */
const RULES: Readonly<Record<string, readonly string[]>> = {
  SENTENCE: ["ONE VERBS OBJECT.", "MANY VERB OBJECT.", "ONE VERBS.", "MANY VERB."],
  ONE: ["the ADJECTIVE NOUN", "the NOUN", "a NOUN", "every ADJECTIVE NOUN"],
  MANY: ["the NOUNs", "two ADJECTIVE NOUNs", "all NOUNs"],
  OBJECT: ["ONE", "MANY", "ONE near MANY"],
  NOUN: ["river", "stone", "lantern", "garden", "window", "boat", "tower", "fox"],
  ADJECTIVE: ["quiet", "red", "old", "small", "bright"],
  VERBS: ["holds", "crosses", "follows", "hides", "VERBS and VERBS"],
  VERB: ["hold", "cross", "follow", "hide"],
};
/** How often a rule is followed before the first, which ends, is taken. */
const DEPTH = 6;

/** At least so many characters: lower-case words, blanks, full stops, one sentence a line. */
export function grammarText(characters: number, seed: number): string {
  const random = randomOf(seed, "sentences");
  const lines: string[] = [];
  for (let length = 0; length < characters;) {
    const line = `${expand("SENTENCE", random, DEPTH)}\n`;
    lines.push(line);
    length += line.length;
  }
  return lines.join("");
}

const expand = (text: string, random: Random, depth: number): string =>
  text.replace(/[A-Z]+/g, (symbol) => {
    const choices = RULES[symbol]!;
    return expand(choices[depth === 0 ? 0 : below(random, choices.length)]!, random, Math.max(0, depth - 1));
  });
