/** The order that any schedule must keep: definitions after what they read, overwriting after every reader of the old value. */

import { loadsOf } from "../../loop/build.ts";
import type { Definition } from "../../loop/loop.ts";

/** Items that hold definitions, merged as fusion proceeds; edges run from what must come first. */
export class Dependence {
  readonly #after: Set<number>[];
  readonly #before: Set<number>[];

  /** One item a definition, in order. */
  constructor(definitions: readonly Definition[]) {
    this.#after = definitions.map(() => new Set<number>());
    this.#before = definitions.map(() => new Set<number>());
    const defined = new Map(definitions.map((d, n) => [d.name, n]));
    const writer = new Map(definitions.flatMap((d, n) => (d.target === undefined ? [] : [[d.target, n] as const])));
    definitions.forEach((d, n) => {
      for (const { buffer } of loadsOf(d.value)) {
        const from = defined.get(buffer);
        if (from !== undefined && from !== n) this.#edge(from, n);
        const overwrites = writer.get(buffer);
        if (overwrites !== undefined && overwrites !== n) this.#edge(n, overwrites);
      }
    });
  }

  #edge(from: number, to: number): void {
    this.#after[from]!.add(to);
    this.#before[to]!.add(from);
  }

  after(item: number): ReadonlySet<number> {
    return this.#after[item]!;
  }

  before(item: number): ReadonlySet<number> {
    return this.#before[item]!;
  }

  /** Whether b must wait for a by way of a third item. */
  #detour(a: number, b: number): boolean {
    const seen = new Set<number>();
    const stack = [...this.#after[a]!].filter((next) => next !== b);
    while (stack.length > 0) {
      const at = stack.pop()!;
      if (at === b) return true;
      if (seen.has(at)) continue;
      seen.add(at);
      stack.push(...this.#after[at]!);
    }
    return false;
  }

  /** Whether a cycle would remain were a and b one item. Where one waits for the other, the other cannot wait for it. */
  separable(a: number, b: number): boolean {
    return (!this.#after[b]!.has(a) && this.#detour(a, b)) || (!this.#after[a]!.has(b) && this.#detour(b, a));
  }

  /** Makes b part of a. */
  merge(a: number, b: number): void {
    for (const next of this.#after[b]!) {
      this.#before[next]!.delete(b);
      if (next !== a) this.#edge(a, next);
    }
    for (const last of this.#before[b]!) {
      this.#after[last]!.delete(b);
      if (last !== a) this.#edge(last, a);
    }
    this.#after[b]!.clear();
    this.#before[b]!.clear();
    this.#after[a]!.delete(a);
    this.#before[a]!.delete(a);
  }

  /** Whether the dependences have a cycle, e.g. two parameters that swap their values. */
  cyclic(): number | undefined {
    const state = this.#after.map(() => 0);
    for (let root = 0; root < state.length; root++) {
      if (state[root] !== 0) continue;
      const stack: { at: number; rest: number[] }[] = [{ at: root, rest: [...this.#after[root]!] }];
      state[root] = 1;
      while (stack.length > 0) {
        const top = stack[stack.length - 1]!;
        const next = top.rest.pop();
        if (next === undefined) {
          state[top.at] = 2;
          stack.pop();
        } else if (state[next] === 1) return next;
        else if (state[next] === 0) {
          state[next] = 1;
          stack.push({ at: next, rest: [...this.#after[next]!] });
        }
      }
    }
    return undefined;
  }
}
