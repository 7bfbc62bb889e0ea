/** Numbers remembered by position: in an array as long as there are positions, or in a map where that would be large. */

/** Of more positions few are asked for: an array of them would take longer to clear than to fill. */
const MOST = 2 ** 16;

export class Memo {
  readonly #values: Float64Array | undefined;
  readonly #known: Uint8Array | undefined;
  readonly #map = new Map<number, number>();

  constructor(positions: number) {
    if (positions > MOST) return;
    this.#values = new Float64Array(positions);
    this.#known = new Uint8Array(positions);
  }

  get(at: number): number | undefined {
    if (this.#values === undefined) return this.#map.get(at);
    return this.#known![at] === 1 ? this.#values[at] : undefined;
  }

  set(at: number, value: number): void {
    if (this.#values === undefined) return void this.#map.set(at, value);
    this.#values[at] = value;
    this.#known![at] = 1;
  }
}
