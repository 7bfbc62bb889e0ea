/** The page's side of a lab: it compiles and trains in a worker of its own, and a worker that does not come back is ended. */

import type { Answer, CallName, FromLab, Given, RunRequest, Tick, ToLab, Told } from "./messages.ts";

/** What a lab refused, or why it is no more. */
export class LabError extends Error {
  override readonly name = "LabError";
  readonly told: Told;
  constructor(told: Told) {
    super(told.message);
    this.told = told;
  }
}

interface Question {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Milliseconds that a model's text may take until it has declared its model, and a compile until it is done. */
export const PATIENCE = { declaring: 5_000, compiling: 90_000 };

export class Lab {
  #worker: Worker | undefined;
  #ready: Promise<void> = Promise.resolve();
  readonly #questions = new Map<number, Question>();
  readonly #ticks = new Map<string, (tick: Tick) => void>();
  #declared: ((of: string) => void) | undefined;
  #compiling: Promise<unknown> = Promise.resolve();
  #last = 0;
  /** Milliseconds from the first call to the first answer of a compile. */
  firstCompile: number | undefined;

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    if (typeof Worker === "undefined")
      throw new LabError({ name: "NoWorkers", message: "This browser has no workers, in which the compiler would run." });
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#worker = worker;
    this.#ready = new Promise((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<FromLab>) => {
        if (data.kind === "ready") resolve();
        else this.#hear(data);
      };
    });
    worker.onerror = (event) => {
      event.preventDefault();
      this.end(`The worker that compiles could not go on: ${event.message || "its script did not load"}.`);
    };
    return worker;
  }

  #hear(message: Exclude<FromLab, { kind: "ready" }>): void {
    switch (message.kind) {
      case "declared":
        return this.#declared?.(message.of);
      case "answer":
        this.#questions.get(message.id)?.resolve(message.value);
        return void this.#questions.delete(message.id);
      case "refused":
        this.#questions.get(message.id)?.reject(new LabError(message.error));
        return void this.#questions.delete(message.id);
      case "tick":
        this.#ticks.get(message.tick.of)?.(message.tick);
        // shown, as far as the next frame: then the next may come
        return void requestAnimationFrame(() => this.#worker?.postMessage({ seen: message.tick.of } satisfies ToLab));
      default:
        return void (message satisfies never);
    }
  }

  /** Asks the worker, which is started by the first question. */
  async ask<Name extends CallName>(call: Name, given: Given<Name>, own: ArrayBufferLike[] = []): Promise<Answer<Name>> {
    const worker = this.#start();
    await this.#ready;
    if (worker !== this.#worker) throw new LabError({ name: "Ended", message: "The worker was ended." });
    return new Promise((resolve, reject) => {
      this.#questions.set(++this.#last, { resolve: resolve as (value: unknown) => void, reject });
      worker.postMessage({ id: this.#last, call, given } satisfies ToLab, own as ArrayBuffer[]);
    });
  }

  /** Compiles a text. A text that does not come to its end has its worker ended: the next question starts another. */
  compile(given: Given<"compile">): Promise<Answer<"compile">> {
    // one after the other: each has its own patience
    const compiled = this.#compiling.then(() => this.#compile(given));
    this.#compiling = compiled.catch(() => {});
    return compiled;
  }

  async #compile(given: Given<"compile">): Promise<Answer<"compile">> {
    const began = performance.now();
    this.#start();
    await this.#ready;
    let timer = window.setTimeout(
      () =>
        this.end(
          `The model's text did not come to its end within ${PATIENCE.declaring / 1000} seconds, so its worker was ended: does it loop forever?`,
        ),
      PATIENCE.declaring,
    );
    this.#declared = () => {
      this.#declared = undefined;
      clearTimeout(timer);
      timer = window.setTimeout(
        () =>
          this.end(
            `Compiling took longer than ${PATIENCE.compiling / 1000} seconds, so its worker was ended: the model is too large for a page.`,
          ),
        PATIENCE.compiling,
      );
    };
    try {
      const compiled = await this.ask("compile", given);
      this.firstCompile ??= performance.now() - began;
      return compiled;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Trains until paused, and hears of it. */
  async run(request: RunRequest, onTick: (tick: Tick) => void): Promise<void> {
    this.#ticks.set(request.of, onTick);
    await this.ask("run", request);
  }

  /** Ends the worker; whoever waits for it hears why. */
  end(why: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const waiting = [...this.#questions.values()];
    this.#questions.clear();
    for (const { reject } of waiting) reject(new LabError({ name: "Ended", message: why }));
  }
}
