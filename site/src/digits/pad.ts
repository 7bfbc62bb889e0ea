/** A pad of 28 by 28 to draw a digit on, and the digit as MNIST would have it: in a box of 20, its weight in the middle. */

const SIDE = 28;

export class Pad {
  readonly ink = new Float32Array(SIDE * SIDE);
  readonly #canvas: HTMLCanvasElement;
  readonly #changed: () => void;
  #last: readonly [number, number] | undefined;

  /** Calls `changed` after every stroke. Hears the event `draw`, whose detail are 784 pixels from 0 to 1, as if they had been drawn. */
  constructor(canvas: HTMLCanvasElement, changed: () => void) {
    this.#canvas = canvas;
    this.#changed = changed;
    [canvas.width, canvas.height] = [SIDE, SIDE];
    canvas.classList.add("pixelated");
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#last = undefined;
      this.#stroke(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) for (const one of event.getCoalescedEvents?.() ?? [event]) this.#stroke(one);
    });
    canvas.addEventListener("draw", (event) => this.draw((event as CustomEvent<ArrayLike<number>>).detail));
    this.#show();
  }

  clear(): void {
    this.draw(new Float32Array(SIDE * SIDE));
  }

  draw(pixels: ArrayLike<number>): void {
    this.ink.set(pixels);
    this.#show();
    this.#changed();
  }

  get isEmpty(): boolean {
    return this.ink.every((one) => one < 0.1);
  }

  #stroke(event: PointerEvent): void {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const to = [((event.clientX - left) / width) * SIDE - 0.5, ((event.clientY - top) / height) * SIDE - 0.5] as const;
    const from = this.#last ?? to;
    const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) * 3));
    for (let n = 0; n <= steps; n++) this.#dab(from[0] + ((to[0] - from[0]) * n) / steps, from[1] + ((to[1] - from[1]) * n) / steps);
    this.#last = to;
    this.#show();
    this.#changed();
  }

  /** A soft round pen, some two and a half pixels wide, as MNIST's. */
  #dab(x: number, y: number): void {
    for (let row = Math.max(0, Math.floor(y - 2)); row <= Math.min(SIDE - 1, y + 2); row++)
      for (let column = Math.max(0, Math.floor(x - 2)); column <= Math.min(SIDE - 1, x + 2); column++) {
        const at = row * SIDE + column;
        this.ink[at] = Math.max(this.ink[at]!, Math.min(1, 1.75 - Math.hypot(column - x, row - y)));
      }
  }

  #show(): void {
    const context = this.#canvas.getContext("2d")!;
    const image = context.createImageData(SIDE, SIDE);
    this.ink.forEach((ink, n) => {
      const grey = 250 - 235 * ink;
      image.data.set([grey, grey, grey, 255], n * 4);
    });
    context.putImageData(image, 0, 0);
  }

  /** What a net is given: scaled where the larger side of the box is far from 20, moved so that the centre of mass is in the middle. */
  get digit(): Float32Array<ArrayBuffer> {
    let [left, right, top, bottom] = [SIDE, -1, SIDE, -1];
    this.ink.forEach((ink, at) => {
      if (ink < 0.1) return;
      const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
    });
    const found = new Float32Array(SIDE * SIDE);
    if (right < 0) return found;
    const larger = Math.max(right - left, bottom - top) + 1;
    const scale = larger >= 17 && larger <= 21 ? 1 : larger / 20;
    let [mass, mx, my] = [0, 0, 0];
    this.ink.forEach((ink, at) => {
      mass += ink;
      mx += ink * (at % SIDE);
      my += ink * Math.floor(at / SIDE);
    });
    const [cx, cy] = [mx / mass, my / mass];
    // of a picture at its own scale whole pixels stay whole
    const place = (centre: number, at: number): number => (scale === 1 ? at + Math.round(centre - 14) : centre + (at - 13.5) * scale);
    for (let at = 0; at < found.length; at++) found[at] = this.#between(place(cx, at % SIDE), place(cy, Math.floor(at / SIDE)));
    return found;
  }

  #between(x: number, y: number): number {
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const ink = (column: number, row: number): number =>
      column < 0 || row < 0 || column >= SIDE || row >= SIDE ? 0 : this.ink[row * SIDE + column]!;
    const [dx, dy] = [x - x0, y - y0];
    return (
      ink(x0, y0) * (1 - dx) * (1 - dy) + ink(x0 + 1, y0) * dx * (1 - dy) + ink(x0, y0 + 1) * (1 - dx) * dy + ink(x0 + 1, y0 + 1) * dx * dy
    );
  }
}
