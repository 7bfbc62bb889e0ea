/**
 * Guarantees which loops of a kernel several threads may share: what different threads run between two barriers touches different
 * elements of what the kernel stores, so that any split of the iterations, in any order, gives the same bits.
 *   for k in 0..12 { for j in 0..96 { for i in 0..64 {…} }  for i in 0..64 {…} }   →   thread t of n runs k and j whole, and its part of both i
 */

import { areApart, isApart, pieceOf, tripsOf, type Piece } from "./apart.ts";
import { loadsOf, walkScalar } from "./build.ts";
import { constant } from "./index-expression.ts";
import type { Kernel, Loop, Scalar, Stmt } from "./loop.ts";
import { namesOf, storesOf, sum, workOf } from "./uses.ts";

/** Statements between two barriers. */
export interface Section {
  /** Every thread runs them all, except that of divided loops it runs a part. */
  readonly body: readonly Stmt[];
  /** None: one thread runs the section alone. */
  readonly divided: readonly Loop[];
  /** Loops within the divided one that are divided as well: of one of its iterations a part then runs a part. Only parts that run in order have them. */
  readonly within?: readonly Loop[];
}

/** Statements with loops in them that are divided. */
interface Cut {
  readonly whole: readonly Stmt[];
  readonly body: readonly Stmt[];
  readonly pieces: readonly Piece[];
  /** What every thread reads to know which iteration of a loop runs. */
  readonly told: readonly Piece[];
  /** The part of their time that threads work which wait for the one that has the most to do. */
  readonly fair: number;
}

/** Vector operations that a core does in a microsecond, at least. */
export const PER_MICROSECOND = 4_000;

/**
 * Microseconds from which on a section is shared. What it costs the thread that calls it: one or two for the barrier, five for the call
 * that wakes a thread which sleeps, and the last of `SHARE` parts a thread, which somebody else may have begun.
 */
export const WORTH_MICROSECONDS = 40;

/** Among how many, and of how many vector operations on a section is divided. */
export interface Division {
  readonly by: number;
  readonly worth: number;
  /** Parts run one after the other, in order, and nothing in between. */
  readonly inOrder?: true;
}

/** Vector operations of a slice: a quarter of a millisecond to two, as a target is fast; ten times that in an engine's first code. */
export const SLICE = 1_000_000;

const SLICED: Division = { by: 64, worth: SLICE, inOrder: true };

/** How the kernels of a compile are divided: among threads, into slices, or not at all. One thread may turn out to be more: whoever makes a trainer says how many. */
export const divisionOf = ({ threads, sliced }: { readonly threads?: number | undefined; readonly sliced?: boolean | undefined }) =>
  threads !== undefined
    ? ({ by: Math.max(2, threads), worth: WORTH_MICROSECONDS * PER_MICROSECOND } satisfies Division)
    : sliced === true
      ? SLICED
      : undefined;

/** In how many parts a section runs so that each is a slice: of whole iterations, or as many of each iteration. */
export function slicesOf({ body, divided, within }: Section): number {
  if (divided.length === 0) return 1;
  const trips = leastTrips(divided);
  const slices = Math.ceil(workOf(body) / SLICE);
  if (within === undefined || slices <= trips) return Math.max(1, Math.min(slices, trips));
  return trips * Math.min(Math.ceil(slices / trips), leastTrips(within));
}

/** Iterations of the shortest of some loops that are divided. */
const leastTrips = (loops: readonly Loop[]): number => Math.min(...loops.map(tripsOf).filter((trips) => trips > 1));

/** Threads that share their work so well are busy enough: loops inside would only be entered more often. */
const FAIR = 0.9;

/** The sections of a kernel, in order, shared well by so many and correctly by any number; undefined where it is not worth it, or cannot be. */
export function divide({ body }: Kernel, { by, worth, inOrder }: Division): readonly Section[] | undefined {
  if (workOf(body) < worth) return undefined;
  const apart = sectionsOf(body, by, worth);
  if (inOrder !== true) return apart;
  const ordered = inOrderSections(body, worth);
  return longestSlice(ordered) < longestSlice(apart ?? [{ body, divided: [] }]) ? ordered : apart;
}

/** Work of the longest part that a kernel runs in, vector operations. */
const longestSlice = (sections: readonly Section[]): number =>
  Math.max(...sections.map((section) => workOf(section.body) / slicesOf(section)));

/**
 * With each outermost loop divided that takes `worth` vector operations: parts that run in order are the loop itself, whatever it carries.
 * Where one of its iterations takes longer than that, it is divided too, if its own can be run apart.
 */
