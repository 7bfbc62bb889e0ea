/** The public face of `adjoint/runtime/browser`: checkpoints, data over the net and training in a worker, where there is a page. */

export { checkpointIndexedDB } from "./checkpoint-indexeddb.ts";
export { checkpointOPFS } from "./checkpoint-opfs.ts";
export {
  fetchBytes,
  loadCifar10,
  loadCsv,
  loadImages,
  loadMnist,
  loadNpy,
  loadNpz,
  loadTable,
  loadText,
  type FetchOptions,
  type FetchProgress,
} from "./fetch.ts";
export { trainInWorker, type WorkerOptions, type WorkerTraining } from "./train-in-worker.ts";
export { serveTrainer, type TrainerModule } from "./serve-trainer.ts";
export type { WorkerLike } from "./engine.ts";
export type { WorkerCheckpoints } from "./messages.ts";
export { WorkerError } from "./error.ts";
