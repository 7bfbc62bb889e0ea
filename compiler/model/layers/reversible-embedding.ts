/** An embedding that is its own head: tokens to vectors, and vectors to scores of tokens, by one table. */

import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { called, check } from "../arguments.ts";
import { uniform } from "../initializers.ts";
import { EXTENT, FLOATS, INITIALIZER, INTEGERS } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import type { EmbeddingOptions } from "./embedding.ts";
import { giving, layerOptions, withScope, type Holds, type LayerScope } from "./layer.ts";

/** Tokens [n, t] → [n, t, width]; `reverse` gives [n, t, width] → scores [n, t, vocabulary]. */
export interface ReversibleEmbedding<W extends number> extends Holds<{ table: readonly [number, W] }> {
  <S extends Shape>(x: Tensor<S, "i32">): FloatTensor<readonly [...S, W]>;
  reverse(x: FloatTensor): FloatTensor;
  readonly kind: string;
}

const LAWS = {
  vocabulary: EXTENT,
  width: EXTENT,
  options: layerOptions<EmbeddingOptions>({ initializer: INITIALIZER, table: FLOATS }),
};

/** An embedding whose table is the head as well: `tokens.reverse(h)` is h·tableᵀ (Press & Wolf 2017; keras.layers.ReversibleEmbedding). Throws as embedding does. */
export function reversibleEmbedding<const W extends number>(
  vocabulary: number,
  width: W,
  options: EmbeddingOptions = {},
): ReversibleEmbedding<W> {
  const kind = "reversibleEmbedding";
  check(kind, { vocabulary, width, options }, LAWS);
  const { run, held } = withScope(kind, options);
  const table = ({ c, param }: LayerScope): Value =>
    param("table", [c.extents.of(vocabulary), c.extents.of(width)], options.table ?? options.initializer ?? uniform(-0.05, 0.05));
  const call = (x: Tensor): Tensor => {
    called(kind, { x }, { x: INTEGERS });
    return run((scope) => scope.c.g.gather(table(scope), x.value));
  };
  const reverse = (x: FloatTensor): Tensor => {
    called(`${kind}.reverse`, { x }, { x: FLOATS });
    return run((scope) => {
      const last = x.shape.length - 1;
      if (last < 1 || x.shape[last] !== scope.c.extents.of(width))
        scope.fail(`needs vectors [n, …, ${width}] to reverse, but got [${x.shape.join(",")}]`, "Project them to the width of the table.");
      return scope.c.g.dot(x.value, table(scope), dotAttrs([last], [1]));
    });
  };
  return giving(Object.assign(call, { kind, reverse }), ["table"], held) as unknown as ReversibleEmbedding<W>; // rows of the table
}
