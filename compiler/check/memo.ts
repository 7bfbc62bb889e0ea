/** Numbers remembered by position: in an array as long as there are positions, or in a table of those asked for where that would be large. */

/** Of more positions few are asked for: an array of them would take longer to clear than to fill. */
const MOST = 2 ** 16;
const LEAST = 2 ** 10;

const [NOTHING, NO_KEYS] = [new Float64Array(0), new Uint8Array(0)];

/** Knuth's multiplier, so that neighbours do not share places. */
const placeOf = (at: number, mask: number): number => (Math.imul(at, 0x9e3779b1) >>> 7) & mask;

export class Memo {
  readonly #positions: number;
  readonly #dense: boolean;
  // of most values nothing is asked for
  #values = NOTHING;
  /** Of an array whether a position is known; of a table the position in each place, and one more. */
  #keys: Uint8Array | Int32Array = NO_KEYS;
  #size = 0;

  constructor(positions: number) {
    this.#positions = positions;
    this.#dense = positions <= MOST;
  }

  get(at: number): number | undefined {
    if (this.#keys === NO_KEYS) return undefined;
    if (this.#dense) return this.#keys[at] === 1 ? this.#values[at] : undefined;
    const place = this.#find(at);
    return this.#keys[place] === 0 ? undefined : this.#values[place];
  }

  set(at: number, value: number): void {
    if (this.#keys === NO_KEYS) {
      this.#values = new Float64Array(this.#dense ? this.#positions : LEAST);
      this.#keys = this.#dense ? new Uint8Array(this.#positions) : new Int32Array(LEAST);
    }
    if (this.#dense) {
      this.#values[at] = value;
      this.#keys[at] = 1;
      return;
    }
    if (2 * this.#size >= this.#keys.length) this.#grow();
    const place = this.#find(at);
    if (this.#keys[place] === 0) this.#size++;
    this.#keys[place] = at + 1;
    this.#values[place] = value;
  }

  /** The place of a position, or the free one where it would lie. */
  #find(at: number): number {
    const mask = this.#keys.length - 1;
    let place = placeOf(at, mask);
    while (this.#keys[place] !== 0 && this.#keys[place] !== at + 1) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Int32Array(2 * keys.length);
    this.#values = new Float64Array(2 * keys.length);
    for (let n = 0; n < keys.length; n++) {
      if (keys[n] === 0) continue;
      const place = this.#find(keys[n]! - 1);
      this.#keys[place] = keys[n]!;
      this.#values[place] = values[n]!;
    }
  }
}
