/**
 * Guarantees cheap addresses: what the loops of a kernel load and store is reached by pointers that each loop moves by a constant,
 * and by constant distances from them. Where a loop begins, its pointers are what those of the loops around it point at.
 *   b[k·128 + j + 4·lane…]  →  one pointer for k, moved by 512 bytes an iteration, which begins at one for j; + 16 bytes is a distance
 */

import { tripsOf } from "../../loop/apart.ts";
import { loadsOf } from "../../loop/build.ts";
import { constant, namesIn, print, rangeOf, shift, strideOf, substitute, type Index } from "../../loop/index-expression.ts";
import { distancesIn } from "../../loop/lanes.ts";
import type { Loop, Scalar, Stmt } from "../../loop/loop.ts";

/** A pointer of one loop: where it starts, and how many elements an iteration moves it; undefined where it must be computed anew. */
export interface Pointer {
  readonly name: string;
  readonly buffer: string;
  /** Without lane and constant part, but never negative: a pointer lies in its buffer, and no address wraps around. */
  readonly at: Index;
  readonly stride: number | undefined;
}

/** A load or store in its loops, innermost last. */
interface Access {
  readonly buffer: string;
  readonly at: Index;
  readonly loops: readonly Loop[];
}

/** The lanes' index is no part of an address: a vector access starts at lane 0. */
const withoutLane = (at: Index, vector: Loop | undefined): Index =>
  vector === undefined ? at : substitute(at, new Map([[vector.index, constant(0)]]));

/** Loops that count; a vector loop only gives lanes. */
const isCounted = ({ form }: Loop): boolean => form === "loop";

const vectorOf = (loops: readonly Loop[]): Loop | undefined => loops.find((loop) => !isCounted(loop));

/** The innermost loop that an index depends on. */
const ownerOf = (at: Index, loops: readonly Loop[]): Loop | undefined => {
  const names = namesIn(at);
  return loops.findLast((loop) => isCounted(loop) && names.has(loop.index));
};

/**
 * Iterations of a loop that begins so often that a pointer of the loops around it pays for where its own begins. In longer loops it only holds
 * a register: the 784→128 product lost a twentieth by it.
 */
const SHORT = 8;

export class Addresses {
  readonly #byLoop = new Map<Loop, Map<string, Pointer>>();
  #count = 0;

  constructor(body: readonly Stmt[]) {
    eachAccess(body, [], (access) => this.#note(access));
  }

  #note({ buffer, at, loops }: Access): void {
    const vector = vectorOf(loops);
    if (vector !== undefined && distancesIn(at, { lane: vector.index, count: vector.to.offset }) === undefined) return; // each lane computes its own
    const whole = withoutLane(at, vector);
    const owner = ownerOf(whole, loops);
    if (owner === undefined) return;
    const pointers = this.#byLoop.get(owner) ?? new Map<string, Pointer>();
    this.#byLoop.set(owner, pointers);
    const key = keyOf(buffer, whole);
    if (pointers.has(key)) return;
    const stride = strideOf(whole, owner.index);
    const moving = { terms: whole.terms, offset: 0 };
    const pointer = { name: `p.${this.#count++}`, buffer, at: shift(moving, -rangeOf(moving)[0]), stride };
    pointers.set(key, pointer);
    if (stride !== undefined && tripsOf(owner) <= SHORT)
      this.#note({ buffer, at: startOf(pointer, owner), loops: loops.slice(0, loops.indexOf(owner)) });
  }

  /** The pointers that a loop keeps. */
  of(loop: Loop): readonly Pointer[] {
    return [...(this.#byLoop.get(loop)?.values() ?? [])];
  }

  /** How an access is reached: from a pointer or from the buffer itself, and how many elements further. */
  reach(buffer: string, at: Index, loops: readonly Loop[]): { pointer: Pointer | undefined; distance: number } {
    const whole = withoutLane(at, vectorOf(loops));
    const owner = ownerOf(whole, loops);
    const pointer = owner === undefined ? undefined : this.#byLoop.get(owner)?.get(keyOf(buffer, whole));
    return { pointer, distance: whole.offset - (pointer?.at.offset ?? 0) };
  }

  /** The same of where a loop's pointer begins, from the loops around it; undefined where no pointer of theirs leads there. */
  start(buffer: string, at: Index, loops: readonly Loop[]): { pointer: Pointer; distance: number } | undefined {
    const { pointer, distance } = this.reach(buffer, at, loops);
    return pointer === undefined || distance < 0 ? undefined : { pointer, distance };
  }
}

/** Where the pointer of a loop begins. */
export const startOf = ({ at }: Pick<Pointer, "at">, { index, from }: Loop): Index => substitute(at, new Map([[index, from]]));

const keyOf = (buffer: string, { terms }: Index): string => `${JSON.stringify(buffer)} ${print({ terms, offset: 0 })}`;

function eachAccess(body: readonly Stmt[], loops: readonly Loop[], visit: (access: Access) => void): void {
  const scalar = (s: Scalar): void => {
    for (const { buffer, at } of loadsOf(s)) visit({ buffer, at: at[0] ?? constant(0), loops });
  };
  for (const s of body) {
    if (s.kind === "for") {
      if (s.only !== undefined) scalar(s.only);
      eachAccess(s.body, [...loops, s], visit);
    } else if (s.kind === "if") {
      scalar(s.when);
      eachAccess(s.then, loops, visit);
    } else {
      scalar(s.value);
      if (s.kind === "store") visit({ buffer: s.buffer, at: s.at, loops });
    }
  }
}
