/** What a group is to those who make its loops: the sum that they exist for, and whether its stages span the same axes. */

import { firstReduce, storedIn } from "../../loop/build.ts";
import { placedSum } from "../../loop/pick.ts";
import type { Buffer, Definition, Group, Reduce, Scalar, Stage } from "../../loop/loop.ts";

/** Buffers by name. */
export type Buffers = Pick<ReadonlyMap<string, Buffer>, "get" | "has">;

/** Buffers, and those that are made beside them: what is tried for one group leaves all others as they are. */
export class BuffersBeside implements Buffers {
  readonly #made = new Map<string, Buffer>();
  readonly #given: Buffers;
  constructor(given: Buffers) {
    this.#given = given;
  }

  add(buffer: Buffer): void {
    this.#made.set(buffer.name, buffer);
  }

  get(name: string): Buffer | undefined {
    return this.#made.get(name) ?? this.#given.get(name);
  }

  has(name: string): boolean {
    return this.#made.has(name) || this.#given.has(name);
  }
}

/** The first reduction of the first stage: what the loops exist for. */
export const mainReduce = ({ stages }: Group): Reduce | undefined => firstReduce(stages[0]!.definition.value);

/** Whether every stage spans the shared axes, and nothing else. */
export const isUniform = ({ axes, stages }: Group): boolean =>
  stages.every(({ definition, storage }) => storage !== "total" && definition.axes.length === axes.length);

/** Whether the terms of its sum go where the data tell (nest/placed.ts): there is no tile of them. */
export const isPlaced = ({ stages }: Group): boolean => placedSum(stages[0]!.definition) !== undefined;

/** Whether anything is summed in these stages. */
export const hasReduceIn = (stages: readonly Stage[]): boolean =>
  stages.some(({ definition }) => firstReduce(definition.value) !== undefined);

/** Whether a sum is one of products. */
export const isProduct = (term: Scalar): boolean => term.kind === "apply" && term.fn === "mul";

/** Terms from which on a sum is long. */
export const LONG_SUM = 24;

/** Whether the innermost axis of a sum is long; where nothing is summed there is none. */
export const isLong = ({ over }: Reduce): boolean => (over.at(-1)?.extent ?? 0) >= LONG_SUM;

/** Whether a value is stored in a buffer of its own, point by point. */
export const isWhole = (definition: Definition): boolean => storedIn(definition) === definition.name && definition.segment === undefined;

/** The sum that a group is nothing but, over several axes and into a buffer of its own: its loops may be taken up again. */
export function sumsAlone({ stages }: Group): Reduce | undefined {
  const [first, ...rest] = stages;
  const { definition, storage } = first!;
  const { value } = definition;
  const reduce = value.kind === "round" ? value.value : value;
  if (rest.length > 0 || storage !== "buffer" || !isWhole(definition)) return undefined;
  return reduce.kind === "reduce" && reduce.by === "add" && reduce.over.length >= 2 && reduce.inLanes !== true && reduce.inMemory !== true
    ? reduce
    : undefined;
}
