/** Digits that the site ships: a part of MNIST, of which the first file is small (scripts/digits.mjs). */

export interface Digits {
  /** [n, 784], 0 to 1. */
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Int32Array<ArrayBuffer>;
}

export const PIXELS = 784;
/** Files of training digits. */
export const FILES = 20;

/** What could not be loaded, in a sentence. */
export class DigitsError extends Error {
  override readonly name = "DigitsError";
}

async function load(file: string): Promise<Digits> {
  const response = await fetch(`./digits/${file}.digits`).catch(() => undefined);
  if (response?.ok !== true || response.body === null) throw new DigitsError(`The digits of ${file} could not be loaded from this site.`);
  const bytes = new Uint8Array(await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
  const count = bytes.length / (1 + PIXELS / 2);
  const x = new Float32Array(count * PIXELS);
  for (let n = 0; n < x.length / 2; n++) {
    const two = bytes[count + n]!;
    x[2 * n] = (two >> 4) / 15;
    x[2 * n + 1] = (two & 15) / 15;
  }
  return { x, y: Int32Array.from(bytes.subarray(0, count)) };
}

export const loadTest = (): Promise<Digits> => load("test");
export const loadTrain = (n: number): Promise<Digits> => load(`train-${n}`);

/** Resolves when a first step, just made, has been seen: what that did not need is loaded then, so that a page trains sooner. */
export const afterFirstStep = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400));

/** Several as one. */
export function joined(parts: readonly Digits[]): Digits {
  const count = parts.reduce((sum, { y }) => sum + y.length, 0);
  const all = { x: new Float32Array(count * PIXELS), y: new Int32Array(count) };
  let at = 0;
  for (const { x, y } of parts) {
    all.x.set(x, at * PIXELS);
    all.y.set(y, at);
    at += y.length;
  }
  return all;
}

/** Copies of the first so many: arrays that may be handed over. */
export const firstOf = ({ x, y }: Digits, count: number): Digits => ({ x: x.slice(0, count * PIXELS), y: y.slice(0, count) });
