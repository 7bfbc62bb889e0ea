/**
 * Guarantees that what ships is what is run: the text itself, at its real shapes, statement by statement, for two steps (a full batch from the
 * start, then a short one where moments are no longer zero). After each statement, sampled elements of what it wrote are compared with their
 * definitions, evaluated in double on the arena as it stood before; in the end, what the entry returned.
 *   error = |a − n| / max(|n|, 1e-3·the largest sampled |n| of the buffer); of kernels that compute in float32, an eighth of the largest
 */

import { CompilerFault } from "../graph/error.ts";
import type { Precision } from "../loop/interpret.ts";
import { bytesOf, sizeOf } from "../graph/type.ts";
import { storedIn, walkScalar } from "../loop/build.ts";
import { evaluate } from "../loop/index.ts";
import type { Buffer, Call, Definition, Entry, EntryResult, Module, Scalar } from "../loop/loop.ts";
import type { CompiledEntry, Lowered } from "../lower.ts";
import { MATHEMATICS } from "../passes/machine.ts";
import { importText, stripTypes } from "../strip.ts";
import type { FirstLosses } from "../targets/report.ts";
import { DefinitionTable, stagesOf } from "./definitions.ts";
import { drawLeaf, fedLeaves } from "./draw.ts";
import { FIRST_SEED } from "./first-loss.ts";
import {
  moduleFor,
  stored,
  type AnyTrainer,
  type Batch,
  type Numbers,
  type TrainerText,
} from "./emitted.ts";
import { samplePositions } from "./positions.ts";
import { KERNEL_BOUND, merged, singleBound, beats, type TensorCheck } from "./result.ts";

type Probe = (functionAt: number, statement: number, arena: ArrayBuffer) => void;
const PROBE = "adjoint probe";

