/** Workers of Node with the face that workers of pages have, as a threaded trainer wants them. */

import { kind } from "../arguments.ts";
import { hold } from "../kinds.ts";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** A worker as createThreadedTrainer of an emitted file sees it. */
export interface ThreadWorker {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message: string }) => void) | null;
  terminate(): unknown;
}

/** Starts a worker for `createThreadedTrainer`. */
export interface Spawn {
  (): ThreadWorker;
  /** How many threads can run at once here. */
  readonly cores: number;
}

const PLACE = kind("the address of an emitted file, as a URL or a text", (value) => typeof value === "string" || value instanceof URL);

/**
 * `createThreadedTrainer({ spawn: workersOf(new URL("./trainer.wasm.js", import.meta.url)) })`: each worker imports that emitted file,
 * as JavaScript where this Node reads no types, and serves. Workers keep no process from ending.
 */
export function workersOf(trainer: URL | string): Spawn {
  hold("workersOf", { trainer }, { trainer: PLACE });
  const spawn = (): ThreadWorker => {
    const worker = new Worker(new URL("./thread-worker.js", import.meta.url), { workerData: { trainer: String(trainer) } });
    worker.unref();
    const face: ThreadWorker = {
      postMessage: (message) => worker.postMessage(message),
      onmessage: null,
      onerror: null,
      terminate: () => worker.terminate(),
    };
    worker.on("message", (data: unknown) => face.onmessage?.({ data }));
    worker.on("error", ({ message }: Error) => face.onerror?.({ message }));
    return face;
  };
  return Object.assign(spawn, { cores: availableParallelism() });
}
