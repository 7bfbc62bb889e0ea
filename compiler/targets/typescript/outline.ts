/**
 * Guarantees that what kernels do with each element is said once in a file: runs of statements that are equal but for their arrays, their
 * places and what they are given become calls of one function, in the same order.
 *   m0 = …; m[i] = m0; w[i] = …; m1 = …; m[i + 1] = m1; w[i + 1] = …   →   sgd(m, w, i, sum0); sgd(m, w, i + 1, sum1)
 */

import { mapScalar, walkScalar, walkStmts } from "../../loop/build.ts";
import { identifier } from "../../loop/identifier.ts";
import { index, print as indexText, type Index } from "../../loop/index-expression.ts";
import type { Kernel, Scalar, Stmt } from "../../loop/loop.ts";
import { namesOf, storesOf } from "../../loop/uses.ts";
import { made, shortNames, type Named, type Outlined, type Plain, type Template } from "./outlined.ts";

/** A call of an outlined function. */
export interface Called {
  readonly kind: "called";
  readonly function: Outlined;
  readonly arrays: readonly string[];
  readonly places: readonly Index[];
  readonly values: readonly Scalar[];
}

/** Statements of a run that stores several values, or one, at least: fewer read better where they stand. */
const LEAST = 3;
const MOST = 24;
const MOST_PARAMETERS = 10;

/**
 * Bytecodes that an engine takes into one function from those it calls, of the next of which it wants a fifth more to be left; and those of
 * a part of a value. A call that is left out passes numbers as objects.
 */
const [TAKEN_IN, RESERVE, A_PART] = [920, 1.2, 6.5];

const isPlain = (s: Stmt): s is Plain => s.kind === "store" || (s.kind === "let" && !s.mutable);

function templateOf(run: readonly Plain[], dtypeOf: (array: string) => Scalar["dtype"]): Template {
  const own = new Map<string, string>();
  const arrays = new Map<string, Named>();
  const places = new Map<string, Index>();
  const values = new Map<string, Extract<Scalar, { kind: "local" }>>();
  const placed = (at: Index): Index => {
    const text = indexText(at);
    if (!places.has(text)) places.set(text, at);
    return index(`@${[...places.keys()].indexOf(text)}`, Infinity);
  };
  const array = (name: string): string => {
    if (!arrays.has(name)) arrays.set(name, { name, dtype: dtypeOf(name) });
    return `%${[...arrays.keys()].indexOf(name)}`;
  };
  const inner = (value: Scalar): Scalar =>
    mapScalar(value, (part) => {
      if (part.kind === "load") return { ...part, buffer: array(part.buffer), at: part.at.map(placed) };
      if (part.kind === "index") return { ...part, at: placed(part.at) };
      if (part.kind !== "local") return part;
      const known = own.get(part.name);
      if (known !== undefined) return { ...part, name: known };
      values.set(part.name, part);
      return { ...part, name: `$${[...values.keys()].indexOf(part.name)}` };
    });
  const body = run.map((stmt): Plain => {
    const value = inner(stmt.value);
    if (stmt.kind === "store") return { ...stmt, buffer: array(stmt.buffer), at: placed(stmt.at), value };
    own.set(stmt.name, `#${own.size}`);
    return { ...stmt, name: own.get(stmt.name)!, value };
  });
  const exact = (_: string, value: unknown): unknown => (typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : value);
  const all = [...arrays.values()];
  const key = JSON.stringify([body, all.map(({ dtype }) => dtype)], exact);
  return { key, body, arrays: all, places: [...places.values()], values: [...values.values()] };
}

/** What a statement computes, whatever it is called, where it lies and what it reads: runs of unequal forms have unequal templates. */
function formOf(stmt: Plain): string {
  const known = forms.get(stmt);
  if (known !== undefined) return known;
  let form = `${stmt.kind} ${stmt.kind === "let" ? stmt.dtype : ""}`;
  walkScalar(stmt.value, (part) => {
    form += ` ${part.kind} ${part.dtype}`;
    if (part.kind === "apply") form += part.fn;
    if (part.kind === "literal") form += Object.is(part.value, -0) ? "-0" : String(part.value);
  });
  forms.set(stmt, form);
  return form;
}

const forms = new WeakMap<Plain, string>();
const formsOf = (run: readonly Plain[]): string => run.map(formOf).join(";");

/** The functions of one file, and the bodies that call them. */
export class Outline {
  readonly #functions = new Map<string, Outlined>();
  /** By length, the longest first. */
  readonly #lengths: readonly number[];
  /** Forms of the runs that there are functions for. */
  readonly #forms = new Set<string>();
  readonly #short = new Map<string, ReadonlyMap<string, string>>();

