/** The form of an update rule: a function from all parameters of a phase and their gradients to new values, appended to the same graph. */

import type { Builder } from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import type { Calls } from "../ops/index.ts";

/** One parameter, its gradient, and the ways to append. A wrapper hands its rule other scopes: another gradient, other writes. */
export interface UpdateScope {
  readonly g: Calls;
  readonly builder: Builder;
  readonly parameter: Value;
  readonly gradient: Value;
  /** What the body appends is an update of this parameter by the named rule, in words: `w ← w − 0.01·g`. */
  by<T>(rule: string, body: () => T, words?: string): T;
  /** State of this parameter, e.g. a moment: `<parameter>.<name>`, created on first use. Default: of the parameter's shape. */
  state(name: string, initial: number, shape?: Shape): Value;
  /** Scalar state of the whole optimizer, e.g. 1 − β^t, and what is computed from it once a step. */
  shared(name: string, make: (scalars: SharedScope) => Value): Value;
  /** Updates made before this one, a float scalar; exact up to 2^24. */
  step(): Value;
  /** A live scalar, by its name. */
  hyper(name: string, value: number): Value;
  /** Throws a ModelError where the target has been written in this phase. */
  write(target: Value, value: Value): void;
  /** Says what will not train as one would expect; the parameter gives the place. */
  advise(advice: Advice): void;
}

/** A warning of an update rule. */
export interface Advice {
  readonly code: string;
  readonly law: string;
  readonly remedy: string;
}

export interface SharedScope {
  state(name: string, initial: number): Value;
  write(target: Value, value: Value): void;
}

/** A place in the text of a program. */
export interface Written {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface UpdateRule {
  readonly name: string;
  /** Where the model calls for it. */
  readonly site?: Written | undefined;
  /**
   * Whether weights after a step may be compared directly (DESIGN.md, the check): rounding of a gradient moves them in
   * proportion. True of what is linear in the gradient; false of what divides by its size or takes its sign.
   */
  readonly linear: boolean;
  /** States of a parameter, by their own name, of which that is true whatever is true of the weights: sums and means of g or g². */
  comparable(parameter: string): readonly string[];
  /** Steps until every weight has been written once: 1, or more where gradients are accumulated. */
  readonly period: number;
  /** Emits the writes of a phase, one scope a parameter. */
  update(scopes: readonly UpdateScope[]): void;
}

/** One minimisation: which loss, over which parameters (all reachable trainable ones if undefined), by which rule. */
export interface Phase {
  readonly name: string;
  readonly parameters?: readonly string[];
  readonly rule: UpdateRule;
  /** The model's line that calls for the rule. Default: each update cites its parameter's. */
  readonly site?: string;
}

/** The name under which STATE keeps the number of steps taken. */
export const STEP_COUNT = "stepCount";
