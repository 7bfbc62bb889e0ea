/** Training in a worker, from the page: the page never waits, and hears, asks, pauses and stops as it likes. */

import { anyOf, COUNT, FLAG, FUNCTION, kind, oneOf, optionsOf, required, TEXT } from "../arguments.ts";
import { DataError, DivergenceError } from "../error.ts";
import type { EpochEntry, StepEvent } from "../history.ts";
import { DATA, has, hold, NUMBER, SEED } from "../kinds.ts";
import { engine, type Fault, type Said, type WorkerLike } from "./engine.ts";
import * as error from "./error.ts";
import type { Arrays, Ended, FromWorker, RunOptions, Told, ToWorker, WorkerCheckpoints } from "./messages.ts";

/** What `trainInWorker` is told of a run: of the options of `fit` those that are data, and what the page wants to hear. */
export interface WorkerOptions extends RunOptions {
  /** What `createTrainer` is given: `{ seed: 1 }`. */
  readonly create?: object;
  /** Hears the newest step a few dozen times a second, not every one. */
  readonly onStep?: (event: StepEvent) => void;
  readonly onEpoch?: (entry: EpochEntry) => void;
  /** Hands the arrays of the data over instead of copying them; the page can no longer use them. Default: false. */
  readonly transfer?: boolean;
}

/** A run in a worker. */
export interface WorkerTraining {
  /** Resolves to what the run measured, stopped or not; rejects as `fit` does, and where the worker fails. */
  readonly history: Promise<Ended>;
  /** The outputs for a batch with the weights of now, during training and after it. */
  predict(batch: object): Promise<Arrays>;
  /** Parameters and state of now, as the trainer's `bytes`: handed over by the worker, not copied. A trainer of the page takes them by `restore`. */
  weights(): Promise<Uint8Array>;
  /** Lets no further step begin until `resume`; questions are answered all the while. */
  pause(): void;
  resume(): void;
  /** Ends the run after the step in progress, with a checkpoint where it has a store; `history` then resolves. */
  stop(): void;
  /** Ends the worker at once. What was not answered is refused. */
  terminate(): void;
}

const CHECKPOINT = optionsOf<WorkerCheckpoints>(
  {
    store: required(oneOf("IndexedDB", "OPFS")),
    name: required(TEXT),
    every: optionsOf({ epochs: COUNT, steps: COUNT }, "{ epochs } or { steps }"),
    keep: COUNT,
  },
  "{ store, name }",
);
const OPTIONS = optionsOf<WorkerOptions>({
  epochs: required(COUNT),
  batchSize: NUMBER,
  shuffle: optionsOf({ seed: required(SEED) }, "{ seed }"),
  validation: DATA,
  earlyStopping: DATA,
  checkpoint: CHECKPOINT,
  create: DATA,
  onStep: FUNCTION,
  onEpoch: FUNCTION,
  transfer: FLAG,
});
const WORKER = kind("a worker", (value) => has(value, "function", "postMessage"));
const TRAINER = anyOf(
  "the address of an emitted trainer, or a worker that calls serveTrainer",
  TEXT,
  kind("a URL", (value) => value instanceof URL),
  WORKER,
);

/** One answer that is waited for. */
interface Question {
  readonly asked: string;
  resolve(value: never): void;
  reject(error: Error): void;
}

/**
 * Trains in a worker: `trainInWorker(new URL("./trainer.js", import.meta.url), { x, y }, { epochs: 5, onEpoch: show })`.
 *
 * @param trainer the address of an emitted trainer, as JavaScript (`adjoint compile` with `js: true`, or what a bundler made of it), or a worker
 * of one's own that calls `serveTrainer`, which bundlers understand as it stands
 * @param data the batch's own record, each array [n, …]
 * @throws WorkerError when there are no workers here; TypeError or RangeError when an argument is of another kind
 */
