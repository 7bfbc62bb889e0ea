/**
 * A step in slices, for a thread that has other things to do in between: the step's statements are a generator that gives way after each
 * slice, and long kernels run part by part. The parts are those that threads could run in any order, so that the bits are the step's own.
 */

import { slicesOf, type Section } from "../../loop/divide.ts";
import type { Module } from "../../loop/loop.ts";
import { timesOf } from "../../loop/turns.ts";
import { workOf } from "../../loop/uses.ts";
import { sectionName } from "../sections.ts";
import { property } from "./scope.ts";

/** How a target writes a kernel's call: what it is called with, or the function itself, which takes `first`, `end` and `parts`. */
interface Written {
  readonly call: (section: string, range: string) => string;
  readonly part: (section: string) => string;
}

/** The calls of kernels in a step that gives way. */
export class SlicedCalls {
  readonly #divided: ReadonlyMap<string, readonly Section[]>;
  readonly #work: ReadonlyMap<string, number>;
  readonly #slice: number;
  #since = 0;

  constructor({ kernels, entries }: Module, divided: ReadonlyMap<string, readonly Section[]>, slice: number) {
    this.#divided = divided;
    // what a loop calls it calls at each turn
    const turns = new Map<string, number>();
    for (const { calls, loops } of entries)
      calls.forEach((one, n) => one.kind === "call" && turns.set(one.kernel, Math.max(turns.get(one.kernel) ?? 1, timesOf(loops, n))));
    this.#work = new Map(kernels.map(({ name, body }) => [name, workOf(body) * (turns.get(name) ?? 1)]));
    this.#slice = slice;
  }

  /** The statement that calls a kernel, in slices where it stands in a step. */
  call(kernel: string, name: string, trains: boolean, { call, part }: Written): string {
    const sections = this.#divided.get(kernel);
    if (sections === undefined) {
      if (!trains) return call(name, "");
      this.#since += this.#work.get(kernel)!;
      return `${call(name, "")}${this.#since < this.#slice ? "" : this.#giveWay()}`;
    }
    const calls = sections.map((section, n) => {
      const own = sectionName(name, n);
      if (section.divided.length === 0) return trains ? `${call(own, "")}${this.#giveWay()}` : call(own, "");
      if (!trains) return call(own, "0, 1, 1");
      this.#since = 0;
      return `yield* inParts(${slicesOf(section)}, ${part(own)});`;
    });
    return calls.join(" ");
  }

  #giveWay(): string {
    this.#since = 0;
    return " yield;";
  }
}

/** The names of the generators. */
export const generatorOf = (phase: string | undefined): string => (phase === undefined ? "slices" : `${phase}Slices`);

/** What stands around the generators in a trainer: one step at a time, and nothing else meanwhile. */
export const printStepping = (
  loss: string,
  rows: number,
): string => `/** Whether a step in slices is under way, or was left in the middle. */
  let stepping = false;

  /** Nothing else may use the arena while a step is under way. */
  function checkIdle(): void {
    if (stepping) throw new Error("a step in slices is not finished: run its slices to the end first, or give the trainer whole weights with restore(…)");
  }

  /** Slices of which no other call of the trainer sees the middle. A batch that is refused leaves it as it was. */
  function* guarded<Result>(slices: Slices<Result>): Slices<Result> {
    checkIdle();
    stepping = true;
    try {
      const result = yield* slices;
      stepping = false;
      return result;
    } catch (error) {
      stepping = false;
      throw error;
    }
  }

  /** One step on one batch, a slice a call of next(). Its value at the end is the loss before the update. */
  function stepInSlices(batch: TrainBatch, count: number = ${rows}, options?: StepOptions): Slices<${loss}> {
    return guarded(slices(batch, count, options));
  }

  /** One step on one batch. Returns the loss before the update. */
  function step(batch: TrainBatch, count: number = ${rows}, options?: StepOptions): ${loss} {
    return whole(stepInSlices(batch, count, options));
  }`;

/** One phase, whole. */
export const printWholePhase = (
  name: string,
  rows: number,
): string => `/** One step of a phase on one batch. Returns the loss before the update. */
  function ${name}(batch: TrainBatch, count: number = ${rows}, options?: StepOptions): number {
    return whole(guarded(${generatorOf(name)}(batch, count, options)));
  }`;

/** The generator of a step of several phases. */
export const printSlicedPhases = (
  phases: ReadonlyMap<string, string>,
  rows: number,
  loss: string,
  checked: readonly string[],
): string => `/** All phases in order, each seeing the weights that the earlier ones wrote. */
  function* slices(batch: TrainBatch, count: number = ${rows}, options?: StepOptions): Slices<${loss}> {
    ${checked.join("\n    ")}
    return { ${[...phases].map(([phase, name]) => `${property(phase)}: yield* ${generatorOf(name)}(batch, count, options)`).join(", ")} };
  }`;

/** The type that a sliced file exports. */
export const SLICES_TYPE = `/** What gives way after each slice: call next() until it is done. */
export type Slices<Result> = Generator<undefined, Result, undefined>;`;

const IN_PARTS = `/** A kernel part by part. */
function* inParts(parts: number, kernel: (first: number, end: number, parts: number) => void): Slices<void> {
  for (let part = 0; part < parts; part++) {
    kernel(part, part + 1, parts);
    yield;
  }
}

`;

/** The functions that a text with generators calls. */
export const slicesSupport = (text: string): string => `${text.includes("inParts(") ? IN_PARTS : ""}/** All slices, without giving way. */
function whole<Result>(slices: Slices<Result>): Result {
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
  }
}`;
