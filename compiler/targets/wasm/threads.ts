/**
 * A step whose kernels several threads share: the main thread runs the statements; at a divided kernel it offers the parts, every thread
 * that is awake claims one after the other, first of its own share, then of others', and the main thread goes on when all are done. A
 * thread that sleeps, or has no core, claims nothing and holds up nobody. Threads spin for a moment and sleep.
 */

import type { Section } from "../../loop/divide.ts";
import { sectionName } from "../sections.ts";
import { JUDGE } from "./judge.ts";
import { pages } from "./text.ts";

interface SectionExport {
  readonly name: string;
  /** It takes `first`, `end` and `parts`. */
  readonly divided: boolean;
}

/** The exports of a kernel. */
export const sectionsOf = (sections: readonly Section[] | undefined, name: string): readonly SectionExport[] =>
  sections === undefined
    ? [{ name, divided: false }]
    : sections.map(({ divided }, n) => ({ name: sectionName(name, n), divided: divided.length > 0 }));

/** A member of the kernels, by its name. */
export const memberOf = (name: string): string => (/^\w+$/.test(name) ? `kernels.${name}` : `kernels[${JSON.stringify(name)}]`);

/** The statements of a module that threads share, numbered as they are printed: equal calls have one number. */
export class Statements {
  readonly #shared: ReadonlyMap<string, readonly Section[]>;
  readonly #numbers = new Map<string, number>();

  constructor(shared: ReadonlyMap<string, readonly Section[]>) {
    this.#shared = shared;
  }

  /** The statement that calls a divided kernel, a section after the other; undefined for a kernel of one thread. */
  call(kernel: string, name: string, args: string, shown: string): string | undefined {
    if (!this.#shared.has(kernel)) return undefined;
    const calls = sectionsOf(this.#shared.get(kernel), name).map((section) => {
      const text = `${memberOf(section.name)}(${args}`;
      if (!section.divided) return `${text});`;
      const call = `${text}, first, end, parts);`;
      const number = this.#numbers.get(call) ?? this.#numbers.size;
      this.#numbers.set(call, number);
      return `run(${number});`;
    });
    return `${calls.join(" ")} // ${name}(${shown})`;
  }

