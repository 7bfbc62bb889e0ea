/** Guarantees that a worker of Node serves the emitted trainer whose address it is given. */

import { parentPort, workerData } from "node:worker_threads";

const { trainer } = workerData as { readonly trainer: string }; // workersOf sent it
const { serve } = (await import(trainer)) as { readonly serve?: (port: unknown) => void };
if (serve === undefined) throw new Error(`${trainer} has no serve: it was compiled without --threads`);
serve(parentPort);
