/**
 * Guarantees that what ships is what is run: the text itself, at its real shapes, statement by statement, for two steps (a full batch from the
 * start, two where steps are short, then a short one where moments are no longer zero). After each statement, sampled elements of what it wrote are compared with their
 * definitions, evaluated in double on the arena as it stood before; in the end, what the entry returned: see elements.ts for the measure. Where that
 * is above its bound, the text runs again beside definitions that give the magnitudes of their terms too.
 */

import { CompilerFault } from "../graph/error.ts";
import type { Precision } from "../loop/interpret.ts";
import { bytesOf, sizeOf } from "../graph/type.ts";
import { storedIn } from "../loop/build.ts";
import { evaluate } from "../loop/index.ts";
import type { Buffer, Call, Definition, Entry, EntryResult, Module } from "../loop/loop.ts";
import { machines } from "../passes/machine.ts";
import type { CompiledEntry, Lowered } from "../driver/lower.ts";
import { importText, stripTypes } from "../targets/strip.ts";
import type { FirstLosses } from "../targets/report.ts";
import { DefinitionTable, stagesOf } from "./definitions.ts";
import { drawsOf, type Draws } from "./domain.ts";
import { fedLeaves } from "./draw.ts";
import { judgeElements, termsOf, toleranceOf } from "./elements.ts";
import { FIRST_SEED } from "./first-loss.ts";
import { moduleFor, stored, type AnyTrainer, type Batch, type Numbers, type TrainerText } from "./emitted.ts";
import { instrument } from "./instrument.ts";
import { samplePositions } from "./positions.ts";
import { isWrong, merged, type TensorCheck } from "./result.ts";

type Probe = (functionAt: number, statement: number, arena: ArrayBuffer) => void;
const PROBE = "adjoint probe";

/** What a check of a text needs, made once: the same for every text of a lowered model. */
export interface Prepared {
  readonly lowered: Pick<Lowered, "model" | "module" | "entries" | "target" | "facts">;
  readonly table: DefinitionTable;
  /** The same with sizes, made when it is first needed. */
  sized(): Promise<DefinitionTable>;
}

const precisionOf = ({ target }: Pick<Lowered, "target">): Precision => machines[target].precision;

export async function prepareKernels(lowered: Prepared["lowered"]): Promise<Prepared> {
  const table = await DefinitionTable.of(lowered.module, precisionOf(lowered));
  let sized: Promise<DefinitionTable> | undefined;
  return {
    lowered,
    table,
    sized: () => (sized ??= DefinitionTable.of(lowered.module, precisionOf(lowered), true)),
  };
}

/** A step of so many operations takes seconds, and is compared once: with a short batch. */
const LONG = 5e9;
/** A step of so many takes no time, and is compared with two full batches. */
const SHORT = 1e8;
/** Before one of so many goes the first step of training, from the initial weights, whose loss is reported: it need not run again for that. */
const SHARED = 1.5e8;

/** Runs each entry of the text twice and compares `samples` elements, and those at the edges, of every buffer a statement writes. */
export const checkKernels = async (lowered: Prepared["lowered"], text: string, samples: number, seed: number): Promise<TensorCheck[]> =>
  checkText(await prepareKernels(lowered), text, samples, seed);

/** The same where the definitions are at hand. */
export const checkText = async (prepared: Prepared, text: string, samples: number, seed: number): Promise<TensorCheck[]> => [
  ...(await runText(prepared, text, samples, seed)).rows,
];

/** What a run of a text found; and the losses of its first step, where that was the one that is reported. */
export interface TextRun {
  readonly rows: readonly TensorCheck[];
  readonly first?: FirstLosses;
}

/** The same, with what else the run gave. What fails is judged again beside the magnitudes of its terms. */
export async function runText(prepared: Prepared, text: string, samples: number, seed: number): Promise<TextRun> {
  const run = await runBeside(prepared.lowered, prepared.table, text, samples, seed);
  if (!run.rows.some(isWrong)) return run;
  const sized = await runBeside(prepared.lowered, await prepared.sized(), text, samples, seed);
  return { ...run, rows: run.rows.map((row, n) => (isWrong(row) ? sized.rows[n]! : row)) };
}

