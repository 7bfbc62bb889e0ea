/** The function that runs of statements are calls of: its parameters, and what its doc says in their names. */

import { mapScalar } from "../../loop/build.ts";
import { identifier, Names } from "../../loop/identifier.ts";
import { index, namesIn, type Index } from "../../loop/index-expression.ts";
import type { Kernel, Scalar, Stmt } from "../../loop/loop.ts";
import { printScalar } from "../../loop/text/notation.ts";
import { AXIS_LETTERS } from "../../loop/text/reading.ts";
import { storesOf } from "../../loop/uses.ts";

export type Named = { readonly name: string; readonly dtype: Scalar["dtype"] };

export interface Outlined {
  /** What it does, a word of the kernels that call it. */
  readonly op: string;
  /** In index notation, without the index. */
  readonly doc: readonly string[];
  readonly arrays: readonly Named[];
  readonly places: readonly string[];
  readonly values: readonly Named[];
  readonly body: readonly Stmt[];
  /** Statements of the runs that it stands for. */
  readonly length: number;
}

export type Plain = Extract<Stmt, { kind: "let" | "store" }>;

/** A run with its arrays, its places and what it reads of the code around it taken out. */
export interface Template {
  readonly key: string;
  readonly body: readonly Plain[];
  readonly arrays: readonly Named[];
  readonly places: readonly Index[];
  readonly values: readonly Extract<Scalar, { kind: "local" }>[];
}

/** A weight and its state by short names: `W1` and `W1_m` are w and m. Undefined where the arrays are not called so. */
export function shortNames(stored: readonly string[]): ReadonlyMap<string, string> | undefined {
  const weight = stored.find((one) => stored.every((other) => other === one || other.startsWith(`${one}_`)));
  if (weight === undefined || stored.length < 2) return undefined;
  return new Map(stored.map((one) => [one, one === weight ? "w" : one.slice(weight.length + 1)]));
}

/** `sum10_2` of a tile is `sum`. */
const bare = (name: string): string => name.replace(/(_?\d+)+$/, "") || name;

/** A name in a kernel's doc. */
const WORD = /[\p{L}_$][\p{L}\d_$]*/gu;

/** The function of a run, in the short names of a weight and its state where it updates them. */
export function made(kernel: Kernel, run: readonly Plain[], { body, arrays, places, values }: Template): Outlined {
  const short = shortNames([...storesOf(run)]);
  const weight = [...(short ?? [])].find(([, name]) => name === "w")?.[0];
  const word = (name: string): string => short?.get(name) ?? (weight !== undefined && name === `d_${weight}` ? "g" : name);
  const lines = kernel.doc.map((line) => line.replace(/\[[^\]]*\]/g, ""));
  const told = new Set(lines.flatMap((line) => line.match(WORD) ?? []));
  /** A local by the value that it is a copy of, or one of several of a tile. */
  const shown = (name: string): string => {
    if (short?.has(name) === true || told.has(name)) return word(name);
    const value = [...told]
      .filter((one) => name.startsWith(one) && /^[_\d]*$/.test(name.slice(one.length)))
      .sort((a, b) => b.length - a.length)[0];
    if (value !== undefined) return value === weight ? "w_0" : word(value);
    const own = bare(name);
    return weight !== undefined && own.startsWith(`${weight}_`) ? own.slice(weight.length + 1) : own;
  };
  const inside = new Names();
  const taken = new Map<string, string>();
  arrays.forEach(({ name }, n) => taken.set(`%${n}`, inside.take(shown(name))));
  places.forEach((_, n) => taken.set(`@${n}`, inside.take("at")));
  values.forEach(({ name }, n) => taken.set(`$${n}`, inside.take(shown(name))));
  let lets = 0;
  for (const stmt of run) if (stmt.kind === "let") taken.set(`#${lets++}`, inside.take(shown(stmt.name)));
  const named = (name: string): string => taken.get(name) ?? name;
  const at = (place: Index): Index => index(named([...namesIn(place)][0]!), Infinity);
  const read = (value: Scalar): Scalar =>
    mapScalar(value, (part) => {
      if (part.kind === "load") return { ...part, buffer: named(part.buffer), at: part.at.map(at) };
      if (part.kind === "index") return { ...part, at: at(part.at) };
      return part.kind === "local" ? { ...part, name: named(part.name) } : part;
    });
  const stored = new Set([...storesOf(run)].flatMap((name) => [identifier(name), `${identifier(name)}′`]));
  /** A word of a definition as the function calls it: its arrays and values by their parameters. */
  const inDoc = (text: string): string => {
    const array = arrays.findIndex(({ name }) => identifier(name) === text);
    if (array >= 0) return named(`%${array}`);
    // a value of one point of a tile is a definition's with a number
    const value = values.findIndex(({ name }) => name.startsWith(text) && /^[_\d]*$/.test(name.slice(text.length)));
    return value >= 0 ? named(`$${value}`) : word(text);
  };
  const statements = body.map((stmt): Plain =>
    stmt.kind === "store"
      ? { ...stmt, buffer: named(stmt.buffer), at: at(stmt.at), value: read(stmt.value) }
      : { ...stmt, name: named(stmt.name), value: read(stmt.value) },
  );
  const known = new Set(taken.values());
  /** Arrays and axes of the kernel that the function does not know: of a joined value its definition tells of all parts. */
  const foreign = new Set([...kernel.params.map(({ name }) => identifier(name)), ...AXIS_LETTERS].filter((name) => !known.has(name)));
  const said = kernel.doc.flatMap((line) => {
    const [left = "", ...right] = line.replace(/\[[^\]]*\]/g, "").split(" = ");
    return stored.has(left) ? [[left, ...right].join(" = ").replace(WORD, inDoc)] : [];
  });
  return {
    op: opOf(kernel),
    length: run.length,
    doc: said.some((line) => line.match(WORD)!.some((one) => foreign.has(one))) ? storesAsText(statements) : said,
    arrays: arrays.map(({ dtype }, n) => ({ name: named(`%${n}`), dtype })),
    places: places.map((_, n) => named(`@${n}`)),
    values: values.map(({ dtype }, n) => ({ name: named(`$${n}`), dtype })),
    body: statements,
  };
}

/** What statements store, in index notation without the index; an array that they read is W′ from where it is stored. */
function storesAsText(statements: readonly Plain[]): readonly string[] {
  const lets = new Map<string, Scalar>();
  const read = new Set<string>();
  const whole = (value: Scalar): Scalar =>
    mapScalar(value, (part) => {
      if (part.kind === "load") read.add(part.buffer);
      if (part.kind === "load") return { ...part, at: [] };
      if (part.kind === "round") return part.value;
      return part.kind === "local" ? (lets.get(part.name) ?? part) : part;
    });
  return statements.flatMap((stmt) => {
    const value = whole(stmt.value);
    if (stmt.kind === "let") lets.set(stmt.name, value);
    if (stmt.kind === "let") return [];
    const updated = read.has(stmt.buffer);
    if (stmt.value.kind === "local")
      lets.set(stmt.value.name, { kind: "load", dtype: value.dtype, buffer: stmt.buffer, at: [], ...(updated && { updated }) });
    return [`${stmt.buffer}${updated ? "′" : ""} = ${printScalar(value)}`];
  });
}

/** The last word of a kernel's name, which says what it does with its sums: `dotAdam_128x32x10` is an `adam`. */
function opOf({ name }: Kernel): string {
  const word = /[A-Z]?[a-z0-9]+$/.exec(name.split("_")[0]!)?.[0] ?? "element";
  return word.charAt(0).toLowerCase() + word.slice(1);
}
