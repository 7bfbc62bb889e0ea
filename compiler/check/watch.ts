/**
 * Guarantees that what each statement of a running text stores is compared with its definitions on the arena as it stood before, at sampled elements.
 * What is above its bound is kept, with what its definitions read, and judged beside the magnitudes of its terms when the run is over.
 */

import { bytesOf, sizeOf } from "../graph/type.ts";
import { storedIn } from "../loop/build.ts";
import type { Precision } from "../loop/interpret/index.ts";
import { isLeft, type Buffer, type Call, type Definition, type Entry, type EntryResult, type Module, type Slot } from "../loop/loop.ts";
import { looksAt, TurnsTaken, type Turn } from "./turns.ts";
import { loopAround, startAt, storageOf, walkTurns, type At } from "../loop/turns.ts";
import { stagesOf, type DefinitionTable } from "./definitions.ts";
import { judgeElements, termsOf, toleranceOf } from "./elements.ts";
import type { Numbers } from "./emitted.ts";
import { guarded, Marks, type Taken } from "./guards.ts";
import { Kept, type Expected, type Place } from "./kept.ts";
import { samplePositions } from "./positions.ts";
import { isWrong, type TensorCheck } from "./result.ts";
import { placeOf } from "./segment.ts";
import { strayLabels } from "./strays.ts";

/** Stages that a statement stores. */
const storedBy = (call: Call): readonly Definition[] => {
  if (call.kind !== "call") return call.kind === "store" ? stagesOf(call) : [];
  return call.group.stages.filter(isLeft).map(({ definition }) => definition);
};

/** Buffers that an entry's statements write, as often as they are looked at. */
export const storesOf = ({ calls, loops }: Entry): number =>
  calls.reduce((sum, call, n) => {
    const loop = loopAround(loops, n);
    return sum + storedBy(call).length * (loop === undefined ? 1 : looksAt(loop).size);
  }, 0);

/** What a run found, row by row: a row is a store or a result, in their order; and what of it is to be judged again. */
export interface Look {
  readonly rows: readonly TensorCheck[];
  readonly failed: readonly Failed[];
}

interface Failed {
  readonly row: number;
  readonly call: Call;
  again(sized: DefinitionTable): TensorCheck;
}

/** The rows, what failed judged by tables with sizes. */
export async function judged({ rows, failed }: Look, sized: (call: Call) => Promise<DefinitionTable>): Promise<readonly TensorCheck[]> {
  const again = new Map<number, TensorCheck>();
  for (const one of failed) again.set(one.row, one.again(await sized(one.call)));
  return rows.map((row, n) => again.get(n) ?? row);
}

/** A statement that is about to run. */
interface Statement {
  readonly call: Call;
  readonly turn: Turn | undefined;
  readonly locals: Readonly<Record<string, number>>;
  readonly expected: readonly Expected[];
  /** Contents of what it reads where it may store over that. */
  readonly before: ReadonlyMap<string, Numbers>;
  readonly taken: ReadonlyMap<string, Taken>;
  readonly marks?: Marks;
}

type View = (name: string) => Numbers;

/** Terms that are summed again for one buffer, about; of long sums fewer elements are sampled beside those at the edges, but so many at least. */
const TERMS = 2 ** 18;
const FEWEST = 16;

export class Watch {
  entry: Entry | undefined;
  /** Whether it compares; a step that it lets pass only leaves its moments. */
  looks = true;
  /** Whether labels name what is no class, too. */
  strays = false;
  readonly #module: Module;
  readonly #table: DefinitionTable;
  /** What each kernel call takes, by where that lies. */
  #kernels: ReadonlyMap<string, readonly Taken[]> | undefined;
  readonly #buffers: ReadonlyMap<string, Buffer>;
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #samples: number;
  readonly #seed: number;
  /** What statements compute in between stores. */
  readonly #precision: Precision;
  /** Each run looks at other elements. */
  #run = 0;
  #rows: TensorCheck[] = [];
  #failed: Failed[] = [];
  #statement: Statement | undefined;
  readonly #turns = new TurnsTaken();
  #locals: Record<string, number> = {};
  #results = new Map<EntryResult, ArrayLike<number>>();

  constructor(module: Module, table: DefinitionTable, samples: number, seed: number, precision: Precision) {
    this.#module = module;
    this.#table = table;
    this.#precision = precision;
    this.#buffers = new Map(module.buffers.map((buffer) => [buffer.name, buffer]));
    this.#slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
    this.#samples = samples;
    this.#seed = seed;
  }

