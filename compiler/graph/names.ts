/** Guarantees that names are given out once each, spelled as a language takes them. */

/** How a language spells a name. */
export interface Spelling {
  /** Characters of the longest: a longer one is cut, and told from others by a number. */
  readonly longest: number;
  /** What any text is as a name there. */
  of(name: string): string;
}

/** Gives out names, each once, and none that would be cut again. */
export class Names {
  readonly #spelling: Spelling;
  readonly #taken: Set<string>;
  constructor(spelling: Spelling, taken: Iterable<string> = []) {
    this.#spelling = spelling;
    this.#taken = new Set(taken);
  }
  /** Names of an inner scope: none shadows an outer one taken so far. */
  nested(): Names {
    return new Names(this.#spelling, this.#taken);
  }

  /** Nothing is called so from now on; what is called so already stays. */
  reserve(name: string): void {
    this.#taken.add(name);
  }

  take(name: string): string {
    const base = this.#spelling.of(name);
    let candidate = base;
    for (let n = 2; this.#taken.has(candidate); n++) {
      const number = `_${n}`;
      candidate = `${base.slice(0, this.#spelling.longest - number.length)}${number}`;
    }
    this.#taken.add(candidate);
    return candidate;
  }
}
