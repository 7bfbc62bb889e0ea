/** Products of two inputs with trained numbers, and bags of rows of a table. */

import { oneOf, optionsOf } from "../../graph/arguments.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { called } from "../arguments.ts";
import { FLOATS, INTEGERS } from "../kinds.ts";
import { sameShape, type Shape } from "../../graph/type.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { needsShape, placeOf } from "./place.ts";

/** What bilinear takes besides. */
export interface BilinearOptions {
  /** [units]. */
  readonly bias?: FloatTensor;
}

const OPTIONS = optionsOf<BilinearOptions>({ bias: FLOATS });

/** y[…, u] = Σ a[…, i]·kernel[u, i, k]·b[…, k] + bias[u] (torch.nn.functional.bilinear). Throws for a kernel that does not fit. */
export function bilinear(a: FloatTensor, b: FloatTensor, kernel: FloatTensor, options: BilinearOptions = {}): FloatTensor {
  const c = called("bilinear", { a, b, kernel, options }, { a: FLOATS, b: FLOATS, kernel: FLOATS, options: OPTIONS });
  return c.run(() => {
    const { g } = c;
    const { bias } = options;
    const place = placeOf(c, "bilinear", { a, b, kernel, bias });
    const lead = a.shape.slice(0, -1);
    if (a.shape.length === 0 || b.shape.length === 0 || !sameShape(lead, b.shape.slice(0, -1)))
      place.fail(`needs inputs alike but for their last axes, but got [${a.shape.join(",")}] and [${b.shape.join(",")}]`, "Reshape them.");
    needsShape(place, "kernel", kernel, [-1, a.shape.at(-1)!, b.shape.at(-1)!], "[units, in, in]");
    const units = kernel.shape[0]!;
    needsShape(place, "bias", bias, [units], "[units]");
    const half = g.dot(a.value, kernel.value, dotAttrs([lead.length], [1])); // […, units, in of b]
    const wide = g.broadcast(b.value, { axes: [lead.length], size: [units] });
    const product = g.sum(g.mul(half, wide), { axes: [lead.length + 1] });
    if (bias === undefined) return c.tensor(product);
    return c.tensor(g.add(product, g.broadcast(bias.value, { axes: lead.map((_, axis) => axis), size: lead })));
  }) as FloatTensor;
}

/** What embeddingBag takes besides. */
export interface EmbeddingBagOptions {
  /** Default: `mean`. */
  readonly mode?: "mean" | "sum" | "max";
  /** A factor a token, of a sum. */
  readonly weights?: FloatTensor;
}

const BAG = optionsOf<EmbeddingBagOptions>({ mode: oneOf("mean", "sum", "max"), weights: FLOATS });

/** What the rows of a table [vocabulary, width] for tokens [n, t] make together: [n, width] (torch.nn.functional.embedding_bag). Throws for other ranks, or weights without a sum. */
export function embeddingBag(x: Tensor<Shape, "i32">, table: FloatTensor, options: EmbeddingBagOptions = {}): FloatTensor {
  const c = called("embeddingBag", { x, table, options }, { x: INTEGERS, table: FLOATS, options: BAG });
  const { mode = "mean", weights } = options;
  return c.run(() => {
    const { g } = c;
    const place = placeOf(c, "embeddingBag", { x, table, weights });
    if (x.shape.length !== 2 || table.shape.length !== 2)
      place.fail(
        `needs tokens [n, t] and a table [vocabulary, width], but got [${x.shape.join(",")}] and [${table.shape.join(",")}]`,
        "Reshape them.",
      );
    if (weights !== undefined && mode !== "sum")
      place.fail(`takes weights of a sum alone, but its mode is ${mode}`, 'Say { mode: "sum" }.');
    needsShape(place, "weights", weights, x.shape, "[n, t]");
    const rows = g.gather(table.value, x.value);
    if (mode === "max") return c.tensor(g.reduceMax(rows, { axes: [1] }));
    const width = table.shape[1]!;
    const weighed = weights === undefined ? rows : g.mul(rows, g.broadcast(weights.value, { axes: [2], size: [width] }));
    const total = g.sum(weighed, { axes: [1] });
    return c.tensor(mode === "sum" ? total : g.mul(total, g.literal(1 / x.shape[1]!, c.float)));
  }) as FloatTensor;
}
