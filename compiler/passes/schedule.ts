/**
 * Guarantees loop nests: each group becomes one kernel, contractions as register tiles with their epilogue at the store.
 *   group over (i, j): local xw, buffer h   →   for i step 4, for j step 2 { 8 sums; for k { … }; 8 stores }
 */

import { CompilerFault } from "../graph/error.ts";
import { sizeOf, stridesOf } from "../graph/type.ts";
import { apply, load, local, literal, mapScalar, substitute, walkScalar } from "../loop/build.ts";
import { keyOfGroup } from "../loop/same.ts";
import { hoistParts, shareParts } from "../loop/cse.ts";
import { Names } from "../loop/identifier.ts";
import { add, constant, equal, index, namesIn, scale, shift, type Index } from "../loop/index.ts";
import type { Axis, Buffer, Call, Definition, Definitions, Group, Kernel, Param, Program, Scalar, Stmt } from "../loop/loop.ts"; // prettier-ignore
import { asTotal } from "./fuse.ts";
import type { Pass } from "./pass.ts";
import { mainReduce, tileOf } from "./tile.ts";

export const schedule: Pass<Definitions, Program> = {
  name: "schedule",
  why: "loop order, tiles and microkernels",
  run({ name, buffers, work, results }) {
    const byName = new Map(buffers.map((buffer) => [buffer.name, buffer]));
    const kernels: Kernel[] = [];
    const names = new Names();
    /** Groups that differ in names alone share a kernel; its arguments are numbered as the group's buffers are. */
    const known = new Map<string, { readonly kernel: string; readonly args: readonly number[] }>();
    const calls = work.map((item): Call => {
      if (item.kind === "scalar") return scalarCall(item.definition, item.storage, byName);
      const { group } = item;
      const doc = group.stages.flatMap((stage) => stage.definition.doc);
      const { key, buffers: numbered } = keyOfGroup(group, byName);
      const same = known.get(key);
      if (same !== undefined)
        return { kind: "call", kernel: same.kernel, args: same.args.map((n) => numbered[n]!), group, doc }; // prettier-ignore
      const { kernel, args } = new Nest(group, byName).kernel();
      const named = { ...kernel, name: names.take(kernel.name) };
      kernels.push(named);
      known.set(key, { kernel: named.name, args: args.map((arg) => numbered.indexOf(arg)) });
      return { kind: "call", kernel: named.name, args, group, doc };
    });
    return { name, buffers, kernels, calls, results };
  },
};

/** A scalar of the entry: reads stored scalars at position 0, others as locals. */
export function scalarCall(
  definition: Definition,
  storage: "buffer" | "local",
  buffers: ReadonlyMap<string, Buffer>,
): Call {
  const { dtype, doc, name } = definition;
  const value = mapScalar(
    definition.value,
    (part) =>
    part.kind !== "load" ? part : buffers.has(part.buffer) ? load(part.buffer, part.dtype, constant(0)) : local(part.buffer, part.dtype), // prettier-ignore
  );
  if (storage === "local") return { kind: "let", name, dtype, value, doc };
  return {
    kind: "store",
    buffer: definition.target ?? name,
    dtype,
    value: unrounded(value),
    definition,
    doc,
  };
}

/** One point of a tile: where its axes are, and how its locals are told apart. */
interface Point {
  readonly where: ReadonlyMap<string, Index>;
  readonly suffix: string;
}

/** Builds the kernel of one group. */
class Nest {
  readonly #group: Group;
  readonly #buffers: ReadonlyMap<string, Buffer>;
  readonly #names = new Names(["i", "j", "l", "m", "n", "o", "p", "q", "k", "k2", "k3", "k4"]);
  readonly #params = new Map<string, { name: string; reads: boolean; writes: boolean }>();
  readonly #head: Stmt[] = [];
  readonly #scalars = new Map<string, Scalar>();
  readonly #counts = new Map<string, number>();
  readonly #written: ReadonlySet<string>;
  /** Stage values that locals hold at the current point: stage name and suffix. */
  readonly #held = new Map<string, Scalar>();

  constructor(group: Group, buffers: ReadonlyMap<string, Buffer>) {
    this.#group = group;
    this.#buffers = buffers;
    this.#written = new Set(group.stages.flatMap(({ definition, storage }) => (storage === "local" ? [] : [definition.target ?? definition.name]))); // prettier-ignore
  }

