/** Made rows for fine-tuning, and how right a trainer is about them: the same ones every time, in Node and in a page. */

export type Batch = Readonly<Record<string, Float32Array | Int32Array>>;
export interface Rows {
  readonly inputs: Batch;
  readonly targets: Batch;
  /** The class of each row. */
  readonly classes: Int32Array;
}

/** Numbers from 0 to 1 that are the same every time. */
function drawing(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Pictures 24×24 of a bright disc, or a bright square, on noise; where it lies, as shares of the picture. */
export function shapes(count: number, seed: number): Rows {
  const draw = drawing(seed);
  const [pixels, boxes, classes] = [new Float32Array(count * 24 * 24 * 3), new Float32Array(count * 4), new Int32Array(count)];
  for (let row = 0; row < count; row++) {
    const square = row % 2;
    const [half, light] = [5 + 4 * draw(), 0.3 + 0.5 * draw()];
    const [x, y] = [half + (24 - 2 * half) * draw(), half + (24 - 2 * half) * draw()];
    for (let i = 0; i < 24; i++)
      for (let j = 0; j < 24; j++) {
        const [dx, dy] = [Math.abs(j + 0.5 - x), Math.abs(i + 0.5 - y)];
        const inside = square === 1 ? Math.max(dx, dy) < 0.886 * half : Math.hypot(dx, dy) < half; // of one area
        for (let c = 0; c < 3; c++) pixels[((row * 24 + i) * 24 + j) * 3 + c] = (inside ? light : -light) + 0.6 * (draw() - 0.5);
      }
    boxes.set([(x - half) / 24, (y - half) / 24, (x + half) / 24, (y + half) / 24], 4 * row);
    classes[row] = square;
  }
  return { inputs: { input_2: pixels }, targets: { y: boxes, target: classes }, classes };
}

const WORDS = "level time user error count open read write start stop cache queue index route token".split(" ");
/** Ways to make a line of text, a kind of file each. */
export const KINDS: readonly ((draw: () => number) => string)[] = [
  // logs, settings, and addresses with what was asked of them
  (draw) =>
    `2026-0${1 + Math.floor(9 * draw())}-1${Math.floor(10 * draw())} ${WORDS[Math.floor(15 * draw())]} ${WORDS[Math.floor(15 * draw())]}=${Math.floor(1e4 * draw())}\n`,
  (draw) => `${WORDS[Math.floor(15 * draw())]}.${WORDS[Math.floor(15 * draw())]} = ${draw() < 0.5 ? "true" : Math.floor(100 * draw())}\n`,
  (draw) =>
    `GET /${WORDS[Math.floor(15 * draw())]}/${Math.floor(1e3 * draw())}?${WORDS[Math.floor(15 * draw())]}=${WORDS[Math.floor(15 * draw())]}\n`,
];

/** The first and the last 1,024 bytes of a made file, as magika takes them. */
export function texts(count: number, seed: number): Rows {
  const draw = drawing(seed);
  const [bytes, classes] = [new Int32Array(count * 2048), new Int32Array(count)];
  for (let row = 0; row < count; row++) {
    const kind = row % KINDS.length;
    let text = "";
    while (text.length < 2048 + 512 * draw()) text += KINDS[kind]!(draw);
    const all = new TextEncoder().encode(text);
    bytes.set(all.subarray(0, 1024), row * 2048);
    bytes.set(all.subarray(all.length - 1024), row * 2048 + 1024);
    classes[row] = kind;
  }
  return { inputs: { bytes }, targets: { y: classes }, classes };
}

export interface Trainer {
  readonly parameters: Readonly<Record<string, Float32Array>>;
  readonly state: Readonly<Record<string, Float32Array>>;
  step(batch: Batch): number;
  predict(batch: Batch): Readonly<Record<string, Float32Array>>;
}

/** Rows from one to another, of so many. */
export const slice = (all: Batch, count: number, from: number, to: number): Batch =>
  Object.fromEntries(
    Object.entries(all).map(([name, values]) => [name, values.slice((from * values.length) / count, (to * values.length) / count)]),
  );
export const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
/** Predictions of all rows, a batch at a time. */
export function predicted(trainer: Trainer, { inputs, classes }: Rows, batch: number): Readonly<Record<string, readonly number[]>> {
  const all: Record<string, number[]> = {};
  for (let from = 0; from < classes.length; from += batch)
    for (const [name, values] of Object.entries(trainer.predict(slice(inputs, classes.length, from, from + batch))))
      (all[name] ??= []).push(...values);
  return all;
}

/** The share of rows whose largest score is their class. */
export function accuracy(scores: readonly number[], { classes }: Rows): number {
  const width = scores.length / classes.length;
  const right = Array.from(classes).filter((kind, row) => {
    const own = scores.slice(row * width, (row + 1) * width);
    return own.indexOf(Math.max(...own)) === kind;
  });
  return right.length / classes.length;
}