async function runBeside(
  lowered: Prepared["lowered"],
  table: DefinitionTable,
  text: string,
  samples: number,
  seed: number,
): Promise<TextRun> {
  const { module, entries, facts } = lowered;
  const draws = drawsOf(lowered.model, {});
  const watch = new Watch(module, table, samples, seed, precisionOf(lowered));
  const code = await stripTypes(instrument(text));
  const host = globalThis as unknown as Record<string, Probe>; // the one way into a module from text
  host[PROBE] = (at, statement, arena) => watch.probe(at, statement, arena);
  const { createTrainer } = await importText<TrainerText>(`const $probe = (...seen) => globalThis["${PROBE}"](...seen);\n${code}`);
  const trainer = createTrainer({ ...(await moduleFor(lowered)), seed: FIRST_SEED });
  const leaves = new Map(entries.flatMap(({ traced }) => fedLeaves(traced.graph)).map((node) => [node.name, node]));
  // a bias that starts from zero would hide a wrong sign before it
  const draw = (): void => {
    for (const [name, view] of Object.entries(trainer.parameters)) view.set(draws.leaf(leaves.get(name)!, seed, 0));
  };
  const losses = new Map<string, number>();
  const run = (chosen: readonly CompiledEntry[], short: boolean, own: number): readonly TensorCheck[] => {
    watch.found = [];
    for (const entry of chosen) {
      const n = entries.indexOf(entry);
      watch.entry = module.entries[n]!;
      const returned = call(trainer, entry, facts, draws, own + n, short);
      for (const [name, value] of Object.entries(returned)) losses.set(name, value[0]!);
      watch.compareReturned(returned);
    }
    return watch.found;
  };
  const training = entries.filter(({ purpose }) => purpose.kind === "train");
  const operations = module.kernels.reduce((n, { flops }) => n + flops, 0);
  const shares = training.length === 1 && operations > SHARED;
  if (!shares) draw();
  watch.looks = operations <= LONG;
  const first = !shares && operations > LONG ? [] : run(training, false, shares ? FIRST_SEED : seed);
  const phases = facts.phases.map((phase) => ({ phase, loss: losses.get(phase)! }));
  watch.looks = true;
  // units may be dead for a row of one batch, and hide what is read of it
  const more = operations <= SHORT ? run(training, false, seed + 50) : [];
  if (shares) draw();
  const found = run(entries, true, seed + 100);
  Reflect.deleteProperty(host, PROBE);
  const expected = module.entries.reduce((n, { calls, results }) => n + results.length + calls.reduce((m, one) => m + storesOf(one), 0), 0);
  if (found.length !== expected)
    throw new CompilerFault(
      "print",
      `the kernel check saw ${found.length} of ${expected} stores and results: the text's numbered statements are not the plan's`,
    );
  // training comes first among the entries
  const rows = found.map((row, n) =>
    [first[n], more[n]].reduce<TensorCheck>((all, one) => (one === undefined ? all : merged(one, all)), row),
  );
  return { rows, ...(shares ? { first: { seed: FIRST_SEED, phases } } : {}) };
}

/** Calls an entry; gives what it returns by name, as its results have it. */
function call(
  trainer: AnyTrainer,
  { name, purpose, traced }: CompiledEntry,
  { batch: rows, meetings }: Lowered["facts"],
  draws: Draws,
  seed: number,
  short: boolean,
): Readonly<Record<string, ArrayLike<number>>> {
  const inputs = fedLeaves(traced.graph).filter(({ op }) => op === "input");
  const batch: Batch = Object.fromEntries(
    inputs.map((node): [string, Numbers] => [node.name, stored(node.type.dtype, draws.leaf(node, seed, 0))]),
  );
  if (name === "predict") return trainer.predict(batch);
  const of = purpose.kind === "train" ? rows.train : rows.evaluate;
  const count = short && of > 1 && meetings[purpose.kind === "train" ? "train" : "evaluate"] === undefined ? of - 1 : of;
  if (purpose.kind === "train") {
    const loss = trainer.phases === undefined ? trainer.step(batch, count) : trainer.phases[name]!(batch, count);
    return { [purpose.phase.name]: [loss as number] };
  }
  return Object.fromEntries(Object.entries(trainer.evaluate(batch, count)).map(([mean, value]) => [mean, [value / count]]));
}

/** Buffers that a statement writes. */
const storesOf = (call: Call): number =>
  call.kind === "call" ? call.group.stages.filter(({ storage }) => storage !== "local").length : call.kind === "store" ? 1 : 0;

/** Sampled elements of what the next statement writes, and what its definition gives on the arena as it stands; given what it left, where that counts. */
interface Expected {
  readonly kernel: string;
  /** How many terms its values are sums of. */
  readonly terms: number;
  readonly buffer: string;
  elements(arena: ArrayBuffer): readonly { readonly flat: number; readonly value: number; readonly size: number }[];
}

/** Terms that are summed again for one buffer, about; of long sums fewer elements are sampled beside those at the edges, but so many at least. */
const TERMS = 2 ** 21;
const FEWEST = 64;

class Watch {
  found: TensorCheck[] = [];
  entry: Entry | undefined;
  /** Whether it compares; a step that it lets pass only leaves its moments. */
  looks = true;
  readonly #table: DefinitionTable;
  readonly #buffers: ReadonlyMap<string, Buffer>;
  readonly #offsets: ReadonlyMap<string, number>;
  readonly #samples: number;
  readonly #seed: number;
  /** What statements compute in between stores. */
  readonly #precision: Precision;
  #expected: readonly Expected[] = [];
  #locals: Record<string, number> = {};
  #results = new Map<EntryResult, ArrayLike<number>>();

