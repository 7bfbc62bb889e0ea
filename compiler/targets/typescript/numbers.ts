/**
 * Guarantees that kernels which differ in numbers alone are one function, to which the numbers are given: extents of axes are I of i, J of j;
 * a stride that is a product of extents is that product.
 *   y[i * 64 + j] of 32×64, y[i * 16 + j] of 8×16   →   y[i * J + j], for I, J: 32, 64 and 8, 16
 */

import { identifier, Names } from "../../loop/identifier.ts";
import type { Index, Term } from "../../loop/index-expression.ts";
import type { Kernel, Loop, Scalar, Stmt } from "../../loop/loop.ts";
import { namesOf } from "../../loop/uses.ts";
import { printNumber } from "./expression.ts";

/** One function for several kernels. */
export interface Numbered {
  readonly kernel: Kernel;
  /** What it is given besides its arrays. */
  readonly given: readonly string[];
  /** In the order of the kernels, what each gives. */
  readonly numbers: readonly (readonly number[])[];
}

/** Numbers that a function is given at most: with more it reads worse than several. */
const MOST = 6;
/** How often a product of what is given may be taken, at most. */
const TIMES = 16;

/** A number of each kernel: where a loop ends, a stride or a place, a value. */
type Hole = { readonly kind: "end"; readonly of: string } | { readonly kind: "stride" | "place" | "value" };

/** a·p·q + c, `most` of all kernels. */
interface Expression {
  readonly by: number;
  readonly factors: readonly string[];
  readonly offset: number;
  readonly most: number;
}
const fixed = (offset: number): Expression => ({ by: 0, factors: [], offset, most: offset });

/** Goes through the numbers of a kernel in order, and rebuilds it with what stands for each. */
class Walk {
  readonly #change: (n: number, hole: Hole) => Expression;
  constructor(change: (n: number, hole: Hole) => Expression) {
    this.#change = change;
  }

  index(a: Index, hole: Hole = { kind: "place" }): Index {
    const terms = a.terms.map((term): Term => {
      const { by, factors } = this.#change(term.by, { kind: "stride" });
      const { atom } = term;
      const of = atom.kind === "index" ? atom : { ...atom, of: this.index(atom.of) };
      return factors.length === 0 ? { atom: of, by: term.by } : { atom: of, by, times: factors };
    });
    const { by, factors, offset, most } = this.#change(a.offset, hole);
    const [first, ...times] = factors;
    if (first === undefined) return { terms, offset };
    const given: Term = {
      atom: { kind: "index", name: first, extent: Math.floor((most - offset) / by) + 1 },
      by,
      ...(times.length === 0 ? {} : { times }),
    };
    return { terms: [...terms, given], offset };
  }

  scalar(s: Scalar): Scalar {
    switch (s.kind) {
      case "literal": {
        const [name] = Number.isFinite(s.value) && s.dtype !== "bool" ? this.#change(s.value, { kind: "value" }).factors : [];
        return name === undefined ? s : { kind: "local", dtype: s.dtype, name };
      }
      case "local":
        return s;
      case "index":
        return { ...s, at: this.index(s.at) };
      case "load":
        return { ...s, at: s.at.map((one) => this.index(one)) };
      case "apply":
        return { ...s, args: s.args.map((arg) => this.scalar(arg)) };
      case "select":
        return { ...s, when: this.scalar(s.when), then: this.scalar(s.then), otherwise: this.scalar(s.otherwise) };
      case "round":
        return { ...s, value: this.scalar(s.value) };
      case "reduce":
        return { ...s, term: this.scalar(s.term) };
    }
  }

  stmt(s: Stmt): Stmt {
    switch (s.kind) {
      case "for": {
        const [from, to] = [this.index(s.from), this.end(s)];
        return { ...s, from, to, body: s.body.map((one) => this.stmt(one)) };
      }
      case "if":
        return { ...s, when: this.scalar(s.when), then: s.then.map((one) => this.stmt(one)) };
      case "store":
        return { ...s, at: this.index(s.at), value: this.scalar(s.value) };
      case "let":
      case "assign":
        return { ...s, value: this.scalar(s.value) };
    }
  }

