/** What a contender is given and what it gives: the same weights and batches to each, a step, and the way back to the start. */

import type { Spec } from "../workloads/specs.ts";

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** Inputs, and labels or numbers. */
export interface Fed {
  readonly x: Float32Array | Int32Array;
  readonly y: Float32Array | Int32Array;
  /** Of x. */
  readonly shape: readonly number[];
}

export interface Workload {
  readonly spec: Spec;
  readonly parameters: readonly Parameter[];
  readonly batches: readonly Fed[];
}

export interface Contender {
  readonly version: string;
  restore(): void;
  /** The loss of the n-th step. */
  step(n: number): number | Promise<number>;
}

/** What a module of this folder exports as `build`. */
export type Build = (workload: Workload, argument: string) => Contender | Promise<Contender>;
