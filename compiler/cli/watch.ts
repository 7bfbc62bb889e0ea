/** `adjoint compile --watch`: models are compiled again whenever they change, or what they import, one line an event, until Ctrl-C. */

import { dirname, resolve } from "node:path";
import { watch as watchFiles } from "chokidar";
import { onInterrupt } from "./interrupt.ts";
import type { Job } from "./jobs.ts";
import { keeper, type Kept } from "./keep.ts";
import type { Out } from "./place.ts";
import { note, paint, result } from "./output.ts";

/** So long a file must have been left alone before it is read, milliseconds: editors write in several goes. */
const QUIET_MS = 40;

/** Keeps the files of jobs current: at first quickly, without a check, then checked. Ends at an interrupt. */
export async function watch(jobs: readonly Job[], out: Out): Promise<void> {
  const keep = keeper(out);
  const watcher = watchFiles([], { ignoreInitial: true, awaitWriteFinish: { stabilityThreshold: QUIET_MS, pollInterval: QUIET_MS / 2 } });
  const inputs = new Map<Job, readonly string[]>();
  const failed = new Set<Job>();
  const told = (kept: Kept): void => {
    inputs.set(kept.job, kept.inputs);
    // folders: a file that an editor replaces, or that was missing, is seen as well
    watcher.add([...new Set(kept.inputs.map((file) => dirname(file)))]);
    if (kept.outcome === "dropped") return;
    failed[kept.outcome === "failed" ? "add" : "delete"](kept.job);
    result(lineOf(kept));
  };
  const renew = async (job: Job): Promise<void> => {
    const quick = await keep.keep(job, { check: false });
    told(quick);
    if (quick.outcome === "compiled" && !quick.checked) told(await keep.keep(job, { check: true }));
  };
  const ended = new Promise<void>((end) => onInterrupt(end));
  watcher.on("all", (event, path) => {
    if (event === "addDir" || event === "unlinkDir") return;
    // a new file may be what a failed job's import misses
    for (const job of jobs) if (inputs.get(job)?.includes(resolve(path)) || (event === "add" && failed.has(job))) void renew(job);
  });
  for (const job of jobs) await renew(job);
  note(`watching ${jobs.length === 1 ? jobs[0]!.model : `${jobs.length} models`}; Ctrl-C ends it`);
  await ended;
  keep.stop();
  await watcher.close();
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** What became of a job, on one line but for what is wrong. */
export function lineOf({ job, outcome, checked, written, failure, milliseconds }: Kept): string {
  if (failure !== undefined) return `${paint.red("✗")} ${paint.bold(job.model)}  ${failure.message}`;
  const what =
    outcome === "current"
      ? "unchanged"
      : `${written.length === 0 ? "compiled to the same files" : `wrote ${written.join(", ")}`}, ${checked ? "checked" : "not checked yet"}`;
  return `${checked ? paint.green("✓") : paint.yellow("·")} ${paint.bold(job.model)}  ${what}  ${paint.dim(seconds(milliseconds))}`;
}
