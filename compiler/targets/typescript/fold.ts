/**
 * Guarantees that a statement is told in few lines: a value that only one other reads stands in its reader's line, a second name stands
 * beside the first, the parts of a composition stand in one line, and so does what an update rule does to a parameter.
 *   dot = x · W; z = dot + b; hidden = relu(z)   →   hidden = relu(x · W + b)    %dot, %z, %hidden
 */

import type { Doc } from "../../loop/loop.ts";

/** A line of a statement's comment, and the nodes it stands for. */
export interface Line {
  /** Of a whole composition what stands before its title: `rowSum of `, or nothing where its own value is told. */
  readonly maths: string;
  readonly docs: readonly Doc[];
  /** Whether it shows its values, gives them other names, names a composition or an update, or says where the values were told. */
  readonly kind: "values" | "names" | "whole" | "update" | "again";
}

interface Entry {
  readonly names: readonly string[];
  readonly value: string;
  readonly docs: readonly Doc[];
}

/** A line with more characters of mathematics is not made by putting one value into another. */
const LONGEST = 100;
/** A composition that needs more lines than this has one that names it. */
const MOST = 2;

export const isAdjoint = ({ adjoint }: Doc): boolean => adjoint !== undefined;

/** What a node of an update rule updates, and by which rule. */
export function updateOf({ role }: Doc): { readonly of: string; readonly by: string } | undefined {
  const [, of, by] = /^update of (.*) by (.*)$/s.exec(role) ?? [];
  return of === undefined || by === undefined ? undefined : { of, by };
}

/** A composition without its words. */
export const nameOfComposition = (within: string): string => within.split(": ")[0]!;

/** What is known of a statement besides its nodes. */
export interface Around {
  /** What it leaves to others. */
  readonly stored: ReadonlySet<string>;
  /** The cotangents of the entry. */
  readonly gradients: ReadonlySet<string>;
  /** The statement, before this one, that tells of a node. */
  readonly told: ReadonlyMap<string, number>;
  /** Values that have a name in the code: what is not among them stands in its readers there. */
  readonly named: ReadonlySet<string>;
  /** What several statements tell of. */
  readonly shared: ReadonlySet<string>;
}

/** The lines of a statement. */
export function folded(docs: readonly Doc[], around: Around): Line[] {
  const { stored, gradients, told, named } = around;
  const updates = docs.filter((doc) => updateOf(doc) !== undefined);
  const others = docs.filter((doc) => updateOf(doc) === undefined);
  const known = others.filter(({ node }) => told.has(node) && !stored.has(node));
  const again = known.length > 1 || known.some(isAdjoint) ? known : [];
  const fresh = others.filter((doc) => !again.includes(doc));
  const short = new Map(
    others.flatMap((doc) => (named.has(doc.node) || valueOf(doc).length > SHORT ? [] : [[doc.node, valueOf(doc)] as const])),
  );
  const entries = chained(merged(fresh), updates.map(valueOf), stored).map((entry) => written(entry, short));
  const values = [...entries.map(({ value }) => value), ...updates.map(valueOf)];
  return [...againLine(again, values, told), ...inCompositions(entries, around), ...updateLines(updates, gradients)];
}

/** A value of no more characters, which has no name in the code, is written where it is read: `[row < live rows]` for `isLive`. */
const SHORT = 40;

function written(entry: Entry, short: ReadonlyMap<string, string>): Entry {
  let { value } = entry;
  for (const [name, formula] of short) {
    if (entry.names.includes(name)) continue;
    for (let n = 0; n < 4 && timesRead(value, name) > 0 && !NOTATION.has(name); n++) value = put(value, name, formula);
  }
  return value.length > LONGEST + SHORT ? entry : { ...entry, value };
}

/** `d_hidden as in statement 9`: what is computed once more, where it is read. */
function againLine(docs: readonly Doc[], values: readonly string[], told: Around["told"]): Line[] {
  if (docs.length === 0) return [];
  const read = docs.filter(({ node }) => values.some((value) => timesRead(value, node) > 0));
  const shown = read.length === 0 ? docs.slice(-1) : read;
  const maths = shown.map(({ node }, n) => `${node} as in ${n === 0 ? "statement " : ""}${told.get(node)}`).join(", ");
  return [{ maths, docs, kind: "again" }];
}

