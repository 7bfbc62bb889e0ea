/**
 * Guarantees that a batch goes through a step in parts, one after the other, where the rows do not meet (rows.ts).
 *   h[i,j] = relu(z[i,j])            →   h.part1[i<8,j] = relu(z.part1[i,j]), and so on
 *   d_w[k,j] = Σ i<32: x[i,k]·d[i,j] →   d_w.sum1[k,j] = Σ i<8: x.part1[i,k]·d.part1[i,j]; d_w.part2 likewise, d_w.sum2 = d_w.sum1 + d_w.part2, …
 * The last sum is d_w itself. Each part's sum is rounded, and so is each sum of sums: the bits are others than those of the whole batch.
 * What a part reads of an input it reads from a copy of its rows, and a row's number from a scalar, so that the parts share their kernels.
 */

import { CompilerFault } from "../../graph/error.ts";
import { apply, at as position, literal, load, loadsOf, mapScalar, round } from "../../loop/build.ts";
import { equal, index, namesIn, shift, substitute, type Index } from "../../loop/index-expression.ts";
import type { Axis, Buffer, Definition, Doc, Scalar } from "../../loop/loop.ts";
import type { Pass } from "../pass.ts";
import { at as identity, axesOf, type Defined, type Term } from "./define.ts";
import { coursesOf, extentsOf, meets, rowIndex, rowNameOf, type Courses, type RowAxis } from "./rows.ts";

/** Rows of the whole batch, and the parts that they go in; `parts` divides `rows`. */
export interface Parts {
  readonly rows: number;
  readonly parts: number;
}

export const split = (into?: Parts): Pass<Defined> => ({
  name: "split",
  why: "the batch in parts, gradients summed over them",
  run(defined) {
    if (into === undefined || into.parts === 1) return defined;
    const courses = coursesOf(defined, into.rows);
    if (meets(courses)) throw new CompilerFault("split", `rows meet in ${courses.value}: ${courses.why}`);
    const { early, late } = apart(defined, courses);
    const parts = Array.from({ length: into.parts }, (_, part) => new Part(defined, courses, into, part).terms());
    return { ...defined, definitions: [...early, ...parts.flat(), ...late] };
  },
});

/** What no row goes into, where anything reads it as a whole: what the rows need, and the rest. */
function apart({ definitions, results }: Defined, { of, rows }: Courses): { early: Term[]; late: Term[] } {
  const byRows = new Set<string>();
  const read = new Set(results.map(({ value }) => value));
  const whole: Term[] = [];
  for (const term of [...definitions].reverse()) {
    const { name, value, target } = term.definition;
    const isRow = rowNameOf(of.get(name)!) !== undefined;
    const stays = !isRow && (!rows.has(name) || read.has(name) || target !== undefined);
    if (stays) whole.unshift(term);
    for (const { buffer } of loadsOf(value)) {
      if (stays) read.add(buffer);
      if (isRow || rows.has(name) || byRows.has(name)) byRows.add(buffer);
    }
  }
  const isEarly = ({ definition: { name } }: Term): boolean => byRows.has(name) && of.get(name)!.kind === "apart";
  return { early: whole.filter(isEarly), late: whole.filter((term) => !isEarly(term)) };
}

/** One part of the batch. */
class Part {
  readonly #defined: Defined;
  readonly #courses: Courses;
  readonly #into: Parts;
  readonly #part: number;
  readonly #storage: ReadonlyMap<string, Pick<Buffer, "name" | "dtype" | "shape">>;
  readonly #terms: Term[] = [];
  readonly #copies = new Set<string>();

  constructor(defined: Defined, courses: Courses, into: Parts, part: number) {
    this.#defined = defined;
    this.#courses = courses;
    this.#into = into;
    this.#part = part;
    this.#storage = new Map([...defined.storage, ...defined.definitions.map(({ definition }) => definition)].map((one) => [one.name, one]));
  }

  terms(): readonly Term[] {
    for (const term of this.#defined.definitions) {
      const { name, axes } = term.definition;
      const course = this.#courses.of.get(name)!;
      const at = this.#courses.rows.get(name);
      if (course.kind === "sum") this.#sum(term, course.name, course.per);
      else if (at !== undefined) this.#push(term, this.#ofPart(term, axes[at.axis]!.name, at.per));
    }
    return this.#terms;
  }

