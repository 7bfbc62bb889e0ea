/** The worker's side of `trainInWorker`: owns the trainer, trains, and answers between steps. */

import { kind } from "../arguments.ts";
import type { Tables } from "../checkpoint.ts";
import type { CheckpointOptions } from "../checkpoint-options.ts";
import { earlyStopping } from "../early-stopping.ts";
import { fit } from "../fit.ts";
import type { EpochEntry, StepEvent } from "../history.ts";
import { has, hold } from "../kinds.ts";
import type { Trainer } from "../trainer.ts";
import { checkpointIndexedDB } from "./checkpoint-indexeddb.ts";
import { checkpointOPFS } from "./checkpoint-opfs.ts";
import type { Said, WorkerLike } from "./engine.ts";
import type { FromWorker, RunOptions, Told, ToWorker, WorkerCheckpoints } from "./messages.ts";

/** An emitted trainer's module, as far as a worker needs it. */
export interface TrainerModule extends Tables {
  createTrainer(options?: object): Trainer;
}

const MODULE = kind("the module of an emitted trainer", (value) => has(value, "function", "createTrainer"));

/** Why a run ends that was told to. */
const STOPPED = Symbol("stopped");

/**
 * Lets a page train with this module: `import * as trainer from "./trainer.ts"; serveTrainer(trainer)` is all that a worker of one's own needs to say, and the page
 * gives that worker to `trainInWorker`.
 *
 * @param port whoever asks; by default the page that started this worker
 */
export function serveTrainer(module: TrainerModule, port: Pick<WorkerLike, "postMessage" | "onmessage"> = ownPort()): void {
  hold("serveTrainer", { module }, { module: MODULE });
  const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  const stop = new AbortController();
  let trainer: Trainer | undefined;
  let waiting: { readonly until: Promise<void>; readonly end: () => void } | undefined;
  const goOn = (): void => {
    waiting?.end();
    waiting = undefined;
  };

  async function train(create: object, data: object, options: RunOptions, tellsSteps: boolean): Promise<void> {
    trainer = module.createTrainer(create);
    const { earlyStopping: patience, checkpoint, ...rest } = options;
    const epochs: EpochEntry[] = [];
    let step: StepEvent | undefined;
    const told = {
      ...(tellsSteps && { onStep: (event: StepEvent) => void (step = event) }),
      onResume: (entries: readonly EpochEntry[]) => void epochs.push(...entries),
      onEpoch(entry: EpochEntry) {
        epochs.push(entry);
        post({ kind: "epoch", entry });
      },
      // the newest step only: a page shows no more than that, and thousands of messages would take longer than the steps
      async onTurn() {
        if (step !== undefined) post({ kind: "step", event: step });
        step = undefined;
        await waiting?.until;
      },
    };
    try {
      const history = await fit(trainer, data, {
        ...rest,
        callbacks: [told, ...(patience === undefined ? [] : [earlyStopping(patience)])],
        ...(checkpoint === undefined ? {} : { checkpoint: await storeOf(checkpoint, module) }),
        signal: stop.signal,
      });
      post({ kind: "ended", history });
    } catch (cause) {
      if (cause === STOPPED) post({ kind: "ended", history: { epochs, stopped: true } });
      else post({ kind: "failed", error: toldOf(cause) });
    }
  }

  function answer(
    id: number,
    asked: (trainer: Trainer) => { value: Extract<FromWorker, { kind: "answer" }>["value"]; own: ArrayBufferLike[] },
  ) {
    try {
      if (trainer === undefined) throw new Error("it has no trainer yet");
      const { value, own } = asked(trainer);
      post({ kind: "answer", id, value }, own as ArrayBuffer[]); // copies, of which nothing is shared
    } catch (cause) {
      post({ kind: "refused", id, error: toldOf(cause) });
    }
  }

  port.onmessage = ({ data }: Said) => {
    const message = data as ToWorker; // of trainInWorker, which speaks nothing else
    switch (message.kind) {
      case "train":
        return void train(message.create, message.data, message.options, message.steps);
      case "predict":
        return answer(message.id, (of) => {
          const views = Object.entries(of.predict(message.batch) as Readonly<Record<string, Float32Array>>);
          const value = Object.fromEntries(views.map(([name, view]) => [name, view.slice()])); // the next call overwrites the views
          return { value, own: Object.values(value).map(({ buffer }) => buffer) };
        });
      case "weights":
        return answer(message.id, (of) => {
          const value = of.bytes();
          return { value, own: [value.buffer] };
        });
      case "pause":
        if (waiting === undefined) {
          let end = (): void => {};
          const until = new Promise<void>((resolve) => (end = resolve));
          waiting = { until, end };
        }
        return;
      case "resume":
        return goOn();
      case "stop":
        stop.abort(STOPPED);
        return goOn();
      case "load":
        return; // the worker's script has answered it
      default:
        return void (message satisfies never);
    }
  };
}

const ownPort = (): WorkerLike => globalThis as unknown as WorkerLike; // in a worker, its scope

async function storeOf({ store, name, ...rest }: WorkerCheckpoints, tables: Tables): Promise<CheckpointOptions> {
  return { ...rest, tables, store: await (store === "OPFS" ? checkpointOPFS(name) : checkpointIndexedDB(name)) };
}

export const toldOf = (cause: unknown): Told =>
  cause instanceof Error ? { name: cause.name, message: cause.message } : { name: "Error", message: String(cause) };
