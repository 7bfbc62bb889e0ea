/**
 * Guarantees that what several places of one body have in common is said once: they differ in a number.
 *   y[i * 128 + j] = a0; y[i * 128 + j + 1] = a1   →   const at = i * 128 + j; y[at] = a0; y[at + 1] = a1
 */

import { at as valueAt, mapScalar } from "../../loop/build.ts";
import type { Names } from "../../loop/identifier.ts";
import { namesIn, type Index } from "../../loop/index-expression.ts";
import type { Scalar, Stmt } from "../../loop/loop.ts";
import { printIndex } from "./expression.ts";
import type { Called } from "./outline.ts";

type Line = Stmt | Called;

/** Characters that a name must save: what it stands for reads better where it is. */
const LEAST = 16;

/** Indices of the place itself, as the checks of bounds know nothing of them. */
const WIDE = 2 ** 31;

/** One body, and not those inside it; `given` are names of numbers that stay the same. */
export const placed = (body: readonly Line[], names: Names, given: ReadonlySet<string>): readonly Line[] => {
  const { head, bodies } = placedTogether([body], names, given);
  const [own = []] = bodies;
  // each stands before the first statement that reads it
  return own.flatMap((line) => {
    const now = head.filter(({ name }) => reads(line, name));
    now.forEach((one) => head.splice(head.indexOf(one), 1));
    return [...now, line];
  });
};

/** A constant for what places share. */
type Common = Extract<Stmt, { kind: "let" }>;

/** Bodies that run one after the other, and what stands before them. */
export function placedTogether(
  bodies: readonly (readonly Line[])[],
  names: Names,
  given: ReadonlySet<string>,
): { readonly head: Common[]; readonly bodies: readonly (readonly Line[])[] } {
  /** Without what is a number. */
  const varying = ({ terms }: Index): Index => ({
    terms: terms.filter(({ atom }) => atom.kind !== "index" || !given.has(atom.name)),
    offset: 0,
  });
  const uses = new Map<string, { readonly common: Index; times: number }>();
  for (const place of bodies.flat().flatMap(placesOf)) {
    const common = varying(place);
    if (common.terms.length === 0) continue;
    const text = printIndex(common);
    const known = uses.get(text);
    if (known === undefined) uses.set(text, { common, times: 1 });
    else known.times++;
  }
  // what one of several bodies declares is not there before them
  const changing = new Set(
    bodies
      .flat()
      .flatMap((line) => (line.kind === "assign" || (line.kind === "let" && (line.mutable || bodies.length > 1)) ? [line.name] : [])),
  );
  const head: Common[] = [];
  const nameOf = new Map<string, string>();
  for (const [text, { common, times }] of uses) {
    const saved = (times - 1) * (text.length - "at_2".length) - "const at_2 = ;".length;
    if (saved < LEAST || [...namesIn(common)].some((name) => changing.has(name))) continue;
    const name = names.take("at");
    nameOf.set(text, name);
    head.push({ kind: "let", name, dtype: "i32", value: valueAt(common), mutable: false });
  }
  const named = (place: Index): Index => {
    const common = varying(place);
    const name = nameOf.get(printIndex(common));
    const rest = place.terms.filter((term) => !common.terms.includes(term));
    return name === undefined ? place : { terms: [{ atom: { kind: "index", name, extent: WIDE }, by: 1 }, ...rest], offset: place.offset };
  };
  return { head, bodies: head.length === 0 ? bodies : bodies.map((body) => body.map((line) => withPlaces(line, named))) };
}

/** Where the statement itself reads and writes. */
function placesOf(line: Line): readonly Index[] {
  const found: Index[] = [];
  withPlaces(line, (place) => {
    if (place.terms.length > 0) found.push(place);
    return place;
  });
  return found;
}

function withPlaces(line: Line, change: (place: Index) => Index): Line {
  const inside = (value: Scalar): Scalar =>
    mapScalar(value, (part) => (part.kind === "load" ? { ...part, at: part.at.map(change) } : part));
  switch (line.kind) {
    case "called":
      return { ...line, places: line.places.map(change), values: line.values.map(inside) };
    case "store":
      return { ...line, at: change(line.at), value: inside(line.value) };
    case "let":
    case "assign":
      return { ...line, value: inside(line.value) };
    case "if":
      return { ...line, when: inside(line.when) };
    case "for":
      return line;
  }
}

/** Whether a statement itself has a place by this name. */
const reads = (line: Line, name: string): boolean => placesOf(line).some((place) => namesIn(place).has(name));
