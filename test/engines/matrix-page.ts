/** The page of the matrix: fetches the jobs, has a worker do them, posts each outcome and at the end the browser's name. */

import type { Job } from "./job.ts";

declare const navigator: { readonly userAgent: string };
declare const Worker: new (
  url: string,
  options: { readonly type: "module" },
) => {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(jobs: readonly Job[]): void;
};

const say = (what: unknown): Promise<unknown> => fetch("said", { method: "POST", body: JSON.stringify(what) });
const jobs = (await (await fetch("jobs.json")).json()) as readonly Job[]; // written by engines.ts
const worker = new Worker("worker.js", { type: "module" });
let last: Promise<unknown> = Promise.resolve();
const next = (what: unknown): void => void (last = last.then(() => say(what)));
worker.onmessage = ({ data }) => next(data === "done" ? { done: navigator.userAgent } : data);
worker.onerror = ({ message }) => next({ done: `the worker failed: ${message}` });
worker.postMessage(jobs);
