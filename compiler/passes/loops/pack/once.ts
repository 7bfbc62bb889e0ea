/**
 * Guarantees that a copy which an earlier statement reads, and a later one asks for soon again, is made once.
 *   x_wide = x in double; q = x_wide · A; x_wide_2 = x in double; k = x_wide_2 · B   →   x_wide = x in double; q = x_wide · A; k = x_wide · B
 */

import { keyOf, loadsOf, mapScalar } from "../../../loop/build.ts";
import type { Definition, Group, Work } from "../../../loop/loop.ts";

/** Statements after which a copy is made anew: until then its bytes are not free for others. */
const SOON = 8;

interface Made {
  readonly name: string;
  readonly at: number;
  /** The last statement that reads it. */
  last: number;
}

/** Statements of an entry in order, each after the copies that it reads. */
export class Once {
  readonly work: Work[] = [];
  readonly #made = new Map<string, Made>();
  /** The last statement that stores into a buffer. */
  readonly #stored = new Map<string, number>();

  scalar(item: Extract<Work, { readonly kind: "scalar" }>): void {
    this.#push(item, [item.definition]);
  }

  /** Gives the copies that were not made before. */
  group(group: Group, copies: readonly Definition[]): readonly Definition[] {
    const names = new Map<string, string>();
    const fresh = copies.flatMap((copy): readonly Definition[] => {
      const own = renamed(copy, names);
      const key = `${own.op} ${own.dtype} ${own.shape.join()} ${own.axes.map(({ name }) => name).join()} ${keyOf(own.value)}`;
      const known = this.#made.get(key);
      if (known !== undefined && this.work.length - known.last <= SOON && this.#holds(known, own)) {
        names.set(copy.name, known.name);
        known.last = this.work.length;
        return [];
      }
      this.#made.set(key, { name: own.name, at: this.work.length, last: this.work.length });
      this.#push({ kind: "group", group: { axes: own.axes, stages: [{ definition: own, storage: "buffer" }] } }, [own]);
      return [own];
    });
    const stages = group.stages.map((stage) => ({ ...stage, definition: renamed(stage.definition, names) }));
    const own = names.size === 0 ? group : { ...group, stages };
    this.#push(
      { kind: "group", group: own },
      own.stages.flatMap(({ definition, storage }) => (storage === "local" ? [] : [definition])),
    );
    return fresh;
  }

  /** Whether nothing was stored into what a copy is of, or over it. */
  #holds({ name, at }: Made, { value }: Definition): boolean {
    return [name, ...loadsOf(value).map(({ buffer }) => buffer)].every((buffer) => (this.#stored.get(buffer) ?? -1) <= at);
  }

  #push(item: Work, stored: readonly Definition[]): void {
    for (const { name, target, segment } of stored)
      for (const buffer of [name, target, segment?.of]) if (buffer !== undefined) this.#stored.set(buffer, this.work.length);
    this.work.push(item);
  }
}

function renamed(definition: Definition, names: ReadonlyMap<string, string>): Definition {
  if (names.size === 0) return definition;
  const value = mapScalar(definition.value, (part) =>
    part.kind === "load" && names.has(part.buffer) ? { ...part, buffer: names.get(part.buffer)! } : part,
  );
  return { ...definition, value };
}
