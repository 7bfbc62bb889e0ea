/** Index expressions: `4·i + k − 2` for people, `4·i + k - 2` as canonical text, and that read back. */

import type { Atom, Index, Term } from "../index-expression.ts";
import type { Reader } from "./reader.ts";
import type { Scope } from "./scope.ts";
import { printName } from "./words.ts";

/** Writes a sum of terms; `minus` is the sign between terms, `nameOf` writes a loop index. */
function writeIndex(a: Index, minus: string, nameOf: (name: string, extent: number) => string): string {
  const factor = ({ atom }: Term): string => {
    if (atom.kind === "index") return nameOf(atom.name, atom.extent);
    const of = writeIndex(atom.of, minus, nameOf);
    const inner = isSingle(atom.of) ? of : `(${of})`;
    return `(${inner} ${atom.kind === "quotient" ? "div" : "mod"} ${atom.by})`;
  };
  let text = "";
  const append = (negative: boolean, part: string): void => {
    if (text === "") text = negative ? `${minus}${part}` : part;
    else text += negative ? ` ${minus} ${part}` : ` + ${part}`;
  };
  for (const term of a.terms) {
    const by = Math.abs(term.by);
    append(term.by < 0, by === 1 ? factor(term) : `${by}·${factor(term)}`);
  }
  const negative = a.offset < 0 || Object.is(a.offset, -0);
  if (a.terms.length === 0 || !Object.is(a.offset, 0)) append(negative, String(Math.abs(a.offset)));
  return text;
}

/** One loop index, one quotient, or one number that is not negative: needs no parentheses. */
export const isSingle = (a: Index): boolean =>
  a.terms.length === 0 ? a.offset >= 0 && !Object.is(a.offset, -0) : a.terms.length === 1 && a.terms[0]!.by === 1 && Object.is(a.offset, 0);

/** An index for people: `4·i + k − 2`. */
export const printIndex = (a: Index): string => writeIndex(a, "−", printName);

/** An index in scope: `i` where its extent is the loop's, `i<10` where it is not. */
export const indexText = (a: Index, scope: Scope): string =>
  writeIndex(a, "-", (name, extent) => (scope.extents.get(name) === extent ? printName(name) : `${printName(name)}<${extent}`));

// index = ["-"] part { ("+" | "-") part };  part = [n "·"] atom | n;  atom = name ["<" n] | "(" of ("div" | "mod") n ")"
export function readIndex(r: Reader, scope: Scope): Index {
  const terms: Term[] = [];
  let offset = 0;
  let negative = r.has("-");
  for (;;) {
    if (r.peek().kind === "number" && !r.is("·", 1)) {
      const value = r.number();
      offset = negative ? -value : value;
    } else {
      const by = r.peek().kind === "number" ? r.number() : 1;
      if (r.is("·")) r.take();
      terms.push({ atom: readAtom(r, scope), by: negative ? -by : by });
    }
    if (r.has("+")) negative = false;
    else if (r.has("-")) negative = true;
    else return { terms, offset };
  }
}

function readAtom(r: Reader, scope: Scope): Atom {
  if (r.is("(")) {
    const found = readParenthesised(r, scope);
    return found.atom ?? r.expected("`div` or `mod` in the parentheses before");
  }
  const name = r.isName() ? r.name() : r.expected("a loop index, a number or `(`");
  const extent = r.has("<") ? r.number() : scope.extents.get(name);
  return extent === undefined ? r.expected(`\`<\` and the extent of ${name}, which no loop around gives`) : { kind: "index", name, extent };
}

/** `(of div n)` is an atom; `(sum)` is only ever what such an atom divides. */
function readParenthesised(r: Reader, scope: Scope): { readonly atom?: Atom; readonly inner: Index } {
  r.eat("(");
  let of: Index;
  if (r.is("(")) {
    const first = readParenthesised(r, scope);
    of = first.atom === undefined ? first.inner : continued(r, scope, first.atom);
  } else of = readIndex(r, scope);
  if (r.has(")")) return { inner: of };
  const kind = r.word(["div", "mod"]) === "div" ? "quotient" : "remainder";
  const by = r.number();
  r.eat(")");
  return { atom: { kind, of, by }, inner: of };
}

/** The rest of a sum that began with an atom in parentheses. */
function continued(r: Reader, scope: Scope, first: Atom): Index {
  const head: Term = { atom: first, by: 1 };
  if (!r.is("+") && !r.is("-")) return { terms: [head], offset: 0 };
  r.has("+"); // a minus belongs to the next part
  const rest = readIndex(r, scope);
  return { terms: [head, ...rest.terms], offset: rest.offset };
}