export function trainInWorker(trainer: string | URL | WorkerLike, data: object, options: WorkerOptions): WorkerTraining {
  hold("trainInWorker", { trainer, data, options }, { trainer: TRAINER, data: DATA, options: OPTIONS });
  const { create = {}, onStep, onEpoch, transfer = false, ...run } = options;
  const address = isWorker(trainer) ? undefined : new URL(trainer, engine.location?.href).href;
  const worker = isWorker(trainer) ? trainer : started();
  const questions = new Map<number, Question>();
  let last = 0;
  /** Why nothing is answered any more. */
  let over: string | undefined;
  let settle: { resolve(history: Ended): void; reject(error: Error): void };
  const history = new Promise<Ended>((resolve, reject) => (settle = { resolve, reject }));
  history.catch(() => {}); // whoever asks for it hears of it

  const end = (why: string, cause?: Error): void => {
    over ??= why;
    settle.reject(cause ?? error.ended("training", why));
    for (const { asked, reject } of questions.values()) reject(error.ended(asked, why));
    questions.clear();
    worker.terminate?.();
  };
  const post = (message: ToWorker, own: ArrayBuffer[] = []): void => worker.postMessage(message, own);
  const ask = <Value>(asked: string, message: (id: number) => ToWorker): Promise<Value> =>
    new Promise((resolve, reject) => {
      if (over !== undefined) return reject(error.ended(asked, over));
      questions.set(++last, { asked, resolve, reject });
      post(message(last));
    });

  worker.onmessage = (event: Said) => {
    const message = event.data as FromWorker; // of serveTrainer, which speaks nothing else
    switch (message.kind) {
      case "step":
        return onStep?.(message.event);
      case "epoch":
        return onEpoch?.(message.entry);
      case "ended":
        return settle.resolve(message.history);
      case "failed":
        return settle.reject(errorOf(message.error));
      case "answer":
        questions.get(message.id)?.resolve(message.value as never); // what its question asked for
        return void questions.delete(message.id);
      case "refused":
        questions.get(message.id)?.reject(errorOf(message.error));
        return void questions.delete(message.id);
      default:
        return void (message satisfies never);
    }
  };
  worker.onerror = (event: Fault) => {
    event.preventDefault?.();
    end("failed", error.notStarted(address ?? "training", event.message ?? ""));
  };
  if (address !== undefined) post({ kind: "load", address });
  post({ kind: "train", create, data, options: run, steps: onStep !== undefined }, transfer ? buffersOf(data, run.validation) : []);

  const tell = (kind: "pause" | "resume" | "stop"): void => {
    if (over !== undefined) throw error.ended(kind, over);
    post({ kind });
  };
  return {
    history,
    predict: (batch) => ask("predict", (id) => ({ kind: "predict", id, batch })),
    weights: () => ask("weights", (id) => ({ kind: "weights", id })),
    pause: () => tell("pause"),
    resume: () => tell("resume"),
    stop: () => tell("stop"),
    terminate: () => end("was terminated"),
  };
}

const isWorker = (value: string | URL | WorkerLike): value is WorkerLike => typeof value === "object" && "postMessage" in value;

function started(): WorkerLike {
  if (engine.Worker === undefined) throw error.noWorkers();
  return new engine.Worker(new URL("./train-worker.js", import.meta.url), { type: "module" });
}

/** Each buffer once: arrays may share one. */
/** What may be handed over: memory that is shared stays where it is. */
const buffersOf = (...records: readonly (object | undefined)[]): ArrayBuffer[] => [
  ...new Set(
    records.flatMap((record) =>
      Object.values(record ?? {}).flatMap((value) => (ArrayBuffer.isView(value) && isOwn(value.buffer) ? [value.buffer] : [])),
    ),
  ),
];

const isOwn = (buffer: ArrayBufferLike): buffer is ArrayBuffer => Object.prototype.toString.call(buffer) === "[object ArrayBuffer]";

const CLASSES: Readonly<Record<string, new (message: string) => Error>> = { DataError, DivergenceError, RangeError, TypeError };

/** An error of the worker as one of this page's. */
const errorOf = ({ name, message }: Told): Error => new (CLASSES[name] ?? error.WorkerError)(message);
