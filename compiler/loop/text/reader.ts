/** Text → tokens, read from left to right: what is not as expected is named with its line and column. */

import { VerifyError } from "../../graph/error.ts";
import type { DType } from "../../graph/type.ts";

/** A piece of the text and where it stands. */
export interface Token {
  readonly kind: "name" | "string" | "number" | "comment" | "sign" | "end";
  /** A string's value, a comment's text, otherwise the characters. */
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const TOKEN =
  /(?<space>\s+)|\/\/ ?(?<comment>[^\n]*)|(?<string>"(?:[^"\\]|\\.)*")|(?<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:f32|f64|i32|bool)?)|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<sign>\.\.|[^\s])/uy;

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let [line, start] = [1, 0];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    const found = TOKEN.exec(source);
    if (found === null) break;
    const { space, comment, string, number, name, sign } = found.groups as Record<string, string | undefined>;
    const here = { line, column: at - start + 1 };
    if (comment !== undefined) tokens.push({ kind: "comment", text: comment, ...here });
    else if (string !== undefined) tokens.push({ kind: "string", text: unquote(string, here), ...here });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, ...here });
    else if (name !== undefined) tokens.push({ kind: "name", text: name, ...here });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign, ...here });
    for (let n = 0; space !== undefined && n < space.length; n++) if (space[n] === "\n") [line, start] = [line + 1, at + n + 1];
  }
  tokens.push({ kind: "end", text: "", line, column: source.length - start + 1 });
  return tokens;
}

function unquote(text: string, { line, column }: { line: number; column: number }): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new VerifyError(`${line}:${column}`, `line ${line}, column ${column}: expected a JSON string, but found ${text}`);
  }
}

/** A number without its sign, and the dtype it was written with. */
export const NUMBER = /^(inf|nan|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(f32|f64|i32|bool)?$/;

/** Quoted comments are JSON, which may be broken. */
function readOrNothing<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Brackets within brackets that a text may have: far more than any program has, and what the reader can follow. */
const DEEPEST = 500;

function refuseDeep(tokens: readonly Token[]): void {
  let depth = 0;
  for (const { kind, text, line, column } of tokens) {
    if (kind !== "sign") continue;
    if ("([{".includes(text)) depth++;
    else if (")]}".includes(text)) depth--;
    if (depth > DEEPEST)
      throw new VerifyError(
        `${line}:${column}`,
        `line ${line}, column ${column}: a bracket within ${DEEPEST} others is more than a program may have`,
      );
  }
}

/** Reads tokens from left to right; every complaint says what was expected where. */
export class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
    refuseDeep(this.#tokens);
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]!;
  }
  take(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }
  expected(what: string): never {
    const { kind, text, line, column } = this.peek();
    const found = kind === "end" ? "the end" : kind === "string" ? JSON.stringify(text) : kind === "comment" ? "a comment" : `\`${text}\``;
    throw new VerifyError(`${line}:${column}`, `line ${line}, column ${column}: expected ${what}, but found ${found}`);
  }
  /** The next token is this sign or bare word; a quoted string never is. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.text === text && (token.kind === "sign" || token.kind === "name");
  }
  has(text: string): boolean {
    if (!this.is(text)) return false;
    this.#next++;
    return true;
  }
  eat(text: string): void {
    if (!this.has(text)) this.expected(`\`${text}\``);
  }
  isName(): boolean {
    return this.peek().kind === "name" || this.peek().kind === "string";
  }
  name(what = "a name"): string {
    return this.isName() ? this.take().text : this.expected(what);
  }
  word<const Words extends readonly string[]>(words: Words): Words[number] {
    const found = words.find((word) => this.is(word));
    if (found === undefined) return this.expected(words.map((word) => `\`${word}\``).join(" or "));
    this.take();
    return found;
  }
  /** A number with its sign, and the dtype it was written with. */
  literal(): { readonly value: number; readonly dtype: DType | undefined } {
    const negative = this.has("-");
    const token = this.peek();
    const parts = token.kind === "number" || token.kind === "name" ? NUMBER.exec(token.text) : null;
    if (parts === null) return this.expected("a number");
    this.take();
    const [, digits, dtype] = parts;
    const size = digits === "inf" ? Infinity : digits === "nan" ? NaN : Number(digits);
    return { value: negative ? -size : size, dtype: dtype as DType | undefined };
  }
  number(): number {
    const start = this.peek();
    const { value, dtype } = this.literal();
    if (dtype === undefined) return value;
    const { line, column } = start;
    throw new VerifyError(
      `${line}:${column}`,
      `line ${line}, column ${column}: expected a number without a dtype, but found \`${start.text}\``,
    );
  }
  /** Items between commas, up to and with the closing sign. */
  list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.has(close)) return items;
    do items.push(item());
    while (this.has(","));
    this.eat(close);
    return items;
  }
  /** Items up to the closing brace. */
  block<T>(item: () => T): T[] {
    const items: T[] = [];
    this.eat("{");
    while (!this.has("}")) items.push(item());
    return items;
  }
  /** Comment lines; one that cannot be read is complained of at its own place. */
  comments<T>(what: string, read: (text: string) => T | undefined): T[] {
    const values: T[] = [];
    while (this.peek().kind === "comment") {
      const value = readOrNothing(() => read(this.peek().text));
      values.push(value ?? this.expected(what));
      this.take();
    }
    return values;
  }
  end(): void {
    if (this.peek().kind !== "end") this.expected("the end");
  }
}

/** Reads a text to its end. */
export function readWhole<T>(source: string, read: (r: Reader) => T): T {
  const r = new Reader(source);
  const value = read(r);
  r.end();
  return value;
}
