/** Embedding by a given table. */

import type { Shape } from "../../graph/type.ts";
import { called } from "../arguments.ts";
import { FLOATS, INTEGERS } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { placeOf } from "./place.ts";

/** Tokens [n, t] → [n, t, width], the rows of a table [vocabulary, width] (torch.nn.functional.embedding). Throws for a table of another rank. */
export function embedding<S extends Shape, W extends number>(
  x: Tensor<S, "i32">,
  table: FloatTensor<readonly [number, W]>,
): FloatTensor<readonly [...S, W]> {
  const c = called("embedding", { x, table }, { x: INTEGERS, table: FLOATS });
  return c.run(() => {
    if (table.shape.length !== 2)
      placeOf(c, "embedding", { table }).fail(
        `needs a table [vocabulary, width], but got [${(table.shape as Shape).join(",")}]`,
        "Reshape the table.",
      );
    return c.tensor(c.g.gather(table.value, x.value));
  }) as unknown as FloatTensor<readonly [...S, W]>; // a row of the table a token
}
