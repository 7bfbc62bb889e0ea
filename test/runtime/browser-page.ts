/** Runs in a page of a browser: workers are ended at random moments and the run goes on from each store, to the bits of a run that never was. */

import { checkpointIndexedDB, checkpointOPFS, fetchBytes, trainInWorker, type WorkerCheckpoints } from "../../runtime/browser/index.ts";

declare const location: { readonly search: string };

const kills = Number(new URLSearchParams(location.search).get("kills"));
const trainer = "./trainer.js";
const rows = 400;
let bits = 7;
const next = (): number => (bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const y = Int32Array.from({ length: rows }, (_, row) => row % 10);
const x = Float32Array.from({ length: rows * 784 }, next);

const RUN = { epochs: 3, shuffle: { seed: 5 }, create: { seed: 2 } };
const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** The run's history and weights. */
async function ended(checkpoint?: WorkerCheckpoints): Promise<string> {
  const training = trainInWorker(trainer, { x, y }, { ...RUN, ...(checkpoint && { checkpoint }) });
  const history = await training.history;
  const weights = await training.weights();
  training.terminate();
  return JSON.stringify(history.epochs) + hex(weights);
}

const began = performance.now();
const straight = await ended();
const length = performance.now() - began;
const said: Record<string, unknown> = { weights: straight.length > 1000 };

for (const store of ["IndexedDB", "OPFS"] as const) {
  const checkpoint = { store, name: "run", every: { steps: 1 }, keep: 2 } as const;
  const reached: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const training = trainInWorker(trainer, { x, y }, { ...RUN, checkpoint });
    training.history.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, next() * length * 1.5));
    training.terminate();
    const names = await (store === "OPFS" ? checkpointOPFS : checkpointIndexedDB)("run").then((opened) => opened.list());
    reached.push(names.length);
  }
  said[store] = { same: (await ended(checkpoint)) === straight, stored: Math.max(...reached) > 0 };
}

const progress: number[] = [];
const bytes = await fetchBytes("./trainer.js", { onProgress: ({ loaded }) => progress.push(loaded) });
said["fetched"] = { whole: progress.at(-1) === bytes.length, from: progress[0] };
said["missing"] = await trainInWorker("./none.js", { x, y }, RUN).history.then(
  () => "trained",
  ({ name, message }: Error) => `${name}: ${message.replace(/http\S+\//g, "")}`,
);
await fetch("/said", { method: "POST", body: JSON.stringify(said) });
