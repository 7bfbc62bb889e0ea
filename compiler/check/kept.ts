/**
 * Guarantees that what failed at a first look is judged beside the magnitudes of its terms, on copies of what its statement read and left. A stage is
 * then held to what the others stored: Adam's update to its moments, though these may be rounding alone. Whatever it read of them is compared in turn,
 * sampled or not: a sum is held to terms that another stage stored.
 */

import { storedIn } from "../loop/build.ts";
import type { Call, Definition } from "../loop/loop.ts";
import type { DefinitionTable } from "./definitions.ts";
import { judgeElements, type Tolerance } from "./elements.ts";
import type { Numbers } from "./emitted.ts";
import { isWrong, type TensorCheck } from "./result.ts";

/** Sampled elements of what a statement writes, and what its definition gives on the arena as it stood before. */
export interface Expected {
  readonly name: string;
  readonly definition: Definition;
  readonly elements: readonly { readonly at: number; readonly value: number }[];
  readonly tolerance: Tolerance;
}

/** Where the elements of a definition lie in its buffer. */
export interface Place {
  flat(at: number): number;
  label(at: number): string;
}

/** A statement that ran: what it read, and what it left, by the names of buffers. */
interface Ran {
  readonly call: Call;
  readonly locals: Readonly<Record<string, number>>;
  readonly expected: readonly Expected[];
  readonly reads: ReadonlyMap<string, Numbers>;
  readonly stored: ReadonlyMap<string, Numbers>;
  readonly placeOf: (definition: Definition) => Place;
}

export class Kept {
  readonly #ran: Ran;
  /** With sizes, once asked for: no element is evaluated twice. */
  #stages: ReturnType<DefinitionTable["of"]> | undefined;
  /** Elements that others were held to and nobody has compared, by the names of their stages. */
  readonly #open = new Map<string, Set<number>>();

  constructor(ran: Ran) {
    this.#ran = ran;
  }

  /** One of the stages that were expected, by a table with sizes. */
  judge(sized: DefinitionTable, n: number): TensorCheck {
    const { expected } = this.#ran;
    this.#stages ??= this.#stagesOf(sized);
    const { name, elements } = expected[n]!;
    let row = this.#judged(
      name,
      expected[n]!,
      elements.map(({ at }) => at),
    );
    // what is compared may be held to others in turn
    for (let [next] = this.#open; !isWrong(row) && next !== undefined; [next] = this.#open) {
      const [stage, positions] = next;
      this.#open.delete(stage);
      const other = this.#judged(
        name,
        expected.find(({ definition }) => definition.name === stage)!,
        positions,
      );
      if (isWrong(other)) row = other;
    }
    return row;
  }

  #judged(name: string, { definition, tolerance }: Expected, positions: Iterable<number>): TensorCheck {
    const { stored, placeOf } = this.#ran;
    const { element, size } = this.#stages!.find((one) => one.definition.name === definition.name)!;
    const [found, place] = [stored.get(storedIn(definition))!, placeOf(definition)];
    const elements = Array.from(positions, (at) => ({ at, found: found[place.flat(at)]!, expected: element(at), size: size(at) }));
    return judgeElements(name, elements, tolerance, place.label);
  }

  #stagesOf(sized: DefinitionTable): ReturnType<DefinitionTable["of"]> {
    const { call, locals, expected, reads } = this.#ran;
    const given = new Map(expected.map((one) => [one.definition.name, this.#heldTo(one)]));
    return sized.of(call, (buffer) => reads.get(buffer)!, locals, expected.length > 1 ? given : undefined);
  }

  /** A stage's elements as they were stored. */
  #heldTo({ definition }: Expected): (at: number) => number | undefined {
    const [values, place] = [this.#ran.stored.get(storedIn(definition))!, this.#ran.placeOf(definition)];
    const known = new Set<number>();
    return (at) => {
      if (!known.has(at)) {
        known.add(at);
        const open = this.#open.get(definition.name) ?? new Set();
        this.#open.set(definition.name, open.add(at));
      }
      return values[place.flat(at)];
    };
  }
}