  constructor(kernels: readonly Kernel[]) {
    for (const kernel of kernels) this.#discover(kernel, kernel.body);
    this.#discoverEnds(kernels);
    const lengths = [...this.#functions.values()].map(({ length }) => length);
    this.#lengths = [...new Set(lengths)].sort((a, b) => b - a);
    for (const kernel of kernels) this.#short.set(kernel.name, this.#shortIn(kernel));
  }

  /** Arrays of a kernel that have short names there, where a function takes them by these. */
  shortIn(kernel: Kernel): ReadonlyMap<string, string> {
    return this.#short.get(kernel.name) ?? new Map();
  }

  /** Bodies of one function of the file, runs as calls: as many as an engine takes in. */
  bodies(kernel: Kernel): (body: readonly Stmt[]) => readonly (Stmt | Called)[] {
    let left = TAKEN_IN;
    return (body) => {
      const out: (Stmt | Called)[] = [];
      for (let at = 0; at < body.length;) {
        const found = this.#at(kernel, body, at);
        const price = found === undefined ? 0 : A_PART * partsOf(found.call.function.body);
        if (found === undefined || RESERVE * price > left) out.push(body[at++]!);
        else {
          left -= price;
          out.push(found.call);
          at += found.length;
        }
      }
      return out;
    };
  }

  #at(kernel: Kernel, body: readonly Stmt[], at: number): { call: Called; length: number } | undefined {
    for (const length of this.#lengths) {
      const run = runAt(body, at, length);
      if (run === undefined || !this.#forms.has(formsOf(run))) continue;
      const template = templateOf(run, dtypesOf(kernel));
      const known = this.#functions.get(template.key);
      if (known === undefined || readLater(run, body.slice(at + length))) continue;
      const { places, values } = template;
      const arrays = template.arrays.map(({ name }) => name);
      return { call: { kind: "called", function: known, arrays, places, values }, length };
    }
    return undefined;
  }

  #shortIn(kernel: Kernel): ReadonlyMap<string, string> {
    const calls = bodiesOf(kernel.body).flatMap((body) => body.flatMap((_, at) => this.#at(kernel, body, at) ?? []));
    if (calls.length === 0) return new Map();
    const short = shortNames([...storesOf(kernel.body)]);
    if (short === undefined) return new Map();
    const others = new Set([...namesOf(kernel.body), ...kernel.params.flatMap(({ name }) => (short.has(name) ? [] : [name]))]);
    return new Map([...short].map(([own, name]) => [own, others.has(name) || identifier(name) !== name ? `w_${name}` : name]));
  }

  /** Runs that a body repeats. */
  #discover(kernel: Kernel, whole: readonly Stmt[]): void {
    for (const body of bodiesOf(whole)) for (let at = 0; at < body.length;) at += this.#repeatedAt(kernel, body, at) || 1;
  }

  /** How many statements repeat from here on; the function that they call is made. */
  #repeatedAt(kernel: Kernel, body: readonly Stmt[], at: number): number {
    for (let length = 1; length <= MOST; length++) {
      const first = runAt(body, at, length);
      const second = runAt(body, at + length, length);
      if (first === undefined || second === undefined) return 0;
      if (first.some((stmt, n) => formOf(stmt) !== formOf(second[n]!))) continue;
      const template = templateOf(first, dtypesOf(kernel));
      if (templateOf(second, dtypesOf(kernel)).key !== template.key) continue;
      const own = withoutSum(first);
      if (isWhole(own, body.slice(at + length))) this.#make(kernel, own, templateOf(own, dtypesOf(kernel)));
      return 2 * length;
    }
    return 0;
  }

  /** What ends the bodies of several kernels. */
  #discoverEnds(kernels: readonly Kernel[]): void {
    const before = new Set<string>();
    for (const kernel of kernels)
      for (const body of bodiesOf(kernel.body)) {
        const run = withoutSum(body.slice(body.findLastIndex((s) => !isPlain(s)) + 1).filter(isPlain));
        if (run.length === 0 || run.length > MOST || !isWhole(run, []) || storesOf(run).size < storesIn(run)) continue;
        const template = templateOf(run, dtypesOf(kernel));
        if (before.has(template.key)) this.#make(kernel, run, template);
        before.add(template.key);
      }
  }

  #make(kernel: Kernel, run: readonly Plain[], template: Template): void {
    const { key, arrays, places, values } = template;
    if (this.#functions.has(key) || arrays.length + places.length + values.length > MOST_PARAMETERS) return;
    if (arrays.some(({ dtype }) => dtype === "bool")) return;
    this.#functions.set(key, made(kernel, run, template));
    this.#forms.add(formsOf(run));
  }
}

const dtypesOf =
  ({ params }: Kernel) =>
  (array: string): Scalar["dtype"] =>
    params.find(({ name }) => name === array)!.dtype;

/** Statement lists, those inside others too. */
const bodiesOf = (body: readonly Stmt[]): readonly (readonly Stmt[])[] => [
  body,
  ...body.flatMap((s) => (s.kind === "for" ? bodiesOf(s.body) : s.kind === "if" ? bodiesOf(s.then) : [])),
];

/** A run that stores what it is for, and declares nothing for what follows. */
const isWhole = (run: readonly Plain[], after: readonly Stmt[]): boolean =>
  run.at(-1)?.kind === "store" && run.length >= LEAST && !readLater(run, after);

/** A function is given a sum as it is rounded. */
const withoutSum = (run: readonly Plain[]): readonly Plain[] => {
  const [first, ...rest] = run;
  return first?.kind === "let" && first.value.kind === "round" && first.value.value.kind === "local" ? rest : run;
};

const storesIn = (run: readonly Plain[]): number => run.filter(({ kind }) => kind === "store").length;

const partsOf = (body: readonly Stmt[]): number => {
  let parts = 0;
  walkStmts(body, {
    stmt: (s) => void (s.kind === "store" && parts++),
    scalar: ({ kind }) => void ((kind === "load" || kind === "apply" || kind === "round" || kind === "select") && parts++),
  });
  return parts;
};

function runAt(body: readonly Stmt[], at: number, length: number): Plain[] | undefined {
  if (at + length > body.length) return undefined;
  const run = body.slice(at, at + length);
  return run.every(isPlain) ? run : undefined;
}

/** Whether something after a run reads what the run names. */
function readLater(run: readonly Plain[], after: readonly Stmt[]): boolean {
  const own = run.flatMap((stmt) => (stmt.kind === "let" ? [stmt.name] : []));
  if (own.length === 0) return false;
  const names = namesOf(after);
  return own.some((name) => names.has(name));
}