  /** What was found since it was last taken. */
  take(): Look {
    const look = { rows: this.#rows, failed: this.#failed };
    this.#rows = [];
    this.#failed = [];
    this.#run++;
    return look;
  }

  /** Before each statement, and with 0 after the last. Of a loop's turns it looks at some. */
  probe(_at: number, statement: number, arena: ArrayBuffer): void {
    if (!this.looks) return;
    if (this.#statement !== undefined) this.#compare(this.#statement, this.#viewAt(this.#statement.turn, arena));
    this.#statement = undefined;
    const turn = this.#turns.before(this.entry!, statement);
    const view = this.#viewAt(turn, arena);
    if (statement === 1 && (turn?.isFirst ?? true)) {
      this.#locals = {};
      if (this.strays) for (const buffer of this.#labels(this.entry!)) strayLabels(buffer, view(buffer.name), this.#seed + this.#run);
    }
    const next = statement === 0 ? undefined : this.entry!.calls[statement - 1];
    if (next !== undefined && turn !== undefined && !turn.isLookedAt) {
      // what is not looked at is computed all the same where others read it as a local
      if (next.kind === "let") this.#expect(next, view, turn);
      return;
    }
    if (next === undefined) this.#results = new Map(this.entry!.results.map((result) => [result, this.#resultOf(result, view)]));
    else this.#statement = this.#expect(next, view, turn);
  }

  get hasLabels(): boolean {
    return [...this.#buffers.values()].some(({ classes }) => classes !== undefined);
  }

  /** Inputs of labels that an entry reads. */
  #labels({ calls }: Entry): readonly Buffer[] {
    const read = new Set(calls.flatMap((call) => [...this.#table.reads(call)].map((name) => storageOf(this.#buffers.get(name)!))));
    return [...read].map((name) => this.#buffers.get(name)!).filter(({ classes }) => classes !== undefined);
  }

  #resultOf({ value }: EntryResult, view: View): ArrayLike<number> {
    const local = this.#locals[value];
    return local === undefined ? view(value).slice() : [local];
  }

  #viewAt(turn: Turn | undefined, arena: ArrayBuffer): View {
    const at = turn === undefined ? undefined : new Map([[turn.name, turn.slice]]);
    return (name) => this.#view(name, arena, at);
  }

  #view(name: string, arena: ArrayBuffer, at: At | undefined): Numbers {
    const buffer = this.#buffers.get(name)!;
    const { dtype, shape } = buffer;
    const array = { f32: Float32Array, f64: Float64Array, i32: Int32Array, bool: Int32Array }[dtype];
    if (bytesOf(dtype) !== array.BYTES_PER_ELEMENT) throw new TypeError(`no array holds ${dtype}`);
    const from = buffer.window === undefined ? 0 : startAt(buffer, at) * bytesOf(dtype);
    return new array(arena, this.#slots.get(storageOf(buffer))!.offset + from, sizeOf(shape));
  }

  #expect(call: Call, view: View, turn: Turn | undefined): Statement {
    const locals = { ...this.#locals };
    const stages = this.#table.of(call, view, locals);
    if (call.kind === "let") {
      this.#locals[call.name] = stages[0]!.element(0);
      return { call, turn, locals, expected: [], before: new Map(), taken: new Map() };
    }
    const stored = new Set(storedBy(call));
    const own = call.kind === "call" ? stagesOf(call) : [];
    const expected = stages.flatMap(({ definition, element }): Expected[] => {
      if (call.kind === "call" && !stored.has(definition)) return [];
      const buffer = storedIn(definition);
      const terms = termsOf([...own, definition]);
      const positions = samplePositions(
        definition.segment === undefined ? this.#buffers.get(buffer)!.shape : definition.shape,
        Math.max(FEWEST, Math.min(this.#samples, Math.floor(TERMS / terms))),
        this.#seed + this.#run,
        // the same elements of all stages: one is held to what the others stored
        String(this.entry!.calls.indexOf(call)),
      );
      return [
        {
          name: `${this.entry!.name}: ${call.kind === "call" ? call.kernel : buffer} → ${buffer}`,
          definition,
          elements: positions.map((at) => ({ at, value: element(at) })),
          tolerance: toleranceOf(this.#precision, terms),
        },
      ];
    });
    const before = this.#overwritten(call, expected, view);
    const taken = this.#taken(call, view);
    return { call, turn, locals, expected, before, taken, marks: new Marks(taken) };
  }

  /** What its definitions do not read a statement stores, be it for itself alone. */
  #own(call: Call): readonly string[] {
    const reads = this.#table.reads(call);
    return call.kind === "call" ? call.args.filter((name) => !reads.has(name)) : [];
  }

  /** The arrays of a statement, in the order in which its kernel takes them. */
  #taken(call: Call, view: View): ReadonlyMap<string, Taken> {
    const stored = new Set([...storedBy(call).map(storedIn), ...this.#own(call)]);
    const args = call.kind === "call" ? call.args.filter((name) => this.#buffers.has(name)) : [];
    return new Map(args.map((name) => [name, { array: view(name), stored: stored.has(name) }]));
  }

  /** The arrays that a kernel is given, with room for marks behind them. */
  guarded<Given extends Readonly<Record<string, Numbers>>>(arrays: Given): Given {
    const given = Object.entries(arrays);
    if (given.length === 0) return arrays;
    const keyOf = (all: readonly Numbers[]): string =>
      all.map(({ byteOffset, length, constructor }) => `${constructor.name} ${byteOffset} ${length}`).join();
    const buffer = given[0]![1].buffer as ArrayBuffer; // a check shares no memory
    this.#kernels ??= new Map(
      this.#module.entries.flatMap(({ calls, loops }) => {
        const all: (readonly [string, readonly Taken[]])[] = [];
        walkTurns(calls.length, loops, (n, at) => {
          const taken = [...this.#taken(calls[n]!, (name) => this.#view(name, buffer, at.size === 0 ? undefined : at)).values()];
          all.push([keyOf(taken.map(({ array }) => array)), taken]);
        });
        return all;
      }),
    );
    const taken = this.#kernels.get(keyOf(given.map(([, array]) => array)));
    if (taken === undefined) return arrays;
    return Object.fromEntries(given.map(([name], n) => [name, guarded(taken[n]!, taken)])) as Given;
  }

  /** What a kernel is given each time that it is called, its arrays with room for marks behind them; in the midst of what is looked at alone. */
  taken(args: readonly (Numbers | number)[]): readonly (Numbers | number)[] {
    const taken = [...(this.#statement?.taken.values() ?? [])];
    const isOf = (array: Numbers, one: Taken | undefined): boolean =>
      array.byteOffset === one?.array.byteOffset && array.length === one.array.length;
    let n = 0;
    if (!args.every((arg) => typeof arg === "number" || isOf(arg, taken[n++])) || n !== taken.length) return args;
    n = 0;
    return args.map((arg) => (typeof arg === "number" ? arg : guarded(taken[n++]!, taken)));
  }

  /** A position that a mask changes. */
  outside(position: number, mask: number): never {
    throw new RangeError(`a block is asked for position ${position}, but a mask says that it has ${mask + 1}`);
  }

  /** Copies of what a statement reads in bytes that it writes. */
  #overwritten(call: Call, expected: readonly Expected[], view: View): ReadonlyMap<string, Numbers> {
    const bytes = (name: string): readonly [number, number] => {
      const { byteOffset, byteLength } = view(name);
      return [byteOffset, byteOffset + byteLength];
    };
    const reads = this.#table.reads(call);
    const written = [...expected.map(({ definition }) => storedIn(definition)), ...this.#own(call)].map(bytes);
    const read = [...reads].filter((name) => {
      const [from, to] = bytes(name);
      return written.some(([low, high]) => from < high && low < to);
    });
    return new Map(read.map((name) => [name, view(name).slice()]));
  }

  #compare(statement: Statement, view: View): void {
    const left = statement.marks?.lift() ?? new Map<string, string>();
    const stored = new Set(statement.expected.map(({ definition }) => storedIn(definition)));
    // arrays that the statement has for itself alone have no row of their own
    const alone = [...left].find(([buffer]) => !stored.has(buffer))?.[1];
    const outside = statement.expected.map(({ definition }, n) => left.get(storedIn(definition)) ?? (n === 0 ? alone : undefined));
    const rows = statement.expected.map(({ name, definition, elements, tolerance }, n) => {
      const [found, place] = [view(storedIn(definition)), this.#placeOf(definition)];
      const row = judgeElements(
        name,
        elements.map(({ at, value }) => ({ at, found: found[place.flat(at)]!, expected: value, size: 0 })),
        tolerance,
        place.label,
      );
      return outside[n] === undefined ? row : { ...row, worst: Infinity, at: outside[n] };
    });
    const again = (row: TensorCheck, n: number): boolean => isWrong(row) && outside[n] === undefined;
    if (rows.some(again)) {
      const { call, locals, expected, before } = statement;
      const kept = new Kept({
        call,
        locals,
        expected,
        reads: new Map([...this.#table.reads(call)].map((name) => [name, before.get(name) ?? view(name).slice()])),
        stored: new Map([...stored].map((name) => [name, view(name).slice()])),
        placeOf: this.#placeOf,
      });
      for (const [n, row] of rows.entries())
        if (again(row, n)) this.#failed.push({ row: this.#rows.length + n, call, again: (sized) => kept.judge(sized, n) });
    }
    this.#rows.push(...rows);
  }

  readonly #placeOf = (definition: Definition): Place => {
    const buffer = storedIn(definition);
    const flat = placeOf(definition, this.#buffers.get(buffer)!.shape);
    return { flat, label: (at) => `${buffer}[${flat(at)}]` };
  };

  /** What the entry gave its caller, against what its last statement left. */
  compareReturned(returned: Readonly<Record<string, ArrayLike<number>>>): void {
    for (const [{ name }, expected] of this.#results) {
      const found = returned[name];
      const pairs = Array.from(expected, (value, n) => ({
        at: n,
        found: found?.[n] ?? NaN,
        expected: value,
        size: 0,
      }));
      const row = `${this.entry!.name}: returns ${name}`;
      this.#rows.push(judgeElements(row, pairs, toleranceOf(this.#precision, 0), (at) => `${name}[${at}]`));
    }
    this.#results = new Map();
  }
}
