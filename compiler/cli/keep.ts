/**
 * Guarantees that the files of models are what a compile makes of them, whoever asks and however often: a watching command line, and
 * plugins of bundlers. The work is keyed by what it is made of, done in a process of its own, and dropped where a newer text comes.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { commandOf, flagsOf } from "../driver/options.ts";
import { fileOf, TARGETS, targetOf } from "../targets/index.ts";
import { VERSION } from "../version.ts";
import { filesOf } from "./bundle-model.ts";
import { canonicalText } from "../driver/hash.ts";
import { carriesItsHash, isCurrentOf, readHeader } from "./header.ts";
import type { Job } from "./jobs.ts";
import type { CompileJson } from "./json.ts";
import { packageOf } from "./load-model.ts";
import { BESIDE, pathAt, type Out } from "./place.ts";
import { readText } from "./write-files.ts";

/** What a compile found wrong: its message as the command line prints it, and the first place that it names. */
export interface Failure {
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** How the files of a job came to be as they should. */
export interface Kept {
  readonly job: Job;
  /** `dropped`: a newer text came before it was done. */
  readonly outcome: "current" | "compiled" | "failed" | "dropped";
  /** Whether the check held of what lies there now. */
  readonly checked: boolean;
  /** Of these files, bytes changed. */
  readonly written: readonly string[];
  readonly failure?: Failure;
  /** Files whose change may change the job's: the model, what it imports, and schedules measured beside it. Those of before, too, where it does not parse now. */
  readonly inputs: readonly string[];
  readonly milliseconds: number;
}

export interface Keeper {
  /** Makes the files of a job current; whoever asks for the same text at once shares one compile. */
  keep(job: Job, how: { readonly check: boolean }): Promise<Kept>;
  /** Ends compiles that are under way. */
  stop(): void;
}

interface Running {
  readonly key: string;
  readonly done: Promise<Kept>;
  readonly drop: () => void;
}

/** The command line of this package, as its build or its source has it. */
const COMMAND: readonly string[] = import.meta.url.endsWith("/cli/keep.ts")
  ? ["--import", "tsx", fileURLToPath(new URL("./main.ts", import.meta.url))]
  : [fileURLToPath(new URL("./cli.js", import.meta.url))];

/** A keeper for the jobs of one output folder, or of what lies beside models. */
export function keeper(out: Out): Keeper {
  const running = new Map<string, Running>();
  const seen = new Map<string, readonly string[]>();
  const inputs = async ({ model }: Job): Promise<readonly string[]> => {
    const file = resolve(model);
    const before = seen.get(file) ?? [];
    const now = await filesOf(file);
    const stem = file.slice(0, -extname(file).length);
    const measured = [...new Set(TARGETS.map((target) => fileOf(`${stem}.schedules.json`, target)))].filter((path) => existsSync(path));
    // a file that does not parse names no imports: what it had stays watched, or the edit that mends one would not be seen
    const all = [...new Set([...now, ...measured, ...(now.length > 1 ? [] : before)])];
    seen.set(file, all);
    return all;
  };
  return {
    stop: () => running.forEach(({ drop }) => drop()),
    async keep(job, { check }) {
      const files = await inputs(job);
      const [id, key] = [`${pathAt(job.place, "")} ${job.target} ${check}`, keyOf(job, files)];
      const under = running.get(id);
      if (under?.key === key) return under.done;
      under?.drop();
      const began = performance.now();
      const milliseconds = (): number => performance.now() - began;
      const imports = files.filter((file) => !file.endsWith(".json")).length > 1;
      if (under === undefined && !imports && (await isCurrent(job)))
        return { job, inputs: files, outcome: "current", checked: true, written: [], milliseconds: milliseconds() };
      const { child, ended } = compileOf(job, out, check);
      let dropped = false;
      const done = ended.then(async ({ code, stdout, stderr }): Promise<Kept> => {
        const rest = { job, inputs: files, milliseconds: milliseconds() };
        if (dropped) return { ...rest, outcome: "dropped", checked: false, written: [] };
        if (code !== 0) return { ...rest, outcome: "failed", checked: check, written: [], failure: failureOf(job, stderr, code) };
        const made = JSON.parse(stdout) as CompileJson; // our own command's
        const written = made.files.filter((file) => file.written).map(({ file }) => file);
        return { ...rest, outcome: "compiled", checked: check || (await isCertified(job)), written };
      });
      const drop = (): void => {
        dropped = true;
        child.kill();
      };
      running.set(id, { key, done, drop });
      return done;
    },
  };
}

/** What a job's files are made of: this version, its flags, and every text. */
function keyOf(job: Job, files: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify([VERSION, job.target, flagsOf(job.asked)]));
  for (const file of files) hash.update(`\0${file}\0${canonicalText(readText(file) ?? "")}`);
  return hash.digest("hex");
}

/** The trainer that a job makes. */
export const trainerOf = ({ place, target }: Job): string => pathAt(place, fileOf("trainer.ts", targetOf(target)));

/** Whether a trainer's certificate is of its very text. */
const isCertified = (job: Job): Promise<boolean> => carriesItsHash(readText(trainerOf(job)) ?? "");

/** Whether the trainer says itself that this version made it of this text by these flags, and nobody edited it since. */
async function isCurrent(job: Job): Promise<boolean> {
  const text = readText(trainerOf(job)) ?? "";
  const header = readHeader(text);
  if (header === undefined || !(await isCurrentOf(text, readText(job.model) ?? ""))) return false;
  return header.command === commandOf({ ...job.asked, target: job.target, source: { path: header.model ?? "", text: "" } });
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What this process was told, but for the port on which it may be debugged: a second process cannot have it. Its own flags (execArgv) stay with it. */
export function ownEnvironment({ NODE_OPTIONS, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const options = NODE_OPTIONS?.replace(/--(?:inspect|debug)[\w-]*(?:[= ]\S+)?\s*/g, "").trim();
  return { ...env, ...(options && { NODE_OPTIONS: options }), CI: "1" };
}

/** A compile of one job in a process of its own: what is being edited may loop forever, and whoever asks goes on meanwhile. */
function compileOf(job: Job, out: Out, check: boolean): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const flags = [
    ...flagsOf({ ...job.asked, target: job.target }),
    ...(out === BESIDE ? ["--beside"] : ["--out", out]),
    "--json",
    ...(check ? [] : ["--unchecked"]),
  ];
  const child = spawn(process.execPath, [...COMMAND, "compile", job.model, ...flags], {
    env: ownEnvironment(process.env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += String(text)));
  child.stderr.on("data", (text) => (stderr += String(text)));
  const ended = new Promise<Ended>((settle, reject) => {
    child.on("error", reject);
    child.on("close", (code) => settle({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** `error models/x.ts:7:3  …`: what the command line said, without its first word, and where: it names files as their package does. */
function failureOf({ model }: Job, stderr: string, code: number | null): Failure {
  const at = stderr.search(/^error /m);
  const message = at === -1 ? `the compile ended with code ${code}\n${stderr}`.trim() : stderr.slice(at + "error ".length).trim();
  const place = /^(\S+?\.[mc]?[jt]s):(\d+)(?::(\d+))?/.exec(message);
  if (place === null) return { message };
  const [, named = "", line, column] = place;
  const file = existsSync(named) ? named : join(packageOf(resolve(model)), named);
  return { message, file, line: Number(line), ...(column === undefined ? {} : { column: Number(column) }) };
}
