/**
 * Guarantees in which order every sum adds its terms, from the graph and the machine alone: no fusion, copy, schedule or budget changes it.
 *   y[i] = sum{k<3, l<100: h[i,k,l]}   →   with lanes y[i] = sumInLanes{k<3, l<100: h[i,k,l]}
 * The order is the one that suits the sum best where it stands alone and everything that it reads and that can be stored is stored. In
 * lanes means: what is left over after whole vectors of the last axis first, then four sums, the first that of every fourth term from the
 * first on, added one after the other.
 */

import { mapScalar, substitute } from "../loop/build.ts";
import type { Index } from "../loop/index.ts";
import type { Buffer, Definition, Group, Scalar } from "../loop/loop.ts";
import type { Defined, Term } from "./define.ts";
import { hasReduce } from "./join.ts";
import type { Machine } from "./machine.ts";
import { packedAlone } from "./pack.ts";
import type { Pass } from "./pass.ts";
import { mainReduce, servedByLanes } from "./tile.ts";
import { weighted } from "./unroll.ts";

type Reduce = Extract<Scalar, { kind: "reduce" }>;

export const additions = (machine: Machine): Pass<Defined> => ({
  name: "additions",
  why: "in which order every sum adds its terms, once and for all",
  run(defined) {
    const storable = new Storable(defined);
    const definitions = defined.definitions.map((term): Term => {
      const { definition } = term;
      if (!hasReduce(definition.value)) return term;
      const value = mapScalar(
        definition.value,
        (part) =>
        part.kind === "reduce" && part.by === "add" ? inOrder(part, definition, storable, machine) : part, // prettier-ignore
      );
      return value === definition.value ? term : { ...term, definition: { ...definition, value } };
    });
    const same = definitions.every((term, n) => term === defined.definitions[n]);
    return same ? defined : { ...defined, definitions };
  },
});

/** A sum with its axes in order, the innermost last, and whether it is taken in lanes along that one. */
function inOrder(reduce: Reduce, of: Definition, storable: Storable, machine: Machine): Reduce {
  const read = { ...reduce, term: storable.read(reduce.term) };
  if (weighted(read) !== undefined) return reduce; // written out, from left to right
  const { part: _, target: __, ...own } = of;
  const definition: Definition = { ...own, value: read };
  const group: Group = { axes: of.axes, stages: [{ definition, storage: "buffer" }] };
  const buffers = new Map(storable.buffers).set(of.name, { name: of.name, dtype: of.dtype, shape: of.shape, role: "scratch" }); // prettier-ignore
  const keep = ({ name, dtype, shape }: Definition): void => void buffers.set(name, { name, dtype, shape, role: "scratch" }); // prettier-ignore
  const alone = packedAlone(group, machine, buffers, keep);
  const found = mainReduce(alone);
  // where a copy takes its sums, they are in the order of the graph
  if (found === undefined || found.over.length !== reduce.over.length) return reduce;
  const over = found.over.map(({ name }) => reduce.over.find((axis) => axis.name === name)!);
  if (machine.lanes > 1 && servedByLanes(alone, found, buffers)) return { ...reduce, over, inLanes: true }; // prettier-ignore
  return over.every((axis, n) => axis === reduce.over[n]) ? reduce : { ...reduce, over };
}

/** What can be stored, and definitions in terms of it alone. */
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
