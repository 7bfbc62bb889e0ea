/** A tensor inside a larger one: among zeros, among copies of a number, mirrored, or with its edge repeated. */

import { kind, listOf, oneOf, optional, optionsOf, FINITE } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { FLOATS } from "./kinds.ts";
import type { FloatTensor } from "./tensor.ts";

type Ends = readonly [low: number, high: number];

const PAIR = kind("[low, high]", (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((end) => typeof end === "number"));

/** What pad takes besides. */
export interface PadOptions {
  /** `"reflect"`: x mirrored in its outermost elements, which stand once; `"edge"`: its outermost elements repeated. Default: a number. */
  readonly mode?: "constant" | "reflect" | "edge";
  /** The number, where the mode is none of these. Default: 0. */
  readonly value?: number;
}

const OPTIONS = optionsOf<PadOptions>({ mode: oneOf("constant", "reflect", "edge"), value: FINITE });

/** x among zeros, or what else the options say: [low, high] an axis. Throws where a mirror would show more than there is. */
export function pad(x: FloatTensor, ends: readonly Ends[], options: PadOptions = {}): FloatTensor {
  const c = called(
    "pad",
    { x, ends, options },
    { x: FLOATS, ends: listOf("a list of [low, high], one an axis", PAIR), options: optional(OPTIONS) },
  );
  const { mode = "constant", value = 0 } = options;
  return c.run(() => {
    if (ends.length !== x.shape.length)
      c.fail("pad/rank", `pad needs [low, high] for each of ${x.shape.length} axes, but got ${ends.length}`, "Give one pair an axis.", [
        c.operand("x", x.value),
      ]);
    if (mode === "constant") return c.tensor(amongNumbers(c, x.value, ends, value));
    return c.tensor(ends.reduce((all, pair, axis) => extended(c, all, axis, pair, mode), x.value));
  }) as FloatTensor;
}

/** Among zeros; of another number it says by itself where it goes, for x may be infinite. */
function amongNumbers(c: Context, x: Value, ends: readonly Ends[], value: number): Value {
  const { g } = c;
  const around = { low: ends.map(([low]) => low), high: ends.map(([, high]) => high), interior: ends.map(() => 0) };
  const zeros = g.pad(x, around);
  if (value === 0) return zeros;
  const { shape } = c.typeOf(x);
  const ones = g.broadcast(g.literal(1, c.float), { axes: shape.map((_, axis) => axis), size: shape });
  return g.where(g.eq(g.pad(ones, around), g.literal(1, c.float)), zeros, g.literal(value, c.float));
}

/** x with what the mode says before and after it along one axis. */
function extended(c: Context, x: Value, axis: number, [low, high]: Ends, mode: "reflect" | "edge"): Value {
  const { g } = c;
  const { shape } = c.typeOf(x);
  const extent = shape[axis]!;
  const most = mode === "reflect" ? extent - 1 : Infinity;
  for (const end of [low, high])
    if (!(Number.isInteger(end) && end >= 0 && end <= most))
      c.fail(
        "pad/ends",
        `pad with ${mode} needs whole numbers from 0 to ${most} on axis ${axis} of [${shape.join(",")}], but got ${end}`,
        mode === "reflect"
          ? "A mirror shows at most all elements but the outermost: pad by less, or by the edge."
          : "Pad by a whole number.",
        [c.operand("x", x)],
      );
  const part = (from: number, to: number): Value =>
    g.slice(x, {
      start: shape.map((_, n) => (n === axis ? from : 0)),
      limit: shape.map((e, n) => (n === axis ? to : e)),
      stride: shape.map(() => 1),
    });
  const repeated = (at: number, times: number): Value =>
    g.broadcast(g.reshape(part(at, at + 1), { shape: shape.toSpliced(axis, 1) }), { axes: [axis], size: [times] });
  const mirrored = (from: number, to: number): Value => g.reverse(part(from, to), { axes: [axis] });
  const before = mode === "edge" ? () => repeated(0, low) : () => mirrored(1, 1 + low);
  const after = mode === "edge" ? () => repeated(extent - 1, high) : () => mirrored(extent - 1 - high, extent - 1);
  const parts = [...(low > 0 ? [before()] : []), x, ...(high > 0 ? [after()] : [])];
  return parts.length === 1 ? x : g.concat(parts, { axis });
}
