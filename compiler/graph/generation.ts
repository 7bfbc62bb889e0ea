/** What prediction takes and gives where it is one step of what goes on by itself (decisions/generation.md), by name. */

export interface Generation {
  /** The input: what a step is given. */
  readonly tokens: string;
  /** The output that scores the next token. */
  readonly scores: string;
  /** How many steps it can see; left out where that is as many as you like. */
  readonly steps?: number;
  /** Whether it takes the number of the step, as `position`. */
  readonly position: boolean;
  /** What goes in and comes out under one name, beginning with zeros. */
  readonly carries: readonly string[];
}
