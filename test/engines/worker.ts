/** What a worker of a page does: jobs that are posted to it, an outcome for each. */

import { outcomeOf, type Job } from "./job.ts";

declare const self: {
  onmessage: ((event: { readonly data: readonly Job[] }) => void) | null;
  postMessage(outcome: unknown): void;
};

const load = (module: string): Promise<unknown> => import(new URL(module, import.meta.url).href);

self.onmessage = async ({ data }) => {
  for (const job of data) self.postMessage(await outcomeOf(job, load));
  self.postMessage("done");
};
