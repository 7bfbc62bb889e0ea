/**
 * Operands of contractions are copied where that pays: into a margin of zeros, so that no guard stands in the loops (margins.ts), in the
 * order that they are read (order.ts), in panels of a vector's columns (panels.ts), and long sums are taken in blocks (blocks.ts), over
 * as few axes as say the same (merge.ts); a copy that is asked for soon again is made once (once.ts). What is summed in lanes along itself ends before functions of it begin (epilogue.ts).
 *   Σ k: where(0 ≤ l + k − 1 < 32, x[l + k − 1], 0)·w[k]   →   x_padded[l] = where(…, x[l − 1], 0);  Σ k: x_padded[l + k]·w[k]
 * Later passes may assume that the copies are buffers like any other: the plan shows their bytes.
 */

import type { Buffer, Definition, Definitions, Group } from "../../../loop/loop.ts";
import type { Pass } from "../../pass.ts";
import { isPlaced, type Buffers } from "../group.ts";
import type { Machine } from "../../../loop/machine.ts";
import { ordered } from "../tiles/sum-order.ts";
import { inBlocks } from "./blocks.ts";
import { Copies, scratchFor, type Keep } from "./copy.ts";
import { functionsApart } from "./epilogue.ts";
import { withMargins } from "./margins.ts";
import { merged } from "./merge.ts";
import { Once } from "./once.ts";
import { across, along, widened } from "./order.ts";
import { byFilter, inPanels } from "./panels.ts";
import { inEveryReduction } from "./sums.ts";
import { byTap } from "./taps.ts";

/** `sparing`: no copies that save nothing but time. */
export const pack = (machine: Machine, sparing = false): Pass<Definitions> => ({
  name: "pack",
  why: "guarded operands of contractions in a margin of zeros, others in the order they are read",
  run(definitions) {
    const buffers = new Map(definitions.buffers.map((buffer) => [buffer.name, buffer]));
    const made: Buffer[] = [];
    const once = new Once();
    for (const item of definitions.work) {
      if (item.kind === "scalar") {
        once.scalar(item);
        continue;
      }
      const copies: Definition[] = [];
      const keep = (definition: Definition): void => {
        buffers.set(definition.name, scratchFor(definition));
        copies.push(definition);
      };
      const group = packed(item.group, machine, sparing, buffers, keep);
      made.push(...once.group(group, copies).map(scratchFor));
    }
    const { work } = once;
    const same = work.every((item, n) => {
      const before = definitions.work[n];
      return item.kind === "group" && before?.kind === "group" ? item.group === before.group : item === before;
    });
    return same ? definitions : { ...definitions, buffers: [...definitions.buffers, ...made], work };
  },
});

/** The group of one sum alone, in the order that the machine asks for: its terms with all copies, which `keep` hears of. */
export const packedAlone = (group: Group, machine: Machine, buffers: Buffers, keep: Keep): Group =>
  packed(group, machine, false, buffers, keep, (one, of) => ordered(one, machine, of));

function packed(
  group: Group,
  machine: Machine,
  sparing: boolean,
  buffers: Buffers,
  keep: Keep,
  order?: (one: Group, of: Buffers) => Group,
): Group {
  if (isPlaced(group)) return group;
  if (machine.lanes > 1) {
    const tapped = byTap(group, machine, buffers, keep);
    const spread = byFilter(withMargins(tapped, machine, buffers, keep), buffers, keep);
    const plain = order === undefined ? spread : order(spread, buffers);
    const inOrder = inEveryReduction(plain, (one) => along(one, buffers, keep));
    // where the order is still to be found, it is found axis by axis
    const asFew = order === undefined ? inEveryReduction(inOrder, (one) => merged(one, buffers)) : inOrder;
    const beside = inEveryReduction(asFew, (one) => inPanels({ ...one, reduce: across(one, buffers, keep) }, buffers, keep));
    return functionsApart(inBlocks(beside, buffers, keep), buffers, keep);
  }
  const copies = new Copies(buffers);
  const within = withMargins(group, machine, copies.buffers, copies.keep);
  const plain = order === undefined ? within : order(within, buffers);
  const wide = sparing ? plain : inEveryReduction(plain, (one) => widened(one, copies));
  for (const copy of copies.readBy(wide)) keep(copy);
  return wide;
}
