/** The boxes of a graph, as they are laid out and as they are drawn. */

import type { InspectedNode } from "../explain/inspection/index.ts";

/** Height of a box. */
export const BOX = 36;

/** What stands under a node's name in its box: `dot 32×128`. */
export const labelOf = ({ op, shape }: Pick<InspectedNode, "op" | "shape">): string =>
  `${op}${shape.length === 0 ? "" : ` ${shape.join("×")}`}`;
