/** Multi-head attention: projections to heads, attention within each, and a projection back. */

import { FLAG, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { scaledDotProductAttention } from "../attention.ts";
import type { BoolTensor } from "../comparisons.ts";
import { ROTARY, rotaryEmbedding, type RotaryOptions } from "../rotary.ts";
import { glorot, zeros } from "../initializers.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { called, check as checkArguments } from "../arguments.ts";
import { EXTENT, FLOATS, TRUTHS } from "../kinds.ts";
import { giving, layerOptions, withScope, type Holds, type LayerOptions, type LayerScope } from "./layer.ts";

/** Options of `multiHeadAttention`. */
export interface MultiHeadAttentionOptions extends LayerOptions {
  /** A position sees no later one. */
  readonly causal?: boolean;
  /** Heads of keys and values, each of which as many heads of queries share; must divide heads. Default: heads. */
  readonly kvHeads?: number;
  /** Turns queries and keys by their positions: see `rotaryEmbedding`. Default: no. */
  readonly rotary?: RotaryOptions;
}

/** What one call of a `multiHeadAttention` layer may be told. */
export interface MultiHeadAttentionCall {
  /** What keys and values are taken from, [n, s, w]. Default: x itself. */
  readonly memory?: FloatTensor;
  /** Which positions are real, [n, s]; or where each query may look, broadcasting to [n, heads, t, s]. */
  readonly mask?: BoolTensor;
  /** Added to the scores; broadcasts to [n, heads, t, s]. */
  readonly bias?: FloatTensor;
}

type Projection = { kernel: readonly [number, number]; bias: readonly [number] };

/** What `multiHeadAttention` gives: a layer over one sequence, or over a sequence and what it attends to. */
export interface MultiHeadAttentionLayer {
  <S extends Shape>(x: FloatTensor<S>, call?: MultiHeadAttentionCall): FloatTensor<S>;
  readonly kind: string;
  readonly query: Holds<Projection>;
  readonly key: Holds<Projection>;
  readonly value: Holds<Projection>;
  readonly output: Holds<Projection>;
}

const OPTIONS = layerOptions<MultiHeadAttentionOptions>({ causal: FLAG, kvHeads: EXTENT, rotary: ROTARY });
const HELD = ["query", "key", "value", "output"].flatMap((which) => [`${which}.kernel`, `${which}.bias`]);

const CALL = optionsOf<MultiHeadAttentionCall>({ memory: FLOATS, mask: TRUTHS, bias: FLOATS });

/** x·kernel + bias over the last axis, [n, t, w]. */
function projected({ c, param, named }: LayerScope, which: string, x: Value, outputs: number): Value {
  const { g } = c;
  const [n, t, width] = c.typeOf(x).shape as readonly [number, number, number];
  const kernel = param(`${which}.kernel`, [width, outputs], glorot());
  const bias = param(`${which}.bias`, [outputs], zeros());
  const product = g.dot(x, kernel, dotAttrs([2], [0]));
  return named(which, g.add(product, g.broadcast(bias, { axes: [0, 1], size: [n, t] })));
}

/** [n, t, w] → [n, heads, t, w / heads] */
function inHeads({ c }: LayerScope, x: Value, heads: number): Value {
  const [n, t, width] = c.typeOf(x).shape as readonly [number, number, number];
  const apart = c.g.reshape(x, { shape: [n, t, heads, width / heads] });
  return c.g.transpose(apart, { order: [0, 2, 1, 3] });
}

function check(scope: LayerScope, heads: number, kvHeads: number, x: Tensor, memory: Tensor): void {
  const operands = [scope.c.operand("x", x.value), scope.c.operand("memory", memory.value)];
  const [n, , width] = x.shape;
  if (x.shape.length !== 3 || memory.shape.length !== 3 || memory.shape[0] !== n || memory.shape[2] !== width)
    scope.fail("needs x [n, t, w] and memory [n, s, w] of the same n and w", "Reshape its input to sequences of features.", operands);
  if (heads % kvHeads !== 0)
    scope.fail(`needs kvHeads that divide its ${heads} heads, but got ${kvHeads}`, "Change one of them.", operands);
  if (width! % heads !== 0)
    scope.fail(`needs heads that divide its ${width} features, but got ${heads}`, "Change the heads, or the width of its input.", operands);
}

/**
 * x [n, t, w] → [n, t, w]: each of `heads` heads attends over w / heads features of its own (Vaswani et al. 2017). Called as
 * `attention(x, { memory, mask })` for cross-attention and padding. Throws a ModelError where heads do not divide w, or shapes do not fit.
 */
export function multiHeadAttention(heads: number, options: MultiHeadAttentionOptions = {}): MultiHeadAttentionLayer {
  const kind = "multiHeadAttention";
  checkArguments(kind, { heads, options }, { heads: EXTENT, options: OPTIONS });
  const { run, held } = withScope(kind, options);
  const call = (x: FloatTensor, given: MultiHeadAttentionCall = {}): Tensor => {
    called(kind, { x, options: given }, { x: FLOATS, options: CALL });
    const { memory = x, mask, bias } = given;
    const { kvHeads = heads, causal, rotary } = options;
    return run((scope) => {
      const { c } = scope;
      check(scope, heads, kvHeads, x, memory);
      const width = x.shape.at(-1)!;
      const ofHeads = (which: string, from: Tensor, own: number): FloatTensor =>
        c.tensor(inHeads(scope, projected(scope, which, from.value, (width / heads) * own), own)) as FloatTensor; // projections are floats
      const placed = (one: FloatTensor): FloatTensor => (rotary === undefined ? one : rotaryEmbedding(one, rotary));
      const query = placed(ofHeads("query", x, heads));
      const key = placed(ofHeads("key", memory, kvHeads));
      const value = ofHeads("value", memory, kvHeads);
      const wide =
        mask?.shape.length === 2
          ? {
              ...mask,
              value: c.g.reshape(mask.value, { shape: [mask.shape[0]!, 1, 1, mask.shape[1]!] }),
              shape: [mask.shape[0]!, 1, 1, mask.shape[1]!],
            }
          : mask;
      const attended = scaledDotProductAttention(query, key, value, {
        ...(causal === undefined ? {} : { causal }),
        ...(bias === undefined ? {} : { bias }),
        ...(wide === undefined ? {} : { mask: wide }),
      });
      const together = c.g.transpose(attended.value, { order: [0, 2, 1, 3] });
      return projected(scope, "output", c.g.reshape(together, { shape: x.shape }), width);
    });
  };
  return giving(Object.assign(call, { kind }), HELD, held) as unknown as MultiHeadAttentionLayer; // the output has x's shape
}
