/** Guarantees that a graph prints as one canonical text, and that `parseGraph(printGraph(g))` equals `normaliseLiterals(g)` for every graph whose names are unique. */

import { bodyOf, movedResults, nodeOf, type Attr, type Attrs, type Graph, type Node } from "./graph.ts";
import type { Origin, Result, Value } from "./graph.ts";
import { printable } from "./printable.ts";
import { printType, type, type DType } from "./type.ts";

/** What may stand without quotes. The printer quotes the rest, the parser reads both. */
export const bare = {
  word: /[A-Za-z_][A-Za-z0-9_]*/y,
  name: /[A-Za-z_][A-Za-z0-9_.]*/y,
  title: /[A-Za-z_][A-Za-z0-9_.-]*/y,
  rule: /[^\s"@&\p{Cc}\p{Cf}\p{Cs}](?:[^@&\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*[^\s@&\p{Cc}\p{Cf}\p{Cs}])?/uy,
  site: /[^\s"\p{Cc}\p{Cf}\p{Cs}](?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*[^\s\p{Cc}\p{Cf}\p{Cs}])?/uy,
} as const;

/** Words that read as a number or a truth value. */
const RESERVED = ["true", "false", "inf", "nan"];
const LINE_WIDTH = 100;

const quote = (text: string): string => printable(JSON.stringify(text));

function printText(text: string, pattern: RegExp): string {
  pattern.lastIndex = 0;
  return pattern.exec(text)?.[0] === text ? text : quote(text);
}

export const printName = (name: string): string => `%${printText(name, bare.name)}`;

function printNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

function printAttr(attr: Attr): string {
  if (typeof attr === "number") return printNumber(attr);
  if (typeof attr === "boolean") return String(attr);
  if (typeof attr === "string") return RESERVED.includes(attr) ? quote(attr) : printText(attr, bare.word);
  if ("nodes" in attr) throw new TypeError("a graph is printed under its node");
  return `[${attr.map(printAttr).join(",")}]`;
}

function printAttrs(attrs: Attrs): string {
  const keys = Object.keys(attrs)
    .filter((key) => key !== "body")
    .sort();
  return `{${keys.map((key) => `${printText(key, bare.word)}=${printAttr(attrs[key]!)}`).join(" ")}}`;
}

function printOrigin(origin: Origin): string {
  const within = origin.within === undefined ? "" : `& ${printText(origin.within, bare.rule)} `;
  const site = `${within}${origin.site === "" ? "" : `@ ${printText(origin.site, bare.site)}`}`.trimEnd();
  if (origin.role === "primal") return site;
  const of = printText(origin.of, bare.name);
  const rule = printText(origin.rule, bare.rule);
  const law = origin.role === "update" ? `! ${of}: ${rule}` : `~ ${of}: ${printText(origin.op, bare.word)}: ${rule}`;
  return `${law} ${site}`.trimEnd();
}

/** A scalar constant, printed where it is read: `0.5`, `3i32`, `true`. */
export type Literal = Node & { readonly op: "literal"; readonly attrs: { readonly value: number } };

export const isLiteral = (node: Node): node is Literal =>
  node.op === "literal" &&
  node.inputs.length === 0 &&
  node.type.shape.length === 0 &&
  typeof node.attrs.value === "number" &&
  Object.keys(node.attrs).length === 1;

export function printLiteral(dtype: DType, value: number): string {
  if (dtype === "bool" && value === 1) return "true";
  if (dtype === "bool" && Object.is(value, 0)) return "false";
  return printNumber(value) + (dtype === "f32" ? "" : dtype);
}

/** The literal node that the text `printLiteral(dtype, value)` stands for. */
export const literal = (dtype: DType, value: number): Literal => ({
  op: "literal",
  name: printLiteral(dtype, value),
  inputs: [],
  attrs: { value },
  type: type(dtype, []),
  origin: { role: "primal", site: "" },
});

/** In bodies too: equal literals become one node, named by its text, right before the first node that reads it; unread ones go. */
export function normaliseLiterals(graph: Graph): Graph {
  const nodes: Node[] = [];
  const literals = new Map<string, Value>();
  const moved: Value[] = []; // old value → new value, for all but literals
  const append = (node: Node): Value => (nodes.push(node) - 1) as Value;

  const valueOf = (value: Value): Value => {
    const node = nodeOf(graph, value);
    if (!isLiteral(node)) return moved[value]!;
    const text = printLiteral(node.type.dtype, node.attrs.value);
    const known = literals.get(text);
    if (known !== undefined) return known;
    const { name, origin } = node;
    const normal = name === text && origin.role === "primal" && origin.site === "" && origin.within === undefined;
    const fresh = append(normal ? node : literal(node.type.dtype, node.attrs.value));
    literals.set(text, fresh);
    return fresh;
  };

  graph.nodes.forEach((node, at) => {
    if (isLiteral(node)) return;
    const inputs = node.inputs.map(valueOf);
    const same = inputs.every((input, place) => input === node.inputs[place]);
    const body = bodyOf(node);
    const normal = body && normaliseLiterals(body);
    const whole = normal === body ? node : { ...node, attrs: { ...node.attrs, body: normal! } };
    moved[at] = append(same ? whole : { ...whole, inputs });
  });
  const aliases = graph.aliases.map((alias) => ({ ...alias, value: valueOf(alias.value) }));
  const results = movedResults(graph.results, valueOf);
  const same = nodes.length === graph.nodes.length && nodes.every((n, at) => n === graph.nodes[at]);
  return same ? graph : { ...graph, nodes, results, aliases };
}

/** Wider cells stand out of their column: one value that joins hundreds would put as many blanks into every line. */
const WIDEST = 240;

/** The width of a column. */
const widest = (cells: readonly string[]): number =>
  cells.reduce((width, { length }) => (length > WIDEST ? width : Math.max(width, length)), 0);

/** The graph inside a node, under its line. */
function bodyLines(node: Node): string[] {
  const body = bodyOf(node);
  if (body === undefined) return [];
  const lines = printGraph(body).trimEnd().split("\n");
  return lines.map((line) => (line === "" ? "" : `    ${line}`));
}

function printOperand(graph: Graph, value: Value): string {
  const node = nodeOf(graph, value);
  return isLiteral(node) ? printLiteral(node.type.dtype, node.attrs.value) : printName(node.name);
}

const printCall = (graph: Graph, op: string, inputs: readonly Value[], attrs: Attrs): string =>
  [
    printText(op, bare.word),
    ...inputs.map((value) => printOperand(graph, value)),
    ...(Object.keys(attrs).length > 0 ? [printAttrs(attrs)] : []),
  ].join(" ");

/** What a node is, without its name and where it comes from: `relu %z1 : f32[32,128]`; a loop without its body. */
export const printNode = (graph: Graph, { op, inputs, attrs, type: of }: Node): string =>
  `${printCall(graph, op, inputs, attrs)} : ${printType(of)}`;

export function printGraph(graph: Graph): string {
  const operand = (value: Value): string => printOperand(graph, value);
  const call = (op: string, inputs: readonly Value[], attrs: Attrs): string => printCall(graph, op, inputs, attrs);
  const item = (result: Result): string => {
    if (result.kind === "write") return `write ${operand(result.target)} ← ${operand(result.value)}`;
    const pair = `${printText(result.name, bare.name)}=${operand(result.value)}`;
    return result.kind === "loss" ? `loss ${pair}` : pair;
  };

  const nodes = graph.nodes.filter((node) => !isLiteral(node));
  const calls = nodes.map((node) => call(node.op, node.inputs, node.attrs));
  const callWidth = widest(calls);
  const rights = [
    ...nodes.map((node, row) => `${calls[row]!.padEnd(callWidth)} : ${printType(node.type)}`),
    ...graph.aliases.map(({ value, maths }) => call("alias", [value], { maths })),
  ];
  const defined = [...nodes, ...graph.aliases];
  const names = defined.map(({ name }) => printName(name));
  const [nameWidth, rightWidth] = [widest(names), widest(rights)];
  const lines = defined.flatMap((one, row) => [
    `  ${names[row]!.padEnd(nameWidth)} = ${rights[row]!.padEnd(rightWidth)}   ${printOrigin(one.origin)}`.trimEnd(),
    ...("attrs" in one ? bodyLines(one) : []),
  ]);

  const items = graph.results.map(item);
  const short = `  ${["return", items.join("  ")].join(" ").trimEnd()}`;
  const returns = short.length <= LINE_WIDTH ? [short] : ["  return", ...items.map((text) => `    ${text}`)];
  const blank = lines.length > 0 ? [""] : [];
  const title = printText(graph.name, bare.title);
  return [`graph ${title} {`, ...lines, ...blank, ...returns, "}", ""].join("\n");
}
