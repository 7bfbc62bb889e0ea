/** The processes of contenders: a line is a question, the next line of its output the answer. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface Process {
  /** Sends a line and gives the answer; undefined where the process ended. Without a question, what it says next. */
  ask<Answer>(question?: object): Promise<Answer | undefined>;
  /** Why it ended. */
  failure(): string;
  end(): void;
}

export function start(command: string, args: readonly string[]): Process {
  const env = { ...process.env, OMP_WAIT_POLICY: "passive" };
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env });
  let errors = "";
  let failed = false;
  const waiting: ((answer: unknown) => void)[] = [];
  const lines: unknown[] = [];
  const deliver = (line: unknown): void => {
    const next = waiting.shift();
    if (next === undefined) lines.push(line);
    else next(line);
  };
  child.on("error", (error) => {
    errors = error.message;
    failed = true;
    deliver(undefined);
  });
  child.stdin.on("error", () => {});
  child.stderr.on("data", (data) => (errors += String(data)));
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => {
    if (line.startsWith("{")) deliver(JSON.parse(line));
  });
  reader.on("close", () => {
    failed = true;
    deliver(undefined);
  });
  return {
    ask<Answer>(question?: object): Promise<Answer | undefined> {
      if (question !== undefined) child.stdin.write(`${JSON.stringify(question)}\n`);
      const answer = lines.length > 0 || failed ? Promise.resolve(lines.shift()) : new Promise<unknown>((resolve) => waiting.push(resolve));
      return answer as Promise<Answer | undefined>; // as whoever asks knows
    },
    failure: () => errors.split("\n").findLast((line) => /Error|ENOENT/.test(line)) ?? "it ended without a word",
    end: () => void child.stdin.end(),
  };
}
