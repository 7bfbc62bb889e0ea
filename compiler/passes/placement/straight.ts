/** Accesses under loops of known bounds whose addresses advance by constant steps: walked by adding, where anything else is evaluated element by element. */

import type { Index } from "../../loop/index-expression.ts";
import type { Loop } from "../../loop/loop.ts";

/** One element that is touched: its address in the names of the loops around those that are walked here. */
export interface Access {
  readonly index: Index;
  readonly kind: "load" | "store";
}

/** All accesses in turn, so many times; each time each lies so many elements further. */
interface Level {
  readonly trips: number;
  readonly steps: readonly number[];
}

export interface Straight {
  readonly accesses: readonly Access[];
  /** Outermost first. */
  readonly levels: readonly Level[];
}

/** A single access; undefined where its address is no sum of multiples of loops' values. */
export const straightAccess = (index: Index, kind: Access["kind"]): Straight | undefined =>
  index.terms.every(({ atom }) => atom.kind === "index") ? { accesses: [{ index, kind }], levels: [] } : undefined;

/** A loop of so few is written out, so that what is around it may be straight too. */
const FEW = 8;

/** A loop over straight bodies as one, where that is so. */
export function straightLoop({ index, from, to, step }: Loop, bodies: readonly (Straight | undefined)[]): Straight | undefined {
  if (from.terms.length + to.terms.length > 0) return undefined;
  const parts: Straight[] = [];
  for (const body of bodies) {
    const part = body !== undefined && bodies.length > 1 ? writtenOut(body) : body;
    if (part === undefined) return undefined;
    parts.push(part);
  }
  const inside = parts.flatMap((part) => part.accesses);
  const by = inside.map((access) => multipleOf(access.index, index));
  const accesses = inside.map((access, n) => ({ ...access, index: without(access.index, index, by[n]! * from.offset) }));
  const steps = by.map((one) => one * step);
  const trips = Math.max(0, Math.ceil((to.offset - from.offset) / step));
  const [inner, ...rest] = parts.length === 1 ? parts[0]!.levels : [];
  // what lies side by side is one sweep
  const joins = inner !== undefined && steps.every((one, n) => one === inner.steps[n]! * inner.trips);
  if (joins) return { accesses, levels: [{ trips: trips * inner.trips, steps: inner.steps }, ...rest] };
  return { accesses, levels: [{ trips, steps }, ...(inner === undefined ? [] : [inner, ...rest])] };
}

/** How often an address counts the value of a loop. */
const multipleOf = ({ terms }: Index, name: string): number =>
  terms.reduce((sum, { atom, by }) => (atom.kind === "index" && atom.name === name ? sum + by : sum), 0);

const without = ({ terms, offset }: Index, name: string, more: number): Index => ({
  terms: terms.filter(({ atom }) => atom.kind !== "index" || atom.name !== name),
  offset: offset + more,
});

/** The same without its only level, access by access; undefined where that would be long. */
function writtenOut({ accesses, levels }: Straight): Straight | undefined {
  const [level, ...others] = levels;
  if (level === undefined) return { accesses, levels };
  if (others.length > 0 || level.trips > FEW || level.trips * accesses.length > FEW * FEW) return undefined;
  const turns = Array.from({ length: level.trips }, (_, turn) =>
    accesses.map(({ index, kind }, n) => ({ index: { ...index, offset: index.offset + turn * level.steps[n]! }, kind })),
  );
  return { accesses: turns.flat(), levels: [] };
}
