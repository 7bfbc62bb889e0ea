/** The products of libraries that Python reaches, asked in turns (peers/sgemm.py). */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Shape } from "./prototypes/shape.ts";

export interface Sgemm {
  readonly version: string;
  /** GFLOP/s of a square, or of these rows, columns and terms. */
  ask(shape?: Pick<Shape, "m" | "n" | "k">): Promise<number>;
  end(): void;
}

/** A library's; undefined where this Python has none. */
export async function sgemm(python: string, library: "openblas" | "torch"): Promise<Sgemm | undefined> {
  const child = spawn(python, [fileURLToPath(new URL("peers/sgemm.py", import.meta.url)), library], { stdio: ["pipe", "pipe", "ignore"] });
  child.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hello = await lines.next();
  if (hello.done) return undefined;
  const ask: Sgemm["ask"] = async (shape) => {
    child.stdin.write(shape === undefined ? "40\n" : `15 ${shape.m} ${shape.n} ${shape.k}\n`);
    return Number((await lines.next()).value);
  };
  return { version: String(hello.value), ask, end: () => void child.stdin.end() };
}