  kernel(): { kernel: Kernel; args: string[] } {
    const { axes, stages } = this.#group;
    const totals = stages.filter((stage) => stage.storage === "total");
    const before: Stmt[] = [];
    const after: Stmt[] = [];
    for (const { definition } of totals) {
      const name = this.#names.take("total");
      before.push({
        kind: "let",
        name,
        dtype: definition.dtype,
        value: literal(0, definition.dtype),
        mutable: true,
      });
      this.#held.set(`total ${definition.name}`, local(name, definition.dtype));
      after.push({
        kind: "store",
        buffer: this.#write(definition),
        at: constant(0),
        value: local(name, definition.dtype),
      });
    }
    const tile = tileOf(this.#group);
    const body = this.#loops(axes, tile, 0, []);
    const params = [...this.#params].map(([buffer, { name, reads, writes }]): Param => {
      const { dtype, shape } = this.#buffer(buffer);
      return {
        name,
        dtype,
        length: sizeOf(shape),
        access: writes ? (reads ? "update" : "write") : "read",
      };
    });
    return {
      kernel: {
        name: kernelName(this.#group),
        doc: stages.map(({ definition }) => definition.doc.at(-1)?.maths ?? definition.name),
        params,
        body: [...this.#head, ...before, ...body, ...after],
        flops: flopsOf(this.#group),
      },
      args: [...this.#params.keys()],
    };
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

  #write({ target, name }: Definition): string {
    const param = this.#param(target ?? name);
    param.writes = true;
    return param.name;
  }

  /** Loops over the shared axes by tiles; what does not fill a tile gets a loop, or a block, of its own. */
  #loops(
    axes: readonly Axis[],
    tile: readonly number[],
    depth: number,
    block: readonly Block[],
  ): Stmt[] {
    const axis = axes[depth];
    if (axis === undefined) return this.#block(block);
    const size = tile[depth]!;
    const whole = axis.extent - (axis.extent % size);
    const ranges = [
      { from: 0, to: whole, size },
      { from: whole, to: axis.extent, size: axis.extent - whole },
    ].filter(({ from, to }) => to > from);
    return ranges.flatMap(({ from, to, size: step }): Stmt[] => {
      const looped = to - from > step;
      const base = looped ? index(axis.name, axis.extent) : constant(from);
      const body = this.#loops(axes, tile, depth + 1, [...block, { axis, base, size: step }]);
      if (!looped) return body;
      return [
        {
          kind: "for",
          index: axis.name,
          from: constant(from),
          to: constant(to),
          step,
          form: "loop",
          body,
        },
      ];
    });
  }

  #block(block: readonly Block[]): Stmt[] {
    const points = pointsOf(block);
    return this.#group.stages.flatMap(({ definition, storage }): Stmt[] => {
      if (storage === "total") return this.#total(definition, points[0]!);
      const inner = definition.axes.slice(this.#group.axes.length);
      if (inner.length === 0) return this.#stage(definition, storage === "local", points);
      return this.#inner(definition, inner, points[0]!);
    });
  }

  /** A stage with inner axes of its own: what they do not change comes before their loops. */
  #inner(definition: Definition, inner: readonly Axis[], point: Point): Stmt[] {
    const names = new Set(inner.map((axis) => axis.name));
    const { lets, scalars } = hoistParts([this.#at(definition.value, point)], names, this.#writtenParams(), (part) => this.#nameOf(part)); // prettier-ignore
    const body = this.#store(definition, scalars, [point], false, false);
    return [...lets, ...inner.reduceRight<Stmt[]>((inside, axis) => loop(axis, inside), body)];
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

  #store(
    definition: Definition,
    at: readonly Scalar[],
    points: readonly Point[],
    isLocal: boolean,
    held: boolean,
  ): Stmt[] {
    const out: Stmt[] = [];
    const values = this.#reductions(at, points, out);
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
      const position = flat(definition.axes.map((axis) => point.where.get(axis.name) ?? index(axis.name, axis.extent)), definition.shape); // prettier-ignore
      out.push({
        kind: "store",
        buffer: this.#write(definition),
        at: position,
        value: unrounded(value),
      });
    });
    return out;
  }