  #push(term: Term, definition: Definition): void {
    this.#terms.push({ ...term, definition, part: this.#part });
  }

  get #size(): number {
    return this.#into.rows / this.#into.parts;
  }

  /** `h.part2`: the second part of h. */
  #named(name: string, what = "part", part = this.#part): string {
    const found = `${name}.${what}${part + 1}`;
    return this.#storage.has(found) ? `${found}_` : found;
  }

  /** A definition over the rows of this part. */
  #ofPart(term: Term, row: string, per: number): Definition {
    const { definition } = term;
    const axes = definition.axes.map((axis): Axis => (axis.name === row ? { ...axis, extent: this.#size * per } : axis));
    return {
      ...definition,
      name: this.#named(definition.name),
      shape: axes.map(({ extent }) => extent),
      axes,
      value: this.#value(term, row, per),
      doc: this.#doc(definition.doc),
    };
  }

  #doc(doc: readonly Doc[]): Doc[] {
    const from = this.#part * this.#size;
    return doc.map((one) => ({ ...one, role: `${one.role}, rows ${from} to ${from + this.#size - 1}` }));
  }

  /** The sum over this part's rows, added to the sum so far. */
  #sum(term: Term, row: string, per: number): void {
    const { definition } = term;
    const { name, dtype, axes, value } = definition;
    const last = this.#part === this.#into.parts - 1;
    const { target, ...own } = this.#ofPart(term, row, per);
    const sum = this.#named(name, "sum");
    if (this.#part === 0) return this.#push(term, { ...own, name: sum });
    this.#push(term, own);
    const before = this.#named(name, "sum", this.#part - 1);
    const added = apply("add", dtype, load(before, dtype, ...identity(axes)), load(own.name, dtype, ...identity(axes)));
    const total = last ? name : sum;
    const doc = { maths: `${total} = ${before} + ${own.name}`, node: total, role: "sum over the parts of the batch", site: term.site };
    const { target: _, ...rest } = definition;
    this.#push(
      { ...term, contracts: false, ...(last ? {} : { kept: true }) },
      {
        ...rest,
        name: total,
        value: value.kind === "round" ? round(added) : added,
        op: "add",
        doc: [doc],
        ...(last && target !== undefined ? { target } : {}),
      },
    );
  }

  #value(term: Term, row: string, per: number): Scalar {
    const { rows } = this.#courses;
    const extents = extentsOf(term);
    const own = index(row, this.#size * per);
    const moved = (at: Index, part: number): Index => substitute(at, new Map([[row, shift(own, part * this.#size * per)]]));
    return mapScalar(term.definition.value, (part): Scalar => {
      if (part.kind === "reduce")
        return { ...part, over: part.over.map((axis) => (axis.name === row ? { ...axis, extent: this.#size * per } : axis)) };
      if (part.kind === "index") return this.#position(part.at, row, term.site, moved);
      if (part.kind !== "load" || !part.at.some((at) => namesIn(at).has(row))) return part;
      const where = rows.get(part.buffer) ?? this.#rowsOf(part.buffer, part.at, row, extents);
      const at = part.at.map((one, n) => moved(one, n === where?.axis ? 0 : this.#part));
      return { ...part, at, buffer: where === undefined ? part.buffer : this.#rows(part.buffer, where, term.site) };
    });
  }

  /** The dimension along which a value is read at the row's own position. */
  #rowsOf(buffer: string, at: readonly Index[], row: string, extents: ReadonlyMap<string, number>): RowAxis | undefined {
    const batch = this.#into.rows;
    const { shape } = this.#storage.get(buffer)!;
    const axis = shape.findIndex((extent, n) => extent % batch === 0 && rowIndex(at[n]!, extent / batch, batch, extents) === row);
    return axis < 0 ? undefined : { axis, per: shape[axis]! / batch };
  }

  /** What this part reads of a value: its own definition, or a copy of what is stored for the whole batch. */
  #rows(buffer: string, { axis, per }: RowAxis, site: string): string {
    const name = this.#named(buffer);
    const computed = this.#courses.of.has(buffer) && this.#courses.rows.has(buffer);
    if (computed || this.#copies.has(name)) return name;
    this.#copies.add(name);
    const { dtype, shape } = this.#storage.get(buffer)!;
    const axes = axesOf(shape.map((extent, n) => (n === axis ? this.#size * per : extent)));
    const at = identity(axes).map((one, n) => (n === axis ? shift(one, this.#part * this.#size * per) : one));
    const doc = this.#doc([{ maths: `${name} = ${buffer}`, node: name, role: "input", site }]);
    const definition = { name, dtype, shape: axes.map(({ extent }) => extent), axes, value: load(buffer, dtype, ...at), op: "rows", doc };
    this.#push({ definition, view: false, exact: true, contracts: false, role: "primal", again: false, site, kept: true }, definition);
    return name;
  }

  /** A position in the whole batch: that in the part, and the parts before. */
  #position(at: Index, row: string, site: string, moved: (at: Index, part: number) => Index): Scalar {
    const [first, second] = [moved(at, 0), moved(at, 1)];
    const each = second.offset - first.offset;
    if (!namesIn(at).has(row)) return position(at);
    if (!equal(second, shift(first, each))) return position(moved(at, this.#part));
    const before = apply("mul", "i32", load(this.#number(site), "i32"), literal(each, "i32"));
    return apply("add", "i32", position(first), before);
  }

  /** The scalar that counts the parts before this one. */
  #number(site: string): string {
    const name = this.#named("batch");
    if (this.#copies.has(name)) return name;
    this.#copies.add(name);
    const doc = [{ maths: `${name} = ${this.#part}`, node: name, role: "parts of the batch before this one", site }];
    const definition = { name, dtype: "i32" as const, shape: [], axes: [], value: literal(this.#part, "i32"), op: "literal", doc };
    this.#push({ definition, view: false, exact: true, contracts: false, role: "primal", again: false, site }, definition);
    return name;
  }
}
