/** `train --live` and `inspect --measure`: what is served to this machine alone, what its page draws, and what is measured. */

import { spawn } from "node:child_process";
import { request } from "node:http";
import { beforeAll, describe, expect, test } from "vitest";
import type { InspectJson } from "../../compiler/cli/json.ts";
import type { LiveEvent } from "../../compiler/inspector/live.ts";
import { adjoint, build, root } from "../support/command.ts";

beforeAll(build);

/** A training with a page; `done` resolves when its process has ended. */
async function training(model: string, epochs: number): Promise<{ address: string; done: Promise<number | null>; stop(): void }> {
  const child = spawn(process.execPath, ["dist/cli.js", "train", `models/${model}.ts`, "--live", "--epochs", String(epochs)], {
    cwd: root,
  });
  const done = new Promise<number | null>((resolve) => child.on("close", resolve));
  let said = "";
  const address = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (text) => {
      said += String(text);
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(said);
      if (found !== null) resolve(found[0]);
    });
    child.on("close", () => reject(new Error(said)));
  });
  return { address, done, stop: () => void child.kill() };
}

/** The status of a request with these headers. */
const asked = (address: string, method: string, headers: Readonly<Record<string, string>> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(address, { method, headers }, (response) => resolve(response.resume().statusCode!));
    sent.on("error", reject).end();
  });

describe("train --live", () => {
  test("serves its page to this machine alone, tells of the run, and waits while it is paused", async () => {
    const { address, done, stop } = await training("polar", 100_000);
    try {
      const page = await (await fetch(address)).text();
      expect(page).toMatch(/content="default-src &#39;none&#39;|content="default-src 'none'; script-src 'sha256-/);
      expect(page).toContain("connect-src 'self'");
      expect(await asked(address, "GET", { Host: "elsewhere.example" })).toBe(403);
      expect(await asked(`${address}pause`, "POST", { Origin: "http://elsewhere.example" })).toBe(403);
      expect(await asked(`${address}../package.json`, "GET")).toBe(404);
      const events = await listening(address);
      const steps = await events.next((event) => event.kind === "steps");
      expect(Object.keys((steps as Extract<LiveEvent, { kind: "steps" }>).points[0]!.loss)).toEqual(["loss"]);
      const { answers } = (await events.next(({ kind }) => kind === "pictures")) as Extract<LiveEvent, { kind: "pictures" }>;
      expect(answers).toHaveLength(12);
      for (const { given, truth, right } of answers) expect(right).toBe(given === truth);
      expect(await asked(`${address}pause`, "POST")).toBe(204);
      await events.next((event) => event.kind === "paused" && event.paused);
      await new Promise((resolve) => setTimeout(resolve, 300)); // what was under way
      const heard = events.count();
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(events.count()).toBe(heard);
      expect(await asked(`${address}resume`, "POST")).toBe(204);
      await events.next(({ kind }) => kind === "epoch");
      // who was the last to listen goes: nobody could end a pause any more
      expect(await asked(`${address}pause`, "POST")).toBe(204);
      await events.next((event) => event.kind === "paused" && event.paused);
      events.end();
      const again = await listening(address);
      await again.next(({ kind }) => kind === "epoch");
      again.end();
    } finally {
      stop();
      await done;
    }
  }, 60_000);
});

/** The events of a run, in order. */
async function listening(address: string) {
  const abort = new AbortController();
  const { body } = await fetch(`${address}events`, { signal: abort.signal });
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  const waiting: LiveEvent[] = [];
  let [text, count] = ["", 0];
  let wake = (): void => {};
  void (async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const parts = text.split("\n\n");
      text = parts.pop()!;
      for (const part of parts) waiting.push(JSON.parse(part.slice("data: ".length)) as LiveEvent);
      count += parts.length;
      wake();
    }
  })().catch(() => undefined); // it was ended
  return {
    async next(is: (event: LiveEvent) => boolean): Promise<LiveEvent> {
      for (;;) {
        const event = waiting.shift();
        if (event !== undefined && is(event)) return event;
        if (event === undefined) await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    count: () => count,
    end: () => abort.abort(),
  };
}

describe("inspect --measure", () => {
  test("gives each kernel the seconds of a call, and says where it has no place", async () => {
    const [measured, refused] = await Promise.all([
      adjoint(["inspect", "models/linear-softmax.ts", "--json", "--measure"], { cwd: root }),
      adjoint(["inspect", "models/linear-softmax.ts", "--measure"], { cwd: root }),
    ]);
    const { kernels } = (JSON.parse(measured.stdout) as InspectJson).inspection!;
    expect(kernels.length).toBeGreaterThan(3);
    for (const { id, seconds } of kernels) {
      expect(seconds, id).toBeGreaterThan(1e-9);
      expect(seconds, id).toBeLessThan(0.1);
    }
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("ask for it with --html, or with --json alone") as string });
  }, 60_000);
});
