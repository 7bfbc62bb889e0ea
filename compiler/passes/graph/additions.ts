/**
 * Guarantees in which order every sum adds its terms, from the graph and the machine alone: no fusion, copy, schedule or budget changes it.
 *   %s = sum %h {axes=[0,2]}   →   with lanes %s = sum %h {axes=[0,2] inLanes=true};  %y = conv … {termsBy=[1,2,0]}
 * The order is the one that suits the sum best where it stands alone and reads what it reads before any budget has its say.
 * `termsBy` gives its axes from the outermost to the innermost; `inLanes` means: what is left over after whole vectors of the innermost
 * axis first, then four sums, of every fourth term each, added one after the other.
 */

import type { Graph, Node } from "../../graph/graph.ts";
import type { Buffer, Definition, Group, Reduce } from "../../loop/loop.ts";
import { defined } from "../definitions/define.ts";
import { inline } from "../definitions/inline.ts";
import { wholeSum } from "../definitions/rows.ts";
import { BuffersBeside, mainReduce, type Buffers } from "../loops/group.ts";
import type { Machine } from "../../loop/machine.ts";
import { packedAlone } from "../loops/pack/index.ts";
import { servedByLanes } from "../loops/tiles/sum-order.ts";
import { weighted } from "../loops/unroll.ts";
import type { Pass } from "../pass.ts";

/** How a sum adds: its axes in another order than its op names them, and in lanes along the last. */
interface Addition {
  readonly termsBy?: readonly number[];
  readonly inLanes?: true;
}

export const additions = (machine: Machine): Pass<Graph> => ({
  name: "additions",
  why: "in which order every sum adds its terms, once and for all",
  run(graph) {
    const declared = defined(graph);
    const terms = inline(declared);
    const buffers = new Map(
      [...declared.storage, ...terms.map(({ definition }) => scratch(definition))].map((buffer) => [buffer.name, buffer]),
    );
    // the axes of a sum have names of their own
    const found = new Map<string, Addition>();
    for (const { definition } of terms) {
      const sum = wholeSum(definition.value);
      if (sum !== undefined && sum.over.length > 0) found.set(sum.over[0]!.name, additionOf(sum, definition, buffers, machine));
    }
    const own = new Map(declared.definitions.map(({ definition }) => [definition.name, wholeSum(definition.value)?.over[0]?.name]));
    const nodes = graph.nodes.map((node): Node => {
      const addition = found.get(own.get(node.name) ?? "");
      const same = addition === undefined || Object.keys(addition).length === 0;
      return same ? node : { ...node, attrs: { ...node.attrs, ...addition } };
    });
    return nodes.every((node, at) => node === graph.nodes[at]) ? graph : { ...graph, nodes };
  },
});

const scratch = ({ name, dtype, shape }: Definition): Buffer => ({ name, dtype, shape, role: "scratch" });

function additionOf(sum: Reduce, of: Definition, before: Buffers, machine: Machine): Addition {
  // prettier-ignore
  if (weighted(sum) !== undefined) return {}; // written out, from left to right
  if (sum.inMemory === true) return {};
  const { target: _, ...definition } = of;
  const group: Group = { axes: of.axes, stages: [{ definition, storage: "buffer" }] };
  const buffers = new BuffersBeside(before);
  buffers.add(scratch(of));
  const alone = packedAlone(group, machine, buffers, (copy) => buffers.add(scratch(copy)));
  const found = mainReduce(alone);
  // where a copy takes its sums, they are in the order of the graph
  if (found === undefined || found.over.length !== sum.over.length) return {};
  const termsBy = found.over.map(({ name }) => sum.over.findIndex((axis) => axis.name === name));
  return {
    ...(termsBy.every((at, n) => at === n) ? {} : { termsBy }),
    ...(machine.lanes > 1 && servedByLanes(alone, found, buffers) ? { inLanes: true } : {}),
  };
}
