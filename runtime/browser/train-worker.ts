/** The script of the worker that `trainInWorker` starts for an address: loads the trainer there, and serves it. */

import type { Said, WorkerLike } from "./engine.ts";
import * as error from "./error.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { serveTrainer, toldOf, type TrainerModule } from "./serve-trainer.ts";

const port = globalThis as unknown as WorkerLike; // a worker's scope
const early: Said[] = [];

port.onmessage = (event: Said) => {
  const message = event.data as ToWorker; // of trainInWorker, which speaks nothing else
  if (message.kind !== "load") return void early.push(event);
  void load(message.address);
};

async function load(address: string): Promise<void> {
  try {
    const module = (await import(/* @vite-ignore */ /* webpackIgnore: true */ address)) as TrainerModule;
    if (typeof module.createTrainer !== "function") throw error.noTrainer(address);
    serveTrainer(module, port);
    // what was asked while the trainer was loading
    for (const event of early) (port.onmessage as ((event: Said) => void) | null)?.(event); // serveTrainer set it
  } catch (cause) {
    const failed: FromWorker = {
      kind: "failed",
      error: toldOf(cause instanceof error.WorkerError ? cause : error.notStarted(address, toldOf(cause).message)),
    };
    port.postMessage(failed, []);
  }
}
