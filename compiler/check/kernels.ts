/**
 * Guarantees that what ships is what is run: the text itself, at its real shapes, statement by statement, for two steps (a full batch from the
 * start, two where steps are short, then a short one where moments are no longer zero). After each statement, sampled elements of what it wrote are compared with their
 * definitions, evaluated in double on the arena as it stood before (watch.ts); in the end, what the entry returned: see elements.ts for the measure.
 */

import { CompilerFault } from "../graph/error.ts";
import type { Precision } from "../loop/interpret/index.ts";
import type { Call } from "../loop/loop.ts";
import type { CompiledEntry, Lowered } from "../driver/lower.ts";
import type { Emitted, Given } from "../targets/emitted.ts";
import { importText, stripTypes } from "../targets/strip.ts";
import type { FirstLosses } from "../targets/report.ts";
import { DefinitionTable } from "./definitions.ts";
import { drawsOf, type Draws } from "./domain.ts";
import { fedLeaves } from "./draw.ts";
import { FIRST_SEED } from "./first-loss.ts";
import { stored, type AnyTrainer, type Batch, type Numbers, type TrainerText } from "./emitted.ts";
import { instrument } from "./instrument.ts";
import { merged, type TensorCheck } from "./result.ts";
import { judged, storesOf, Watch, type Look } from "./watch.ts";

/** What an instrumented text calls. */
type Host = Pick<Watch, "probe" | "guarded" | "taken" | "outside">;
/** Texts that run at once each have a host. */
let hosts = 0;

/** What a check of a text needs, made once: the same for every text of a lowered model. */
export interface Prepared {
  readonly lowered: Pick<Lowered, "model" | "module" | "entries" | "target" | "facts">;
  readonly table: DefinitionTable;
  /** The definitions of one statement with sizes, made when they are first needed. */
  sized(call: Call): Promise<DefinitionTable>;
  /** What the text's constructor is given. */
  given(): Promise<Given>;
}

const precisionOf = ({ target }: Pick<Lowered, "target">): Precision => target.machine.precision;

/** `emitted` is what the text is of, where it was just printed. */
export async function prepareKernels(lowered: Prepared["lowered"], emitted?: Emitted): Promise<Prepared> {
  const { module, facts, target } = lowered;
  const precision = precisionOf(lowered);
  const made = new Map<Call, Promise<DefinitionTable>>();
  const sized = (call: Call): Promise<DefinitionTable> => {
    const table = made.get(call) ?? DefinitionTable.of(module, precision, { calls: [call], sized: true });
    made.set(call, table);
    return table;
  };
  const given = async (): Promise<Given> => emitted?.given ?? (target.apart === true ? (await target.emit(module, facts)).given : {});
  return { lowered, table: await DefinitionTable.of(module, precision), sized, given };
}

/** A step of so many operations takes its time, and is compared once: with a short batch, where there are such. */
const LONG = 1e9;
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

/** The same, with what else the run gave. */
export async function runText(prepared: Prepared, text: string, samples: number, seed: number): Promise<TextRun> {
  const { lowered, table } = prepared;
  const { module, entries, facts } = lowered;
  const draws = drawsOf(lowered.model, {});
  const watch = new Watch(module, table, samples, seed, precisionOf(lowered));
  const code = await stripTypes(instrument(text));
  const global = globalThis as unknown as Record<string, Host>; // the one way into a module from text
  const name = `adjoint probe ${hosts++}`;
  global[name] = watch;
  const methods = ["probe", "guarded", "taken", "outside"] as const satisfies readonly (keyof Host)[];
  const given = methods.map((method) => `const $${method} = (...seen) => $host.${method}(...seen);`);
  const head = [`const $host = globalThis[${JSON.stringify(name)}];`, ...given];
  const { createTrainer } = await importText<TrainerText>(`${head.join(" ")}\n${code}`);
  Reflect.deleteProperty(global, name);
  const trainer = createTrainer({ ...(await prepared.given()), seed: FIRST_SEED });
  const leaves = new Map(entries.flatMap(({ traced }) => fedLeaves(traced.graph)).map((node) => [node.name, node]));
  // a bias that starts from zero would hide a wrong sign before it
  const draw = (): void => {
    for (const [name, view] of Object.entries(trainer.parameters)) view.set(draws.leaf(leaves.get(name)!, seed, 0));
  };
  const losses = new Map<string, number>();
  const run = (chosen: readonly CompiledEntry[], short: boolean, own: number): Look => {
    for (const entry of chosen) {
      const n = entries.indexOf(entry);
      watch.entry = module.entries[n]!;
      const returned = call(trainer, entry, facts, draws, own + n, short);
      for (const [name, value] of Object.entries(returned)) losses.set(name, value[0]!);
      watch.compareReturned(returned);
    }
    return watch.take();
  };
  const training = entries.filter(({ purpose }) => purpose.kind === "train");
  const operations = module.kernels.reduce((n, { flops }) => n + flops, 0);
  const shares = training.length === 1 && operations > SHARED;
  if (!shares) draw();
  watch.looks = operations <= LONG;
  const first = !shares && operations > LONG ? undefined : run(training, false, shares ? FIRST_SEED : seed);
  const phases = facts.phases.map((phase) => ({ phase, loss: losses.get(phase)! }));
  watch.looks = true;
  // units may be dead for a row of one batch, and hide what is read of it
  const more = operations <= SHORT ? run(training, false, seed + 50) : undefined;
  if (shares) draw();
  const found = withStrays(watch, trainer, losses, () => run(entries, true, seed + 100));
  const expected = module.entries.reduce((n, entry) => n + entry.results.length + storesOf(entry), 0);
  if (found.rows.length !== expected)
    throw new CompilerFault(
      "print",
      `the kernel check saw ${found.rows.length} of ${expected} stores and results: the text's numbered statements are not the plan's`,
    );
  // training comes first among the entries
  const looks = await Promise.all([found, first, more].flatMap((look) => (look === undefined ? [] : [judged(look, prepared.sized)])));
  const rows = looks[0]!.map((_, n) => looks.flatMap((look) => look[n] ?? []).reduce((all, one) => merged(one, all)));
  return { rows, ...(shares ? { first: { seed: FIRST_SEED, phases } } : {}) };
}

/** Runs with labels that name no class; where losses are no numbers then, as of a row that is zero and has no norm, once more without. */
function withStrays(watch: Watch, trainer: AnyTrainer, losses: Map<string, number>, run: () => Look): Look {
  if (!watch.hasLabels) return run();
  const kept = [...Object.values(trainer.parameters), ...Object.values(trainer.state)].map((array) => ({ array, before: array.slice() }));
  losses.clear();
  watch.strays = true;
  const found = run();
  watch.strays = false;
  if ([...losses.values()].every(Number.isFinite)) return found;
  for (const { array, before } of kept) array.set(before);
  return run();
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