/** The text with a call of the probe before every numbered statement, and before the entry returns. */
export function instrument(text: string): string {
  let [functions, inside] = [-1, false];
  const lines = text.split("\n").flatMap((line) => {
    if (/^ {2}function \w+\(/.test(line)) inside = false;
    const statement = /^ {4}\/\/ (\d+)\.$/.exec(line)?.[1];
    if (statement !== undefined) {
      if (!inside) functions++;
      inside = true;
      return [`    $probe(${functions}, ${statement}, arena);`, line];
    }
    return inside && /^ {4}return\b/.test(line)
      ? [`    $probe(${functions}, 0, arena);`, line]
      : [line];
  });
  return `declare const $probe: (at: number, statement: number, arena: ArrayBuffer) => void;\n${lines.join("\n")}`;
}

/** What a check of a text needs, made once: the same for every text of a lowered model. */
export interface Prepared {
  readonly lowered: Pick<Lowered, "module" | "entries" | "target" | "facts">;
  readonly table: DefinitionTable;
}

/** What the statements of a target compute in between stores. */
const precisionOf = ({ target }: Pick<Lowered, "target">): Precision => target === "typescript" ? "double" : "single"; // prettier-ignore

export const prepareKernels = async (lowered: Prepared["lowered"]): Promise<Prepared> => ({
  lowered,
  table: await DefinitionTable.of(lowered.module, precisionOf(lowered)),
});

/** A step of so many operations takes seconds, and is compared once: with a short batch. */
const LONG = 5e9;
/** Before one of so many goes the first step of training, from the initial weights, whose loss is reported: it need not run again for that. */
const SHARED = 1.5e8;

/** Runs each entry of the text twice and compares `samples` elements, and those at the edges, of every buffer a statement writes. */
export const checkKernels = async (
  lowered: Prepared["lowered"],
  text: string,
  samples: number,
  seed: number,
): Promise<TensorCheck[]> => checkText(await prepareKernels(lowered), text, samples, seed);

/** The same where the definitions are at hand. */
export const checkText = async (
  prepared: Prepared,
  text: string,
  samples: number,
  seed: number,
): Promise<TensorCheck[]> => [...(await runText(prepared, text, samples, seed)).rows];

/** What a run of a text found; and the losses of its first step, where that was the one that is reported. */
export interface TextRun {
  readonly rows: readonly TensorCheck[];
  readonly first?: FirstLosses;
}

/** The same, with what else the run gave. */
export async function runText(
  { lowered, table }: Prepared,
  text: string,
  samples: number,
  seed: number,
): Promise<TextRun> {
  const { module, entries, facts } = lowered;
  const watch = new Watch(module, table, samples, seed, precisionOf(lowered));
  const code = await stripTypes(instrument(text));
  const host = globalThis as unknown as Record<string, Probe>; // the one way into a module from text
  host[PROBE] = (at, statement, arena) => watch.probe(at, statement, arena);
  const { createTrainer } = await importText<TrainerText>(
    `const $probe = (...seen) => globalThis["${PROBE}"](...seen);\n${code}`,
  );
  const trainer = createTrainer({ ...(await moduleFor(lowered)), seed: FIRST_SEED });
  const leaves = new Map(
    entries.flatMap(({ traced }) => fedLeaves(traced.graph)).map((node) => [node.name, node]),
  );
  // a bias that starts from zero would hide a wrong sign before it
  const draw = (): void => {
    for (const [name, view] of Object.entries(trainer.parameters))
      view.set(drawLeaf(leaves.get(name)!, seed, 0));
  };
  const losses = new Map<string, number>();
  const run = (chosen: readonly CompiledEntry[], short: boolean, own: number): readonly TensorCheck[] => {
    watch.found = [];
    for (const entry of chosen) {
      const n = entries.indexOf(entry);
      watch.entry = module.entries[n]!;
      const returned = call(trainer, entry, facts, own + n, short);
      for (const [name, value] of Object.entries(returned)) losses.set(name, value[0]!);
      watch.compareReturned(returned);
    }
    return watch.found;
  }; // prettier-ignore
  const training = entries.filter(({ purpose }) => purpose.kind === "train");
  const operations = module.kernels.reduce((n, { flops }) => n + flops, 0);
  const shares = training.length === 1 && operations > SHARED;
  if (!shares) draw();
  watch.looks = operations <= LONG;
  const first =
    !shares && operations > LONG ? [] : run(training, false, shares ? FIRST_SEED : seed);
  const phases = facts.phases.map((phase) => ({ phase, loss: losses.get(phase)! }));
  watch.looks = true;
  if (shares) draw();
  const found = run(entries, true, seed + 100);
  Reflect.deleteProperty(host, PROBE);
  const expected = module.entries.reduce((n, { calls, results }) => n + results.length + calls.reduce((m, one) => m + storesOf(one), 0), 0); // prettier-ignore
  if (found.length !== expected) throw new CompilerFault("print", `the kernel check saw ${found.length} of ${expected} stores and results: the text's numbered statements are not the plan's`); // prettier-ignore
  // training comes first among the entries
  const rows = found.map((row, n) => (first[n] === undefined ? row : merged(first[n], row)));
  return { rows, ...(shares ? { first: { seed: FIRST_SEED, phases } } : {}) };
}

/** Calls an entry; gives what it returns by name, as its results have it. */
function call(
  trainer: AnyTrainer,
  { name, purpose, traced }: CompiledEntry,
  { batch: rows, meetings }: Lowered["facts"],
  seed: number,
  short: boolean,
): Readonly<Record<string, ArrayLike<number>>> {
  const inputs = fedLeaves(traced.graph).filter(({ op }) => op === "input");
  const batch: Batch = Object.fromEntries(
    inputs.map((node): [string, Numbers] => [
      node.name,
      stored(node.type.dtype, drawLeaf(node, seed, 0)),
    ]),
  );
  if (name === "predict") return trainer.predict(batch);
  const of = purpose.kind === "train" ? rows.train : rows.evaluate;
  const count =
    short && of > 1 && meetings[purpose.kind === "train" ? "train" : "evaluate"] === undefined
      ? of - 1
      : of;
  if (purpose.kind === "train") {
    const loss =
      trainer.phases === undefined
        ? trainer.step(batch, count)
        : trainer.phases[name]!(batch, count);
    return { [purpose.phase.name]: [loss as number] };
  }
  return Object.fromEntries(
    Object.entries(trainer.evaluate(batch, count)).map(([mean, value]) => [mean, [value / count]]),
  );
}

/** Buffers that a statement writes. */
const storesOf = (call: Call): number =>
  call.kind === "call"
    ? call.group.stages.filter(({ storage }) => storage !== "local").length
    : call.kind === "store"
      ? 1
      : 0;

/** A sampled element of what the next statement writes, and what its definition gives on the arena as it stands. */
interface Expected {
  readonly kernel: string;
  /** How many terms its values are sums of. */
  readonly terms: number;
  readonly buffer: string;
  readonly elements: readonly { readonly flat: number; readonly value: number }[];
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

  constructor(
    module: Module,
    table: DefinitionTable,
    samples: number,
    seed: number,
    precision: Precision,
  ) {
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
    if (next === undefined)
      this.#results = new Map(
        this.entry!.results.map((result) => [result, this.#resultOf(result, arena)]),
      );
    else this.#expected = this.#expect(next, arena);
  }

  #resultOf({ value }: EntryResult, arena: ArrayBuffer): ArrayLike<number> {
    const local = this.#locals[value];
    return local === undefined ? this.#view(value, arena).slice() : [local];
  }

  #view(name: string, arena: ArrayBuffer): Numbers {
    const { dtype, shape } = this.#buffers.get(name)!;
    const array = { f32: Float32Array, f64: Float64Array, i32: Int32Array, bool: Int32Array }[
      dtype
    ];
    if (bytesOf(dtype) !== array.BYTES_PER_ELEMENT) throw new TypeError(`no array holds ${dtype}`);
    return new array(arena, this.#offsets.get(name)!, sizeOf(shape));
  }

  #expect(call: Call, arena: ArrayBuffer): Expected[] {
    const stages = this.#table.of(call, (name) => this.#view(name, arena), this.#locals);
    if (call.kind === "let") {
      this.#locals[call.name] = stages[0]!.element(0);
      return [];
    }
    const own = call.kind === "call" ? stagesOf(call) : [];
    return stages.flatMap(({ definition, element, vanishes }, n): Expected[] => {
      if (call.kind === "call" && call.group.stages[n]!.storage === "local") return [];
      const buffer = storedIn(definition);
      const { shape } = this.#buffers.get(buffer)!;
      const positions = samplePositions(
        definition.part === undefined ? shape : definition.shape,
        Math.max(
          FEWEST,
          Math.min(this.#samples, Math.floor(TERMS / termsOf([...own, definition]))),
        ),
        this.#seed,
        `${this.entry!.name} ${call.kind === "call" ? call.kernel : buffer}`,
      );
      const all = positions.map((at) => ({ at, flat: placeIn(definition, at, shape), value: element(at) })); // prettier-ignore
      // of a sum that is nothing but rounding, two orders have nothing in common
      const elements = all.filter(({ at }) => !vanishes(at));
      return [
        {
          kernel: call.kind === "call" ? call.kernel : buffer,
          buffer,
          elements,
          terms: termsOf([...own, definition]),
        },
      ];
    });
  }

  #compare(arena: ArrayBuffer): void {
    for (const { kernel, buffer, elements, terms } of this.#expected) {
      const view = this.#view(buffer, arena);
      const pairs = elements.map(({ flat, value }) => ({
        at: `${buffer}[${flat}]`,
        found: view[flat]!,
        expected: value,
      }));
      this.found.push(
        judged(`${this.entry!.name}: ${kernel} → ${buffer}`, pairs, this.#toleranceOf(terms)),
      );
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
      }));
      this.found.push(judged(`${this.entry!.name}: returns ${name}`, pairs, this.#toleranceOf(0)));
    }
    this.#results = new Map();
  }

  #toleranceOf(terms: number): Tolerance {
    return this.#precision === "double"
      ? { floor: 1e-3, bound: KERNEL_BOUND }
      : { floor: 1 / 8, bound: singleBound(terms) };
  }
}