  end({ index: of, to }: Loop): Index {
    return this.index(to, to.terms.length === 0 ? { kind: "end", of } : { kind: "place" });
  }
}

/** The numbers of a kernel in order. */
function numbersOf({ body }: Kernel): readonly { readonly n: number; readonly hole: Hole }[] {
  const all: { readonly n: number; readonly hole: Hole }[] = [];
  const walk = new Walk((n, hole) => {
    all.push({ n, hole });
    return fixed(n);
  });
  body.forEach((s) => walk.stmt(s));
  return all;
}

/** Whether all of its loops run through numbers: one that the data pick is said otherwise. */
export const isPlainlyNumbered = (body: readonly Stmt[]): boolean =>
  body.every((s) => (s.kind === "for" ? s.only === undefined && isPlainlyNumbered(s.body) : s.kind !== "if" || isPlainlyNumbered(s.then)));

/** One function of these, which differ in numbers alone; undefined where it would be given too many. */
export function numbered(kernels: readonly Kernel[]): Numbered | undefined {
  const [first] = kernels;
  if (first === undefined) return undefined;
  const all = kernels.map(numbersOf);
  const columns = all[0]!.map(({ hole }, at) => ({ hole, values: all.map((own) => own[at]!.n) }));
  const given = new Given(new Names([...namesOf(first.body), ...first.params.map(({ name }) => identifier(name)), ...wordsOf(first.doc)]));
  // extents first: strides are made of them
  const order = columns
    .map((_, n) => n)
    .sort((a, b) => Number(columns[b]!.hole.kind === "end") - Number(columns[a]!.hole.kind === "end") || a - b);
  const made = new Map<number, Expression>();
  for (const n of order) made.set(n, given.of(columns[n]!.values, columns[n]!.hole));
  if (given.all.length > MOST) return undefined;
  let at = 0;
  const walk = new Walk(() => made.get(at++)!);
  const body = first.body.map((s) => walk.stmt(s));
  const numbers = kernels.map((_, n) => given.all.map(({ values }) => values[n]!));
  const names = given.all.map(({ name }) => name);
  const told = docOf(kernels, given);
  const doc = told === undefined ? eachDoc(kernels, names, numbers) : [...told, legend(names, numbers)];
  return doc === undefined ? undefined : { kernel: { ...first, body, doc }, given: names, numbers };
}

function legend(names: readonly string[], numbers: readonly (readonly number[])[]): string {
  const rows = [...new Set(numbers.map((own) => own.map(printNumber).join(", ")))];
  return `For ${names.join(", ")}: ${rows.length === 1 ? rows[0]! : `${rows.slice(0, -1).join("; ")} and ${rows.at(-1)!}`}.`;
}

/** What a function is given, found as it is asked for. */
class Given {
  readonly all: { readonly name: string; readonly values: readonly number[] }[] = [];
  readonly #names: Names;
  constructor(names: Names) {
    this.#names = names;
  }

  of(values: readonly number[], hole: Hole): Expression {
    const found = this.known(values, hole);
    if (found !== undefined) return found;
    const name = this.#names.take(hole.kind === "end" ? hole.of.toUpperCase() : hole.kind === "value" ? "scale" : "n");
    this.all.push({ name, values });
    return { by: 1, factors: [name], offset: 0, most: Math.max(...values) };
  }

  /** In what is given so far. */
  known(values: readonly number[], { kind }: Hole): Expression | undefined {
    const [first] = values as [number];
    const most = Math.max(...values);
    if (values.every((one) => Object.is(one, first))) return fixed(first);
    const single = this.all.find((one) => one.values.every((value, n) => value === values[n]));
    if (single !== undefined) return { by: 1, factors: [single.name], offset: 0, most };
    if (kind === "value") return undefined;
    for (const { factors, product } of this.#products()) {
      const by = first / product[0]!;
      if (Number.isInteger(by) && by >= 1 && values.every((one, n) => one === by * product[n]!)) return { by, factors, offset: 0, most };
    }
    if (kind !== "place") return undefined;
    for (const { factors, product } of this.#products()) {
      const other = product.findIndex((one) => one !== product[0]);
      const by = (values[other]! - first) / (product[other]! - product[0]!);
      const offset = first - by * product[0]!;
      if (isTimes(by) && values.every((one, n) => one === by * product[n]! + offset)) return { by, factors, offset, most };
    }
    return undefined;
  }