const sideOf = (doc: Doc): "forward" | "backward" => (isAdjoint(doc) ? "backward" : "forward");
const compositionOf = ({ docs: [doc] }: Pick<Entry, "docs">): string | undefined => doc!.within;

const valueOf = ({ maths }: Doc): string => maths.slice(maths.indexOf(" = ") + " = ".length);

/** Values that are the same have one entry. */
function merged(docs: readonly Doc[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const doc of docs) {
    const value = valueOf(doc);
    const key = JSON.stringify([sideOf(doc), value]);
    const known = entries.get(key);
    const own = { names: [...(known?.names ?? []), doc.node], value, docs: [...(known?.docs ?? []), doc] };
    entries.set(key, own);
  }
  return [...entries.values()];
}

const MOST_KNOWN = 8192;

const LETTER = String.raw`[\p{L}\p{N}_.$^-]`;
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
/** A name where it stands by itself, or transposed; before a bracket it is a function's. */
const naming = remembered((name: string): RegExp => new RegExp(`(?<!${LETTER})${escaped(name)}(?!(?!ᵀ)${LETTER}|\\()`, "gu"));

/** A function of texts that is asked for the same ones again and again. */
function remembered<T>(of: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let found = known.get(text);
    if (found !== undefined) return found;
    found = of(text);
    if (known.size === MOST_KNOWN) known.clear();
    known.set(text, found);
    return found;
  };
}

/** Words of the notation: a node of that name is left where it is. */
const NOTATION = new Set(
  "over axes axis max argmax of row column position on along at added scattered to windows running bits stream f32 f64 i32".split(" "),
);

const WORD = new RegExp(`${LETTER}+`, "gu");
const IS_WORD = new RegExp(`^${LETTER}+$`, "u");

/** How often each word of a formula stands in it, of a transposed one what is transposed too. */
const wordsOf = remembered((value: string): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  for (const { 0: word, index } of value.matchAll(WORD))
    for (let at = word.length; at > 0; at = word.lastIndexOf("ᵀ", at - 1)) {
      if (value[index + at] === "(") continue; // a function's
      const one = word.slice(0, at);
      found.set(one, (found.get(one) ?? 0) + 1);
    }
  return found;
});

const isWord = remembered((name: string): boolean => IS_WORD.test(name));

function timesRead(value: string, name: string): number {
  if (!value.includes(name)) return 0;
  return isWord(name) ? (wordsOf(value).get(name) ?? 0) : [...value.matchAll(naming(name))].length;
}

/** A value that is read once, by another of its own composition, stands where it is read. */
function chained(entries: readonly Entry[], elsewhere: readonly string[], stored: ReadonlySet<string>): Entry[] {
  const now = [...entries];
  for (let n = 0; n < now.length; n++) {
    const one = now[n]!;
    const [name] = one.names as [string];
    if (one.names.some((own) => stored.has(own)) || NOTATION.has(name)) continue;
    const reads = (value: string): number => one.names.reduce((sum, own) => sum + timesRead(value, own), 0);
    const readers = now.filter((other) => other !== one && reads(other.value) > 0);
    const [reader] = readers;
    if (reader === undefined || readers.length > 1 || reads(reader.value) !== 1 || elsewhere.some((value) => reads(value) > 0)) continue;
    if (compositionOf(reader) !== compositionOf(one) || sideOf(reader.docs[0]!) !== sideOf(one.docs[0]!)) continue;
    const used = one.names.find((own) => timesRead(reader.value, own) > 0)!;
    const value = put(reader.value, used, one.value);
    if (value.length > LONGEST) continue;
    now[now.indexOf(reader)] = { ...reader, value, docs: [...one.docs, ...reader.docs] };
    now.splice(n--, 1);
  }
  return now;
}

/** How tightly the outermost sign of a formula binds. */
const BINDINGS = [
  [" ? ", 0],
  [" over ", 1],
  ["Σ ", 1],
  [" = ", 2],
  [" < ", 2],
  [" ≤ ", 2],
  [" + ", 3],
  [" − ", 3],
  [" ⊙ ", 4],
  [" · ", 4],
  [" / ", 4],
  [" ∗ ", 4],
] as const;
const ATOM = 5;

/** A formula without what stands in brackets. */
function outermost(formula: string): string {
  let depth = 0;
  let out = "";
  for (const sign of formula) {
    if (sign === ")" || sign === "]") depth--;
    if (depth === 0) out += sign;
    if (sign === "(" || sign === "[") depth++;
  }
  return out;
}

