/**
 * A step whose kernels several threads share: the main thread runs the statements; at a divided kernel it calls the turn,
 * every thread runs most of its share and then parts that nobody has begun, and the main thread goes on when all are done. The threads
 * spin through a step and sleep between steps.
 */

import { divide } from "../../loop/divide.ts";
import type { Module } from "../../loop/loop.ts";
import { pages, sectionName } from "./text.ts";

interface SectionExport {
  readonly name: string;
  /** It takes `first`, `end` and `parts`. */
  readonly divided: boolean;
}

/** The statements of a module that threads share, numbered as they are printed: equal calls have one number. */
export class Statements {
  readonly #sections: ReadonlyMap<string, readonly boolean[]>;
  readonly #numbers = new Map<string, number>();

  constructor({ kernels }: Module, threads: number) {
    this.#sections = new Map(
      kernels.flatMap((kernel) => {
        const sections = divide(kernel, threads);
        return sections === undefined ? [] : [[kernel.name, sections.map(({ divided }) => divided.length > 0)]];
      }),
    );
  }

  /** The exports of a kernel. */
  sectionsOf(kernel: string, name: string): readonly SectionExport[] {
    const sections = this.#sections.get(kernel);
    if (sections === undefined) return [{ name, divided: false }];
    return sections.map((divided, n) => ({ name: sectionName(name, n), divided }));
  }

  /** The statement that calls a divided kernel, a section after the other; undefined for a kernel of one thread. */
  call(kernel: string, name: string, args: string, shown: string): string | undefined {
    if (!this.#sections.has(kernel)) return undefined;
    const calls = this.sectionsOf(kernel, name).map((section) => {
      const text = `kernels${/^\w+$/.test(section.name) ? `.${section.name}` : `[${JSON.stringify(section.name)}]`}(${args}`;
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
  const module = where === "embedded" ? "module?: object" : "module: object";
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
      : [GATHER.replace("MODULE", module.replace("module", "readonly module")).replaceAll("DEFAULT", String(threads))]),
  ];
}

/** Emitted where threads may be asked for. */
const GATHER = `
/** One end of a conversation with a worker, as workers of pages have it; runtime/node gives the same to those of Node. */
export interface Thread {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
}

/** A worker as its owner sees it: it calls \`serve\` of this file with its end of the conversation. */
export interface Worker extends Thread {
  onerror: ((event: { readonly message: string }) => void) | null;
  terminate(): unknown;
}

export interface ThreadedTrainer extends Trainer {
  /** Those that run a step, this one among them. */
  readonly threads: number;
  /** Ends the other threads; the trainer goes on with one. */
  close(): void;
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
 * Where in \`control\` what stands: the statement called, how often one was; how many threads are done; which part is the next; how many are
 * asleep, whether the first is, and who failed why. What some write while others look lies in a cache line of its own.
 */
const [CALL, TURN, DONE, NEXT, SLEEPING, WAITING, FAILED, MESSAGE] = [0, 1, 16, 32, 48, 49, 50, 51] as const;
/** A thread's share in parts, and how many of them nobody else may take: what is left goes to whoever is free, so that a thread on a slower core holds nobody up for long. */
const [SHARE, OWN] = [8, 6] as const;
/** Looks before a thread sleeps, about a millisecond: longer than what one thread does alone within a step. */
const SPINS = 200_000;
/** Milliseconds after which a thread that does not answer is taken for dead. */
const PATIENCE = 60_000;

declare const console: { warn(text: string): void };
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
export async function createThreadedTrainer(options: {
  readonly seed?: number;
  MODULE;
  readonly threads?: number;
  readonly spawn: { (): Worker; readonly cores?: number };
}): Promise<ThreadedTrainer> {
  checkRecord("createThreadedTrainer takes options", options, ["seed", "module", "threads", "spawn"]);
  const { spawn, threads: asked = DEFAULT, ...rest } = options;
  checkSeed(rest.seed);
  if (typeof spawn !== "function")
    throw new TypeError(\`spawn needs a function that starts a worker, but got \${shown(spawn)}\`);
  if (!Number.isInteger(asked) || asked < 1)
    throw new RangeError(\`threads needs a whole number of at least 1, but got \${shown(asked)}\`);
  const own = typeof navigator === "undefined" ? undefined : navigator.hardwareConcurrency;
  const threads = possible(asked, spawn.cores ?? own ?? asked);
  if (threads === 1) return Object.assign(createTrainer(rest), { threads, close() {} });
  const [module, memory] = [compiled(options.module), sharedMemory()];
  const control = new Int32Array(new SharedArrayBuffer(1024));
  const workers: Worker[] = [];
  const started = Array.from({ length: threads - 1 }, (_, n) => {
    const worker = spawn();
    workers.push(worker);
    return new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }) => (data === "ready" ? resolve() : reject(new Error(\`thread \${n + 1}: \${String(data)}\`)));
      worker.onerror = ({ message }) => reject(new Error(\`thread \${n + 1} did not start: \${message}\`));
      worker.postMessage({ module, memory, control, thread: n + 1, threads } satisfies Setup);
    });
  });
  const end = (): void => {
    Atomics.store(control, CALL, -1);
    Atomics.add(control, TURN, 1);
    Atomics.notify(control, TURN);
    for (const worker of workers.splice(0)) worker.terminate();
  };
  await Promise.all(started).catch((error: unknown) => {
    end();
    throw error;
  });
  const kernels = instantiate(module, memory);
  const run = (statement: number): void => {
    if (workers.length === 0) return work(statement, kernels, 0, 1, 1);
    Atomics.store(control, DONE, 0);
    Atomics.store(control, NEXT, 0);
    Atomics.store(control, CALL, statement);
    Atomics.add(control, TURN, 1);
    if (Atomics.load(control, SLEEPING) > 0) Atomics.notify(control, TURN);
    try {
      share(control, statement, kernels, 0, threads);
    } finally {
      meet(control, threads - 1);
    }
  };
  const trainer = createTrainer({ ...rest, team: { kernels, run } });
  return Object.assign(trainer, { threads, close: end });
}

/** What one of the threads does of a statement. */
function share(control: Int32Array, statement: number, kernels: Kernels, thread: number, threads: number): void {
  const [own, parts] = [thread * SHARE, threads * SHARE];
  work(statement, kernels, own, own + OWN, parts);
  const left = threads * (SHARE - OWN);
  for (let n = Atomics.add(control, NEXT, 1); n < left; n = Atomics.add(control, NEXT, 1)) {
    const first = (n % threads) * SHARE + OWN + Math.floor(n / threads);
    work(statement, kernels, first, first + 1, parts);
  }
}

/** Waits until the other threads are done. Throws what one of them failed of. */
function meet(control: Int32Array, others: number): void {
  let began = 0;
  for (let n = 1; ; n++) {
    const done = Atomics.load(control, DONE);
    if (done >= others) break;
    if (n % SPINS !== 0) continue;
    began ||= Date.now();
    if (Date.now() - began > PATIENCE) throw new Error(\`a thread has not answered for \${PATIENCE / 1000} s: its worker has ended\`);
    pause(control, done);
  }
  const failed = Atomics.load(control, FAILED);
  if (failed === 0) return;
  const message = String.fromCharCode(...control.subarray(MESSAGE + 1, MESSAGE + 1 + control[MESSAGE]!));
  throw new Error(\`thread \${failed} failed: \${message}\`);
}

/** Leaves the core to the other threads while there are fewer cores than threads. The main thread of a page must not sleep, and looks on. */
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
  port.onmessage = ({ data }) => {
    const { module, memory, control, thread, threads } = data as Setup; // createThreadedTrainer sent it
    const kernels = instantiate(module, memory);
    port.postMessage("ready");
    for (let turn = 0; ; turn = (turn + 1) | 0) {
      for (let n = 0; Atomics.load(control, TURN) === turn; n++) {
        if (n < SPINS) continue;
        Atomics.add(control, SLEEPING, 1);
        Atomics.wait(control, TURN, turn);
        Atomics.sub(control, SLEEPING, 1);
      }
      const statement = Atomics.load(control, CALL);
      if (statement < 0) return;
      try {
        share(control, statement, kernels, thread, threads);
      } catch (error) {
        const text = String(error instanceof Error ? error.message : error).slice(0, 200);
        for (let n = 0; n < text.length; n++) control[MESSAGE + 1 + n] = text.charCodeAt(n);
        control[MESSAGE] = text.length;
        Atomics.store(control, FAILED, thread);
      }
      Atomics.add(control, DONE, 1);
      if (Atomics.load(control, WAITING) > 0) Atomics.notify(control, DONE);
    }
  };
}`;
