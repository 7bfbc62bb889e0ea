/** Guarantees the loop nest of one group under one tile: microkernels with their epilogue at the store, reductions in their order. */

import { CompilerFault } from "../../graph/error.ts";
import { sizeOf } from "../../graph/type.ts";
import {
  apply,
  load,
  local,
  literal,
  loadsOf,
  mapScalar,
  select,
  storedIn,
  substitute,
  firstReduce,
  walkScalar,
} from "../../loop/build.ts";
import { hoistParts, shareParts } from "../../loop/cse.ts";
import { Names } from "../../loop/identifier.ts";
import {
  add,
  constant,
  divisorsOf,
  index,
  namesIn,
  rowMajor,
  scale,
  shift,
  strideOf,
  substitute as substituteIndex,
  type Index,
} from "../../loop/index-expression.ts";
import { LANES, obstacle, PAIR } from "../../loop/lanes.ts";
import type { Axis, Buffer, Definition, Group, Loop, Param, Scalar, Stage, Stmt } from "../../loop/loop.ts";
import { asTotal } from "../definitions/join.ts";
import { cutsOf, decided, taken } from "./guards.ts";
import type { Machine } from "../../loop/machine.ts";
import { isOwnPoint } from "../definitions/own-point.ts";
import { wholeSum } from "../definitions/rows.ts";
import {
  LANE,
  laneCount,
  laneLoop,
  loop,
  pointsOf,
  positionsOf,
  rangesOf,
  suffixed,
  type Block,
  type Point,
  type Range,
} from "./points.ts";
import { hasReduceIn, isProduct, LEAST_IN_LANES, mainReduce, valuesOf, type Tile } from "./tile.ts";

/** A kernel without its name. */
export interface Built {
  readonly params: readonly Param[];
  readonly body: readonly Stmt[];
  readonly args: readonly string[];
}

/** Builds the kernel of one group. */
export class Nest {
  readonly #group: Group;
  readonly #buffers: ReadonlyMap<string, Buffer>;
  readonly #names: Names;
  readonly #params: Map<string, { name: string; reads: boolean; writes: boolean }>;
  readonly #head: Stmt[] = [];
  readonly #scalars = new Map<string, Scalar>();
  readonly #counts = new Map<string, number>();
  readonly #written: ReadonlySet<string>;
  /** Storage that a stage overwrites, by the stage's name. */
  readonly #targets: ReadonlyMap<string, string>;
  /** Stage values that locals of the block being built hold: stage name and suffix. */
  readonly #held = new Map<string, Scalar>();
  readonly #totals = new Map<string, Local>();
  /** Of a total in lanes, its four sums. */
  readonly #fourths = new Map<string, readonly string[]>();

  /** Axes whose loops are cut where guards turn. */
  readonly #cut = new Set<Axis>();
  readonly #tile: Tile;
  readonly #lanes: Machine["lanes"];
  /** Whether what is being built runs in lanes already. */
  #inLanes = false;

  /** `before`: the nest whose loops come first in the same kernel; parameters and names are then common. */
  constructor(group: Group, buffers: ReadonlyMap<string, Buffer>, tile: Tile, lanes: Machine["lanes"], before?: Nest) {
    this.#names = before === undefined ? new Names([..."ijlmnopqkz", "k2", "k3", "k4", LANE]) : before.#names;
    this.#params = before === undefined ? new Map() : before.#params;
    this.#group = group;
    this.#buffers = buffers;
    this.#tile = tile;
    this.#lanes = lanes;
    this.#targets = new Map(group.stages.map(({ definition }) => [definition.name, storedIn(definition)]));
    this.#written = new Set(group.stages.flatMap(({ definition, storage }) => (storage === "local" ? [] : [storedIn(definition)])));
  }

