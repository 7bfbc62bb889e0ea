/** What a page and its lab, a worker that holds the compiler, say to each other. Everything is data. */

import type { StatementLines } from "../../../compiler/explain/inspection/lines.ts";
import type { CompileOptions, Diagnostic, TrainerModule } from "adjoint";

export type Values = Float32Array | Float64Array | Int32Array;
export type Arrays = Readonly<Record<string, Values>>;

/** Of the options of a compile those that are data. */
export type LabOptions = Pick<CompileOptions, "effort" | "target" | "entries" | "dtype" | "memory" | "batch" | "js">;

export interface CompileRequest {
  /** A lab holds several trainers, by name. */
  readonly of: string;
  /** A model file as text: it exports its model by default. */
  readonly text: string;
  /** `models/circuit.ts`: how its lines are cited. */
  readonly path: string;
  readonly options: LabOptions;
}

/** A buffer of the arena. */
export interface BufferFacts {
  readonly name: string;
  readonly role: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly classes?: number;
  readonly offset: number;
  readonly bytes: number;
  /** First and last statement of its entry that touches it, from 0. */
  readonly live: readonly [first: number, last: number] | "always";
  readonly over?: string;
}

export interface EntryFacts {
  readonly name: string;
  readonly buffers: readonly string[];
  readonly lowerBound: number;
  readonly statements: readonly {
    readonly maths: readonly string[];
    readonly flops: number;
    /** Where the trainer's file shows it. */
    readonly place?: StatementLines;
  }[];
}

/** What a compile came to, as far as a page shows it. */
export interface LabCompiled {
  readonly model: string;
  /** Which of the files is the trainer: trainer.ts, trainer.wasm.ts. */
  readonly trainer: string;
  readonly files: Readonly<Record<string, string>>;
  readonly diagnostics: readonly Diagnostic[];
  readonly arenaBytes: number;
  readonly flops: number;
  readonly buffers: readonly BufferFacts[];
  readonly entries: readonly EntryFacts[];
  /** What a memory budget cost, by entry: operations and bytes, before and after. */
  readonly budget?: readonly {
    readonly name: string;
    readonly again: readonly string[];
    readonly parts: number;
    readonly flops: readonly [before: number, after: number];
    readonly bytes: readonly [before: number, after: number];
  }[];
  /** `export const data` of the model's text. */
  readonly data: unknown;
  readonly milliseconds: number;
}

export interface TrainerFacts {
  readonly parameters: TrainerModule["PARAMETERS"];
  readonly batch: { readonly train: number; readonly evaluate: number; readonly predict: number };
  readonly hyper: Readonly<Record<string, number>>;
  /** Lengths are those of a training batch. */
  readonly inputs: readonly { readonly name: string; readonly length: number; readonly dtype: "f32" | "i32" }[];
}

/** How a run goes on until it is paused. */
export interface RunRequest {
  readonly of: string;
  /** Steps a second, at most. Default: as many as there are. */
  readonly rate?: number;
  /** Milliseconds between ticks, at least. */
  readonly every: number;
  /** Ends by itself after so many steps. */
  readonly steps?: number;
  readonly seed?: number;
  /** Parameters whose values every tick brings. */
  readonly parameters?: readonly string[];
  /** Rows whose outputs every tick brings. */
  readonly predict?: Arrays;
  /** Rows by which every tick measures loss and metrics. */
  readonly evaluate?: Arrays;
}

export interface Tick {
  readonly of: string;
  /** Since the trainer was made. */
  readonly steps: number;
  /** Of all rows, how often each was seen. */
  readonly epochs: number;
  /** Mean of the steps since the last tick. */
  readonly loss: number;
  readonly parameters?: Arrays;
  readonly outputs?: Arrays;
  readonly measured?: Readonly<Record<string, number>>;
  /** The run has ended by itself. */
  readonly ended?: true;
  /** It ended because of this. */
  readonly error?: Told;
}

/** Calls of a page, by name: what each is given and what it comes to. */
export interface Calls {
  compile(request: CompileRequest): LabCompiled;
  create(request: { readonly of: string; readonly seed?: number; readonly limit?: number }): TrainerFacts;
  /** New values of parameters and live scalars. */
  set(request: {
    readonly of: string;
    readonly parameters?: Readonly<Record<string, readonly number[] | Values>>;
    readonly hyper?: Readonly<Record<string, number>>;
  }): null;
  /** The rows that are trained on, handed over. */
  data(request: { readonly of: string; readonly arrays: Arrays }): null;
  step(request: { readonly of: string; readonly steps: number }): { readonly loss: number };
  run(request: RunRequest): null;
  pause(request: { readonly of: string }): null;
  predict(request: { readonly of: string; readonly arrays: Arrays }): Arrays;
  evaluate(request: { readonly of: string; readonly arrays: Arrays }): Readonly<Record<string, number>>;
  parameters(request: { readonly of: string; readonly names: readonly string[] }): Arrays;
  /** The page that adjoint inspect --html would write of what was compiled last. */
  inspector(request: { readonly of: string }): string;
  /** Loss and gradients by gradients.ts, at the values of its own parameters given here. */
  gradients(request: { readonly of: string; readonly parameters: Readonly<Record<string, readonly number[]>>; readonly arrays: Arrays }): {
    readonly loss: number;
    readonly parameters: Arrays;
  };
}

export type CallName = keyof Calls;
export type Given<Name extends CallName> = Parameters<Calls[Name]>[0];
export type Answer<Name extends CallName> = ReturnType<Calls[Name]>;

/** An error, as it crosses. */
export interface Told {
  readonly name: string;
  readonly message: string;
  readonly diagnostic?: Diagnostic;
  /** Of the model's text, from 1. */
  readonly line?: number;
}

export type ToLab = { readonly id: number; readonly call: CallName; readonly given: unknown } | { readonly seen: string };

export type FromLab =
  | { readonly kind: "ready" }
  | { readonly kind: "declared"; readonly of: string }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "refused"; readonly id: number; readonly error: Told }
  | { readonly kind: "tick"; readonly tick: Tick };
