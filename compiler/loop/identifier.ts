/** Guarantees that any name from a model becomes an identifier of its own: names are data and cannot become code. */

import { Names as NamesOf, type Spelling } from "../graph/names.ts";

const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof undefined var void while with yield " +
    "NaN Infinity Math Number Object Array Float32Array Float64Array Int32Array Uint8Array ArrayBuffer DataView Error RangeError TypeError globalThis async of get set " +
    "fround exp log tanh sin cos pow erf erfc atan log1p expm1 exp32 log32 tanh32 erf32 bitsOf floatOf randomBits constructor prototype __proto__"
  ).split(" "),
);

/** Letters, digits, _ and $ stay; everything else becomes _. A leading digit gets a _ before it. What this gives stays as it is. */
export function identifier(name: string): string {
  const clean = name
    .replace(/[^A-Za-z0-9_$]/g, "_")
    .replace(/^(?=\d)/, "_")
    .slice(0, JAVASCRIPT.longest);
  return clean === "" || RESERVED.has(clean) ? `${clean}_` : clean;
}

/** Identifiers in TypeScript and in WebAssembly's text. */
const JAVASCRIPT: Spelling = { longest: 60, of: identifier };

/** Gives out identifiers, each once, and none that would be cut again. */
export class Names extends NamesOf {
  constructor(taken: Iterable<string> = []) {
    super(JAVASCRIPT, taken);
  }
}
