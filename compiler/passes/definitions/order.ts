/**
 * The order of a step: everything after what it depends on, the forward pass as the model declares it, and each update as
 * soon as its gradient is there, so that what only an update still reads dies as early as it can.
 */

import { CompilerFault } from "../../graph/error.ts";
import type { Term } from "./define.ts";
import type { Dependence } from "./dependence.ts";

/** A group of definitions, or a scalar of the entry; `at` numbers it in the dependences and in the graph's order. */
interface Item {
  readonly at: number;
  readonly terms: readonly Term[];
  readonly scalar: boolean;
}

const updates = ({ terms, scalar }: Item): boolean => !scalar && terms.some(({ definition }) => definition.target !== undefined);

/** A scalar of an update rule. */
const isOfRule = ({ terms, scalar }: Item): boolean => scalar && terms[0]!.role === "update";

const isForward = ({ terms }: Item): boolean => terms.some(({ role, again }) => role === "primal" && !again);

/**
 * Of what is ready: updates first; then the forward pass; then the graph's order. Scalars of update rules that wait for no gradient come
 * together, as soon as nothing of the forward pass is left: a step then reads forward, update rule, backward. Others come where they alone
 * keep an update waiting, or last.
 */
export function inOrder<Of extends Item>(items: readonly Of[], dependence: Dependence): Of[] {
  const waiting = new Set(items);
  const byAt = new Map(items.map((item) => [item.at, item]));
  const ordered: Of[] = [];
  /** What an item still waits for. */
  const before = (item: Of): Of[] =>
    [...dependence.before(item.at)].flatMap((at) => {
      const one = byAt.get(at);
      return one !== undefined && waiting.has(one) ? [one] : [];
    });
  /** The first thing to do for an item that waits for nothing but scalars of updates. */
  const scalarFor = (item: Of): Of | undefined => {
    const first = before(item);
    if (first.some(({ scalar, terms }) => !scalar || terms[0]!.role !== "update")) return undefined;
    for (const one of first) {
      const ready = before(one).length === 0 ? one : scalarFor(one);
      if (ready !== undefined) return ready;
    }
    return undefined;
  };
  /** What waits for a gradient, or for what waits for one. */
  const late = new Set<number>();
  const isLate = (at: number): boolean => late.has(at) || byAt.get(at)?.terms.some(({ role }) => role === "cotangent") === true;
  for (let known = -1; known < late.size;) {
    known = late.size;
    for (const { at } of items) if ([...dependence.before(at)].some(isLate)) late.add(at);
  }
  /** How many an item still waits for. */
  const pending = new Map(items.map((item) => [item, before(item).length]));
  while (waiting.size > 0) {
    const ready = [...waiting].filter((item) => pending.get(item) === 0);
    const [first] = ready;
    if (first === undefined) throw new CompilerFault("fuse", "the groups wait for each other in a circle");
    const isLeft = [...waiting].some(isForward);
    const next =
      (isLeft ? undefined : ready.find((item) => isOfRule(item) && !late.has(item.at))) ??
      ready.find(updates) ??
      (isForward(first) ? first : undefined) ??
      firstOf([...waiting].filter(updates), scalarFor) ??
      ready.find((item) => !isOfRule(item)) ??
      first;
    waiting.delete(next);
    ordered.push(next);
    for (const at of dependence.after(next.at)) {
      const one = byAt.get(at);
      if (one !== undefined) pending.set(one, pending.get(one)! - 1);
    }
  }
  return ordered;
}

function firstOf<T>(items: readonly T[], find: (item: T) => T | undefined): T | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