  /** What a thread does at each number. */
  get cases(): readonly string[] {
    return [...this.#numbers].map(([call, number]) => `case ${number}: return ${call}`);
  }
}

interface TeamOptions {
  readonly where: "embedded" | "external";
  /** The team's size unless its caller says otherwise; undefined where there is no team to gather. */
  readonly threads: number | undefined;
}

/** Statements, the lone thread, and, of a trainer, the team. */
export function printTeam(statements: Statements, arenaBytes: number, { where, threads }: TeamOptions): readonly string[] {
  const size = pages(arenaBytes);
  const module = moduleOf(where);
  return [
    `
/** Who runs a step: the kernels over the arena, and how a statement runs that threads share. */
export interface Team {
  readonly kernels: Kernels;
  readonly run: (statement: number) => void;
}

/** The statements that threads share: of one, the parts from \`first\` to before \`end\` of \`parts\`. Who runs which makes no difference to any bit. */
function work(statement: number, kernels: Kernels, first: number, end: number, parts: number): void {
  switch (statement) {
    ${statements.cases.join("\n    ")}
  }
}

/** The arena, in a memory that threads may share. */
function sharedMemory(): object {
  return new WebAssembly.Memory({ initial: ${size}, maximum: ${size}, shared: true });
}

/** One thread that does every part. */
function alone(${module}): Team {
  const kernels = instantiate(compiled(module), sharedMemory());
  return { kernels, run: (statement) => work(statement, kernels, 0, 1, 1) };
}`,
    ...(threads === undefined
      ? []
      : [faceOf(where), GATHER.replaceAll("DEFAULT", String(threads)).replaceAll("STATEMENTS", String(statements.cases.length)), JUDGE]),
  ];
}

const moduleOf = (where: "embedded" | "external"): string => (where === "embedded" ? "module?: object" : "module: object");

/** What a program sees of threads, whether there are any. */
const faceOf = (where: "embedded" | "external"): string => FACE.replace("MODULE", `readonly ${moduleOf(where)}`);

/** Emitted where threads are asked for, but no kernel's work pays for them: the same face before one thread. */
export const ONE = (where: "embedded" | "external"): string => `${faceOf(where)}

/**
 * A trainer of one thread: no kernel of this model runs so long that a barrier between threads would pay. No worker is started.
 * Throws a RangeError or TypeError for what is none of its options.
 */
export async function createThreadedTrainer(options: ThreadedOptions): Promise<ThreadedTrainer> {
  checkThreaded(options);
  const { spawn: _spawn, threads: _threads, ...rest } = options;
  return Object.assign(createTrainer(rest), { threads: 1, close() {} });
}

/** What a worker's file calls: no worker is started, so that there is nothing to serve. */
export function serve(_port: Thread): void {}`;

/** Emitted where threads may be asked for. */
const FACE = `
/** One end of a conversation with a worker, as workers of pages have it; runtime/node gives the same to those of Node. The engine calls the handlers with events of its own. */
export interface Thread {
  postMessage(message: unknown): void;
  onmessage: ((event: never) => void) | null;
}

/** A worker as its owner sees it: it calls \`serve\` of this file with its end of the conversation. */
export interface Worker extends Thread {
  onerror: ((event: never) => void) | null;
  terminate(): unknown;
}

export interface ThreadedTrainer extends Trainer {
  /** Those that run a step, this one among them. */
  readonly threads: number;
  /** Ends the other threads; the trainer goes on with one. */
  close(): void;
}

/** What createThreadedTrainer takes: createTrainer's options, how many threads share a step, and what starts a worker that imports this file and calls \`serve\`. */
export interface ThreadedOptions {
  readonly seed?: number;
  MODULE;
  readonly threads?: number;
  readonly spawn: { (): Worker; readonly cores?: number };
}

/** Throws a RangeError or TypeError for what is none of createThreadedTrainer's options. */
function checkThreaded(options: ThreadedOptions): void {
  checkRecord("createThreadedTrainer takes options", options, ["seed", "module", "threads", "spawn"]);
  const { spawn, threads = 1, seed } = options;
  checkSeed(seed);
  if (typeof spawn !== "function")
    throw new TypeError(\`spawn needs a function that starts a worker, but got \${shown(spawn)}\`);
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(\`threads needs a whole number of at least 1, but got \${shown(threads)}\`);
}`;

/** Emitted where kernels are shared. */
const GATHER = `
/** What a handler is called with. */
interface Said {
  readonly data: unknown;
}

/** What a worker is told. */
interface Setup {
  readonly module: object;
  readonly memory: object;
  readonly control: Int32Array;
  readonly thread: number;
  readonly threads: number;
}

/**
 * Where in \`control\` what stands: how often parts were offered; whether it is over; how many parts the workers have done; how many of them
 * sleep, whether the first thread does, and who failed why; from OFFERS on, a cache line for each thread's share. What some write while
 * others look lies in a cache line of its own.
 */
const [TURN, OVER, DONE, SLEEPING, WAITING, FAILED, MESSAGE, OFFERS] = [0, 1, 16, 32, 48, 49, 50, 256] as const;
/** Parts that a thread's share has. An offer is a statement's number times 16, and how many parts of the share are claimed. */
const SHARE = 8;
/** Looks before a thread sleeps, which leaves its core to others: some tenths of a millisecond for one that waits for an offer, less for the one that waits for parts which others have begun. */
const [SPINS, PATIENT] = [20_000, 4_000] as const;
/** Milliseconds after which a thread that does not answer is taken for dead. */
const PATIENCE = 60_000;
declare const console: { warn(text: string): void };
declare const performance: { now(): number };
declare const navigator: { readonly hardwareConcurrency?: number } | undefined;
let warned = false;

/** How many of the threads asked for can run; says once why there are fewer. */
function possible(asked: number, cores: number): number {
  const shared = typeof SharedArrayBuffer !== "undefined";
  const threads = shared ? Math.min(asked, cores) : 1;
  if (threads === asked || warned) return threads;
  warned = true;
  console.warn(
    shared
      ? \`\${asked} threads were asked for, but there are \${cores} cores: the trainer runs on \${threads}\`
      : \`\${asked} threads were asked for, but SharedArrayBuffer is missing here (a page needs the headers of cross-origin isolation): the trainer runs on one thread\`,
  );
  return threads;
}

/**
 * A trainer whose steps \`threads\` threads share, with the bits of one. \`spawn\` starts a worker that imports this file and calls
 * \`serve\`. Throws a RangeError or TypeError for what is none of its options, and an Error where a worker does not start.
 */
export async function createThreadedTrainer(options: ThreadedOptions): Promise<ThreadedTrainer> {
  checkThreaded(options);
  const { spawn, threads: asked = DEFAULT, ...rest } = options;
  const own = typeof navigator === "undefined" ? undefined : navigator.hardwareConcurrency;
  const threads = possible(asked, spawn.cores ?? own ?? asked);
  if (threads === 1) return Object.assign(createTrainer(rest), { threads, close() {} });
  const [module, memory] = [compiled(options.module), sharedMemory()];
  const control = new Int32Array(new SharedArrayBuffer(4 * (OFFERS + 16 * threads)));
  for (let owner = 0; owner < threads; owner++) control[OFFERS + 16 * owner] = SHARE;
  const workers: Worker[] = [];
  const started = Array.from({ length: threads - 1 }, (_, n) => {
    const worker = spawn();
    workers.push(worker);
    return new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }: Said) => (data === "ready" ? resolve() : reject(new Error(\`thread \${n + 1}: \${String(data)}\`)));
      worker.onerror = ({ message }: { readonly message: string }) => reject(new Error(\`thread \${n + 1} did not start: \${message}\`));
      worker.postMessage({ module, memory, control, thread: n + 1, threads } satisfies Setup);
    });
  });
  const end = (): void => {
    Atomics.store(control, OVER, 1);
    Atomics.add(control, TURN, 1);
    Atomics.notify(control, TURN);
    for (const worker of workers.splice(0)) worker.terminate();
  };
  await Promise.all(started).catch((error: unknown) => {
    end();
    throw error;
  });
  const kernels = instantiate(module, memory);
  const pays = judge(STATEMENTS);
  const run = (statement: number): void => {
    if (workers.length === 0) return work(statement, kernels, 0, 1, 1);
    const began = performance.now();
    const shared = pays.shares(statement, began);
    if (shared) {
      Atomics.store(control, DONE, 0);
      for (let owner = 0; owner < threads; owner++) Atomics.store(control, OFFERS + 16 * owner, statement * 16);
      Atomics.add(control, TURN, 1);
      if (Atomics.load(control, SLEEPING) > 0) Atomics.notify(control, TURN);
      meet(control, threads * SHARE - share(control, kernels, 0, threads));
    } else work(statement, kernels, 0, 1, 1);
    pays.took(statement, shared, began, performance.now());
  };
  const trainer = createTrainer({ ...rest, team: { kernels, run } });
  return Object.assign(trainer, { threads, close: end });
}

/** What one of the threads does of what is offered: its own share, then what others have not begun. Gives how many parts. */
function share(control: Int32Array, kernels: Kernels, thread: number, threads: number): number {
  let done = 0;
  for (let n = 0; n < threads; n++) {
    const owner = (thread + n) % threads;
    for (let offer = claim(control, OFFERS + 16 * owner); offer >= 0; offer = claim(control, OFFERS + 16 * owner)) {
      const part = owner * SHARE + (offer & 15);
      try {
        work(offer >> 4, kernels, part, part + 1, threads * SHARE);
      } catch (error) {
        fail(control, thread, error);
      }
      done++;
    }
  }
  return done;
}

/** The next part of a share, as an offer that names it, which is the caller's from here on; -1 where none is left. */
function claim(control: Int32Array, at: number): number {
  for (;;) {
    const offer = Atomics.load(control, at);
    if ((offer & 15) >= SHARE) return -1;
    // the offer names its statement: whenever it was read, a claim that succeeds is of what is offered now
    if (Atomics.compareExchange(control, at, offer, offer + 1) === offer) return offer;
  }
}

/** Puts down why a thread failed, for the first to throw. */
function fail(control: Int32Array, thread: number, error: unknown): void {
  const text = String(error instanceof Error ? error.message : error).slice(0, 200);
  for (let n = 0; n < text.length; n++) control[MESSAGE + 1 + n] = text.charCodeAt(n);
  control[MESSAGE] = text.length;
  Atomics.store(control, FAILED, thread + 1);
}

/** Waits until the workers have done so many parts. Throws what any thread failed of. */
function meet(control: Int32Array, parts: number): void {
  let began = 0;
  for (let n = 1; ; n++) {
    const done = Atomics.load(control, DONE);
    if (done >= parts) break;
    if (n % PATIENT !== 0) continue;
    began ||= performance.now();
    if (performance.now() - began > PATIENCE) throw new Error(\`a thread has not answered for \${PATIENCE / 1000} s: its worker has ended\`);
    pause(control, done);
  }
  const failed = Atomics.load(control, FAILED);
  if (failed === 0) return;
  const message = String.fromCharCode(...control.subarray(MESSAGE + 1, MESSAGE + 1 + control[MESSAGE]!));
  throw new Error(\`thread \${failed - 1} failed: \${message}\`);
}

/** Leaves the core to the other threads, one of which may wait for it. The main thread of a page must not sleep, and looks on. */
function pause(control: Int32Array, done: number): void {
  Atomics.store(control, WAITING, 1);
  try {
    Atomics.wait(control, DONE, done, 10);
  } catch {
    // a page's main thread
  }
  Atomics.store(control, WAITING, 0);
}

/** What a worker's file calls with its end of the conversation (\`self\`, or Node's parentPort); returns at once, and serves from the first message on. */
export function serve(port: Thread): void {
  port.onmessage = ({ data }: Said) => {
    const { module, memory, control, thread, threads } = data as Setup; // createThreadedTrainer sent it
    const kernels = instantiate(module, memory);
    port.postMessage("ready");
    while (Atomics.load(control, OVER) === 0) {
      const turn = Atomics.load(control, TURN);
      const done = share(control, kernels, thread, threads);
      if (done > 0) {
        Atomics.add(control, DONE, done);
        if (Atomics.load(control, WAITING) > 0) Atomics.notify(control, DONE);
      }
      for (let n = 0; Atomics.load(control, TURN) === turn; n++) {
        if (n < SPINS) continue;
        Atomics.add(control, SLEEPING, 1);
        Atomics.wait(control, TURN, turn);
        Atomics.sub(control, SLEEPING, 1);
      }
    }
  };
}`;