function bindingOf(formula: string): number {
  const outer = outermost(formula);
  if (outer.startsWith("−") || /^(max|argmax|running|random) /.test(outer)) return 1;
  return BINDINGS.find(([sign]) => outer.includes(sign))?.[1] ?? (outer.includes(" ") ? 0 : ATOM);
}

/** A formula in the place of a name in another, in brackets where it would read otherwise without. */
function put(into: string, name: string, formula: string): string {
  const at = into.search(naming(name));
  const [before, after] = [into.slice(0, at), into.slice(at + name.length)];
  const alone = (before === "" || /[([]$|, $/.test(before)) && (after === "" || /^[)\]]|^, /.test(after));
  const binding = bindingOf(formula);
  const inSum = (before === "" || before.endsWith(" + ")) && (after === "" || /^ [+−] /.test(after));
  const inBranch = /[?:] $/.test(before) && (after === "" || after.startsWith(" : "));
  const bare =
    alone ||
    (inBranch && binding >= 1) ||
    binding === ATOM ||
    (inSum && binding >= 3) ||
    (binding === 4 && before === "" && /^ [⊙/] /.test(after));
  return `${before}${bare ? formula : `(${formula})`}${after}`;
}

/** Entries in order; a composition that needs many lines has one line for each of its sides, and what is read outside it and has no name. */
function inCompositions(entries: readonly Entry[], { stored, named, shared }: Around): Line[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const within = compositionOf(entry);
    const key = JSON.stringify(within === undefined ? entry.names : [within, sideOf(entry.docs[0]!), isRenaming(entry)]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const asValues = (entry: Entry): Line => ({
    maths: `${entry.names.join(", ")} = ${entry.value}`,
    docs: entry.docs,
    kind: isRenaming(entry) ? "names" : "values",
  });
  return [...groups.values()].flatMap((group): Line[] => {
    const within = compositionOf(group[0]!);
    if (within === undefined || group.length <= MOST) return group.map(asValues);
    const isOutside = (name: string): boolean =>
      shared.has(name) || entries.some((one) => !group.includes(one) && timesRead(one.value, name) > 0);
    const open = group.filter(({ names, value }) => names.some((name) => !named.has(name) && value.length > SHORT && isOutside(name)));
    const docs = group.filter((entry) => !open.includes(entry)).flatMap((entry) => entry.docs);
    if (docs.length <= MOST) return group.map(asValues);
    const kept = docs.flatMap(({ node }) => (stored.has(node) ? [node] : []));
    const shown = (kept.length === 0 ? docs.map(({ node }) => node).slice(-1) : kept).slice(-2).join(", ");
    const name = nameOfComposition(within);
    const maths = isAdjoint(docs[0]!) ? `${shown} through ${name}` : kept.at(-1) === name ? "" : `${shown} of `;
    return [{ maths, docs, kind: "whole" }, ...open.map(asValues)];
  });
}

/** Whether an entry gives another name to a value, and does nothing with it. */
const isRenaming = ({ value }: Entry): boolean => !/[ (]/.test(value);

/** `W1 by adam with d_W1`, one line a parameter and rule; the rule's own scalars as they are. */
function updateLines(docs: readonly Doc[], gradients: ReadonlySet<string>): Line[] {
  const groups = new Map<string, Doc[]>();
  for (const doc of docs) {
    const key = JSON.stringify(updateOf(doc));
    groups.set(key, [...(groups.get(key) ?? []), doc]);
  }
  return [...groups.values()].flatMap((group): Line[] => {
    if (group.length === 1) return [{ maths: group[0]!.maths, docs: group, kind: "values" }];
    const { of, by } = updateOf(group[0]!)!;
    const own = new Set(group.map(({ node }) => node));
    const values = group.map(valueOf);
    const words = new Set(values.flatMap((value) => [...wordsOf(value).keys()]));
    const isRead = (name: string): boolean => words.has(name) || (!isWord(name) && values.some((value) => timesRead(value, name) > 0));
    const given = [...gradients].filter((name) => !own.has(name) && isRead(name));
    return [{ maths: `${of} by ${by}${given.length === 0 ? "" : ` with ${given.join(", ")}`}`, docs: group, kind: "update" }];
  });
}
