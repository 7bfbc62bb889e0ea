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
 * Of what is ready: updates first, after scalars of the forward pass, which cost nothing and end it; then the forward pass; then the graph's order. Scalars of update rules that wait for no gradient come
 * together, as soon as nothing of the forward pass is left: a step then reads forward, update rule, backward. Others come where they alone
 * keep an update waiting, or last.
 */
export function inOrder<Of extends Item>(items: readonly Of[], dependence: Dependence): Of[] {
  const rank = new Map(items.map((item, n) => [item, n]));
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
  /** How many an item still waits for, and how many of these are no scalars of update rules. */
  const pending = new Map(items.map((item) => [item, before(item).length]));
  const others = new Map(items.map((item) => [item, before(item).filter((one) => !isOfRule(one)).length]));
  const ready = items.filter((item) => pending.get(item) === 0);
  /** Updates that wait for scalars of rules alone. */
  const nearly = items.filter((item) => updates(item) && pending.get(item) !== 0 && others.get(item) === 0);
  let left = items.filter(isForward).length;
  while (waiting.size > 0) {
    const [first] = ready;
    if (first === undefined) throw new CompilerFault("fuse", "the groups wait for each other in a circle");
    const next =
      (left > 0 ? undefined : ready.find((item) => isOfRule(item) && !late.has(item.at))) ??
      updateAmong(ready) ??
      (isForward(first) ? first : undefined) ??
      firstOf(nearly, scalarFor) ??
      ready.find((item) => !isOfRule(item)) ??
      first;
    waiting.delete(next);
    remove(ready, next);
    if (isForward(next)) left--;
    ordered.push(next);
    for (const at of dependence.after(next.at)) {
      const one = byAt.get(at);
      if (one === undefined) continue;
      const [still, besides] = [pending.get(one)! - 1, others.get(one)! - (isOfRule(next) ? 0 : 1)];
      pending.set(one, still);
      others.set(one, besides);
      if (still === 0) {
        remove(nearly, one);
        insert(ready, one, rank);
      } else if (updates(one) && besides === 0 && !isOfRule(next)) insert(nearly, one, rank);
    }
  }
  return ordered;
}

/** An update that is ready, or a scalar of the forward pass that is ready with it. */
function updateAmong<Of extends Item>(ready: readonly Of[]): Of | undefined {
  const update = ready.find(updates);
  return update === undefined ? undefined : (ready.find((item) => item.scalar && isForward(item)) ?? update);
}

/** Items stay in the order they were given in. */
function insert<Of>(into: Of[], item: Of, rank: ReadonlyMap<Of, number>): void {
  let at = into.length;
  while (at > 0 && rank.get(into[at - 1]!)! > rank.get(item)!) at--;
  into.splice(at, 0, item);
}

function remove<Of>(from: Of[], item: Of): void {
  const at = from.indexOf(item);
  if (at >= 0) from.splice(at, 1);
}

function firstOf<T>(items: readonly T[], find: (item: T) => T | undefined): T | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
