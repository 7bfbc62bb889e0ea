/** Equal blocks one after the other as one loop over depth: the source of a deep net is that of one block. */

import { FUNCTION } from "../../graph/arguments.ts";
import { sameShape } from "../../graph/type.ts";
import { called, check } from "../arguments.ts";
import { EXTENT, FLOATS } from "../kinds.ts";
import { callSite } from "../site.ts";
import type { FloatTensor } from "../tensor.ts";
import { declareTurn } from "../turn.ts";
import type { SameShapeLayer } from "./layer.ts";

/**
 * n blocks, each over what the one before it made, which keep the shape. The block is declared once, as a function of x; every parameter that it
 * declares has a leading axis of n, one for each block, and begins as it would in one. In the trainer they are a loop. Throws a ModelError for a
 * block that changes the shape of x, or one that gives a state a new value, as batchNorm does.
 */
export function stacked(n: number, block: (x: FloatTensor) => FloatTensor): SameShapeLayer {
  check("stacked", { n, block }, { n: EXTENT, block: FUNCTION });
  const call = (x: FloatTensor): FloatTensor => {
    const c = called("stacked", { x }, { x: FLOATS });
    return c.run(() => {
      if (block.length > 1)
        c.fail("layer/stacked", "stacked takes a block of x alone: all n are equal", "Write the blocks that differ one after the other.");
      const own = c.operand("x", x.value);
      c.unrolled.add(n);
      const loop = { initial: [x.value], xs: [], steps: n, reverse: false, names: [], stacks: true };
      const { carries } = declareTurn(c, loop, ([before]) => {
        const y = block(c.tensor(before!) as FloatTensor); // as x is
        check("stacked", { "what the block returns": y }, { "what the block returns": FLOATS });
        if (!sameShape(y.shape, x.shape))
          c.fail(
            "layer/stacked",
            `stacked needs a block that keeps the shape, but it makes [${y.shape.join(",")}] of [${x.shape.join(",")}]`,
            "Change its last layer, or put what changes the shape outside.",
            [own],
          );
        return { carries: [y.value], ys: [] };
      });
      return c.tensor(carries[0]!) as FloatTensor; // as x is
    });
  };
  return Object.assign(call, { kind: "stacked", site: callSite() }) as unknown as SameShapeLayer; // y has x's shape
}