  #total(definition: Definition, point: Point): Stmt[] {
    const term = asTotal(definition, this.#group.axes);
    const total = this.#held.get(`total ${definition.name}`);
    if (term === undefined || total?.kind !== "local")
      throw new CompilerFault("schedule", `%${definition.name} is no total`);
    return [
      {
        kind: "assign",
        name: total.name,
        value: apply("add", total.dtype, total, this.#at(term, point)),
      },
    ];
  }

  /** Whether a later stage reads the value at its own point. */
  #readLater({ name }: Definition): boolean {
    return this.#group.stages.some(({ definition }) => {
      let reads = false;
      walkScalar(
        definition.value,
        (part) =>
          (reads ||= part.kind === "load" && part.buffer === name && this.#atPoint(part.at)),
      );
      return reads;
    });
  }

  #atPoint(where: readonly Index[]): boolean {
    const { axes } = this.#group;
    return (
      where.length === axes.length &&
      where.every((one, n) => equal(one, index(axes[n]!.name, axes[n]!.extent)))
    );
  }

  /** A stage's value at a point, reading parameters of the kernel and locals of earlier stages. */
  #at(value: Scalar, point: Point): Scalar {
    const read = mapScalar(value, (part): Scalar => {
      if (part.kind !== "load") return part;
      const held =
        this.#held.get(`${part.buffer}${point.suffix}`) ?? this.#held.get(`total ${part.buffer}`);
      if (held !== undefined && this.#atPoint(part.at)) return held;
      const param = this.#param(part.buffer);
      param.reads = true;
      const where = flat(part.at, this.#buffer(part.buffer).shape);
      return namesIn(where).size === 0 && !this.#written.has(part.buffer) ? this.#scalar(param.name, part.dtype, where) : load(param.name, part.dtype, where); // prettier-ignore
    });
    return substitute(read, point.where);
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
    const base = part.kind === "load" ? part.buffer : part.kind === "apply" ? part.fn : part.kind === "select" ? "chosen" : "part"; // prettier-ignore
    const n = this.#counts.get(base) ?? 0;
    this.#counts.set(base, n + 1);
    return this.#names.take(`${base}_${n}`);
  }

  /** Emits the loops of the values' reductions, all points side by side, and returns the values that read their results. */
  #reductions(values: readonly Scalar[], points: readonly Point[], out: Stmt[]): Scalar[] {
    let now = [...values];
    for (;;) {
      const found = now.map(firstReduce);
      const [first] = found;
      if (first === undefined) return now;
      const results = points.map((p) =>
        this.#names.take(`${first.by === "add" ? "sum" : first.by}${p.suffix}`),
      );
      out.push(
        ...this.#accumulate(
          first,
          found.map((r) => r!.term),
          results,
        ),
      );
      now = now.map((value, n) =>
        mapScalar(value, (part) => (part === found[n] ? local(results[n]!, part.dtype) : part)),
      );
    }
  }

  #accumulate(reduce: Reduce, terms: readonly Scalar[], results: readonly string[]): Stmt[] {
    const { by, dtype } = reduce;
    // in its kernel a reduction's axes are k, k2, …
    const over = reduce.over.map((axis, n) => ({ ...axis, name: n === 0 ? "k" : `k${n + 1}` }));
    const renamed = new Map(
      reduce.over.map((axis, n) => [axis.name, index(over[n]!.name, axis.extent)]),
    );
    const hoisted = hoistParts(terms.map((term) => substitute(term, renamed)), new Set(over.map(({ name }) => name)), this.#writtenParams(), (part) => this.#nameOf(part)); // prettier-ignore
    const { lets, scalars } = shareParts(
      hoisted.scalars,
      (part) => this.#nameOf(part),
      terms.length > 1,
    );
    const wrap = (body: Stmt[]): Stmt[] =>
      over.reduceRight<Stmt[]>((inside, axis) => loop(axis, inside), body);
    const start = (name: string, value: Scalar): Stmt => ({
      kind: "let",
      name,
      dtype: value.dtype,
      value,
      mutable: true,
    });
    if (by !== "argmax") {
      const fn = by === "add" ? "add" : "max";
      const initial = literal(by === "add" ? 0 : -Infinity, dtype);
      const steps = scalars.map((term, n): Stmt => ({ kind: "assign", name: results[n]!, value: apply(fn, dtype, local(results[n]!, dtype), term) })); // prettier-ignore
      return [
        ...hoisted.lets,
        ...results.map((name) => start(name, initial)),
        ...wrap([...lets, ...steps]),
      ];
    }
    const of = terms[0]!.dtype;
    const best = results.map(() => this.#names.take("best"));
    const here = flat(over.map((axis) => index(axis.name, axis.extent)), over.map((axis) => axis.extent)); // prettier-ignore
    const steps = scalars.flatMap((term, n): Stmt[] => {
      const value = this.#names.take("value");
      const then: Stmt[] = [
        { kind: "assign", name: best[n]!, value: local(value, of) },
        { kind: "assign", name: results[n]!, value: { kind: "index", dtype: "i32", at: here } },
      ];
      return [
        { kind: "let", name: value, dtype: of, value: term, mutable: false },
        { kind: "if", when: apply("lt", "bool", local(best[n]!, of), local(value, of)), then },
      ];
    });
    return [
      ...hoisted.lets,
      ...best.map((name) => start(name, literal(-Infinity, of))),
      ...results.map((name) => start(name, literal(0, "i32"))),
      ...wrap([...lets, ...steps]),
    ];
  }
}

