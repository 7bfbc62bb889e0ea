/** What is looked at of what a caller passes in, whatever words a file has for it. */

import type { Buffer, Entry } from "../../loop/loop.ts";
import type { Meeting } from "../target.ts";

/** A function of the file that takes a batch. */
export interface Call {
  readonly name: string;
  readonly entries: readonly Entry[];
  /** Rows of a whole batch. */
  readonly rows: number;
  /** `none`: it takes no count; where rows meet: no row may be missing. */
  readonly count: "any" | "none" | Meeting;
  /** Whether it can be asked to refuse what is not finite. */
  readonly finite: boolean;
}

/** How an input is fed: elements of a row, 0 where it is not cut by rows; how many rows, as code; whether the call may ask for numbers. */
export interface Fed {
  readonly perRow: number;
  readonly count: string;
  readonly finite: boolean;
}

/** What a file looks at of what is passed in, and how it says that it does not hold. */
export interface Checks {
  /** Statements that a call begins with: they throw where it is not given what it takes. */
  of(call: Call): readonly string[];
  /** Statements that copy an input of the batch into its slot. */
  feed(buffer: Buffer, given: string, fed: Fed): readonly string[];
  /** A live scalar as it is read. */
  hyper(name: string): string;
  /** Statements that return the loss of a step. */
  loss(value: string, phase: string | undefined): string;
  /** Statements that a constructor begins with; `seeded` keeps the seed. */
  construction(constructor: string, options: readonly { readonly name: string }[], seeded: boolean): string;
  /** bytes and restore of a record. */
  packing(record: string): string;
  /** Constants that the checks so far compare with. */
  lists(): string;
  /** The functions that a text calls. */
  functions(floats: string, text: string): string;
}
