/** The layers that tokens enter by: a vector a token, and a vector a position. */

import { oneOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import type { Context } from "../context.ts";
import { normal, uniform, type Initializer } from "../initializers.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { EXTENT, FLOATS, INITIALIZER } from "../kinds.ts";
import { checked, layer, layerOptions, type Holds, type LayerOptions, type SameShapeLayer } from "./layer.ts";

/** Options of `embedding`. */
export interface EmbeddingOptions extends LayerOptions {
  /** Default: uniform on [−0.05, 0.05). */
  readonly initializer?: Initializer;
  /** A tensor [vocabulary, width] in the place of a parameter. */
  readonly table?: FloatTensor;
}

export interface EmbeddingLayer<W extends number> extends Holds<{ table: readonly [number, W] }> {
  <S extends Shape>(x: Tensor<S, "i32">): FloatTensor<readonly [...S, W]>;
  readonly kind: string;
}

const EMBEDDING = {
  vocabulary: EXTENT,
  width: EXTENT,
  options: layerOptions<EmbeddingOptions>({ initializer: INITIALIZER, table: FLOATS }),
};

/**
 * Tokens [n, t] → [n, t, width], the rows of a table [vocabulary, width]. Declare tokens as `labels(name, [n, t], { classes: vocabulary })`:
 * then a batch is checked. Throws a ModelError for tokens that are no integers, or more classes than rows.
 */
export const embedding = <const W extends number>(vocabulary: number, width: W, options: EmbeddingOptions = {}): EmbeddingLayer<W> =>
  layer<EmbeddingLayer<W>>(
    "embedding",
    checked("embedding", { vocabulary, width, options }, EMBEDDING),
    (scope, x) => {
      if (x.dtype !== "i32")
        scope.fail(`needs i32 tokens, but got ${x.dtype}`, `Declare them with labels(name, shape, { classes: ${vocabulary} }).`);
      const { extents } = scope.c;
      const { classes } = scope.c.builder.node(x.value).attrs;
      if (typeof classes === "number" && classes > extents.of(vocabulary))
        scope.fail(
          `has a vocabulary of ${vocabulary}, but its tokens are of ${classes} classes`,
          "Make the vocabulary as large as there are classes.",
        );
      if (options.table !== undefined && options.initializer !== undefined)
        scope.fail("was given both a table and an initializer", "A tensor that is given does not begin: leave out the initializer.");
      const initial = options.table ?? options.initializer ?? uniform(-0.05, 0.05);
      return scope.c.g.gather(scope.param("table", [extents.of(vocabulary), extents.of(width)], initial), x.value);
    },
    ["table"],
  );

/** Options of `positionalEncoding`. */
export interface PositionalEncodingOptions extends LayerOptions {
  /** `sinusoidal` (Vaswani et al. 2017) has no parameters; `learned` trains a vector a position. Default: sinusoidal. */
  readonly table?: "sinusoidal" | "learned";
}

const ENCODING = { options: layerOptions<PositionalEncodingOptions>({ table: oneOf("sinusoidal", "learned") }) };

/** [t, w]: sin(p / 10000^(2k/w)) at features 2k, cos of the same at 2k + 1. */
function sinusoids(c: Context, steps: number, width: number): Value {
  const { g, float } = c;
  const literal = (value: number): Value => g.literal(value, float);
  const along = (axis: number): Value => g.cast(g.iota({ dtype: "i32", shape: [steps, width] }, { axis }), { to: float });
  const feature = along(1);
  const even = g.mul(g.floor(g.mul(feature, literal(0.5))), literal(2));
  const frequency = g.exp(g.mul(even, literal(-Math.log(10000) / width)));
  const angle = c.named("angle", g.mul(along(0), frequency));
  return g.where(g.eq(feature, even), g.sin(angle), g.cos(angle));
}

/** x [n, t, w] plus a vector for each position. Throws a ModelError for another rank. */
export const positionalEncoding = (options: PositionalEncodingOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("positionalEncoding", checked("positionalEncoding", { options }, ENCODING), (scope, x) => {
    const { c } = scope;
    if (x.shape.length !== 3)
      scope.fail(`needs sequences of features [n, t, w], but got [${x.shape.join(",")}]`, "Give it the output of an embedding.");
    const [n, steps, width] = x.shape as readonly [number, number, number];
    const decoding = steps === 1 ? c.decoding : undefined;
    const positions = decoding?.of.steps ?? steps;
    const table =
      options.table === "learned"
        ? scope.param("table", [positions, width], normal(0, 0.02))
        : scope.named("table", sinusoids(c, positions, width));
    const rows = decoding === undefined ? table : decoding.row(c, table);
    return c.g.add(x.value, c.g.broadcast(rows, { axes: [0], size: [n] }));
  });
