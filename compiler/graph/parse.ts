/** Guarantees that the text of a graph becomes the graph it prints as, and that any other text is refused with its line, its column and what was expected there. */

import { VerifyError } from "./error.ts";
import type { Alias, Attr, Attrs, Graph, Node, Origin, Result, Value } from "./graph.ts";
import { bare, literal, normaliseLiterals, printName } from "./print.ts";
import { together, type, type DType, type TensorType } from "./type.ts";

const NUMBER = String.raw`(?:-?(?:(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?|inf)|nan)`;
const EXTENT = String.raw`(?:0|[1-9]\d*)`;
const DTYPE = "(?:f32|f64|i32|bool)";
const ONE_TYPE = String.raw`${DTYPE}\[(?:${EXTENT}(?:,${EXTENT})*)?\]`;
const keyword = (word: string): RegExp => new RegExp(String.raw`${word}(?![\w.="])`, "y");
const token = {
  number: new RegExp(String.raw`${NUMBER}(?![\w.])`, "y"),
  literal: new RegExp(String.raw`(?:true|false|${NUMBER}${DTYPE}?)(?![\w.])`, "y"),
  type: new RegExp(String.raw`${ONE_TYPE}|\(${ONE_TYPE}(?:,${ONE_TYPE})*\)`, "y"),
  string: /"[^"\\\n]*(?:\\.[^"\\\n]*)*"/y,
  graph: keyword("graph"),
  return: keyword("return"),
  loss: keyword("loss"),
  write: keyword("write"),
  lineEnd: /\n|$/y,
  blanks: /[ \t\r]*/y,
  gap: /(?:\s|\/\/[^\n]*)*/y, // blank lines and comment lines
} as const;
const TYPE = "a type like f32[32,784]";
const NAME = "a name like x or a JSON string";

const numberOf = (text: string): number => (text === "nan" ? NaN : Number(text.replace("inf", "Infinity")));

function literalOf(text: string): Node {
  if (text === "true" || text === "false") return literal("bool", text === "true" ? 1 : 0);
  const suffix = new RegExp(`${DTYPE}$`).exec(text)?.[0];
  if (suffix === undefined) return literal("f32", numberOf(text));
  return literal(suffix as DType, numberOf(text.slice(0, -suffix.length)));
}

function typeOf(text: string): TensorType {
  if (text.startsWith("(")) return together(text.match(new RegExp(ONE_TYPE, "g"))!.map(typeOf)); // the token has one or more
  const [dtype, extents] = text.slice(0, -1).split("[") as [DType, string];
  return type(dtype, extents === "" ? [] : extents.split(",").map(Number));
}

/** A position in the text, and the name of what is being read there. */
class Scanner {
  readonly text: string;
  at = 0;
  culprit = "graph";
  /** Graphs within graphs. */
  depth = 0;
  constructor(text: string) {
    this.text = text;
  }

  /** The text that a pattern matches here, after blanks. */
  take(pattern: RegExp | string): string | undefined {
    if (pattern !== token.blanks) this.take(token.blanks);
    if (typeof pattern === "string") {
      if (!this.text.startsWith(pattern, this.at)) return undefined;
      this.at += pattern.length;
      return pattern;
    }
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  expect(pattern: RegExp | string, expected: string): string {
    return this.take(pattern) ?? this.fail(expected);
  }

  /** Bare text or a JSON string. */
  string(pattern: RegExp, expected: string): string {
    const quoted = this.take(token.string);
    if (quoted === undefined) return this.expect(pattern, expected);
    try {
      return JSON.parse(quoted) as string; // the token starts and ends with a quote
    } catch {
      this.at -= quoted.length;
      return this.fail("a JSON string");
    }
  }

  place(at: number): { readonly line: number; readonly column: number } {
    const lines = this.text.slice(0, at).split("\n");
    return { line: lines.length, column: lines.at(-1)!.length + 1 };
  }

  error(at: number, message: string): VerifyError {
    const { line, column } = this.place(at);
    return new VerifyError(this.culprit, `line ${line}, column ${column}: ${message}`);
  }

  fail(expected: string): never {
    const word = /\S{0,40}/y;
    word.lastIndex = this.at;
    const found = word.exec(this.text)?.[0] ?? "";
    const end = this.at === this.text.length ? "the end of the text" : "the end of the line";
    const what = found === "" ? end : JSON.stringify(found);
    throw this.error(this.at, `expected ${expected}, found ${what}`);
  }
}

interface Reference {
  readonly name: string;
  readonly at: number;
}
type Operand = Reference | Node;

interface Line extends Reference {
  readonly op: string;
  readonly operands: readonly Operand[];
  readonly attrs: Attrs;
  readonly type: TensorType | undefined; // an alias has none
  readonly origin: Origin;
}

function takeReference(scan: Scanner): Reference | undefined {
  if (scan.take("%") === undefined) return undefined;
  const at = scan.at - 1;
  return { name: scan.string(bare.name, NAME), at };
}

function takeOperand(scan: Scanner): Operand | undefined {
  const text = scan.take(token.literal);
  return text === undefined ? takeReference(scan) : literalOf(text);
}

const readOperand = (scan: Scanner): Operand => takeOperand(scan) ?? scan.fail("a value like %x or a literal like 0.5");

/** Lists within lists that an attribute may have; no op knows more than two. */
const DEEPEST = 16;

function readAttr(scan: Scanner, depth = 0): Attr {
  const number = scan.take(token.number);
  if (number !== undefined) return numberOf(number);
  if (scan.take("[") !== undefined) {
    if (depth === DEEPEST) throw scan.error(scan.at - 1, `a list within ${DEEPEST} lists is more than an attribute may have`);
    const items: Attr[] = [];
    if (scan.take("]") !== undefined) return items;
    do items.push(readAttr(scan, depth + 1));
    while (scan.take(",") !== undefined);
    scan.expect("]", '"," or "]"');
    return items;
  }
  const word = scan.take(bare.word);
  if (word === undefined) return scan.string(bare.word, "a number, a word, a JSON string or a list");
  return word === "true" || word === "false" ? word === "true" : word;
}

function readAttrs(scan: Scanner): Attrs {
  const attrs = new Map<string, Attr>();
  if (scan.take("{") === undefined) return {};
  while (scan.take("}") === undefined) {
    const at = scan.at;
    const key = scan.string(bare.word, 'an attribute like axes=[0] or "}"');
    if (attrs.has(key)) throw scan.error(at, `the attribute ${key} is given twice`);
    scan.expect("=", `"=" after the attribute ${key}`);
    attrs.set(key, readAttr(scan));
  }
  return Object.fromEntries(attrs);
}

function readOrigin(scan: Scanner): Origin {
  const site = (): string => scan.string(bare.site, "a site like models/mnist-mlp.ts:6");
  const place = (): Pick<Origin, "site" | "within"> => {
    const within = scan.take("&") === undefined ? {} : { within: scan.string(bare.rule, "a composition like dense_2") };
    return { site: scan.take("@") === undefined ? "" : site(), ...within };
  };
  const part = (pattern: RegExp, what: string): string => {
    const text = scan.string(pattern, `${what} or a JSON string`);
    scan.expect(":", `":" after ${what}`);
    return text;
  };
  if (scan.take("~") !== undefined) {
    const of = part(bare.name, "the name of the primal");
    const op = part(bare.word, "the op whose gradient rule this is");
    const rule = scan.string(bare.rule, "a gradient rule");
    return { role: "cotangent", of, op, rule, ...place() };
  }
  if (scan.take("!") !== undefined) {
    const of = part(bare.name, "the name of what is updated");
    const rule = scan.string(bare.rule, "an update rule");
    return { role: "update", of, rule, ...place() };
  }
  return { role: "primal", ...place() };
}

function readLine(scan: Scanner, { name, at }: Reference): Line {
  scan.culprit = name;
  scan.expect("=", `"=" after ${printName(name)}`);
  const op = scan.string(bare.word, "an op");
  const operands: Operand[] = [];
  for (let next = takeOperand(scan); next !== undefined; next = takeOperand(scan)) operands.push(next);
  const attrs = readAttrs(scan);
  const typed = scan.take(":") !== undefined;
  if (!typed && op !== "alias") scan.fail('an operand, {attributes} or ":" and a type');
  const of = typed ? typeOf(scan.expect(token.type, TYPE)) : undefined;
  const origin = readOrigin(scan);
  scan.expect(token.lineEnd, "an origin (@, &, ~ or !) or the end of the line");
  const body = readBody(scan);
  return { name, at, op, operands, attrs: body === undefined ? attrs : { ...attrs, body }, type: of, origin };
}

/** Graphs within graphs that a text may have. */
const NESTED = 16;

/** The graph under a node's line. */
function readBody(scan: Scanner): Graph | undefined {
  const at = scan.at;
  scan.take(token.gap);
  if (scan.take(token.graph) === undefined) {
    scan.at = at;
    return undefined;
  }
  if (++scan.depth > NESTED) throw scan.error(at, `graphs within ${NESTED} graphs are more than a text may have`);
  const { culprit } = scan;
  const body = readGraph(scan);
  scan.depth--;
  scan.culprit = culprit;
  scan.expect(token.lineEnd, "the end of the line");
  return body;
}

/** What a graph returns, its values still by name. */
type Item =
  | { readonly kind: "output" | "loss"; readonly name: string; readonly value: Operand }
  | { readonly kind: "write"; readonly target: Operand; readonly value: Operand };

function readItem(scan: Scanner): Item {
  if (scan.take(token.write) !== undefined) {
    const target = readOperand(scan);
    scan.expect("←", '"←" after the target of the write');
    return { kind: "write", target, value: readOperand(scan) };
  }
  const kind = scan.take(token.loss) === undefined ? "output" : "loss";
  const name = scan.string(bare.name, 'a result like loss=%l or "}"');
  scan.expect("=", `"=" after the result ${name}`);
  return { kind, name, value: readOperand(scan) };
}

/** Lines and results as nodes: every name has one definition, above its first use. */
function resolve(scan: Scanner, name: string, lines: readonly Line[], items: readonly Item[]): Graph {
  const definitions = new Map<string, Line>();
  for (const line of lines) {
    const first = definitions.get(line.name);
    scan.culprit = line.name;
    if (first !== undefined)
      throw scan.error(line.at, `${printName(line.name)} is defined twice, first on line ${scan.place(first.at).line}`);
    definitions.set(line.name, line);
  }

  const nodes: Node[] = [];
  const aliases: Alias[] = [];
  const values = new Map<string, Value>();
  const append = (node: Node): Value => (nodes.push(node) - 1) as Value;
  const valueOf = (operand: Operand): Value => {
    if ("op" in operand) return append(operand);
    const value = values.get(operand.name);
    if (value !== undefined) return value;
    const later = definitions.get(operand.name);
    const fault = later === undefined ? "is not defined" : `is read before its definition on line ${scan.place(later.at).line}`;
    throw scan.error(operand.at, `${printName(operand.name)} ${fault}`);
  };

  for (const line of lines) {
    const { name, op, attrs, origin } = line;
    scan.culprit = name;
    const inputs = line.operands.map(valueOf);
    if (line.type !== undefined) {
      values.set(name, append({ op, name, inputs, attrs, type: line.type, origin }));
      continue;
    }
    const [value] = inputs;
    const { maths } = attrs;
    const alone = inputs.length === 1 && Object.keys(attrs).length === 1;
    if (value === undefined || typeof maths !== "string" || !alone)
      throw scan.error(line.at, 'an alias reads: %name = alias %value {maths="law"}');
    aliases.push({ name, value, maths, origin });
    values.set(name, value);
  }
  scan.culprit = name;
  const results = items.map((item): Result =>
    item.kind === "write"
      ? { kind: "write", target: valueOf(item.target), value: valueOf(item.value) }
      : { kind: item.kind, name: item.name, value: valueOf(item.value) },
  );
  return { name, nodes, results, aliases };
}

export function parseGraph(text: string): Graph {
  const scan = new Scanner(text);
  scan.take(token.gap);
  scan.expect(token.graph, '"graph"');
  const graph = readGraph(scan);
  scan.take(token.gap);
  if (scan.at < text.length) scan.fail("the end of the text");
  return normaliseLiterals(graph);
}

/** What follows the word "graph". */
function readGraph(scan: Scanner): Graph {
  const name = scan.string(bare.title, "the graph's name");
  scan.culprit = name;
  scan.expect("{", '"{" after the graph\'s name');
  scan.take(token.gap);

  const lines: Line[] = [];
  for (let defined = takeReference(scan); defined !== undefined; defined = takeReference(scan)) {
    lines.push(readLine(scan, defined));
    scan.culprit = name;
    scan.take(token.gap);
  }
  scan.expect(token.return, 'a node like %y = relu %x : f32[2], or "return"');
  const items: Item[] = [];
  for (scan.take(token.gap); scan.take("}") === undefined; scan.take(token.gap)) items.push(readItem(scan));
  return resolve(scan, name, lines, items);
}

export function parseType(text: string): TensorType {
  token.type.lastIndex = 0;
  if (token.type.exec(text)?.[0] === text) return typeOf(text);
  throw new VerifyError(text, `expected ${TYPE}, found ${JSON.stringify(text)}`);
}
