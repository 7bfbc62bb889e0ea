/** Guarantees the inverse of print.ts's canonical text: what was printed reads back deep-equal, and what cannot be read names its line and column. */

import { VerifyError } from "../../graph/error.ts";
import type { DType } from "../../graph/type.ts";
import type { Atom, Index, Term } from "../index-expression.ts";
import {
  SCALAR_FNS,
  type Axis,
  type Buffer,
  type Call,
  type Definition,
  type Doc,
  type Entry,
  type EntryResult,
  type Group,
  type Initial,
  type Kernel,
  type Module,
  type Param,
  type Program,
  type Role,
  type Scalar,
  type ScalarFn,
  type Slot,
  type Stage,
  type Stmt,
  type Storage,
} from "../loop.ts";
import { axisOfLoop, dtypeOfCall, enter, readComment, readDoc, scopeOf, withStage, type Scope } from "./print.ts";

interface Token {
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

const DTYPES = ["f32", "f64", "i32", "bool"] as const satisfies readonly DType[];
const ROLES = ["input", "output", "constant", "parameter", "state", "hyper", "residual", "scratch"] as const satisfies readonly Role[];
const STORAGES = ["buffer", "local", "total"] as const satisfies readonly Storage[];
const ACCESSES = ["read", "write", "update"] as const satisfies readonly Param["access"][];
const RESULTS = ["loss", "output"] as const satisfies readonly EntryResult["kind"][];
const INITIALS = ["constant", "data", "seed", "uniform", "normal"] as const satisfies readonly Initial["kind"][];

const NUMBER = /^(inf|nan|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(f32|f64|i32|bool)?$/;

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
class Reader {
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

const axis = (r: Reader): Axis => {
  const name = r.name("an axis");
  r.eat("<");
  return { name, extent: r.number() };
};

const shape = (r: Reader): number[] => {
  r.eat("[");
  return r.list("]", () => r.number());
};

// index = ["-"] part { ("+" | "-") part };  part = [n "·"] atom | n;  atom = name ["<" n] | "(" of ("div" | "mod") n ")"

function index(r: Reader, scope: Scope): Index {
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
      terms.push({ atom: atom(r, scope), by: negative ? -by : by });
    }
    if (r.has("+")) negative = false;
    else if (r.has("-")) negative = true;
    else return { terms, offset };
  }
}

function atom(r: Reader, scope: Scope): Atom {
  if (r.is("(")) {
    const found = parenthesised(r, scope);
    return found.atom ?? r.expected("`div` or `mod` in the parentheses before");
  }
  const name = r.isName() ? r.name() : r.expected("a loop index, a number or `(`");
  const extent = r.has("<") ? r.number() : scope.extents.get(name);
  return extent === undefined ? r.expected(`\`<\` and the extent of ${name}, which no loop around gives`) : { kind: "index", name, extent };
}

/** `(of div n)` is an atom; `(sum)` is only ever what such an atom divides. */
function parenthesised(r: Reader, scope: Scope): { readonly atom?: Atom; readonly inner: Index } {
  r.eat("(");
  let of: Index;
  if (r.is("(")) {
    const first = parenthesised(r, scope);
    of = first.atom === undefined ? first.inner : continued(r, scope, first.atom);
  } else of = index(r, scope);
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
  const rest = index(r, scope);
  return { terms: [head, ...rest.terms], offset: rest.offset };
}

const FNS: ReadonlySet<string> = new Set(SCALAR_FNS);
const isFn = (name: string): name is ScalarFn => FNS.has(name) && name !== "cast";
const isDType = (name: string): name is DType => (DTYPES as readonly string[]).includes(name);

/** A scalar, and `:dtype` where it does not follow. */
function scalar(r: Reader, scope: Scope): Scalar {
  const token = r.peek();
  const bare = token.kind === "name";
  if (token.kind === "number" || r.is("-") || (bare && NUMBER.test(token.text))) {
    const { value, dtype } = r.literal();
    return { kind: "literal", dtype: dtype ?? "f32", value };
  }
  if (r.has("true")) return { kind: "literal", dtype: "bool", value: 1 };
  if (r.has("false")) return { kind: "literal", dtype: "bool", value: 0 };
  const name = r.isName() ? r.name() : r.expected("a scalar");
  if (bare && opensReduction(r)) return reduction(r, scope, token);
  if (bare && r.is("(")) return call(r, scope, name);
  const updated = r.has("′") ? ({ updated: true } as const) : {};
  if (r.has("[")) {
    const at = r.list("]", () => index(r, scope));
    const dtype = annotation(r) ?? scope.buffers.get(name) ?? "f32";
    return { kind: "load", dtype, buffer: name, at, ...updated };
  }
  if ("updated" in updated) return r.expected("`[` after ′");
  return { kind: "local", dtype: annotation(r) ?? scope.locals.get(name) ?? "f32", name };
}

const annotation = (r: Reader): DType | undefined => (r.has(":") ? r.word(DTYPES) : undefined);

/** `{k<3` or `{:`; any other brace is a block after the scalar. */
const opensReduction = (r: Reader): boolean => r.is("{") && (r.is(":", 1) || r.is("<", 2));

function reduction(r: Reader, scope: Scope, { text, line, column }: Token): Scalar {
  const by = text === "sum" || text === "sumInLanes" ? "add" : text;
  if (by !== "add" && by !== "max" && by !== "argmax")
    throw new VerifyError(
      `${line}:${column}`,
      `line ${line}, column ${column}: expected \`sum\`, \`max\` or \`argmax\` before \`{\`, but found \`${text}\``,
    );
  r.eat("{");
  const over = r.list(":", () => axis(r));
  const term = scalar(r, enter(scope, over));
  r.eat("}");
  const dtype = annotation(r) ?? (by === "argmax" ? "i32" : term.dtype);
  return { kind: "reduce", dtype, by, over, term, ...(text === "sumInLanes" ? { inLanes: true } : {}) };
}

function call(r: Reader, scope: Scope, name: string): Scalar {
  if (name !== "at" && name !== "select" && name !== "round" && !isFn(name) && !isDType(name))
    return r.expected(`a function before \`(\`, which ${name} is not`);
  r.eat("(");
  if (name === "at") {
    const at = index(r, scope);
    r.eat(")");
    return { kind: "index", dtype: "i32", at };
  }
  const one = (): Scalar => scalar(r, scope);
  if (name === "select") {
    const when = one();
    r.eat(",");
    const then = one();
    r.eat(",");
    const otherwise = one();
    r.eat(")");
    return { kind: "select", dtype: annotation(r) ?? then.dtype, when, then, otherwise };
  }
  if (name === "round") {
    const value = one();
    r.eat(")");
    return { kind: "round", dtype: "f32", value };
  }
  const args = r.list(")", one);
  if (isDType(name)) return { kind: "apply", dtype: name, fn: "cast", args };
  return { kind: "apply", dtype: annotation(r) ?? dtypeOfCall(name, args), fn: name, args };
}

function statement(r: Reader, scope: Scope): Stmt {
  if (r.has("for")) {
    const name = r.name("a loop index");
    r.eat("in");
    const from = index(r, scope);
    r.eat("..");
    const to = index(r, scope);
    const step = r.has("step") ? r.number() : 1;
    const form = r.has("vector") ? "vector" : "loop";
    const unrolled = r.has("unrolled") ? { unrolled: r.number() } : {};
    const inside = enter(scope, [axisOfLoop(name, to)]);
    return { kind: "for", index: name, from, to, step, form, ...unrolled, body: r.block(() => statement(r, inside)) };
  }
  if (r.has("if")) {
    const when = scalar(r, scope);
    const inside = enter(scope);
    return { kind: "if", when, then: r.block(() => statement(r, inside)) };
  }
  if (r.is("let") || r.is("var")) {
    const mutable = r.word(["let", "var"]) === "var";
    return { kind: "let", ...binding(r, scope), mutable };
  }
  const name = r.isName() ? r.name() : r.expected("a statement");
  if (r.has("[")) {
    const at = index(r, scope);
    r.eat("]");
    r.eat("=");
    return { kind: "store", buffer: name, at, value: scalar(r, scope) };
  }
  r.eat("=");
  return { kind: "assign", name, value: scalar(r, scope) };
}

/** `name: dtype = value`; the name is known from there on. */
function binding(r: Reader, scope: Scope): { name: string; dtype: DType; value: Scalar } {
  const name = r.name();
  r.eat(":");
  const dtype = r.word(DTYPES);
  r.eat("=");
  const value = scalar(r, scope);
  scope.locals.set(name, dtype);
  return { name, dtype, value };
}

function kernel(r: Reader): Kernel {
  r.eat("kernel");
  const name = r.name();
  r.eat("(");
  const params = r.list(")", (): Param => {
    const param = r.name("a parameter");
    r.eat(":");
    const dtype = r.word(DTYPES);
    r.eat("[");
    const length = r.number();
    r.eat("]");
    return { name: param, dtype, length, access: r.word(ACCESSES) };
  });
  r.eat("flops");
  const flops = r.number();
  const scope = scopeOf(params);
  let doc: string[] | undefined;
  const body = r.block(() => {
    doc ??= r.comments("a comment, or one quoted as JSON", readComment);
    return r.is("}") ? undefined : statement(r, scope);
  });
  return {
    name,
    doc: doc ?? [],
    params,
    body: body.filter((s) => s !== undefined),
    flops,
  };
}

function initial(r: Reader): Initial {
  const kind = r.word(INITIALS);
  r.eat("(");
  const values = r.list(")", () => r.number());
  const [a = 0, b = 0] = values;
  if (kind === "data") return { kind, values };
  if (kind === "seed") return { kind };
  if (kind === "constant") return { kind, value: a };
  r.eat("stream");
  const stream = r.number();
  return kind === "uniform" ? { kind, low: a, high: b, stream } : { kind, mean: a, deviation: b, stream };
}

function buffer(r: Reader): Buffer {
  r.eat("buffer");
  const name = r.name("a buffer");
  r.eat(":");
  const dtype = r.word(DTYPES);
  const dims = shape(r);
  const role = r.word(ROLES);
  const classes = r.has("classes") ? { classes: r.number() } : {};
  const rows = bufferRows(r);
  const trainable = r.has("trainable") ? { trainable: true } : r.has("frozen") ? { trainable: false } : {};
  const first = r.has("=") ? { initial: initial(r) } : {};
  return { name, dtype, shape: dims, role, ...classes, ...rows, ...trainable, ...first };
}

function bufferRows(r: Reader): Pick<Buffer, "rows"> {
  if (r.has("rowless")) return { rows: "none" };
  if (!r.has("rows")) return {};
  r.eat("axis");
  const axis = r.number();
  r.eat("per");
  return { rows: { axis, per: r.number() } };
}

const docs = (r: Reader): Doc[] => r.comments("`// maths    %node  role, site`", readDoc);

function part(r: Reader, scope: Scope): NonNullable<Definition["part"]> {
  const of = r.name("a buffer");
  r.eat("[");
  return { of, at: r.list("]", () => index(r, scope)) };
}

function definition(r: Reader, scope: Scope, doc: readonly Doc[]): Definition {
  const name = r.name("a definition");
  r.eat("[");
  const axes = r.list("]", () => axis(r));
  r.eat(":");
  const dtype = r.word(DTYPES);
  const dims = r.has("shape") ? shape(r) : axes.map(({ extent }) => extent);
  r.eat("by");
  const op = r.name("an op");
  const inside = enter(scope, axes);
  const target = r.has("into") ? { target: r.name("a buffer") } : r.has("at") ? { part: part(r, inside) } : {};
  r.eat("=");
  const value = scalar(r, inside);
  return { name, dtype, shape: dims, axes, value, ...target, op, doc };
}

function group(r: Reader, scope: Scope): Group {
  r.eat("(");
  const axes = r.list(")", () => axis(r));
  let inside = enter(scope, axes);
  const stages = r.block((): Stage => {
    const doc = docs(r);
    const storage = r.word(STORAGES);
    const found = definition(r, inside, doc);
    inside = withStage(inside, found);
    return { definition: found, storage };
  });
  return { axes, stages };
}

function statementOfEntry(r: Reader, scope: Scope): Call {
  const doc = docs(r);
  const kind = r.word(["call", "let", "store"]);
  if (kind === "let") return { kind, ...binding(r, scope), doc };
  if (kind === "call") {
    const name = r.name("a kernel");
    r.eat("(");
    const args = r.list(")", () => r.name("a buffer"));
    r.eat("over");
    return { kind, kernel: name, args, group: group(r, scope), doc };
  }
  const name = r.name("a buffer");
  r.eat(":");
  const dtype = r.word(DTYPES);
  r.eat("=");
  const value = scalar(r, scope);
  r.eat("{");
  const inside = docs(r);
  r.eat("define");
  const found = definition(r, scope, inside);
  r.eat("}");
  return { kind, buffer: name, dtype, value, definition: found, doc };
}

function result(r: Reader): EntryResult {
  r.eat("return");
  const kind = r.word(RESULTS);
  const name = r.name("a result");
  r.eat("=");
  const value = r.name("a local or a buffer");
  r.eat(":");
  return { kind, name, value, dtype: r.word(DTYPES), shape: shape(r) };
}

function entry(r: Reader, buffers: readonly Buffer[]): Entry {
  r.eat("entry");
  const name = r.name();
  r.eat("lowerBound");
  const lowerBound = r.number();
  const scope = scopeOf(buffers);
  r.eat("{");
  const uses: string[] = [];
  if (r.has("uses"))
    do uses.push(r.name("a buffer"));
    while (r.has(","));
  const { calls, results } = line(r, scope);
  return { name, calls, results, buffers: uses, lowerBound };
}

/** Calls, then results, up to the closing brace. */
function line(r: Reader, scope: Scope): { calls: Call[]; results: EntryResult[] } {
  const calls: Call[] = [];
  const results: EntryResult[] = [];
  while (!r.is("return") && !r.is("}")) calls.push(statementOfEntry(r, scope));
  while (!r.has("}")) results.push(result(r));
  return { calls, results };
}

function slot(r: Reader): Slot {
  const { line: here } = r.peek();
  const name = r.name("a buffer");
  r.eat("@");
  const offset = r.number();
  r.eat("..");
  const bytes = r.number() - offset;
  r.eat("live");
  let live: Slot["live"] = "always";
  if (!r.has("always")) {
    const first = r.number();
    r.eat("..");
    live = [first, r.number()];
  }
  // the role repeats the buffer's
  if (r.peek().kind === "name" && r.peek().line === here && !r.is("over")) r.word(ROLES);
  const over = r.peek().line === here && r.has("over") ? r.name("a buffer") : undefined;
  return { buffer: name, offset, bytes, live, ...(over === undefined ? {} : { over }) };
}

function whole<T>(source: string, read: (r: Reader) => T): T {
  const r = new Reader(source);
  const value = read(r);
  r.end();
  return value;
}

/** Reads what printKernel wrote. */
export const parseKernel = (source: string): Kernel => whole(source, kernel);

/** Reads what printProgram wrote. */
export const parseProgram = (source: string): Program =>
  whole(source, (r) => {
    r.eat("program");
    const name = r.name();
    r.eat("{");
    const buffers: Buffer[] = [];
    while (r.is("buffer")) buffers.push(buffer(r));
    const kernels: Kernel[] = [];
    while (r.is("kernel")) kernels.push(kernel(r));
    return { name, buffers, kernels, ...line(r, scopeOf(buffers)) };
  });

/** Reads what printModule wrote. */
export const parseModule = (source: string): Module =>
  whole(source, (r) => {
    r.eat("module");
    const name = r.name();
    r.eat("arena");
    const arenaBytes = r.number();
    r.eat("{");
    const buffers: Buffer[] = [];
    while (r.is("buffer")) buffers.push(buffer(r));
    const slots = r.has("plan") ? r.block(() => slot(r)) : [];
    const kernels: Kernel[] = [];
    while (r.is("kernel")) kernels.push(kernel(r));
    const entries: Entry[] = [];
    while (!r.has("}")) entries.push(r.is("entry") ? entry(r, buffers) : r.expected("`entry` or `}`"));
    return { name, entries, buffers, kernels, slots, arenaBytes };
  });
