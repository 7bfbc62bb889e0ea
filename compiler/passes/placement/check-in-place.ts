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
import { straightAccess, straightLoop, type Access, type Straight } from "./straight.ts";

/** Walks part of a body. */
interface Walk {
  readonly run: () => void;
  /** What it touches, where that is known without running. */
  readonly straight?: Straight;
}
type Order = "lane by lane" | "in lockstep";

/** Why the result may not lie where the operand lies; undefined where it may. */
export function whyNotInPlace(kernel: Kernel, operand: Param, result: Param, threads: number | undefined): string | undefined {
  const orders: readonly Order[] = hasVectors(kernel.body) ? ["lane by lane", "in lockstep"] : ["lane by lane"];
  for (const order of orders) {
    const sections = threads === undefined ? undefined : sectionsOf(kernel.body, threads);
    const trace = new Trace(operand.name, result.name, { order, length: result.length, divides: sections !== undefined });
    for (const walk of turnsOf(kernel, trace, sections)) walk();
    if (trace.complaint !== undefined) return trace.complaint;
  }
  return undefined;
}

const hasVectors = (body: readonly Stmt[]): boolean =>
  body.some((s) => (s.kind === "for" && (s.form === "vector" || hasVectors(s.body))) || (s.kind === "if" && hasVectors(s.then)));

/** The kernel in turns between barriers; in each of them iterations of divided loops may run side by side. */
function turnsOf({ body }: Kernel, trace: Trace, sections: ReturnType<typeof sectionsOf>): readonly Walk["run"][] {
  const all = (walks: readonly Walk[]): Walk["run"][] => walks.map(({ run }) => run);
  if (sections === undefined) return all(trace.walk(body, []));
  return sections.flatMap((section) => [() => trace.barrier(), ...all(trace.walk(section.body, section.divided))]);
}

class Trace {
  complaint: string | undefined;
  readonly #operand: string;
  readonly #result: string;
  readonly #order: Order;
  /** Elements that are stored already. */
  readonly #stored: Uint8Array;
  /** Whether iterations may run on several threads: who loaded an element last, and whether others did since the last barrier; they are numbered on and on. */
  readonly #divides: boolean;
  readonly #loader: Int32Array;
  readonly #shared: Int32Array;
  readonly #firsts = new Map<number, number>();
  #iteration = 1;
  #lastIteration = 1;
  #sinceBarrier = 1;
  /** Values of the loops around, by their numbers. */
  readonly #values: number[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(operand: string, result: string, { order, length, divides }: { order: Order; length: number; divides: boolean }) {
    this.#operand = operand;
    this.#result = result;
    this.#order = order;
    this.#divides = divides;
    this.#stored = new Uint8Array(length);
    this.#loader = new Int32Array(divides ? length : 0);
    this.#shared = new Int32Array(divides ? length : 0);
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
    if (!shares && loop.only === undefined) {
      const straight = straightLoop(
        loop,
        walks.map((walk) => walk.straight),
      );
      if (straight !== undefined) return { run: this.#along(straight), straight };
    }
    const body = inTurn(walks);
    const before = inTurn(loop.only === undefined ? [] : this.#loads(loop.only));
    const isAnyOne = loop.only !== undefined && !isPlacedBy(loop, this.#operand, this.#result);
    const at = this.#numberOf(loop.index);
    const [from, to] = [this.#evaluated(loop.from), this.#evaluated(loop.to)];
    const values = this.#values;
    const shared = shares ? tripsOf(loop) : undefined;
    const run = (): void => {
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
    return { run };
  }

  /** Level by level, the innermost in one sweep. */
  #along({ accesses, levels }: Straight): Walk["run"] {
    const starts = accesses.map(({ index }) => this.#evaluated(index));
    const loads = Uint8Array.from(accesses, ({ kind }) => Number(kind === "load"));
    const steps = levels.map((level) => Int32Array.from(level.steps));
    const elements = new Int32Array(accesses.length);
    const inner = levels.length - 1;
    const level = (depth: number): void => {
      const { trips } = levels[depth]!;
      const by = steps[depth]!;
      if (depth === inner) return this.#sweep(loads, elements.slice(), by, trips);
      for (let n = 0; n < trips && this.complaint === undefined; n++) {
        level(depth + 1);
        for (let at = 0; at < elements.length; at++) elements[at]! += by[at]!;
      }
      for (let at = 0; at < elements.length; at++) elements[at]! -= trips * by[at]!;
    };
    return () => {
      for (let n = 0; n < elements.length; n++) elements[n] = starts[n]!();
      level(0);
    };
  }

  /** Accesses in turn, each time each so many elements further. */
  #sweep(loads: Uint8Array, elements: Int32Array, steps: Int32Array, trips: number): void {
    const [stored, divides] = [this.#stored, this.#divides];
    for (let trip = 0; trip < trips && this.complaint === undefined; trip++)
      for (let n = 0; n < elements.length; n++) {
        const e = elements[n]!;
        if (divides) this.#touch(loads[n] === 1, e);
        else if (loads[n] === 0) stored[e] = 1;
        else if (stored[e] === 1) this.#load(e);
        elements[n] = e + steps[n]!;
      }
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
    const straight = straightAccess(index, kind);
    return { run: () => this.#touch(kind === "load", element()), ...(straight === undefined ? {} : { straight }) };
  }

  #touch(loads: boolean, e: number): void {
    if (loads) this.#load(e);
    else this.#store(e);
  }

  #load(e: number): void {
    if (this.#stored[e] === 1) this.complaint ??= `element ${e} is loaded after it was overwritten`;
    if (!this.#divides) return;
    const [loader, now] = [this.#loader, this.#iteration];
    if (loader[e]! >= this.#sinceBarrier && loader[e] !== now) this.#shared[e] = now;
    loader[e] = now;
  }

  #store(e: number): void {
    this.#stored[e] = 1;
    if (!this.#divides) return;
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
    return () => {
      let total = offset;
      for (const sum of sums) total += sum();
      return total;
    };
  }
}

const inTurn = (walks: readonly Walk[]): Walk["run"] => {
  const runs = walks.map(({ run }) => run);
  const [only] = runs;
  if (runs.length === 1) return only!;
  return () => {
    for (const run of runs) run();
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
