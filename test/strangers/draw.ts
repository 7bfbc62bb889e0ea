/** Guarantees choices that depend on a seed alone, each named for what is chosen and not for how. */

import { randomFrom } from "../support/sample.ts";

export class Draw {
  readonly #random: () => number;
  constructor(seed: number, n: number) {
    // models of one seed are apart: the n-th needs none of those before it
    const mixed = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b);
    this.#random = randomFrom(mixed);
    this.#random();
  }

  /** Whether something happens that does with this probability. */
  often(probability: number): boolean {
    return this.#random() < probability;
  }

  /** One of the list, all as likely. */
  one<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** One of the choices, as likely as its weight. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let at = this.#random() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) if ((at -= weight) < 0) return choice;
    return choices.at(-1)![1];
  }

  /** The text with this probability, else none. */
  maybe(probability: number, text: string): readonly string[] {
    return this.often(probability) ? [text] : [];
  }
}

/** `{ a: 1, b: 2 }` of entries; nothing at all of none, with the comma that stands before an argument. */
export const optionsText = (entries: readonly string[]): string => (entries.length === 0 ? "" : `{ ${entries.join(", ")} }`);
export const moreOptions = (entries: readonly string[]): string => (entries.length === 0 ? "" : `, ${optionsText(entries)}`);
