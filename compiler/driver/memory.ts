/**
 * The plans of a training entry among which a memory budget chooses: what the backward pass computes again, in how many parts
 * the batch goes, the bytes that leaves, and the work it adds. The plans are the same whatever the budget, and a budget takes the one of
 * least work that fits, of those with a whole batch if any does: so a smaller budget never gives a larger arena, nor less work while the
 * batch stays whole.
 *
 * Few residuals: every set of them. Many: sets of one in k kept (Chen et al. 2016, whose k = √n is among them), and one chain of sets that
 * drops, where memory peaks, what gives most bytes for least work. At most MOST plans are made, each by the passes from `recompute` to `place`.
 */

import { flopsOfCalls } from "../loop/flops.ts";
import type { Graph } from "../graph/graph.ts";
import type { Module, Program } from "../loop/loop.ts";
import { define } from "../passes/definitions/define.ts";
import { fromRounded, place, type Road } from "../passes/index.ts";
import { aligned, isHeldAt, isPinned, sizeInBytes } from "../passes/placement/place.ts";
import type { Recomputed } from "../passes/graph/recompute.ts";
import { coursesOf, meets, type Meeting } from "../passes/definitions/rows.ts";

/** Residuals of which every set is tried. */
const FEW = 5;
/** Links of the chain. */
const LINKS = 20;
/** Plans in all. */
const MOST = 44;

/** What an entry's plan is made of. */
export interface Choice {
  readonly recomputed: Recomputed;
  /** In how many parts the batch goes through the step. */
  readonly parts: number;
}

/** A choice as the passes take it; a batch that the parts do not divide, as the small instance's, goes row by row. */
export const roadOf = (choice: Choice | undefined, rows: number): Pick<Road, "recomputed" | "parts"> =>
  choice === undefined ? {} : { recomputed: choice.recomputed, parts: { rows, parts: rows % choice.parts === 0 ? choice.parts : rows } };

export interface MemoryPlan {
  readonly chosen: Recomputed;
  readonly parts: number;
  /** Without what lives from step to step: parameters, state, live scalars. */
  readonly bytes: number;
  readonly flops: number;
  /** The entry alone, placed. */
  readonly module: Module;
}

/** A value kept for the backward pass, and the work of making it. */
interface Residual {
  readonly name: string;
  readonly bytes: number;
  readonly flops: number;
}

const SILENT = { after: () => undefined };

/** Bytes of what lives from step to step. */
export const pinnedBytes = ({ buffers }: Pick<Module, "buffers">): number =>
  buffers.filter(isPinned).reduce((n, buffer) => n + aligned(sizeInBytes(buffer)), 0);

function planOf(graph: Graph, road: Road, { recomputed, parts }: Choice, rows: number): { plan: MemoryPlan; program: Program } {
  const program = fromRounded({ ...road, recomputed, parts: { rows, parts } }).run(graph, SILENT);
  const module = place(program.name, road).run([program]);
  const bytes = module.arenaBytes - pinnedBytes(module);
  return { plan: { chosen: recomputed, parts, bytes, flops: flopsOfCalls(program, program.kernels), module }, program };
}

/** Residuals in the order they are made; scalars are not worth it. */
function residualsOf(graph: Graph, { buffers, calls, kernels }: Program): Residual[] {
  const nodes = new Set(graph.nodes.map(({ name }) => name));
  const flops = new Map(kernels.map((kernel) => [kernel.name, kernel.flops]));
  const kept = new Map(
    buffers
      .filter(({ role, shape, name }) => role === "residual" && shape.length > 0 && nodes.has(name))
      .map((buffer) => [buffer.name, buffer]),
  );
  return calls.flatMap((call) => {
    if (call.kind !== "call") return [];
    return call.group.stages.flatMap(({ definition: { name } }): Residual[] => {
      const buffer = kept.get(name);
      return buffer === undefined ? [] : [{ name, bytes: aligned(sizeInBytes(buffer)), flops: flops.get(call.kernel)! }];
    });
  });
}