  /** Of one, two and three, the shortest first. */
  #products(): { readonly factors: readonly string[]; readonly product: readonly number[] }[] {
    const integers = this.all.filter(({ values }) => values.every(Number.isInteger));
    let longest = integers.map(({ name, values }, last) => ({ factors: [name], product: values, last }));
    const found = [...longest];
    for (let length = 2; length <= 3; length++) {
      longest = longest.flatMap(({ factors, product, last }) =>
        integers.flatMap(({ name, values }, n) =>
          n < last ? [] : [{ factors: [...factors, name], product: product.map((one, at) => one * values[at]!), last: n }],
        ),
      );
      found.push(...longest);
    }
    return found.filter(({ product }) => product.some((one) => one !== product[0]));
  }
}

const isTimes = (by: number): boolean => Number.isInteger(by) && by >= 1 && by <= TIMES;

/** A name, or a number by itself. */
const TOKEN = /[\p{L}_$][\p{L}\d_$]*|\d+(?:\.\d+)?(?:e[+-]?\d+)?/gu;
const WORD = /[\p{L}_$][\p{L}\d_$]*/gu;
const wordsOf = (doc: readonly string[]): readonly string[] => doc.flatMap((line) => line.match(WORD) ?? []);

/** The doc of the first in which numbers are what is given; undefined where some are not. */
function docOf(kernels: readonly Kernel[], given: Given): readonly string[] | undefined {
  const [first, ...others] = kernels.map(({ doc }) => doc.map((line) => ({ line, numbers: numbersIn(line) })));
  if (others.some((doc) => doc.length !== first!.length)) return undefined;
  let isKnown = true;
  const lines = first!.map(({ line, numbers }, at) => {
    const all = others.map((doc) => doc[at]!.numbers);
    if (all.some((own) => own.length !== numbers.length)) isKnown = false;
    if (!isKnown) return line;
    let n = 0;
    return line.replace(TOKEN, (token: string, place: number) => {
      if (!/^\d/.test(token)) return token;
      const column = n++;
      const values = [numbers[column]!, ...all.map((own) => own[column]!)];
      const found = given.known(values, { kind: "place" });
      if (found === undefined) isKnown = false;
      return found === undefined || found.factors.length === 0 ? token : textOf(found, line[place - 1] === "<");
    });
  });
  return isKnown ? lines : undefined;
}

/** The docs of all, each in the words of the first. */
function eachDoc(
  kernels: readonly Kernel[],
  names: readonly string[],
  numbers: readonly (readonly number[])[],
): readonly string[] | undefined {
  const words = wordsOf(kernels[0]!.doc);
  if (kernels.some(({ doc }) => wordsOf(doc).length !== words.length)) return undefined;
  return kernels.flatMap(({ doc }, n) => {
    let at = 0;
    const lines = doc.map((line) => line.replace(WORD, () => words[at++]!));
    return [`For ${names.join(", ")} = ${numbers[n]!.map(printNumber).join(", ")}:`, ...lines];
  });
}

const numbersIn = (line: string): readonly number[] => (line.match(TOKEN) ?? []).filter((token) => /^\d/.test(token)).map(Number);

/** As it stands by itself, or as a part of something else. */
function textOf({ by, factors, offset }: Expression, isAlone: boolean): string {
  const product = [...(by === 1 ? [] : [by]), ...factors].join("·");
  const text = offset === 0 ? product : `${product} ${offset < 0 ? "−" : "+"} ${Math.abs(offset)}`;
  return isAlone || text === factors[0] ? text : `(${text})`;
}
