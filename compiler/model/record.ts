/** What is kept of a layer's call. */

import type { Shape } from "../graph/type.ts";

/** A call of a layer, as `summary` lists it. */
export interface LayerRecord {
  readonly name: string;
  readonly kind: string;
  readonly shape: Shape;
  /** Elements of the parameters it created; 0 for every call but the first. */
  readonly parameters: number;
  readonly site: string;
}
