/** Trainers in processes of their own, asked by messages: see bench/threads-process.ts. */

import { fork } from "node:child_process";
import { pathToFileURL } from "node:url";
import { plain as built } from "./plain.ts";
import type { Question, Ran } from "./threads-process.ts";

/** A process that answers. */
export interface Process {
  /** A digest of the state after three more steps. */
  bits(): Promise<string>;
  /** Steps until so many seconds are over. */
  run(seconds: number): Promise<Ran>;
  end(): void;
}

const script = await built("threads-process.ts");

/** A trainer's file in a process, on as many threads as are asked for, fed with labels below `classes`. */
export async function start(file: string, threads: number, classes = 10): Promise<Process> {
  const runtime = new URL("../dist/runtime/node/index.js", import.meta.url);
  // of Node alone, without what runs these scripts
  const child = fork(script, [pathToFileURL(file).href, String(threads), runtime.href, String(classes)], { execArgv: [] });
  const answer = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      child.once("message", resolve);
      child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
    });
  await answer();
  child.setMaxListeners(0);
  const ask = (question: Question): Promise<unknown> => {
    const answered = answer();
    child.send(question);
    return answered;
  };
  return {
    bits: async () => ((await ask({ kind: "bits" })) as { readonly bits: string }).bits,
    run: async (seconds) => (await ask({ kind: "run", seconds })) as Ran,
    end: () => void child.kill(),
  };
}
