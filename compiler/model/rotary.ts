/** Rotary positions: features in pairs, turned by an angle that grows with the position. */

import { FLAG, numbers, optionsOf } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { spread } from "./elementwise.ts";
import { FLOATS } from "./kinds.ts";
import type { FloatTensor } from "./tensor.ts";

/** Options of `rotaryEmbedding`. */
export interface RotaryOptions {
  /** Pair k of d / 2 turns by base^(−2k / d) a position. Default: 10000. */
  readonly base?: number;
  /** Whether neighbours are pairs, rather than the n-th features of both halves. Default: false. */
  readonly interleaved?: boolean;
}

export const ROTARY = optionsOf<RotaryOptions>({ base: numbers("a finite number above 0", (base) => base > 0), interleaved: FLAG });

/** cos and sin of the angle of each pair at each position, [t, d / 2]. */
function angles(c: Context, t: number, pairs: number, base: number): readonly [cos: Value, sin: Value] {
  const { g, float } = c;
  const along = (axis: number): Value => g.cast(g.iota({ dtype: "i32", shape: [t, pairs] }, { axis }), { to: float });
  const frequency = g.exp(g.mul(along(1), g.literal(-Math.log(base) / pairs, float)));
  const step = t === 1 ? c.decoding?.position(c, { bounded: false }) : undefined;
  const position =
    step === undefined ? along(0) : g.broadcast(g.cast(step, { to: float }), { axes: [0, 1], size: [t, pairs] }); // prettier-ignore
  const angle = g.mul(position, frequency);
  return [g.cos(angle), g.sin(angle)];
}

/**
 * x [b…, t, d] with each pair of features (a, b) at position p turned to (a·cos − b·sin, b·cos + a·sin) of p·base^(−2k / d) (Su et al. 2021;
 * ONNX's RotaryEmbedding): scores of turned queries and keys depend on how far apart they are. Throws a ModelError for an odd d.
 */
export function rotaryEmbedding<S extends Shape>(x: FloatTensor<S>, options: RotaryOptions = {}): FloatTensor<S> {
  const c = called("rotaryEmbedding", { x, options }, { x: FLOATS, options: ROTARY });
  return c.run(() => {
    const { g } = c;
    const { base = 10000, interleaved = false } = options;
    const [rank, t, d] = [x.shape.length, x.shape.at(-2), x.shape.at(-1)];
    if (t === undefined || d === undefined || d % 2 !== 0)
      return c.fail(
        "shape/rotaryEmbedding",
        `rotaryEmbedding needs x [b…, t, d] with an even d, but got [${x.shape.join(",")}]`,
        "Give it positions and pairs of features.",
        [c.operand("x", x.value)],
      );
    const lead = x.shape.slice(0, -1);
    // pairs along an axis of their own: the last where neighbours are pairs, else the last but one
    const pairs = g.reshape(x.value, { shape: interleaved ? [...lead, d / 2, 2] : [...lead, 2, d / 2] });
    const axis = interleaved ? rank : rank - 1;
    const full = [...lead, d / 2];
    const member = (n: number): Value => {
      const { shape } = c.typeOf(pairs);
      const start = shape.map((_, m) => (m === axis ? n : 0));
      const limit = shape.map((extent, m) => (m === axis ? n + 1 : extent));
      return g.reshape(g.slice(pairs, { start, limit, stride: shape.map(() => 1) }), { shape: full });
    };
    const [cos, sin] = angles(c, t, d / 2, base).map((value) => spread(c, value, full)) as [Value, Value];
    const [a, b] = [member(0), member(1)];
    const turned = [g.sub(g.mul(a, cos), g.mul(b, sin)), g.add(g.mul(b, cos), g.mul(a, sin))];
    const shape = full.toSpliced(axis, 0, 1);
    const together = g.concat(
      turned.map((value) => g.reshape(value, { shape })),
      { axis },
    );
    return c.tensor(g.reshape(together, { shape: x.shape }));
  }) as FloatTensor<S>;
}
