/**
 * Guarantees that lines and names are the same under every engine, and that a compilation does not pay for code that would be quick only after it is over. V8 counts how much a function has run before it
 * optimizes it; of a program that runs thousands of functions for a second or two, a third of the processor time goes into optimizing them.
 * Whole compiles with the check, Node 20: mini-resnet 7.8 s and 5.2 s with four times V8's own count, char-transformer 10.1 s and 6.2 s; at eight
 * times and more, long loops stay slow for longer than that saves.
 */

import { spawn } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { onInterrupt } from "./interrupt.ts";

/** Bytes of bytecode that a function runs through before V8 looks at it; its own choice is 132 kB in Node 20. */
export const BUDGET = 528_000;

/** The last V8 that has this count, Node 20's and 21's: a newer one knows no such flag, and says so to the terminal. */
const LAST_V8 = 11;

/** Makes V8 optimize later, for the rest of this process; other engines go on as they are. */
export function optimizeLater(): void {
  if (process.versions["bun"] !== undefined || Number.parseInt(process.versions.v8) > LAST_V8) return;
  setFlagsFromString(`--interrupt-budget=${BUDGET}`);
}

/**
 * What JavaScriptCore has to be told when a process begins, as it cannot be later: it drops the frame of whoever calls in tail position
 * (`return relu(…)`), and with it the line and the name that a model is cited by.
 */
const EVERY_FRAME = "BUN_JSC_useTailCalls";

/** An environment in which engines keep the frames of all calls. */
export const keepingFrames = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  process.versions["bun"] === undefined ? env : { ...env, [EVERY_FRAME]: "0" };

/** Runs this very command in a process whose engine keeps the frames of all calls, where this one's does not; resolves to its exit code. */
export async function inEngineWithFrames(): Promise<number | undefined> {
  if (process.versions["bun"] === undefined || process.env[EVERY_FRAME] !== undefined) return undefined;
  const child = spawn(process.execPath, process.argv.slice(1), { env: keepingFrames(process.env), stdio: "inherit" });
  // the terminal tells both of an interrupt
  onInterrupt(() => {});
  process.on("SIGTERM", () => child.kill());
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 130));
  });
}