/** Where an element of a definition lies in the buffer that it is stored in. */
function placeIn({ axes, part }: Definition, flat: number, shape: readonly number[]): number {
  if (part === undefined) return flat;
  const point = new Map<string, number>();
  axes.reduceRight((rest, { name, extent }) => (point.set(name, rest % extent), Math.floor(rest / extent)), flat); // prettier-ignore
  return part.at.reduce((place, at, n) => place * shape[n]! + evaluate(at, point), 0);
}

/** What a function of a rounded argument may add to its rounding, in terms: log near 1, cos near its zeros. */
const FUNCTION_TERMS = 32;

/** How many terms are summed, one sum after another, at most; of sums that are written out, the magnitudes of their weights. */
const termsOf = (definitions: readonly Definition[]): number =>
  definitions.reduce((total, { value }) => {
    let [terms, functions] = [0, 0];
    walkScalar(value, (part) => {
      if (part.kind === "reduce" && part.by === "add") terms += sizeOf(part.over.map(({ extent }) => extent)); // prettier-ignore
      if (part.kind === "apply" && MATHEMATICS.has(part.fn)) functions += FUNCTION_TERMS;
    });
    return total + functions + (terms > 0 ? terms : weightOf(value));
  }, 0);

/** How large a sum of numbers below 1 may become. */
function weightOf(s: Scalar): number {
  if (s.kind === "round") return weightOf(s.value);
  if (s.kind === "select") return Math.max(weightOf(s.then), weightOf(s.otherwise));
  if (s.kind !== "apply") return 1;
  const [a, b] = s.args as [Scalar, Scalar];
  if (s.fn === "neg") return weightOf(a);
  if (s.fn === "add" || s.fn === "sub") return weightOf(a) + weightOf(b);
  return s.fn === "mul" && a.kind === "literal" ? Math.abs(a.value) * weightOf(b) : 1;
}

interface Tolerance {
  readonly floor: number;
  readonly bound: number;
}

function judged(
  name: string,
  pairs: readonly { readonly at: string; readonly found: number; readonly expected: number }[],
  { floor, bound }: Tolerance,
): TensorCheck {
  const largest = pairs.reduce((most, { expected }) => Math.max(most, Math.abs(expected)), 0);
  let [worst, at] = [0, ""];
  for (const { at: place, found, expected } of pairs) {
    const error =
      Object.is(found, expected) || found === expected
        ? 0
        : Math.abs(found - expected) / Math.max(Math.abs(expected), floor * largest);
    if (!beats(error, worst)) continue;
    [worst, at] = [error, place];
  }
  return {
    name,
    role: "kernel",
    method: "sampled elements",
    coordinates: pairs.length,
    worst,
    bound,
    at,
    kinks: 0,
  };
}
