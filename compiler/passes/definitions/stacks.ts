/** Guarantees one place for each value that a loop stacks: a stacked output that is a carry, coming in or going out, lies where the carry does. */

import type { Value } from "../../graph/graph.ts";
import { operandOf, type ScanAttrs } from "../../ops/scan-attrs.ts";

/** The stacked outputs of a loop that are read, by number. */
export class Stacks {
  readonly #attrs: ScanAttrs;
  readonly #read: ReadonlySet<number>;
  readonly #claimed = new Map<number, { readonly carry: number; readonly isNext: boolean }>();

  constructor(attrs: ScanAttrs, read: ReadonlySet<number>) {
    this.#attrs = attrs;
    this.#read = read;
    const { body, carries } = attrs;
    body.results.forEach(({ value }, n) => {
      if (n < carries || !read.has(n)) return;
      const node = body.nodes[value]!;
      const coming = node.op === "input" && operandOf(node) < carries ? operandOf(node) : -1;
      const going = body.results.slice(0, carries).findIndex((result) => result.value === value);
      if (coming >= 0) this.#claimed.set(n, { carry: coming, isNext: false });
      else if (going >= 0) this.#claimed.set(n, { carry: going, isNext: true });
    });
  }

  stacksOf(carry: number): readonly { readonly n: number; readonly isNext: boolean }[] {
    return [...this.#claimed].flatMap(([n, one]) => (one.carry === carry ? [{ n, isNext: one.isNext }] : []));
  }

  /** What is stacked besides, by value: a value that is stacked twice is stored once. */
  stacked(): ReadonlyMap<Value, readonly number[]> {
    const found = new Map<Value, number[]>();
    this.#attrs.body.results.forEach(({ value }, n) => {
      if (n >= this.#attrs.carries && this.#read.has(n) && !this.#claimed.has(n)) found.set(value, [...(found.get(value) ?? []), n]);
    });
    return found;
  }
}