  constructor(module: Module, table: DefinitionTable, samples: number, seed: number, precision: Precision) {
    this.#table = table;
    this.#precision = precision;
    this.#buffers = new Map(module.buffers.map((buffer) => [buffer.name, buffer]));
    this.#offsets = new Map(module.slots.map(({ buffer, offset }) => [buffer, offset]));
    this.#samples = samples;
    this.#seed = seed;
  }

  probe(_at: number, statement: number, arena: ArrayBuffer): void {
    if (!this.looks) return;
    this.#compare(arena);
    this.#expected = [];
    if (statement === 1) this.#locals = {};
    const next = statement === 0 ? undefined : this.entry!.calls[statement - 1];
    if (next === undefined) this.#results = new Map(this.entry!.results.map((result) => [result, this.#resultOf(result, arena)]));
    else this.#expected = this.#expect(next, arena);
  }

  #resultOf({ value }: EntryResult, arena: ArrayBuffer): ArrayLike<number> {
    const local = this.#locals[value];
    return local === undefined ? this.#view(value, arena).slice() : [local];
  }

  #view(name: string, arena: ArrayBuffer): Numbers {
    const { dtype, shape } = this.#buffers.get(name)!;
    const array = { f32: Float32Array, f64: Float64Array, i32: Int32Array, bool: Int32Array }[dtype];
    if (bytesOf(dtype) !== array.BYTES_PER_ELEMENT) throw new TypeError(`no array holds ${dtype}`);
    return new array(arena, this.#offsets.get(name)!, sizeOf(shape));
  }

  #expect(call: Call, arena: ArrayBuffer): Expected[] {
    // beside the terms of its own, a stage is held to what the others stored: Adam's update to its moments, though these may be rounding alone
    let after: ArrayBuffer | undefined;
    const waits = this.#table.sized && storesOf(call) > 1;
    const before = waits ? arena.slice(0) : arena;
    const givenBy =
      (definition: Definition) =>
      (at: number): number | undefined =>
        after && this.#view(storedIn(definition), after)[placeIn(definition, at, this.#buffers.get(storedIn(definition))!.shape)];
    const given =
      call.kind === "call" && waits
        ? new Map(
            call.group.stages
              .filter(({ storage }) => storage !== "local")
              .map(({ definition }) => [definition.name, givenBy(definition)] as const),
          )
        : undefined;
    const stages = this.#table.of(call, (name) => this.#view(name, before), this.#locals, given);
    if (call.kind === "let") {
      this.#locals[call.name] = stages[0]!.element(0);
      return [];
    }
    const own = call.kind === "call" ? stagesOf(call) : [];
    return stages.flatMap(({ definition, element, size }, n): Expected[] => {
      if (call.kind === "call" && call.group.stages[n]!.storage === "local") return [];
      const buffer = storedIn(definition);
      const { shape } = this.#buffers.get(buffer)!;
      const positions = samplePositions(
        definition.part === undefined ? shape : definition.shape,
        Math.max(FEWEST, Math.min(this.#samples, Math.floor(TERMS / termsOf([...own, definition])))),
        this.#seed,
        // the same elements of all stages: one is held to what the others stored
        String(this.entry!.calls.indexOf(call)),
      );
      const evaluated = () => positions.map((at) => ({ flat: placeIn(definition, at, shape), value: element(at), size: size(at) }));
      const now = waits ? undefined : evaluated();
      return [
        {
          kernel: call.kind === "call" ? call.kernel : buffer,
          buffer,
          elements: (stored) => {
            after = stored;
            return now ?? evaluated();
          },
          terms: termsOf([...own, definition]),
        },
      ];
    });
  }

  #compare(arena: ArrayBuffer): void {
    for (const { kernel, buffer, elements, terms } of this.#expected) {
      const view = this.#view(buffer, arena);
      const pairs = elements(arena).map(({ flat, value, size }) => ({
        at: `${buffer}[${flat}]`,
        found: view[flat]!,
        expected: value,
        size,
      }));
      const name = `${this.entry!.name}: ${kernel} → ${buffer}`;
      this.found.push(judgeElements(name, pairs, toleranceOf(this.#precision, terms)));
    }
  }

  /** What the entry gave its caller, against what its last statement left. */
  compareReturned(returned: Readonly<Record<string, ArrayLike<number>>>): void {
    for (const [{ name }, expected] of this.#results) {
      const found = returned[name];
      const pairs = Array.from(expected, (value, n) => ({
        at: `${name}[${n}]`,
        found: found?.[n] ?? NaN,
        expected: value,
        size: 0,
      }));
      this.found.push(judgeElements(`${this.entry!.name}: returns ${name}`, pairs, toleranceOf(this.#precision, 0)));
    }
    this.#results = new Map();
  }
}

/** Where an element of a definition lies in the buffer that it is stored in. */
function placeIn({ axes, part }: Definition, flat: number, shape: readonly number[]): number {
  if (part === undefined) return flat;
  const point = new Map<string, number>();
  axes.reduceRight((rest, { name, extent }) => (point.set(name, rest % extent), Math.floor(rest / extent)), flat);
  return part.at.reduce((place, at, n) => place * shape[n]! + evaluate(at, point), 0);
}