  /** Undefined where the tile's lanes cannot run in lockstep. */
  build(): Built | undefined {
    const { stages } = this.#group;
    const totals = stages.filter((stage) => stage.storage === "total");
    const before: Stmt[] = [];
    const after: Stmt[] = [];
    for (const { definition } of totals) {
      const { dtype } = definition;
      const begin = (named: string): Stmt => ({ kind: "let", name: named, dtype, value: literal(0, dtype), mutable: true });
      const name = this.#names.take("total");
      before.push(begin(name));
      const total: Local = { kind: "local", dtype, name };
      this.#totals.set(definition.name, total);
      if (wholeSum(definition.value)?.inLanes === true) {
        const four = Array.from({ length: LANES }, (_, lane) => this.#names.take(`${name}_${lane}`));
        this.#fourths.set(definition.name, four);
        before.push(...four.map(begin));
        after.push(...four.map((part) => added(total, local(part, dtype))));
      }
      after.push({
        kind: "store",
        buffer: this.#write(definition),
        at: constant(0),
        value: local(name, definition.dtype),
      });
    }
    const tiles = this.#loops(0, []);
    if (tiles === undefined) return undefined;
    const body = this.#tile.outer === undefined ? tiles : this.#inBlocks(tiles);
    const params = [...this.#params].map(([buffer, { name, reads, writes }]): Param => {
      const { dtype, shape } = this.#buffer(buffer);
      return {
        name,
        dtype,
        length: sizeOf(shape),
        access: writes ? (reads ? "update" : "write") : "read",
      };
    });
    const whole = [...this.#head, ...before, ...body, ...after];
    return { params, body: whole, args: [...this.#params.keys()] };
  }

  /** Sums that stay in memory: zeros, then every block of the sum adds to them. */
  #inBlocks(tiles: readonly Stmt[]): Stmt[] {
    const { definition } = this.#group.stages[0]!;
    const size = sizeOf(definition.shape);
    const buffer = this.#write(definition);
    const zero = (at: Index): Stmt => ({ kind: "store", buffer, at, value: literal(0, definition.dtype) });
    const [axis] = mainReduce(this.#group)!.over;
    const whole = size - (size % LANES);
    const vectors: Stmt = {
      kind: "for",
      index: "z",
      from: constant(0),
      to: constant(whole),
      step: LANES,
      form: "loop",
      body: [laneLoop([zero(add(index("z", whole - LANES + 1), index(LANE, LANES)))])],
    };
    const rest = Array.from({ length: size - whole }, (_, n) => zero(constant(whole + n)));
    return [...(whole > 0 ? [vectors] : []), ...rest, ...loop({ ...axis!, name: "k" }, [...tiles])];
  }

  #buffer(name: string): Buffer {
    const buffer = this.#buffers.get(name);
    if (buffer === undefined) throw new CompilerFault("schedule", `no buffer holds %${name}`);
    return buffer;
  }

  #param(buffer: string): { name: string; reads: boolean; writes: boolean } {
    let param = this.#params.get(buffer);
    if (param === undefined) {
      param = { name: this.#names.take(buffer), reads: false, writes: false };
      this.#params.set(buffer, param);
    }
    return param;
  }

  #write(definition: Definition): string {
    const param = this.#param(storedIn(definition));
    param.writes = true;
    return param.name;
  }

  /** Loops over the shared axes by tiles; what does not fill a tile gets a loop, or a block, of its own. */
  #loops(depth: number, block: readonly Block[]): Stmt[] | undefined {
    const { sizes, order, lane, pieces } = this.#tile;
    const at = order[depth];
    if (at === undefined) return this.#block(block);
    const axis = this.#group.axes[at]!;
    const out: Stmt[] = [];
    const whole = pieces?.includes(at) === true;
    if (whole) this.#cut.add(axis);
    const ranges = whole
      ? [{ start: 0, from: 0, to: axis.extent, size: axis.extent, vector: false }]
      : this.#ranges(axis, sizes[at]!, at === lane);
    for (const { start, from, to, size, vector } of ranges) {
      const looped = to - from > size;
      // what reads in lanes must be seen to stay inside
      const extent = this.#lanes > 1 || this.#cut.has(axis) ? to - size + 1 : axis.extent;
      // where operands lie in tiles of the axis, its loop counts tiles
      const inTiles = looped && from === 0 && start === 0 && this.#readsInTiles(axis, size);
      const at = inTiles ? scale(index(axis.name, to / size), size) : index(axis.name, extent);
      const base = shift(looped ? at : constant(from), start);
      const body = this.#loops(depth + 1, [...block, { axis, base, size, vector }]);
      if (body === undefined) return undefined;
      if (looped)
        out.push({
          kind: "for",
          index: axis.name,
          from: constant(from),
          to: constant(inTiles ? to / size : to),
          step: inTiles ? 1 : size,
          form: "loop",
          body,
        });
      else out.push(...body);
    }
    return out;
  }

