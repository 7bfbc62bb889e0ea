/**
 * Guarantees that what a kernel does with each element of a tile is said once: runs of statements that are equal but for their places and for
 * what they are given become calls of one function, in the same order.
 *   m0 = …; m[i] = m0; w[i] = …; m1 = …; m[i + 1] = m1; w[i + 1] = …   →   update(i, g0); update(i + 1, g1)
 */

import { mapScalar } from "../../loop/build.ts";
import { Names } from "../../loop/identifier.ts";
import { index, namesIn, print as indexText, type Index } from "../../loop/index-expression.ts";
import type { Scalar, Stmt } from "../../loop/loop.ts";
import { namesOf } from "../../loop/uses.ts";

/** A call of an outlined function. */
export interface Called {
  readonly kind: "called";
  readonly name: string;
  readonly places: readonly Index[];
  readonly values: readonly Scalar[];
}

export interface Outlined {
  readonly name: string;
  readonly places: readonly string[];
  readonly values: readonly { readonly name: string; readonly dtype: Scalar["dtype"] }[];
  readonly body: readonly Stmt[];
}

/** Fewer statements read better where they stand. */
const LEAST = 3;
const MOST = 16;
const MOST_PARAMETERS = 6;

type Plain = Extract<Stmt, { kind: "let" | "store" }>;
const isPlain = (s: Stmt): s is Plain => s.kind === "store" || (s.kind === "let" && !s.mutable);

/** A run with its places and what it reads of the code around it taken out. */
interface Template {
  readonly key: string;
  readonly body: readonly Plain[];
  readonly places: readonly Index[];
  readonly values: readonly Extract<Scalar, { kind: "local" }>[];
}

/** `sum10` of a tile is `sum`. */
const bare = (name: string): string => name.replace(/_?\d+$/, "") || name;

function templateOf(run: readonly Plain[]): Template {
  const own = new Map<string, string>();
  const places = new Map<string, Index>();
  const values = new Map<string, Extract<Scalar, { kind: "local" }>>();
  const placed = (at: Index): Index => {
    if (namesIn(at).size === 0) return at;
    const text = indexText(at);
    if (!places.has(text)) places.set(text, at);
    return index(`@${[...places.keys()].indexOf(text)}`, Infinity);
  };
  const inner = (value: Scalar): Scalar =>
    mapScalar(value, (part) => {
      if (part.kind === "load") return { ...part, at: part.at.map(placed) };
      if (part.kind === "index") return { ...part, at: placed(part.at) };
      if (part.kind !== "local") return part;
      const known = own.get(part.name);
      if (known !== undefined) return { ...part, name: known };
      values.set(part.name, part);
      return { ...part, name: `$${[...values.keys()].indexOf(part.name)}` };
    });
  const body = run.map((stmt): Plain => {
    const value = inner(stmt.value);
    if (stmt.kind === "store") return { ...stmt, at: placed(stmt.at), value };
    own.set(stmt.name, `#${own.size}`);
    return { ...stmt, name: own.get(stmt.name)!, value };
  });
  const exact = (_: string, value: unknown): unknown => (typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : value);
  return { key: JSON.stringify(body, exact), body, places: [...places.values()], values: [...values.values()] };
}

/** The functions of one kernel. */
export class Outline {
  readonly #functions = new Map<string, Outlined>();
  /** By length, the longest first. */
  #lengths: readonly number[] = [];
  readonly #names: Names;
  readonly #base: string;
  readonly #arrays: readonly string[];
  readonly #called = new Set<string>();

  /** `base`: what the functions are called; `names`: those that are taken around them; `arrays`: those they read and write. */
  constructor(body: readonly Stmt[], names: Names, base: string, arrays: readonly string[]) {
    this.#names = names;
    this.#base = base;
    this.#arrays = arrays;
    this.#discover(body);
    const lengths = [...this.#functions.values()].map(({ body }) => body.length);
    this.#lengths = [...new Set(lengths)].sort((a, b) => b - a);
  }

  /** Those that the bodies so far call. */
  get called(): readonly Outlined[] {
    return [...this.#functions.values()].filter(({ name }) => this.#called.has(name));
  }

  /** A body whose runs are calls. */
  of(body: readonly Stmt[]): readonly (Stmt | Called)[] {
    const out: (Stmt | Called)[] = [];
    for (let at = 0; at < body.length;) {
      const found = this.#at(body, at);
      if (found === undefined) out.push(body[at++]!);
      else {
        out.push(found.call);
        at += found.length;
      }
    }
    return out;
  }

  #at(body: readonly Stmt[], at: number): { call: Called; length: number } | undefined {
    for (const length of this.#lengths) {
      const run = runAt(body, at, length);
      const template = run && templateOf(run);
      const known = template && this.#functions.get(template.key);
      if (template === undefined || known === undefined) continue;
      if (readLater(run!, body.slice(at + length))) continue;
      const { places, values } = template;
      this.#called.add(known.name);
      return { call: { kind: "called", name: known.name, places, values }, length };
    }
    return undefined;
  }

  #discover(body: readonly Stmt[]): void {
    for (const stmt of body) {
      if (stmt.kind === "for") this.#discover(stmt.body);
      if (stmt.kind === "if") this.#discover(stmt.then);
    }
    for (let at = 0; at < body.length;) at += this.#repeatedAt(body, at) || 1;
  }

  /** How many statements repeat from here on; the function that they call is made. */
  #repeatedAt(body: readonly Stmt[], at: number): number {
    for (let length = LEAST; length <= MOST; length++) {
      const first = runAt(body, at, length);
      const second = runAt(body, at + length, length);
      if (first === undefined || second === undefined) return 0;
      if (first.at(-1)!.kind !== "store") continue;
      const template = templateOf(first);
      if (templateOf(second).key !== template.key) continue;
      if (template.places.length + template.values.length > MOST_PARAMETERS) continue;
      if (readLater(first, body.slice(at + length))) continue;
      if (!this.#functions.has(template.key)) this.#functions.set(template.key, this.#made(first, template));
      return 2 * length;
    }
    return 0;
  }

  #made(run: readonly Plain[], { body, places, values }: Template): Outlined {
    const inside = new Names(this.#arrays);
    const taken = new Map<string, string>();
    const take = (name: string): string => inside.take(this.#arrays.includes(bare(name)) ? name : bare(name));
    values.forEach(({ name }, n) => taken.set(`$${n}`, take(name)));
    places.forEach((_, n) => taken.set(`@${n}`, inside.take("at")));
    let lets = 0;
    for (const stmt of run) if (stmt.kind === "let") taken.set(`#${lets++}`, take(stmt.name));
    const named = (name: string): string => taken.get(name) ?? name;
    const at = (place: Index): Index => {
      const [hole] = namesIn(place);
      return hole === undefined ? place : index(named(hole), Infinity);
    };
    const read = (value: Scalar): Scalar =>
      mapScalar(value, (part) => {
        if (part.kind === "load") return { ...part, at: part.at.map(at) };
        if (part.kind === "index") return { ...part, at: at(part.at) };
        return part.kind === "local" ? { ...part, name: named(part.name) } : part;
      });
    return {
      name: this.#names.take(this.#base),
      places: places.map((_, n) => named(`@${n}`)),
      values: values.map(({ dtype }, n) => ({ name: named(`$${n}`), dtype })),
      body: body.map((stmt): Plain =>
        stmt.kind === "store"
          ? { ...stmt, at: at(stmt.at), value: read(stmt.value) }
          : { ...stmt, name: named(stmt.name), value: read(stmt.value) },
      ),
    };
  }
}

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
