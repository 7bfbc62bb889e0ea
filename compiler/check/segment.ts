/** Where an element of a definition lies in the buffer that it is stored in. */

import type { Shape } from "../graph/type.ts";
import { evaluate } from "../loop/index-expression.ts";
import type { Definition } from "../loop/loop.ts";

/** By its row-major position, in a buffer of this shape. */
export function placeOf({ axes, segment }: Pick<Definition, "axes" | "segment">, shape: Shape): (at: number) => number {
  if (segment === undefined) return (at) => at;
  return (at) => {
    const point = new Map<string, number>();
    axes.reduceRight((rest, { name, extent }) => (point.set(name, rest % extent), Math.floor(rest / extent)), at);
    return segment.at.reduce((place, index, n) => place * shape[n]! + evaluate(index, point), 0);
  };
}
