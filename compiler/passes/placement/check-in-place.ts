/**
 * Guarantees, by walking every address that a kernel touches, that a result stored over an operand never takes an element which is still
 * to be loaded: in the order of the loops, with lanes in lockstep, and with iterations on different threads; of a loop that runs one
 * iteration, whichever that is, all count. It shares nothing with the proof by which the planner chose (in-place.ts). Conditions count as met: both branches load, every guarded store stores.
 */

import { tripsOf } from "../../loop/apart.ts";
import { loadsOf, walkStmts } from "../../loop/build.ts";
import { sectionsOf } from "../../loop/divide.ts";
import { constant, namesIn, type Index } from "../../loop/index-expression.ts";
import type { Kernel, Loop, Param, Scalar, Stmt } from "../../loop/loop.ts";

/** Walks part of a body. */
type Walk = () => void;
/** One element that is touched. */
interface Access {
  readonly index: Index;
  readonly kind: "load" | "store";
}
type Order = "lane by lane" | "in lockstep";

/** Why the result may not lie where the operand lies; undefined where it may. */
export function whyNotInPlace(kernel: Kernel, operand: Param, result: Param, threads: number | undefined): string | undefined {
  const orders: readonly Order[] = hasVectors(kernel.body) ? ["lane by lane", "in lockstep"] : ["lane by lane"];
  for (const order of orders) {
    const trace = new Trace(operand.name, result.name, order, result.length);
    for (const walk of turnsOf(kernel, trace, threads)) walk();
    if (trace.complaint !== undefined) return trace.complaint;
  }
  return undefined;
}

const hasVectors = (body: readonly Stmt[]): boolean =>
  body.some((s) => (s.kind === "for" && (s.form === "vector" || hasVectors(s.body))) || (s.kind === "if" && hasVectors(s.then)));

/** The kernel in turns between barriers; in each of them iterations of divided loops may run side by side. */
function turnsOf({ body }: Kernel, trace: Trace, threads: number | undefined): readonly Walk[] {
  const sections = threads === undefined ? undefined : sectionsOf(body, threads);
  if (sections === undefined) return trace.walk(body, []);
  return sections.flatMap((section) => [() => trace.barrier(), ...trace.walk(section.body, section.divided)]);
}

class Trace {
  complaint: string | undefined;
  readonly #operand: string;
  readonly #result: string;
  readonly #order: Order;
  /** Elements that are stored already. */
  readonly #stored: Uint8Array;
  /** Who loaded an element last, and whether others did since the last barrier: iterations are numbered on and on. */
  readonly #loader: Int32Array;
  readonly #shared: Int32Array;
  readonly #firsts = new Map<number, number>();
  #iteration = 1;
  #lastIteration = 1;
  #sinceBarrier = 1;
  /** Values of the loops around, by their numbers. */
  readonly #values: number[] = [];
  readonly #numbers = new Map<string, number>();
  /** Walks that touch one element, and where. */
  readonly #accesses = new Map<Walk, Access>();

  constructor(operand: string, result: string, order: Order, length: number) {
    this.#operand = operand;
    this.#result = result;
    this.#order = order;
    this.#stored = new Uint8Array(length);
    this.#loader = new Int32Array(length);
    this.#shared = new Int32Array(length);
  }

  barrier(): void {
    this.#iteration = this.#sinceBarrier = ++this.#lastIteration;
    this.#firsts.clear();
  }