function inOrderSections(body: readonly Stmt[], worth: number): readonly Section[] {
  const lets: Stmt[] = [];
  const stored = storesOf(body);
  return groupsOf(body, { threads: 1, stored }).flatMap(({ statements, forAll }): Section[] => {
    if (forAll) lets.push(...statements);
    if (forAll) return [];
    const [loop, ...others] = statements;
    const divides = loop?.kind === "for" && others.length === 0 && isCounted(loop) && workOf(statements) >= worth;
    if (!divides) return [{ body: [...lets, ...statements], divided: [] }];
    const slices = Math.ceil(workOf(loop.body) / worth);
    const cut = slices === 1 ? undefined : best(cutsWithin(loop.body, { threads: slices, stored }));
    if (cut === undefined || cut.pieces.every(isOnce) || !agree(cut)) return [{ body: [...lets, loop], divided: [loop] }];
    const outer = { ...loop, body: cut.body };
    return [{ body: [...lets, outer], divided: [outer], within: cut.pieces.map((piece) => piece.loop) }];
  });
}

/** Whether no part of a cut changes what tells another which iteration runs. */
const agree = ({ pieces, told }: Cut): boolean => pieces.every((piece) => told.every((read) => areApart(piece, read)));

/** The sections of kernels that are divided, by name; none where no kernel's work is worth it, or nobody asked. */
export function dividedKernels(kernels: readonly Kernel[], division: Division | undefined): ReadonlyMap<string, readonly Section[]> {
  const all = new Map<string, readonly Section[]>();
  if (division === undefined) return all;
  for (const kernel of kernels) {
    const sections = divide(kernel, division);
    if (sections !== undefined) all.set(kernel.name, sections);
  }
  return all;
}

/** With every section divided that can be, if it takes `worth` vector operations. */
export function sectionsOf(body: readonly Stmt[], threads: number, worth = 0): readonly Section[] | undefined {
  const search: Search = { threads, stored: storesOf(body) };
  const sections: { lets: readonly Stmt[]; cuts: Cut[] }[] = [];
  const lets: Stmt[] = [];
  for (const { statements, forAll } of groupsOf(body, search)) {
    if (forAll) {
      lets.push(...statements);
      continue;
    }
    const last = sections.at(-1);
    const fresh = best(waysOf(statements, search)) ?? once(statements, search);
    const joined = last && best(waysOf(statements, search), last.cuts);
    if (last !== undefined && joined !== undefined && joined.fair >= Math.min(FAIR, fresh.fair)) {
      last.cuts.push(joined);
      last.lets = [...lets];
    } else sections.push({ lets: [...lets], cuts: [fresh] });
  }
  const all = sections.map(({ lets, cuts }): Section => {
    const pieces = cuts.flatMap((cut) => cut.pieces);
    const whole = cuts.flatMap((cut) => cut.whole);
    const alone = pieces.every(isOnce) || workOf(whole) < worth;
    if (alone) return { body: [...lets, ...whole], divided: [] };
    return { body: [...lets, ...cuts.flatMap((cut) => cut.body)], divided: pieces.map(({ loop }) => loop) };
  });
  return all.every(({ divided }) => divided.length === 0) ? undefined : all;
}

/** What cuts of one kernel have in common: how many threads are to share it, and the buffers that it stores. */
interface Search {
  readonly threads: number;
  readonly stored: ReadonlySet<string>;
}

/** Of cuts that fit the others, the first that is fair, or the one that comes closest to it. */
function best(cuts: Iterable<Cut>, others: readonly Cut[] = []): Cut | undefined {
  let closest: Cut | undefined;
  for (const cut of cuts) {
    if (!others.every((other) => fit(cut, other))) continue;
    if (cut.fair >= FAIR) return cut;
    if (closest === undefined || cut.fair > closest.fair) closest = cut;
  }
  return closest;
}

const fit = (a: Cut, b: Cut): boolean =>
  a.pieces.every((piece) => [...b.pieces, ...b.told].every((other) => areApart(piece, other))) &&
  a.told.every((read) => b.pieces.every((piece) => areApart(read, piece)));

/** The ways to run statements on several threads: divided, outermost loops first, or on one of them. */
function* waysOf(statements: readonly Stmt[], search: Search): Generator<Cut> {
  yield* cutsOf(statements, search);
  yield once(statements, search);
}

