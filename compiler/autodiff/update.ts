/** Guarantees the form of an update rule: a function from a parameter and its gradient to new values, appended to the same graph. */

import type { Builder } from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";
import type { Calls } from "../ops/index.ts";

export interface UpdateScope {
  readonly g: Calls;
  readonly builder: Builder;
  readonly parameter: Value;
  readonly gradient: Value;
  /** State of this parameter, e.g. a moment: `<parameter>.<name>`, created on first use. */
  state(name: string, initial: number): Value;
  /** Scalar state of the whole optimizer, e.g. β^t, and what is computed from it once a step. */
  shared(name: string, make: (scalars: SharedScope) => Value): Value;
  /** A live scalar, by its name. */
  hyper(name: string, value: number): Value;
  write(target: Value, value: Value): void;
}

export interface SharedScope {
  state(name: string, initial: number): Value;
  write(target: Value, value: Value): void;
}

/** `linear` rules scale with the gradient: weights after a step may be compared directly (DESIGN.md, the check). */
export interface UpdateRule {
  readonly name: string;
  readonly linear: boolean;
  /** Emits the writes of one parameter. */
  update(scope: UpdateScope): void;
}

/** One minimisation: which loss, over which parameters (all reachable trainable ones if undefined), by which rule. */
export interface Phase {
  readonly name: string;
  readonly parameters?: readonly string[];
  readonly rule: UpdateRule;
}

/** The name under which STATE keeps the number of steps taken. */
export const STEP_COUNT = "stepCount";
