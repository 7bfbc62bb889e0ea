/** Guarantees the built command line for the tests: built once where it is not fresh, run as its users run it. */

import { execFileSync, spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const cli = join(root, "dist", "cli.js");

/** Builds dist/ unless it is newer than everything that it is made of. */
export function build(): void {
  const changed = ["compiler", "runtime", "scripts", "inspector/page"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => statSync(join(root, folder, file)).mtimeMs),
  );
  const built = statSync(cli, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Math.max(...changed) > built) execFileSync(process.execPath, [join(root, "scripts", "build.mjs")]);
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of node itself. */
  readonly node?: readonly string[];
  /** Interrupts the process at its first word on stderr; training at the first line of an epoch. */
  readonly interrupt?: boolean;
}

/** Plain lines of progress, of which a slow machine shows one every ten seconds. */
const PROGRESS = /^\S+: (?:compiling|checking|measuring|reading|validating|verifying)[^\n]*\n/gm;

/** Runs `adjoint …` in a process of its own, without the colours and the CI of this one. */
export function adjoint(args: readonly string[], { cwd, env = {}, node = [], interrupt = false }: RunOptions): Promise<Ran> {
  const { CI: _, NO_COLOR: __, FORCE_COLOR: ___, NODE_OPTIONS: ____, ...clean } = process.env;
  const child = spawn(process.execPath, [...node, cli, ...args], { cwd, env: { ...clean, TERM: "xterm", ...env } });
  let [stdout, stderr] = ["", ""];
  let interrupted = false;
  child.stdout.on("data", (text) => (stdout += String(text)));
  child.stderr.on("data", (text) => {
    stderr += String(text);
    // a second one would end the process on the spot
    const begun = args[0] !== "train" || /^epoch /m.test(stderr);
    if (interrupt && begun && !interrupted) interrupted = child.kill("SIGINT");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr: stderr.replace(PROGRESS, "") }));
  });
}

/** Does every job, two at a time, and gives the results in order. */
export async function twoAtATime<T, R>(jobs: readonly T[], run: (job: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < jobs.length; at = next++) results[at] = await run(jobs[at]!);
  };
  await Promise.all([worker(), worker()]);
  return results;
}
