/** What a declaration knows of the steps of its scans: which is in progress, and which nodes are theirs. */

import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";

/** The loop around a step that is being declared. */
export interface Turn {
  readonly steps: number;
  /** Whether each turn has parameters of its own (stacked.ts). */
  readonly stacks: boolean;
  /** One slice of a sequence [steps, …], as the step sees it. */
  slice(sequence: Value): Value;
}

export class Turns {
  /** Nodes of steps, which the declared graph has in bodies only. */
  readonly declared = new Set<Value>();
  /** The innermost last. */
  readonly #inside: Turn[] = [];

  /** Declares a step. */
  within<T>(turn: Turn, step: () => T): T {
    this.#inside.push(turn);
    try {
      return step();
    } finally {
      this.#inside.pop();
    }
  }

  /** A parameter as it is here, of those that stacked blocks around have one each: made whole outside them, along leading axes, and cut inside. */
  kept(shape: Shape, make: (whole: Shape) => Value): Value {
    const turn = this.#inside.pop();
    if (turn === undefined) return make(shape);
    try {
      return turn.stacks ? turn.slice(this.kept([turn.steps, ...shape], make)) : this.kept(shape, make);
    } finally {
      this.#inside.push(turn);
    }
  }

  /** A value that is another at each time of the scans around: made whole outside them, for all times, and cut inside. */
  each(shape: Shape, make: (whole: Shape) => Value): Value {
    const turn = this.#inside.pop();
    if (turn === undefined) return make(shape);
    try {
      return turn.slice(this.each([turn.steps, ...shape], make));
    } finally {
      this.#inside.push(turn);
    }
  }
}
