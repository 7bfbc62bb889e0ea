/**
 * Guarantees what every engine does alike: a trainer's steps on batches of exact numbers, and the hash of what they leave.
 * Imports nothing and names no platform, so that it runs as it is in Node, Bun and a page or worker of a browser.
 */

export interface Job {
  /** Of the result, such as `lenet wasm`. */
  readonly name: string;
  /** A JavaScript module that exports createTrainer. */
  readonly module: string;
  readonly steps: number;
  /** Labels by input: y < classes. */
  readonly classes: Readonly<Record<string, number>>;
  /** WebAssembly bytes that createTrainer is given compiled. */
  readonly bytes?: string;
}

export interface Outcome {
  readonly name: string;
  /** SHA-256 of trainer.bytes(), hexadecimal, or what went wrong. */
  readonly hash: string;
}

type Values = Float32Array | Int32Array;

interface Trainer {
  step(batch: Readonly<Record<string, Values>>): unknown;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly parameters: Readonly<Record<string, Values>>;
  readonly state: Readonly<Record<string, Values>>;
  bytes(): Uint8Array;
}

export interface Emitted {
  createTrainer(options: { readonly seed: number; readonly module?: object }): Trainer;
}

/** 32 bits from a position: multiplications and shifts of integers, which every engine does alike. */
function bitsAt(at: number): number {
  let mixed = Math.imul(at, 0x9e3779b9);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Fills a batch in place: floats are n/256 of [0, 1), labels whole numbers below their classes. */
export function fillBatch(batch: Readonly<Record<string, Values>>, step: number, classes: Job["classes"]): void {
  Object.entries(batch).forEach(([name, values], input) => {
    const start = Math.imul(step * 16 + input + 1, 0x01000193);
    const whole = values instanceof Int32Array;
    for (let n = 0; n < values.length; n++) {
      const bits = bitsAt((start + n) | 0);
      values[n] = whole ? bits % (classes[name] ?? 2) : (bits >>> 24) / 256;
    }
  });
}

/** Trains and gives parameters and state as bytes(). Throws where a value of them is no finite number: such bits would say nothing. */
export function bytesAfter({ createTrainer }: Emitted, { steps, classes }: Job, module?: object): Uint8Array {
  const trainer = createTrainer({ seed: 7, ...(module === undefined ? {} : { module }) });
  const batch = Object.fromEntries(Object.entries(trainer.inputs).map(([name, view]) => [name, view.slice()]));
  for (let step = 0; step < steps; step++) {
    fillBatch(batch, step, classes);
    trainer.step(batch);
  }
  for (const views of [trainer.parameters, trainer.state])
    for (const [name, values] of Object.entries(views))
      if (!values.every(Number.isFinite)) throw new Error(`${name} holds what is no finite number`);
  return trainer.bytes();
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Does one job; what it throws is the outcome. `readBytes` gives the bytes of job.bytes as a compiled module. */
export async function outcomeOf(
  job: Job,
  load: (module: string) => Promise<unknown>,
  compiled?: (bytes: string) => Promise<object>,
): Promise<Outcome> {
  try {
    const emitted = (await load(job.module)) as Emitted; // what the file exports
    const module = job.bytes === undefined ? undefined : await compiled?.(job.bytes);
    return { name: job.name, hash: await sha256(bytesAfter(emitted, job, module)) };
  } catch (error) {
    return { name: job.name, hash: String(error) };
  }
}
