/**
 * Guarantees in which order every sum adds its terms, from the graph and the machine alone: no fusion, copy, schedule or budget changes it.
 *   %s = sum %h {axes=[0,2]}   →   with lanes %s = sum %h {axes=[0,2] inLanes=true};  %y = conv … {termsBy=[1,2,0]}
 * The order is the one that suits the sum best where it stands alone and everything that it reads and that can be stored is stored.
 * `termsBy` gives its axes from the outermost to the innermost; `inLanes` means: what is left over after whole vectors of the innermost
 * axis first, then four sums, of every fourth term each, added one after the other.
 */

import type { Graph, Node } from "../graph/graph.ts";
import { mapScalar, substitute } from "../loop/build.ts";
import type { Index } from "../loop/index.ts";
import type { Buffer, Definition, Group, Scalar } from "../loop/loop.ts";
import { define, type Defined } from "./define.ts";
import { inReadOrder } from "./inline.ts";
import type { Machine } from "./machine.ts";
import { packedAlone } from "./pack.ts";
import type { Pass } from "./pass.ts";
import { wholeSum } from "./rows.ts";
import { mainReduce, servedByLanes } from "./tile.ts";
import { weighted } from "./unroll.ts";

type Reduce = Extract<Scalar, { kind: "reduce" }>;

/** How a sum adds: its axes in another order than its op names them, and in lanes along the last. */
interface Addition {
  readonly termsBy?: readonly number[];
  readonly inLanes?: true;
}

export const additions = (machine: Machine): Pass<Graph> => ({
  name: "additions",
  why: "in which order every sum adds its terms, once and for all",
  run(graph) {
    const declared = define.run(graph);
    // as fusion has it before anything is computed again: what is only read transposed is computed in the order it is read
    const needed = new Set(declared.results.map(({ value }) => value));
    const defined = { ...declared, definitions: inReadOrder(declared, needed) };
    const storable = new Storable(defined);
    // the axes of a sum have names of their own
    const found = new Map<string, Addition>();
    for (const { definition } of defined.definitions) {
      const sum = wholeSum(definition.value);
      if (sum !== undefined && sum.over.length > 0) found.set(sum.over[0]!.name, additionOf(sum, definition, storable, machine)); // prettier-ignore
    }
    const own = new Map(declared.definitions.map(({ definition }) => [definition.name, wholeSum(definition.value)?.over[0]?.name])); // prettier-ignore
    const nodes = graph.nodes.map((node): Node => {
      const addition = found.get(own.get(node.name) ?? "");
      const same = addition === undefined || Object.keys(addition).length === 0;
      return same ? node : { ...node, attrs: { ...node.attrs, ...addition } };
    });
    return nodes.every((node, at) => node === graph.nodes[at]) ? graph : { ...graph, nodes };
  },
});

function additionOf(sum: Reduce, of: Definition, storable: Storable, machine: Machine): Addition {
  const read = { ...sum, term: storable.read(sum.term) };
  if (weighted(read) !== undefined) return {}; // written out, from left to right
  const { target: _, ...own } = of;
  const definition: Definition = { ...own, value: read };
  const group: Group = { axes: of.axes, stages: [{ definition, storage: "buffer" }] };
  const buffers = new Map(storable.buffers);
  const keep = ({ name, dtype, shape }: Definition): void => void buffers.set(name, { name, dtype, shape, role: "scratch" }); // prettier-ignore
  const alone = packedAlone(group, machine, buffers, keep);
  const found = mainReduce(alone);
  // where a copy takes its sums, they are in the order of the graph
  if (found === undefined || found.over.length !== sum.over.length) return {};
  const termsBy = found.over.map(({ name }) => sum.over.findIndex((axis) => axis.name === name));
  return {
    ...(termsBy.every((at, n) => at === n) ? {} : { termsBy }),
    ...(machine.lanes > 1 && servedByLanes(alone, found, buffers) ? { inLanes: true } : {}),
  };
}

/** What can be stored, and scalars in terms of it alone. */
class Storable {
  readonly buffers: ReadonlyMap<string, Buffer>;
  readonly #inside: ReadonlyMap<string, Definition>;
  readonly #expanded = new Map<string, Scalar>();

  constructor({ storage, definitions }: Defined) {
    const made = definitions.map(({ definition: { name, dtype, shape } }) => ({ name, dtype, shape, role: "scratch" as const })); // prettier-ignore
    this.buffers = new Map([...storage, ...made].map((buffer) => [buffer.name, buffer]));
    const inside = definitions.filter(({ view, exact }) => view || !exact);
    this.#inside = new Map(inside.map(({ definition }) => [definition.name, definition]));
  }

  /** A scalar without reads of movements, and of values that are computed where they are read. */
  read(s: Scalar): Scalar {
    return mapScalar(s, (part) => {
      const of = part.kind === "load" ? this.#inside.get(part.buffer) : undefined;
      if (of === undefined || part.kind !== "load") return part;
      const where = new Map<string, Index>(of.axes.map(({ name }, n) => [name, part.at[n]!]));
      return substitute(this.#of(of), where);
    });
  }

  #of({ name, value }: Definition): Scalar {
    let known = this.#expanded.get(name);
    if (known === undefined) this.#expanded.set(name, (known = this.read(value)));
    return known;
  }
}