function* cutsOf(statements: readonly Stmt[], search: Search): Generator<Cut> {
  const [loop, ...others] = statements;
  if (loop?.kind !== "for" || loop.form !== "loop" || others.length > 0) return;
  if (isCounted(loop)) {
    const piece = pieceOf(loop);
    if (isApart(piece)) yield cutAt(piece, statements, search);
  }
  for (const cut of cutsWithin(loop.body, search)) {
    const told = loop.only === undefined ? cut.told : [...cut.told, readByAll(loop.only)];
    if (agree({ ...cut, told })) yield { ...cut, told, whole: statements, body: [{ ...loop, body: cut.body }] };
  }
}

/** Of iterations that are counted beforehand, more than one. */
const isCounted = (loop: Loop): boolean =>
  loop.form === "loop" && loop.from.terms.length + loop.to.terms.length === 0 && loop.only === undefined && tripsOf(loop) > 1;

/** What a value reads, whoever evaluates it: a loop of which no thread runs a part. */
const readByAll = (value: Scalar): Piece =>
  pieceOf({
    kind: "for",
    index: "all.",
    from: constant(0),
    to: constant(Infinity),
    step: 1,
    form: "loop",
    body: [{ kind: "let", name: "read.", dtype: value.dtype, value, mutable: false }],
  });

/** The ways to divide the body of a loop that every thread runs whole: as its longest part can be, where the rest agrees. */
function* cutsWithin(body: readonly Stmt[], search: Search): Generator<Cut> {
  const groups = groupsOf(body, search);
  const shared = groups.filter(({ forAll }) => !forAll);
  const [main] = shared.toSorted((a, b) => workOf(b.statements) - workOf(a.statements));
  if (main === undefined) return;
  for (const cut of cutsOf(main.statements, search)) {
    const chosen = new Map([[main, cut]]);
    for (const group of shared) {
      const one = group === main ? cut : best(waysOf(group.statements, search), [...chosen.values()]);
      if (one === undefined) break;
      chosen.set(group, one);
    }
    if (chosen.size < shared.length) continue;
    const cuts = [...chosen.values()];
    const work = cuts.map(({ whole }) => workOf(whole));
    const waited = cuts.map(({ fair }, n) => work[n]! / fair);
    yield {
      whole: body,
      body: groups.flatMap((group) => chosen.get(group)?.body ?? group.statements),
      pieces: cuts.flatMap(({ pieces }) => pieces),
      told: cuts.flatMap(({ told }) => told),
      fair: sum(work) / sum(waited),
    };
  }
}

/** A loop divided. */
function cutAt(piece: Piece, whole: readonly Stmt[], { threads }: Search): Cut {
  const trips = tripsOf(piece.loop);
  const fair = trips / (threads * Math.ceil(trips / threads));
  return { whole, body: [piece.loop], pieces: [piece], told: [], fair };
}

/** Statements that one thread runs: a loop of one iteration. */
function once(statements: readonly Stmt[], search: Search): Cut {
  // the dot: no local of a kernel has that name
  const loop: Loop = { kind: "for", index: "once.", from: constant(0), to: constant(1), step: 1, form: "loop", body: statements };
  return cutAt(pieceOf(loop), statements, search);
}

const isOnce = ({ loop }: Piece): boolean => tripsOf(loop) === 1;

interface Group {
  readonly statements: readonly Stmt[];
  /** A local of what no thread stores: each computes it for itself. */
  readonly forAll: boolean;
}

/** Statements in order, those together that a local ties to each other. */
function groupsOf(body: readonly Stmt[], { stored }: Search): Group[] {
  const lastUse = new Map<string, number>();
  body.forEach((s, n) => {
    for (const name of namesOf([s])) lastUse.set(name, n);
  });
  const tied = new Set<string>();
  const groups: { statements: Stmt[]; forAll: boolean }[] = [];
  let until = -1;
  body.forEach((s, n) => {
    const forAll =
      n > until &&
      s.kind === "let" &&
      !s.mutable &&
      !localsOf(s.value).some((name) => tied.has(name)) &&
      !loadsOf(s.value).some(({ buffer }) => stored.has(buffer));
    if (s.kind === "let" && !forAll) tied.add(s.name);
    if (n > until) groups.push({ statements: [s], forAll });
    else groups.at(-1)!.statements.push(s);
    if (s.kind === "let" && !forAll) until = Math.max(until, lastUse.get(s.name) ?? n);
  });
  return groups;
}

function localsOf(value: Scalar): string[] {
  const names: string[] = [];
  walkScalar(value, (part) => part.kind === "local" && names.push(part.name));
  return names;
}