  /** What touches neither buffer is left out. */
  walk(body: readonly Stmt[], divided: readonly Loop[]): Walk[] {
    return body.flatMap((s) => this.#stmt(s, divided));
  }

  #stmt(s: Stmt, divided: readonly Loop[]): Walk[] {
    if (s.kind === "if") return [...this.#loads(s.when), ...this.walk(s.then, divided)];
    if (s.kind !== "for") return [...this.#loads(s.value), ...this.#stores(s)];
    if (!touches(s.body, this.#operand, this.#result)) return [];
    if (s.form === "vector" && this.#order === "in lockstep") return s.body.flatMap((inner) => this.#lockstep(inner, s, divided));
    return [this.#loop(s, divided, this.walk(s.body, divided))];
  }

  /** Every statement for all lanes before the next; loads of all lanes come before their stores. */
  #lockstep(s: Stmt, lanes: Loop, divided: readonly Loop[]): Walk[] {
    const inside = (body: readonly Stmt[]): Walk[] => body.flatMap((inner) => this.#lockstep(inner, lanes, divided));
    const inLanes = (walks: readonly Walk[]): Walk[] => walks.map((walk) => this.#loop(lanes, [], [walk]));
    if (s.kind === "for") return touches(s.body, this.#operand, this.#result) ? [this.#loop(s, divided, inside(s.body))] : [];
    if (s.kind === "if") return [...inLanes(this.#loads(s.when)), ...inside(s.then)];
    return [...inLanes(this.#loads(s.value)), ...inLanes(this.#stores(s))];
  }

  #loop(loop: Loop, divided: readonly Loop[], walks: readonly Walk[]): Walk {
    const shares = divided.includes(loop);
    const accesses = walks.flatMap((walk) => this.#accesses.get(walk) ?? []);
    if (!shares && loop.only === undefined && accesses.length === walks.length && accesses.every(({ index }) => isAffine(index)))
      return this.#straight(loop, accesses);
    const body = inTurn(walks);
    const before = inTurn(loop.only === undefined ? [] : this.#loads(loop.only));
    const isAnyOne = loop.only !== undefined && !isPlacedBy(loop, this.#operand, this.#result);
    const at = this.#numberOf(loop.index);
    const [from, to] = [this.#evaluated(loop.from), this.#evaluated(loop.to)];
    const values = this.#values;
    const shared = shares ? tripsOf(loop) : undefined;
    return () => {
      before();
      const end = isAnyOne ? Math.min(1, to()) : to();
      const iteration = this.#iteration;
      const first = shared === undefined ? 0 : this.#firstOf(shared);
      let n = 0;
      for (let value = from(); value < end && this.complaint === undefined; value += loop.step) {
        values[at] = value;
        if (shared !== undefined) this.#iteration = first + n++;
        body();
      }
      this.#iteration = iteration;
    };
  }

  /** A loop that moves all it touches by as many elements each time. */
  #straight(loop: Loop, accesses: readonly Access[]): Walk {
    const [from, to] = [this.#evaluated(loop.from), this.#evaluated(loop.to)];
    const at = this.#numberOf(loop.index);
    const starts = accesses.map(({ index }) => this.#evaluated(index));
    const loads = accesses.map(({ kind }) => kind === "load");
    const strides = accesses.map(({ index: { terms } }) =>
      terms.reduce((sum, { atom, by }) => (atom.kind === "index" && atom.name === loop.index ? sum + by * loop.step : sum), 0),
    );
    const elements = new Int32Array(accesses.length);
    return () => {
      const [first, end] = [from(), to()];
      this.#values[at] = first;
      for (let n = 0; n < elements.length; n++) elements[n] = starts[n]!();
      for (let value = first; value < end && this.complaint === undefined; value += loop.step)
        for (let n = 0; n < elements.length; n++) {
          if (loads[n] === true) this.#load(elements[n]!);
          else this.#store(elements[n]!);
          elements[n]! += strides[n]!;
        }
    };
  }

  /** Loops of as many iterations are divided alike, each time a loop outside comes round: one thread runs those of one number. */
  #firstOf(trips: number): number {
    const known = this.#firsts.get(trips);
    if (known !== undefined) return known;
    const first = this.#lastIteration + 1;
    this.#firsts.set(trips, first);
    this.#lastIteration += trips;
    return first;
  }

  #loads(value: Scalar): Walk[] {
    return loadsOf(value).flatMap(({ buffer, at }) => (buffer === this.#operand ? [this.#access(at[0] ?? constant(0), "load")] : []));
  }

  #stores(s: Stmt): Walk[] {
    return s.kind === "store" && s.buffer === this.#result ? [this.#access(s.at, "store")] : [];
  }

  #access(index: Index, kind: Access["kind"]): Walk {
    const element = this.#evaluated(index);
    const walk = kind === "load" ? () => this.#load(element()) : () => this.#store(element());
    this.#accesses.set(walk, { index, kind });
    return walk;
  }

  #load(e: number): void {
    const [loader, now] = [this.#loader, this.#iteration];
    if (this.#stored[e] === 1) this.complaint ??= `element ${e} is loaded after it was overwritten`;
    if (loader[e]! >= this.#sinceBarrier && loader[e] !== now) this.#shared[e] = now;
    loader[e] = now;
  }

  #store(e: number): void {
    this.#stored[e] = 1;
    const elsewhere = this.#loader[e]! >= this.#sinceBarrier && this.#loader[e] !== this.#iteration;
    if (elsewhere || this.#shared[e]! >= this.#sinceBarrier)
      this.complaint ??= `element ${e} is overwritten by one iteration and loaded by another, which may run on another thread`;
  }

  #numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#values.length);
    return this.#values.push(0) - 1;
  }

  /** An index as a function of the loops' values. */
  #evaluated({ terms, offset }: Index): () => number {
    const values = this.#values;
    const sums = terms.map(({ atom, by }): (() => number) => {
      if (atom.kind === "index") {
        const at = this.#numberOf(atom.name);
        return () => by * values[at]!;
      }
      const of = this.#evaluated(atom.of);
      if (atom.kind === "quotient") return () => by * Math.floor(of() / atom.by);
      return () => {
        const value = of();
        return by * (value - Math.floor(value / atom.by) * atom.by);
      };
    });
    const [a, b, c] = sums;
    if (a === undefined) return () => offset;
    if (b === undefined) return () => offset + a();
    if (c === undefined) return () => offset + a() + b();
    return () => sums.reduce((sum, term) => sum + term(), offset);
  }
}

/** Whether an index is a sum of multiples of loops' values. */
const isAffine = ({ terms }: Index): boolean => terms.every(({ atom }) => atom.kind === "index");

const inTurn = (walks: readonly Walk[]): Walk => {
  const [only] = walks;
  if (walks.length === 1) return only!;
  return () => {
    for (const walk of walks) walk();
  };
};

function touches(body: readonly Stmt[], operand: string, result: string): boolean {
  return body.some((s) => {
    if (s.kind === "for") return (s.only !== undefined && readsIn(s.only, operand)) || touches(s.body, operand, result);
    if (s.kind === "if") return readsIn(s.when, operand) || touches(s.then, operand, result);
    return (s.kind === "store" && s.buffer === result) || readsIn(s.value, operand);
  });
}

/** Whether the index of a loop says where an operand is loaded or a result is stored. */
function isPlacedBy({ index: name, body }: Loop, operand: string, result: string): boolean {
  let found = false;
  const note = (at: Index): void => void (found ||= namesIn(at).has(name));
  walkStmts(body, {
    stmt: (s) => void (s.kind === "store" && s.buffer === result && note(s.at)),
    scalar: (s) => void (s.kind === "load" && s.buffer === operand && s.at.forEach(note)),
  });
  return found;
}

const readsIn = (value: Scalar, operand: string): boolean => loadsOf(value).some(({ buffer }) => buffer === operand);
