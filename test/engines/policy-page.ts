/** The page under a policy: does one job in itself or in a worker, and goes to `said?…` with what came of it, for a policy may forbid it to post. */

import { outcomeOf, type Job, type Outcome } from "./job.ts";

interface Asked {
  readonly job: Job;
  readonly where: "page" | "worker";
}

/** What the page says: the outcome, whether the policy refused it `eval`, and what else was refused. */
export interface Said extends Outcome {
  readonly strict: boolean;
  readonly refused: readonly string[];
}

declare const location: { readonly search: string; replace(address: string): void };
declare const document: {
  addEventListener(type: string, listen: (event: { readonly effectiveDirective: string; readonly blockedURI: string }) => void): void;
};
declare const WebAssembly: { compile(bytes: ArrayBuffer): Promise<object> };
declare const Worker: new (
  url: string,
  options: { readonly type: "module" },
) => {
  onmessage: ((event: { readonly data: Outcome | "done" }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(jobs: readonly Job[]): void;
};

const { job, where } = JSON.parse(decodeURIComponent(location.search.slice(1))) as Asked; // policies.ts asks

const refused: string[] = [];
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
  if (blockedURI !== "eval") refused.push(`${effectiveDirective} ${blockedURI}`);
});
/** Without the policy this would give 1, and the rest would prove nothing. */
function refusesEval(): boolean {
  try {
    return (0, eval)("1") !== 1;
  } catch {
    return true;
  }
}

const load = (module: string): Promise<unknown> => import(new URL(module, import.meta.url).href);
const compiled = async (bytes: string): Promise<object> => WebAssembly.compile(await (await fetch(bytes)).arrayBuffer());
const inWorker = (): Promise<Outcome> =>
  new Promise((resolve) => {
    const worker = new Worker("worker.js", { type: "module" });
    worker.onmessage = ({ data }) => data !== "done" && resolve(data);
    worker.onerror = ({ message }) => resolve({ name: job.name, hash: `the worker failed: ${message}` });
    worker.postMessage([job]);
  });

const outcome = where === "page" ? await outcomeOf(job, load, compiled) : await inWorker();
const said: Said = { ...outcome, strict: refusesEval(), refused };
await new Promise((resolve) => setTimeout(resolve)); // violations are told in a task of their own
location.replace(`said?${encodeURIComponent(JSON.stringify(said))}`);