/** The plans of one entry: those for a whole batch, and, made when a budget needs them, those that split it, or where its rows meet. */
export class EntryPlans {
  readonly whole: readonly MemoryPlan[];
  readonly #graph: Graph;
  readonly #road: Road;
  readonly #rows: number;
  #split: readonly MemoryPlan[] | Meeting | undefined;

  /** Of an entry that trains what is computed again is searched; others keep everything. */
  constructor(graph: Graph, road: Road, rows: number, trains: boolean) {
    this.#graph = graph;
    this.#road = road;
    this.#rows = rows;
    this.whole = memoryPlans(graph, road, trains ? "search" : "keep everything");
  }

  /** Where the rows of the batch meet, so that it cannot be split. */
  get meeting(): Meeting | undefined {
    const split = this.#splitting();
    return "why" in split ? split : undefined;
  }

  /** The plan of least work that fits, with a whole batch if any does. */
  fitting(bytes: number): MemoryPlan | undefined {
    return fitting(this.whole, bytes) ?? fitting(this.#parted(), bytes);
  }

  /** The plan of fewest bytes. */
  smallest(): MemoryPlan {
    return [...this.whole, ...this.#parted()].reduce((least, plan) => (plan.bytes < least.bytes ? plan : least));
  }

  #splitting(): readonly MemoryPlan[] | Meeting {
    return (this.#split ??= splitPlans(this.#graph, this.#road, this.#rows, this.whole));
  }

  #parted(): readonly MemoryPlan[] {
    const split = this.#splitting();
    return "why" in split ? [] : split;
  }
}

/** Plans of one entry that keep the batch whole. The first keeps everything, and is the only one unless others are searched. */
export function memoryPlans(graph: Graph, road: Road, effort: "search" | "keep everything"): readonly MemoryPlan[] {
  const planned = (recomputed: Recomputed) => planOf(graph, road, { recomputed, parts: 1 }, 1);
  const first = planned({ again: new Set(), kept: new Set() });
  if (effort === "keep everything") return [first.plan];
  const residuals = residualsOf(graph, first.program);
  const plans = new Map<string, MemoryPlan>();
  const plan = (again: ReadonlySet<string>): MemoryPlan => {
    const key = residuals.map(({ name }) => (again.has(name) ? "1" : "0")).join("");
    let known = plans.get(key);
    if (known === undefined) {
      const kept = new Set(residuals.flatMap(({ name }) => (again.has(name) ? [] : [name])));
      known = planned({ again, kept }).plan;
      plans.set(key, known);
    }
    return known;
  };
  const base = plan(new Set());
  if (residuals.length <= FEW)
    for (let set = 1; set < 2 ** residuals.length; set++) plan(namesOf(residuals.filter((_, n) => ((set >> n) & 1) === 1)));
  else {
    for (const k of strides(residuals.length)) plan(namesOf(residuals.filter((_, n) => n % k !== k - 1)));
    chain(residuals, base, plan);
    keepAgain(residuals, [...plans.values()], plan, MOST - plans.size);
  }
  return [...plans.values()];
}

/** Statements of a split step, at most: each part has statements of its own. */
const STATEMENTS = 4000;
/** Choices of what is computed again that are tried with a split batch. */
const CHOICES = 3;

/**
 * Plans that split the batch, or where its rows meet: tried where no plan for the whole batch fits, since they change the order of sums
 * over the rows. `whole` are the plans for the whole batch. Each number of parts that divides the rows is tried, up to STATEMENTS, with
 * everything kept and with the best few choices of what is computed again.
 */
function splitPlans(graph: Graph, road: Road, rows: number, whole: readonly MemoryPlan[]): readonly MemoryPlan[] | Meeting {
  const courses = coursesOf(define.run(graph), rows);
  if (meets(courses)) return courses;
  const statements = whole[0]!.module.entries[0]!.calls.length;
  const parts = Array.from({ length: rows }, (_, n) => n + 1).filter((n) => n > 1 && rows % n === 0 && n * statements <= STATEMENTS);
  const front = frontOf(whole);
  const spread = Array.from({ length: CHOICES }, (_, n) => front[Math.round((n * (front.length - 1)) / (CHOICES - 1))]!.chosen);
  return parts.flatMap((n) => [...new Set(spread)].map((recomputed) => planOf(graph, road, { recomputed, parts: n }, rows).plan));
}

/** Plans than which none has both fewer bytes and less work, from most bytes to fewest. */
function frontOf(plans: readonly MemoryPlan[]): readonly MemoryPlan[] {
  const byWork = [...plans].sort((a, b) => a.flops - b.flops || a.bytes - b.bytes);
  let least = Infinity;
  return byWork.filter(({ bytes }) => bytes < least && ((least = bytes), true));
}

const namesOf = (residuals: readonly Residual[]): ReadonlySet<string> => new Set(residuals.map(({ name }) => name));

/** 2, 4, 8, …, √n, and one that keeps nothing. */
function strides(n: number): readonly number[] {
  const powers = Array.from({ length: Math.ceil(Math.log2(n)) }, (_, at) => 2 ** (at + 1));
  return [...new Set([...powers, Math.max(2, Math.round(Math.sqrt(n))), n + 1])];
}

/** Bytes given back for each operation done again. */
const worth = ({ bytes, flops }: Residual): number => bytes / Math.max(1, flops);

/** Drops what is kept across the statement of the peak, best worth first, until nothing kept is alive there. */
function chain(residuals: readonly Residual[], base: MemoryPlan, plan: (again: ReadonlySet<string>) => MemoryPlan): void {
  const each = Math.ceil(residuals.length / LINKS);
  let now = base;
  for (let link = 0; link < LINKS; link++) {
    const alive = new Set(peakOf(now.module).alive);
    const dropped = residuals
      .filter(({ name }) => alive.has(name) && !now.chosen.again.has(name))
      .sort((a, b) => worth(b) - worth(a))
      .slice(0, each);
    if (dropped.length === 0) return;
    now = plan(new Set([...now.chosen.again, ...namesOf(dropped)]));
  }
}

/** Takes back, from the smallest plan, the dearest choices that do not make it larger. */
function keepAgain(
  residuals: readonly Residual[],
  plans: readonly MemoryPlan[],
  plan: (again: ReadonlySet<string>) => MemoryPlan,
  tries: number,
): void {
  let now = plans.reduce((least, one) => (one.bytes < least.bytes ? one : least));
  const dearest = residuals
    .filter(({ name }) => now.chosen.again.has(name))
    .sort((a, b) => b.flops - a.flops)
    .slice(0, Math.max(0, tries));
  for (const { name } of dearest) {
    const without = plan(new Set([...now.chosen.again].filter((other) => other !== name)));
    if (without.bytes <= now.bytes && without.flops <= now.flops) now = without;
  }
}

/** Where most bytes are alive: a statement of a module's one entry, and the buffers alive there that are not pinned. */
export function peakOf({ entries, slots }: Module): {
  statement: number;
  alive: readonly string[];
} {
  const aliveAt = (call: number) => slots.filter((slot) => slot.live !== "always" && isHeldAt(slot, call));
  const bytesAt = (call: number): number => aliveAt(call).reduce((n, { bytes }) => n + aligned(bytes), 0);
  const calls = entries[0]!.calls.map((_, n) => n);
  const statement = calls.reduce((most, call) => (bytesAt(call) > bytesAt(most) ? call : most), 0);
  return { statement, alive: aliveAt(statement).map(({ buffer }) => buffer) };
}

/** The plan of least work that fits, of those the smallest; undefined where none fits. */
export function fitting(plans: readonly MemoryPlan[], bytes: number): MemoryPlan | undefined {
  return plans
    .filter((plan) => plan.bytes <= bytes)
    .reduce<MemoryPlan | undefined>(
      (best, plan) =>
        best === undefined || plan.flops < best.flops || (plan.flops === best.flops && plan.bytes < best.bytes) ? plan : best,
      undefined,
    );
}
