/**
 * Guarantees cheap addresses: what the loops of a kernel load and store is reached by pointers that each loop moves by a constant,
 * and by constant distances from them.
 *   b[k·128 + j + 4·lane…]  →  one pointer for k, moved by 512 bytes an iteration; + 16 bytes is a distance
 */

import { loadsOf } from "../../loop/build.ts";
import { add, constant, index, namesIn, print, rangeOf, scale, shift, strideOf, type Index } from "../../loop/index.ts"; // prettier-ignore
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
const withoutLane = (at: Index, lane: string | undefined): Index =>
  lane === undefined || !namesIn(at).has(lane) ? at : add(at, scale(index(lane, 4), -(strideOf(at, lane) ?? 0))); // prettier-ignore

/** Loops that count; a vector loop only gives lanes. */
const isCounted = ({ form }: Loop): boolean => form === "loop";

const laneOf = (loops: readonly Loop[]): string | undefined =>
  loops.find((loop) => !isCounted(loop))?.index;

/** The innermost loop that an index depends on. */
const ownerOf = (at: Index, loops: readonly Loop[]): Loop | undefined => {
  const names = namesIn(at);
  return loops.findLast((loop) => isCounted(loop) && names.has(loop.index));
};

export class Addresses {
  readonly #byLoop = new Map<Loop, Map<string, Pointer>>();
  #count = 0;

  constructor(body: readonly Stmt[]) {
    eachAccess(body, [], (access) => this.#note(access));
  }

  #note({ buffer, at, loops }: Access): void {
    const lane = laneOf(loops);
    if (lane !== undefined && strideOf(at, lane) === undefined) return; // each lane computes its own
    const whole = withoutLane(at, lane);
    const owner = ownerOf(whole, loops);
    if (owner === undefined) return;
    const pointers = this.#byLoop.get(owner) ?? new Map<string, Pointer>();
    this.#byLoop.set(owner, pointers);
    const key = keyOf(buffer, whole);
    if (pointers.has(key)) return;
    const stride = strideOf(whole, owner.index);
    const moving = { terms: whole.terms, offset: 0 };
    pointers.set(key, { name: `p.${this.#count++}`, buffer, at: shift(moving, -rangeOf(moving)[0]), stride }); // prettier-ignore
  }

  /** The pointers that a loop keeps. */
  of(loop: Loop): readonly Pointer[] {
    return [...(this.#byLoop.get(loop)?.values() ?? [])];
  }

  /** How an access is reached: from a pointer or from the buffer itself, and how many elements further. */
  reach(buffer: string, at: Index, loops: readonly Loop[]): { pointer: Pointer | undefined; distance: number } {
    const whole = withoutLane(at, laneOf(loops));
    const owner = ownerOf(whole, loops);
    const pointer = owner === undefined ? undefined : this.#byLoop.get(owner)?.get(keyOf(buffer, whole));
    return { pointer, distance: whole.offset - (pointer?.at.offset ?? 0) };
  } // prettier-ignore
}

const keyOf = (buffer: string, { terms }: Index): string =>
  `${JSON.stringify(buffer)} ${print({ terms, offset: 0 })}`;

function eachAccess(
  body: readonly Stmt[],
  loops: readonly Loop[],
  visit: (access: Access) => void,
): void {
  const scalar = (s: Scalar): void => {
    for (const { buffer, at } of loadsOf(s)) visit({ buffer, at: at[0] ?? constant(0), loops });
  };
  for (const s of body) {
    if (s.kind === "for") eachAccess(s.body, [...loops, s], visit);
    else if (s.kind === "if") {
      scalar(s.when);
      eachAccess(s.then, loops, visit);
    } else {
      scalar(s.value);
      if (s.kind === "store") visit({ buffer: s.buffer, at: s.at, loops });
    }
  }
}