  /** Whether a load names its place along an axis by tile and place in the tile. */
  #readsInTiles({ name }: Axis, size: number): boolean {
    const split = (at: Index): boolean => divisorsOf(at, name).some((by) => size % by === 0);
    return size > 1 && this.#group.stages.some(({ definition }) => loadsOf(definition.value).some((part) => part.at.some(split)));
  }

  /** The ranges of an axis; where guards turn along it, those of each stretch between two turns, counted from its start. */
  #ranges(axis: Axis, size: number, inLanes: boolean): (Range & { readonly start: number })[] {
    const cuts = hasReduceIn(this.#group.stages) ? [0, axis.extent] : cutsOf(this.#group, axis);
    if (cuts.length > 2) this.#cut.add(axis);
    return cuts.slice(1).flatMap((end, n) => rangesOf(end - cuts[n]!, size, inLanes).map((range) => ({ ...range, start: cuts[n]! })));
  }

  #block(block: readonly Block[]): Stmt[] | undefined {
    const { axes } = this.#group;
    const points = pointsOf(axes.map((axis) => block.find((one) => one.axis === axis)!));
    const inLanes = block.find(({ vector }) => vector);
    if (inLanes === undefined) return this.#stages(points);
    this.#inLanes = true;
    const vector = laneLoop(this.#stages(points), laneCount(inLanes));
    this.#inLanes = false;
    return obstacle(vector, this.#lengths()) === undefined ? [vector] : undefined;
  }

  #lengths(): ReadonlyMap<string, number> {
    return new Map([...this.#params].map(([buffer, { name }]) => [name, sizeOf(this.#buffer(buffer).shape)]));
  }

  /** Every stage at every point: stage by stage, or, where vectors would fill the registers, point by point after the first. */
  #stages(points: readonly Point[]): Stmt[] {
    this.#held.clear();
    const { axes, stages } = this.#group;
    const one = ({ definition, storage }: Stage, at: readonly Point[]): Stmt[] => {
      if (storage === "total") return this.#total(definition, at[0]!);
      const inner = definition.axes.slice(axes.length);
      return inner.length === 0 ? this.#stage(definition, storage === "local", at) : this.#inner(definition, inner, at[0]!);
    };
    if (!this.#inLanes || hasReduceIn(stages.slice(1))) return stages.flatMap((stage) => one(stage, points));
    const [first, ...rest] = stages;
    return [...one(first!, points), ...points.flatMap((point) => rest.flatMap((stage) => one(stage, [point])))];
  }

  /** A stage with inner axes of its own: what they do not change comes before their loops. */
  #inner(definition: Definition, inner: readonly Axis[], point: Point): Stmt[] {
    const names = new Set(inner.map((axis) => axis.name));
    const { lets, scalars } = hoistParts([this.#at(definition.value, point)], names, this.#writtenParams(), (part) => this.#nameOf(part));
    return [...lets, ...this.#innerLoops(definition, inner, point, scalars[0]!)];
  }

  #innerLoops(definition: Definition, inner: readonly Axis[], point: Point, value: Scalar): Stmt[] {
    const last = inner.at(-1)!;
    const whole = this.#lanes > 1 && !this.#inLanes ? last.extent - (last.extent % LANES) : 0;
    const one = (where: Point, of: Scalar): Stmt[] => this.#store(definition, [of], [where], false, false);
    const wrap = (body: readonly Stmt[]): Stmt[] => inner.slice(0, -1).reduceRight<Stmt[]>((inside, axis) => loop(axis, inside), [...body]);
    if (whole > 0) {
      const here = (at: Index): Stmt[] =>
        one({ ...point, where: new Map([...point.where, [last.name, at]]) }, substitute(value, new Map([[last.name, at]])));
      const inLanes = (from: Index, lanes: number): Loop => {
        this.#inLanes = true;
        const vector = laneLoop(here(add(from, index(LANE, lanes))), lanes);
        this.#inLanes = false;
        return vector;
      };
      const inTiles = this.#readsInTiles(last, LANES);
      const from = inTiles ? scale(index(last.name, whole / LANES), LANES) : index(last.name, whole - LANES + 1);
      const vector = inLanes(whole > LANES ? from : constant(0), LANES);
      const [to, step] = inTiles ? [whole / LANES, 1] : [whole, LANES];
      const head: Stmt[] =
        whole > LANES
          ? [{ kind: "for", index: last.name, from: constant(0), to: constant(to), step, form: "loop", body: [vector] }]
          : [vector];
      const pair = last.extent - whole === PAIR ? inLanes(constant(whole), PAIR) : undefined;
      const rest = pair === undefined ? this.#innerRest(last, whole, here) : [pair];
      const holds = (one: Loop | undefined): boolean => one === undefined || obstacle(one, this.#lengths()) === undefined;
      if (holds(vector) && holds(pair)) return wrap([...head, ...rest]);
    }
    return wrap(loop(last, one(point, value)));
  }

  /** Points that fill no vector, one by one. */
  #innerRest({ name, extent }: Axis, from: number, body: (at: Index) => Stmt[]): Stmt[] {
    if (extent - from < 2) return extent > from ? body(constant(from)) : [];
    return [
      { kind: "for", index: name, from: constant(from), to: constant(extent), step: 1, form: "loop", body: body(index(name, extent)) },
    ];
  }

  #writtenParams(): ReadonlySet<string> {
    return new Set([...this.#written].flatMap((buffer) => this.#params.get(buffer)?.name ?? []));
  }

  /** One stage at every point of the tile: its reductions, then its value to a local or to memory. */
  #stage(definition: Definition, isLocal: boolean, points: readonly Point[]): Stmt[] {
    const held = isLocal || this.#readLater(definition);
    return this.#store(
      definition,
      points.map((p) => this.#at(definition.value, p)),
      points,
      isLocal,
      held,
    );
  }

  #store(definition: Definition, at: readonly Scalar[], points: readonly Point[], isLocal: boolean, held: boolean): Stmt[] {
    const out: Stmt[] = [];
    const { axes, part } = definition;
    const position = (point: Point): Index =>
      part === undefined
        ? rowMajor(
            axes.map((axis) => point.where.get(axis.name) ?? index(axis.name, axis.extent)),
            definition.shape,
          )
        : rowMajor(
            part.at.map((at) => substituteIndex(at, point.where)),
            this.#buffer(part.of).shape,
          );
    const resumed =
      this.#tile.outer === undefined ? undefined : points.map((point) => load(this.#write(definition), definition.dtype, position(point)));
    const values = this.#reductions(at, points, out, resumed);
    const { lets, scalars } = shareParts(values, (part) => this.#nameOf(part));
    out.push(...lets);
    points.forEach((point, n) => {
      let value = scalars[n]!;
      if (held) {
        const name = this.#names.take(suffixed(definition.name, point.suffix));
        out.push({ kind: "let", name, dtype: definition.dtype, value, mutable: false });
        value = local(name, definition.dtype);
        this.#held.set(`${definition.name}${point.suffix}`, value);
      }
      if (isLocal) return;
      out.push({
        kind: "store",
        buffer: this.#write(definition),
        at: position(point),
        value: unrounded(value),
      });
    });
    return out;
  }

  #total(definition: Definition, point: Point): Stmt[] {
    const term = asTotal(definition, this.#group.axes);
    const total = this.#totals.get(definition.name);
    if (term === undefined || total === undefined) throw new CompilerFault("schedule", `%${definition.name} is no total`);
    const four = this.#fourths.get(definition.name);
    const value = this.#at(term, point);
    if (four === undefined) return [added(total, value)];
    // each point's term goes to the next of four sums, which change places; what is left over after whole vectors goes to the total
    const { dtype } = total;
    const [first, ...others] = four.map((name) => local(name, dtype));
    const [next, last] = [this.#names.take(`${total.name}_next`), this.#group.axes.at(-1)!];
    const turn: Stmt[] = [
      { kind: "let", name: next, dtype, value: apply("add", dtype, first!, value), mutable: false },
      ...others.map((one, n): Stmt => ({ kind: "assign", name: four[n]!, value: one })),
      { kind: "assign", name: four.at(-1)!, value: local(next, dtype) },
    ];
    const whole = last.extent - (last.extent % LANES);
    if (whole === last.extent) return turn;
    const at: Scalar = { kind: "index", dtype: "i32", at: point.where.get(last.name) ?? index(last.name, last.extent) };
    const isWhole = apply("lt", "bool", at, literal(whole, "i32"));
    return [
      { kind: "if", when: isWhole, then: turn },
      { kind: "if", when: apply("not", "bool", isWhole), then: [added(total, value)] },
    ];
  }

  /** Whether a later stage reads the value at its own point. */
  #readLater({ name }: Definition): boolean {
    const { stages } = this.#group;
    const later = stages.slice(stages.findIndex(({ definition }) => definition.name === name) + 1);
    return later.some(({ definition, storage }) => {
      const term = storage === "total" ? asTotal(definition, this.#group.axes) : undefined;
      let reads = false;
      walkScalar(
        term ?? definition.value,
        (part) => (reads ||= part.kind === "load" && part.buffer === name && isOwnPoint(part.at, this.#group.axes)),
      );
      return reads;
    });
  }

  /** A stage's value at a point, reading parameters of the kernel and locals of earlier stages. */
  #at(whole: Scalar, point: Point): Scalar {
    const value = this.#tile.pieces === undefined ? whole : taken(whole, point.where);
    const read = mapScalar(value, (part): Scalar => {
      if (part.kind !== "load") return part;
      const held = this.#held.get(`${part.buffer}${point.suffix}`) ?? this.#totals.get(part.buffer);
      if (held !== undefined && isOwnPoint(part.at, this.#group.axes)) return held;
      const buffer = this.#targets.get(part.buffer) ?? part.buffer;
      const param = this.#param(buffer);
      param.reads = true;
      const { shape } = this.#buffer(buffer);
      const where = rowMajor(part.at, shape);
      // a guard may stand around a position outside the buffer: such a read stays behind it
      const early = namesIn(where).size === 0 && where.offset >= 0 && where.offset < sizeOf(shape);
      return early && !this.#written.has(buffer) ? this.#scalar(param.name, part.dtype, where) : load(param.name, part.dtype, where);
    });
    const here = substitute(read, point.where);
    return decided(here);
  }

  /** A read that no loop changes happens once, at the head of the kernel. */
  #scalar(param: string, dtype: Scalar["dtype"], where: Index): Scalar {
    const key = `${param} ${where.offset}`;
    let known = this.#scalars.get(key);
    if (known === undefined) {
      const name = this.#names.take(`${param}_${where.offset}`);
      this.#head.push({
        kind: "let",
        name,
        dtype,
        value: load(param, dtype, where),
        mutable: false,
      });
      known = local(name, dtype);
      this.#scalars.set(key, known);
    }
    return known;
  }

  /** x_0, x_1, …: reads of x in the order they come. */
  #nameOf(part: Scalar): string {
    const base = part.kind === "load" ? part.buffer : part.kind === "apply" ? part.fn : part.kind === "select" ? "chosen" : "part";
    const n = this.#counts.get(base) ?? 0;
    this.#counts.set(base, n + 1);
    return this.#names.take(`${base}_${n}`);
  }

  /** Emits the loops of the values' reductions, all points side by side, and returns the values that read their results. */
  #reductions(values: readonly Scalar[], points: readonly Point[], out: Stmt[], resumed?: readonly Scalar[]): Scalar[] {
    let now = [...values];
    for (;;) {
      const found = now.map(firstReduce);
      const [first] = found;
      if (first === undefined) return now;
      const results = points.map((p) => this.#names.take(`${first.by === "add" ? "sum" : first.by}${p.suffix}`));
      out.push(
        ...this.#accumulate(
          first,
          found.map((r) => r!.term),
          results,
          resumed,
        ),
      );
      now = now.map((value, n) => mapScalar(value, (part) => (part === found[n] ? local(results[n]!, part.dtype) : part)));
    }
  }

  #accumulate(reduce: Reduce, terms: readonly Scalar[], results: readonly string[], resumed: readonly Scalar[] | undefined): Stmt[] {
    // in its kernel a reduction's axes are k, k2, …
    const all = reduce.over.map((axis, n) => ({ ...axis, name: n === 0 ? "k" : `k${n + 1}` }));
    const renamed = new Map(reduce.over.map((axis, n) => [axis.name, index(all[n]!.name, axis.extent)]));
    const over = resumed === undefined ? all : all.slice(1);
    const named = terms.map((term) => substitute(term, renamed));
    const hoisted = hoistParts(named, new Set(over.map(({ name }) => name)), this.#writtenParams(), (part) => this.#nameOf(part));
    if (reduce.by === "argmax") return [...hoisted.lets, ...this.#argmax(over, hoisted.scalars, results)];
    const { dtype } = reduce;
    const fn = reduce.by;
    const start = literal(fn === "add" ? 0 : -Infinity, dtype);
    const begin = (names: readonly string[]): Stmt[] =>
      names.map((name, n) => ({ kind: "let", name, dtype, value: resumed?.[n] ?? start, mutable: true }));
    const steps = (names: readonly string[], of: readonly Scalar[]): Stmt[] => {
      const { lets, scalars } = this.#shared(of);
      return [
        ...lets,
        ...scalars.map((term, n): Stmt => ({ kind: "assign", name: names[n]!, value: apply(fn, dtype, local(names[n]!, dtype), term) })),
      ];
    };
    const wrap = (axes: readonly Axis[], inside: readonly Stmt[]): Stmt[] =>
      axes.reduceRight<Stmt[]>((rest, axis) => loop(axis, rest), [...inside]);
    const last = over.at(-1);
    if (last !== undefined && resumed === undefined && inLanes(reduce)) {
      const whole = last.extent - (last.extent % LANES);
      const at = (where: Index): Scalar[] => hoisted.scalars.map((term) => substitute(term, new Map([[last.name, where]])));
      const first = index(last.name, whole - LANES + 1);
      const rest =
        last.extent === whole
          ? []
          : wrap(
              over.slice(0, -1),
              this.#innerRest(last, whole, (where) => steps(results, at(where))),
            );
      const before = [...hoisted.lets, ...begin(results), ...rest];
      const strips = (body: readonly Stmt[]): Stmt[] =>
        wrap(
          over.slice(0, -1),
          whole > LANES
            ? [{ kind: "for", index: last.name, from: constant(0), to: constant(whole), step: LANES, form: "loop", body }]
            : body,
        );
      const gathered = (parts: readonly string[]): Stmt[] =>
        parts.map((name, n): Stmt => ({
          kind: "assign",
          name: results[n]!,
          value: apply(fn, dtype, local(results[n]!, dtype), local(name, dtype)),
        }));
      if (whole === 0) return before;
      if (this.#lanes > 1 && !this.#inLanes) {
        const parts = results.map((name) => this.#names.take(`${name}_lanes`));
        this.#inLanes = true;
        const vector = laneLoop([...begin(parts), ...strips(steps(parts, at(add(first, index(LANE, LANES))))), ...gathered(parts)]);
        this.#inLanes = false;
        if (obstacle(vector, this.#lengths()) === undefined) return [...before, vector];
      }
      if (fn === "add") {
        // the same four sums side by side
        const four = Array.from({ length: LANES }, (_, lane) => results.map((name) => this.#names.take(`${name}_${lane}`)));
        return [
          ...before,
          ...begin(four.flat()),
          ...strips(four.flatMap((names, lane) => steps(names, at(shift(first, lane))))),
          ...four.flatMap(gathered),
        ];
      }
    }
    // what is left beside whole tiles is little time, and would be as much text again
    const { unrolled } = this.#tile;
    const isWhole = terms.length === valuesOf(this.#tile);
    const innermost = (axis: Axis, inside: Stmt[]): Stmt[] =>
      loop(axis, inside, isWhole && unrolled !== undefined && axis.extent >= unrolled ? unrolled : undefined);
    if (this.#inLanes && resumed === undefined && !isProduct(reduce.term))
      return [...hoisted.lets, ...begin(results), ...this.#everywhere(over, hoisted.scalars, (scalars) => steps(results, scalars))];
    const inside = steps(results, hoisted.scalars);
    return [...hoisted.lets, ...begin(results), ...(last === undefined ? inside : wrap(over.slice(0, -1), innermost(last, inside)))];
  }

  /** Terms that stand side by side, what they have in common named. */
  #shared(terms: readonly Scalar[]): { lets: Stmt[]; scalars: Scalar[] } {
    return shareParts(terms, (part) => this.#nameOf(part), terms.length > 1);
  }

  /** The steps at every position of a reduction, in their order: in loops, or of a window in lanes written out. */
  #everywhere(over: readonly Axis[], scalars: readonly Scalar[], steps: (scalars: readonly Scalar[], here: Index) => Stmt[]): Stmt[] {
    const extents = over.map(({ extent }) => extent);
    const here = rowMajor(
      over.map(({ name, extent }) => index(name, extent)),
      extents,
    );
    const at = (where: ReadonlyMap<string, Index>): Stmt[] =>
      steps(
        scalars.map((s) => substitute(s, where)),
        substituteIndex(here, where),
      );
    if (!this.#inLanes || sizeOf(extents) > WINDOW) return over.reduceRight<Stmt[]>((inside, axis) => loop(axis, inside), at(new Map()));
    return positionsOf(over).flatMap(at);
  }

  /** The first position of the largest term. */
  #argmax(over: readonly Axis[], terms: readonly Scalar[], results: readonly string[]): Stmt[] {
    const of = terms[0]!.dtype;
    const best = results.map(() => this.#names.take("best"));
    const step = (term: Scalar, n: number, here: Index): Stmt[] => {
      const value = this.#names.take("value");
      const larger = apply("lt", "bool", local(best[n]!, of), local(value, of));
      const position: Scalar = { kind: "index", dtype: "i32", at: here };
      const found: Stmt = { kind: "let", name: value, dtype: of, value: term, mutable: false };
      if (!this.#inLanes) {
        const then: Stmt[] = [
          { kind: "assign", name: best[n]!, value: local(value, of) },
          { kind: "assign", name: results[n]!, value: position },
        ];
        return [found, { kind: "if", when: larger, then }];
      }
      // lanes do not branch
      return [
        found,
        { kind: "assign", name: results[n]!, value: select(larger, position, local(results[n]!, "i32")) },
        { kind: "assign", name: best[n]!, value: select(larger, local(value, of), local(best[n]!, of)) },
      ];
    };
    const steps = (at: readonly Scalar[], here: Index): Stmt[] => {
      const { lets, scalars } = this.#shared(at);
      return [...lets, ...scalars.flatMap((term, n) => step(term, n, here))];
    };
    const begin = (name: string, value: Scalar): Stmt => ({ kind: "let", name, dtype: value.dtype, value, mutable: true });
    return [
      ...best.map((name) => begin(name, literal(-Infinity, of))),
      ...results.map((name) => begin(name, literal(0, "i32"))),
      ...this.#everywhere(over, terms, steps),
    ];
  }
}

/** Positions of the largest window that is written out. */
const WINDOW = 9;

/** Whether a reduction over flat loads is taken in lanes along its innermost axis: a sum says so itself, a largest term is the same in any order. */
function inLanes({ by, over, term, inLanes }: Reduce): boolean {
  const last = over.at(-1);
  if (by === "add") return inLanes === true;
  if (by === "argmax" || last === undefined || last.extent < LEAST_IN_LANES) return false;
  const names = new Set(over.map(({ name }) => name));
  const moved = loadsOf(term).filter(({ at }) => [...namesIn(at[0]!)].some((name) => names.has(name)));
  const strides = moved.map(({ at }) => strideOf(at[0]!, last.name));
  return strides.includes(1) && strides.every((stride) => stride === 0 || stride === 1);
}

type Reduce = Extract<Scalar, { kind: "reduce" }>;
type Local = Extract<Scalar, { kind: "local" }>;

/** s = s + v. */
const added = (to: Local, value: Scalar): Stmt => ({ kind: "assign", name: to.name, value: apply("add", to.dtype, to, value) });

/** Storing rounds by itself. */
export const unrounded = (value: Scalar): Scalar => (value.kind === "round" ? value.value : value);