/** A name and a place in the tile: sum01, d_W2_01. */
const suffixed = (name: string, suffix: string): string =>
  suffix !== "" && /\d$/.test(name) ? `${name}_${suffix}` : `${name}${suffix}`;

type Reduce = Extract<Scalar, { kind: "reduce" }>;

/** Part of a tile along one axis: `size` points from `base`. */
interface Block {
  readonly axis: Axis;
  readonly base: Index;
  readonly size: number;
}

/** The points of a tile, row-major; their suffixes are their places in it. */
function pointsOf(block: readonly Block[]): Point[] {
  return block.reduce<Point[]>(
    (points, { axis, base, size }) =>
      points.flatMap(({ where, suffix }) =>
        Array.from({ length: size }, (_, n) => ({
          where: new Map(where).set(axis.name, shift(base, n)),
          suffix: block.some((b) => b.size > 1) && size > 1 ? `${suffix}${n}` : suffix,
        })),
      ),
    [{ where: new Map(), suffix: "" }],
  );
}

function firstReduce(value: Scalar): Reduce | undefined {
  let found: Reduce | undefined;
  walkScalar(value, (part) => {
    if (part.kind === "reduce") found ??= part;
  });
  return found;
}

const loop = ({ name, extent }: Axis, body: Stmt[]): Stmt[] =>
  extent === 1 ? body : [{ kind: "for", index: name, from: constant(0), to: constant(extent), step: 1, form: "loop", body }]; // prettier-ignore

const flat = (where: readonly Index[], shape: readonly number[]): Index => {
  const strides = stridesOf(shape);
  return add(constant(0), ...where.map((one, axis) => scale(one, strides[axis]!)));
};

/** Storing rounds by itself. */
const unrounded = (value: Scalar): Scalar => (value.kind === "round" ? value.value : value);

/** What it computes and how large: dotRelu_32x784x128. */
function kernelName(group: Group): string {
  const words = group.stages.map(({ definition }) => definition.op.replace(/[^A-Za-z0-9]/g, ""));
  const distinct = words.filter((word, n) => word !== words[n - 1]);
  const shown = distinct.length > 4 ? [...distinct.slice(0, 2), ...distinct.slice(-1)] : distinct;
  const name = shown
    .map((word, n) => (n === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join("");
  const outer = group.stages.reduce<readonly Axis[]>((widest, { definition }) => (definition.axes.length > widest.length ? definition.axes : widest), group.axes); // prettier-ignore
  const extents = outer.map((axis) => axis.extent);
  const reduce = mainReduce(group);
  if (reduce !== undefined && extents.length === group.axes.length)
    extents.splice(Math.max(0, extents.length - 1), 0, ...reduce.over.map((axis) => axis.extent));
  return `${name}_${extents.join("x") || "1"}`;
}

/** Floating-point operations: each arithmetic function once at every point where it is evaluated. */
export function flopsOf(group: Group): number {
  const count = (s: Scalar): number => {
    if (s.kind === "reduce") return sizeOf(s.over.map((axis) => axis.extent)) * (count(s.term) + 1);
    if (s.kind === "apply")
      return s.args.reduce(
        (n, arg) => n + count(arg),
        s.dtype === "bool" || s.fn === "cast" ? 0 : 1,
      );
    if (s.kind === "select") return count(s.then) + count(s.otherwise);
    return s.kind === "round" ? count(s.value) : 0;
  };
  return group.stages.reduce(
    (n, { definition }) => n + sizeOf(definition.shape) * count(definition.value),
    0,
  );
}
