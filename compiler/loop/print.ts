/** Guarantees two texts of the loop level: index notation for people, and a canonical text that parse.ts reads back unchanged. */

import { printable } from "../graph/printable.ts";
import type { DType } from "../graph/type.ts";
import { keyOf } from "./build.ts";
import { rangeOf, type Index, type Term } from "./index.ts";
import type {
  Axis,
  Buffer,
  Call,
  Definition,
  Definitions,
  Doc,
  Entry,
  EntryResult,
  Group,
  Initial,
  Kernel,
  Loop,
  Module,
  Program,
  Scalar,
  ScalarFn,
  Slot,
  Stage,
  Stmt,
} from "./loop.ts";

const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** As JSON, all of it visible. */
const quoted = (value: string | readonly (string | null)[]): string => printable(JSON.stringify(value));

/** Words that the canonical text gives a meaning; as names they are quoted. */
const RESERVED = new Set(["for", "let", "var", "if", "true", "false", "div", "mod"]);
const SPECIAL = /^(inf|nan)(f32|f64|i32|bool)?$/;

/** A name bare where it cannot be mistaken, otherwise as a JSON string. */
export const printName = (name: string): string => (WORD.test(name) && !RESERVED.has(name) && !SPECIAL.test(name) ? name : quoted(name));

/** A number that reads back to the same double: `-0`, `inf` and `nan` included. */
export function printNumber(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

const printAxis = (axis: Axis): string => `${printName(axis.name)}<${axis.extent}`;
const printAxes = (axes: readonly Axis[]): string => axes.map(printAxis).join(", ");

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
const isSingle = (a: Index): boolean =>
  a.terms.length === 0 ? a.offset >= 0 && !Object.is(a.offset, -0) : a.terms.length === 1 && a.terms[0]!.by === 1 && Object.is(a.offset, 0);

/** An index for people: `4·i + k − 2`. */
export const printIndex = (a: Index): string => writeIndex(a, "−", printName);

// How tightly a text holds together; Σ binds its term like a product and stands in sums like one.
const [OR, AND, COMPARE, SUM, REDUCE, PRODUCT, SIGN, POWER, ATOM] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

const INFIX: Partial<Record<ScalarFn, { sign: string; holds: number; right: number }>> = {
  or: { sign: " ∨ ", holds: OR, right: AND },
  and: { sign: " ∧ ", holds: AND, right: COMPARE },
  lt: { sign: " < ", holds: COMPARE, right: SUM },
  le: { sign: " ≤ ", holds: COMPARE, right: SUM },
  eq: { sign: " = ", holds: COMPARE, right: SUM },
  add: { sign: " + ", holds: SUM, right: REDUCE },
  sub: { sign: " − ", holds: SUM, right: REDUCE },
  mul: { sign: "·", holds: PRODUCT, right: POWER },
  div: { sign: " / ", holds: PRODUCT, right: POWER },
  pow: { sign: "^", holds: POWER, right: ATOM },
};

const REDUCE_WORD = { add: "Σ", max: "max", argmax: "argmax" } as const;

/** `W`, and `W′` for the value that this step stores there. */
const bufferText = ({ buffer, updated }: Extract<Scalar, { kind: "load" }>): string => `${printName(buffer)}${updated === true ? "′" : ""}`;

/** A scalar in index notation with as few parentheses as the reading allows. */
export function printScalar(s: Scalar): string {
  return write(s, 0);
}

function write(s: Scalar, needs: number): string {
  const [text, holds] = notation(s);
  return holds < needs ? `(${text})` : text;
}

function notation(s: Scalar): readonly [text: string, holds: number] {
  switch (s.kind) {
    case "literal":
      if (s.dtype === "bool") return [s.value === 0 ? "false" : "true", ATOM];
      return isNegative(s.value) ? [`−${people(-s.value)}`, SIGN] : [people(s.value), ATOM];
    case "local":
      return [printName(s.name), ATOM];
    case "index":
      return [printIndex(s.at), isSingle(s.at) ? ATOM : s.at.terms.length === 1 && s.at.offset === 0 ? PRODUCT : SUM];
    case "load":
      return [s.at.length === 0 ? bufferText(s) : `${bufferText(s)}[${s.at.map(printIndex).join(",")}]`, ATOM];
    case "select": {
      const relu = reluOf(s);
      if (relu !== undefined) return [`relu(${printScalar(relu)})`, ATOM];
      return [`where(${[s.when, s.then, s.otherwise].map(printScalar).join(", ")})`, ATOM];
    }
    case "round":
      return [`round(${printScalar(s.value)})`, ATOM];
    case "reduce":
      return [`${REDUCE_WORD[s.by]} ${printAxes(s.over)}${s.inLanes === true ? " in lanes" : ""}: ${write(s.term, REDUCE)}`, REDUCE];
    case "apply":
      return applied(s);
  }
}

const people = (value: number): string => (value === Infinity ? "∞" : printNumber(value));
const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

function applied(s: Extract<Scalar, { kind: "apply" }>): readonly [string, number] {
  const [a, b] = s.args;
  const infix = INFIX[s.fn];
  if (infix !== undefined && a !== undefined && b !== undefined) {
    // comparisons do not chain, and a^b^c is never written
    const left = infix.holds === COMPARE || infix.holds === POWER ? infix.holds + 1 : infix.holds;
    // x + (−3) is x − 3, to the bit
    if (s.fn === "add" && b.kind === "literal" && isNegative(b.value)) return [`${write(a, left)} − ${people(-b.value)}`, SUM];
    return [`${write(a, left)}${infix.sign}${write(b, infix.right)}`, infix.holds];
  }
  if (s.fn === "neg" && a !== undefined) return [`−${write(a, POWER)}`, SIGN];
  if (s.fn === "not" && a !== undefined) return [`¬${write(a, POWER)}`, SIGN];
  const name = s.fn === "cast" ? s.dtype : s.fn;
  return [`${name}(${s.args.map(printScalar).join(", ")})`, ATOM];
}

/** relu(x) = x < 0 ? 0 : x. */
function reluOf({ when, then, otherwise }: Extract<Scalar, { kind: "select" }>): Scalar | undefined {
  if (when.kind !== "apply" || when.fn !== "lt") return undefined;
  const [x, zero] = when.args;
  const isZero = (z: Scalar | undefined): boolean => z?.kind === "literal" && z.value === 0;
  if (x === undefined || !isZero(zero) || !isZero(then)) return undefined;
  return keyOf(x) === keyOf(otherwise) ? otherwise : undefined;
}

/** `h[i,j] = relu(Σ k<784: x[i,k]·w[k,j] + b[j])`. */
export function printDefinition(d: Definition): string {
  const axes = d.axes.map((axis) => printName(axis.name)).join(",");
  return `${printName(d.name)}${axes === "" ? "" : `[${axes}]`} = ${printScalar(d.value)}`;
}

/** Where a definition is stored, if not in a buffer of its own. */
function placeOf({ target, part }: Definition): string {
  if (part !== undefined) return ` at ${printName(part.of)}[${part.at.map(printIndex).join(", ")}]`;
  return target === undefined ? "" : ` into ${printName(target)}`;
}

function printStage({ definition, storage }: Stage): string {
  const into = placeOf(definition);
  return `  ${storage.padEnd(6)}  ${printDefinition(definition)}${into}`;
}

/** A group for people: its shared axes, and each stage after the storage of its value. */
export function printGroup(g: Group): string {
  return [`group ${g.axes.length === 0 ? "once" : printAxes(g.axes)}`, ...g.stages.map(printStage)].join("\n");
}

/** Level 2 of one entry point, for people. */
export function printDefinitions(d: Definitions): string {
  const work = d.work.map((w) => (w.kind === "group" ? printGroup(w.group) : `scalar\n${printStage(w)}`));
  const results = d.results.map((r) => printResult(r));
  const apart = d.refusals.map(({ value, from, reason }) => `apart  ${printName(value)} | ${from.map(printName).join(", ")}: ${reason}`);
  return [`definitions ${printName(d.name)}`, ...work, results.join("\n"), apart.join("\n")].join("\n\n").trimEnd() + "\n";
}

/** How a loop goes: ` step 4`, ` vector`, ` unrolled 4`, or nothing. */
const formText = ({ step, form, unrolled }: Loop): string =>
  `${step === 1 ? "" : ` step ${step}`}${form === "vector" ? " vector" : ""}${unrolled === undefined ? "" : ` unrolled ${unrolled}`}`;

/** One statement in index notation, of a loop or condition the head alone: for messages. */
export function printStmt(s: Stmt): string {
  switch (s.kind) {
    case "for":
      return `for ${printName(s.index)} in ${printIndex(s.from)}..${printIndex(s.to)}${formText(s)}`;
    case "let":
      return `${s.mutable ? "var" : "let"} ${printName(s.name)} = ${printScalar(s.value)}`;
    case "assign":
      return `${printName(s.name)} = ${printScalar(s.value)}`;
    case "store":
      return `${printName(s.buffer)}[${printIndex(s.at)}] = ${printScalar(s.value)}`;
    case "if":
      return `if ${printScalar(s.when)}`;
  }
}

/** What a name means where it is read: dtypes and extents that need not be repeated. Printer and parser keep the same scope. */
export interface Scope {
  readonly extents: ReadonlyMap<string, number>;
  readonly locals: Map<string, DType>;
  readonly buffers: ReadonlyMap<string, DType>;
}

export const scopeOf = (buffers: readonly { name: string; dtype: DType }[]): Scope => ({
  extents: new Map(),
  locals: new Map(),
  buffers: new Map(buffers.map(({ name, dtype }) => [name, dtype])),
});

/** A block inside: it sees what stands around it, and keeps its own locals to itself. */
export const enter = (scope: Scope, axes: readonly Axis[] = []): Scope => ({
  extents: new Map([...scope.extents, ...axes.map(({ name, extent }) => [name, extent] as const)]),
  locals: new Map(scope.locals),
  buffers: scope.buffers,
});

/** The axis that a loop opens: 0 ≤ index < the largest value of `to`. */
export const axisOfLoop = (name: string, to: Index): Axis => ({ name, extent: rangeOf(to)[1] });

/** The dtype that a call has unless it says otherwise. */
export function dtypeOfCall(fn: ScalarFn, args: readonly Scalar[]): DType {
  if (["lt", "le", "eq", "and", "or", "not"].includes(fn)) return "bool";
  if (fn === "bitsOf") return "i32";
  if (fn === "floatOf") return "f32";
  return args[0]?.dtype ?? "f32";
}

/** An index in scope: `i` where its extent is the loop's, `i<10` where it is not. */
const indexText = (a: Index, scope: Scope): string =>
  writeIndex(a, "-", (name, extent) => (scope.extents.get(name) === extent ? printName(name) : `${printName(name)}<${extent}`));

/** A scalar as prefix calls, each dtype written only where it does not follow. */
function scalarText(s: Scalar, scope: Scope): string {
  const as = (text: string, follows: DType): string => (s.dtype === follows ? text : `${text}:${s.dtype}`);
  const list = (parts: readonly Scalar[]): string => parts.map((part) => scalarText(part, scope)).join(", ");
  switch (s.kind) {
    case "literal":
      if (s.dtype === "bool" && Object.is(s.value, 0)) return "false";
      if (s.dtype === "bool" && s.value === 1) return "true";
      return `${printNumber(s.value)}${s.dtype === "f32" ? "" : s.dtype}`;
    case "local":
      return as(printName(s.name), scope.locals.get(s.name) ?? "f32");
    case "index":
      return `at(${indexText(s.at, scope)})`;
    case "load": {
      const at = s.at.map((a) => indexText(a, scope)).join(", ");
      return as(`${bufferText(s)}[${at}]`, scope.buffers.get(s.buffer) ?? "f32");
    }
    case "apply":
      if (s.fn === "cast") return `${s.dtype}(${list(s.args)})`;
      return as(`${s.fn}(${list(s.args)})`, dtypeOfCall(s.fn, s.args));
    case "select":
      return as(`select(${list([s.when, s.then, s.otherwise])})`, s.then.dtype);
    case "round":
      return `round(${scalarText(s.value, scope)})`;
    case "reduce": {
      const term = scalarText(s.term, enter(scope, s.over));
      const word = s.by === "add" ? (s.inLanes === true ? "sumInLanes" : "sum") : s.by;
      return as(`${word}{${printAxes(s.over)}: ${term}}`, s.by === "argmax" ? "i32" : s.term.dtype);
    }
  }
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
const block = (head: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [`${head} {}`] : [`${head} {`, ...indent(lines), "}"];

/** Statements, two spaces a level. `scope.locals` grows as they are read. */
function stmtLines(body: readonly Stmt[], scope: Scope): string[] {
  return body.flatMap((s): string[] => {
    switch (s.kind) {
      case "for": {
        const head = `for ${printName(s.index)} in ${indexText(s.from, scope)}..${indexText(s.to, scope)}`;
        const inside = enter(scope, [axisOfLoop(s.index, s.to)]);
        return block(`${head}${formText(s)}`, stmtLines(s.body, inside));
      }
      case "let": {
        const value = scalarText(s.value, scope);
        scope.locals.set(s.name, s.dtype);
        return [`${s.mutable ? "var" : "let"} ${printName(s.name)}: ${s.dtype} = ${value}`];
      }
      case "assign":
        return [`${printName(s.name)} = ${scalarText(s.value, scope)}`];
      case "store":
        return [`${printName(s.buffer)}[${indexText(s.at, scope)}] = ${scalarText(s.value, scope)}`];
      case "if":
        return block(`if ${scalarText(s.when, scope)}`, stmtLines(s.then, enter(scope)));
    }
  });
}

/** Without what is not visible. */
const COMMENT = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

/** The text of a `//` line as it was; a quoted one is JSON. */
export const readComment = (text: string): string => (text.startsWith('"') ? (JSON.parse(text) as string) : text);

function commentLine(text: string): string {
  const plain = COMMENT.test(text) && !text.startsWith('"') && text === text.trimEnd();
  return `// ${plain ? text : quoted(text)}`.trimEnd();
}

const DOC = /^(.*) {4}%(\S+) {2}(.*), (.*?)$/u;
/** `role (%of): law in composition`, each but the role where there is one. */
const WHY = /^(.*?)(?: \(%(\S+)\): (.*?))?(?: in (.*))?$/u;

/** One graph node from its `//` line: `maths    %node  role, site`, where a role may go on in `(%of): law in composition`; or all as a JSON array. */
export function readDoc(text: string): Doc | undefined {
  if (text.startsWith('["')) return docOf(JSON.parse(text) as (string | null)[]);
  const [, maths, node, written, site] = DOC.exec(text) ?? [];
  if (written === undefined) return undefined;
  const [, role, of, law, within] = WHY.exec(written)!; // each of its parts may be empty
  return docOf([maths, node, role, site, of, law, within]);
}

function docOf([maths, node, role, site, of, law, within]: readonly (string | null | undefined)[]): Doc {
  const text = (given: string | null | undefined): string => given ?? "";
  return {
    ...{ maths: text(maths), node: text(node), role: text(role), site: text(site) },
    ...(of === undefined || of === null ? {} : { adjoint: { of, law: text(law) } }),
    ...(within === undefined || within === null ? {} : { within }),
  };
}

const partsOf = ({ maths, node, role, site, adjoint, within }: Doc): (string | null)[] => {
  const parts = [maths, node, role, site, adjoint?.of ?? null, adjoint?.law ?? null, within ?? null];
  return parts.slice(0, parts.findLastIndex((part) => part !== null) + 1);
};

function docLine(doc: Doc): string {
  const { maths, node, role, site, adjoint, within } = doc;
  const law = adjoint === undefined ? "" : ` (%${adjoint.of}): ${adjoint.law}`;
  const text = `${maths}    %${node}  ${role}${law}${within === undefined ? "" : ` in ${within}`}, ${site}`;
  const isPlain = COMMENT.test(text) && !text.startsWith('["') && text === text.trimEnd();
  const back = isPlain ? readDoc(text) : undefined;
  const parts = partsOf(doc);
  return `// ${back !== undefined && JSON.stringify(partsOf(back)) === JSON.stringify(parts) ? text : quoted(parts)}`;
}

function kernelLines(k: Kernel): string[] {
  const params = k.params.map((p) => `${printName(p.name)}: ${p.dtype}[${p.length}] ${p.access}`);
  return block(`kernel ${printName(k.name)}(${params.join(", ")}) flops ${printNumber(k.flops)}`, [
    ...k.doc.map(commentLine),
    ...stmtLines(k.body, scopeOf(k.params)),
  ]);
}

function initialText(initial: Initial): string {
  switch (initial.kind) {
    case "constant":
      return `constant(${printNumber(initial.value)})`;
    case "seed":
      return "seed()";
    case "data":
      return `data(${initial.values.map(printNumber).join(", ")})`;
    case "uniform":
      return `uniform(${printNumber(initial.low)}, ${printNumber(initial.high)}) stream ${initial.stream}`;
    case "normal":
      return `normal(${printNumber(initial.mean)}, ${printNumber(initial.deviation)}) stream ${initial.stream}`;
  }
}

function bufferLine(b: Buffer): string {
  const parts = [`buffer ${printName(b.name)}: ${b.dtype}[${b.shape.join(",")}] ${b.role}`];
  if (b.classes !== undefined) parts.push(`classes ${b.classes}`);
  if (b.rows !== undefined) parts.push(b.rows === "none" ? "rowless" : `rows axis ${b.rows.axis} per ${b.rows.per}`);
  if (b.trainable !== undefined) parts.push(b.trainable ? "trainable" : "frozen");
  if (b.initial !== undefined) parts.push(`= ${initialText(b.initial)}`);
  return parts.join(" ");
}

/** `// doc` lines, then `word name[axes]: dtype by op into target = value`. */
function definitionLines(word: string, d: Definition, scope: Scope): string[] {
  const usual = d.shape.length === d.axes.length && d.shape.every((n, axis) => n === d.axes[axis]!.extent);
  const shape = usual ? "" : ` shape [${d.shape.join(",")}]`;
  const into = placeOf(d);
  const head = `${word} ${printName(d.name)}[${printAxes(d.axes)}]: ${d.dtype}${shape} by ${printName(d.op)}${into}`;
  return [...d.doc.map(docLine), `${head} = ${scalarText(d.value, enter(scope, d.axes))}`];
}

/** Stages in order; each may read the ones before it. */
function stageLines(group: Group, scope: Scope): string[] {
  let inside = enter(scope, group.axes);
  return group.stages.flatMap(({ definition, storage }) => {
    const lines = definitionLines(storage, definition, inside);
    inside = withStage(inside, definition);
    return lines;
  });
}

/** A stage's value is read by name, whatever its storage. */
export const withStage = (scope: Scope, { name, dtype }: Definition): Scope => ({
  extents: scope.extents,
  locals: new Map([...scope.locals, [name, dtype]]),
  buffers: new Map([...scope.buffers, [name, dtype]]),
});

function callLines(call: Call, scope: Scope): string[] {
  const doc = call.doc.map(docLine);
  switch (call.kind) {
    case "call": {
      const head = `call ${printName(call.kernel)}(${call.args.map(printName).join(", ")})`;
      return [...doc, ...block(`${head} over (${printAxes(call.group.axes)})`, stageLines(call.group, scope))];
    }
    case "let": {
      const value = scalarText(call.value, scope);
      scope.locals.set(call.name, call.dtype);
      return [...doc, `let ${printName(call.name)}: ${call.dtype} = ${value}`];
    }
    case "store": {
      const head = `store ${printName(call.buffer)}: ${call.dtype} = ${scalarText(call.value, scope)}`;
      return [...doc, ...block(head, definitionLines("define", call.definition, scope))];
    }
  }
}

const printResult = (r: EntryResult): string =>
  `return ${r.kind} ${printName(r.name)} = ${printName(r.value)}: ${r.dtype}[${r.shape.join(",")}]`;

function entryLines(e: Entry, scope: Scope): string[] {
  return block(`entry ${printName(e.name)} lowerBound ${printNumber(e.lowerBound)}`, [
    ...(e.buffers.length === 0 ? [] : [`uses ${e.buffers.map(printName).join(", ")}`]),
    ...e.calls.flatMap((call) => callLines(call, scope)),
    ...e.results.map(printResult),
  ]);
}

function slotLines(slots: readonly Slot[], roles: ReadonlyMap<string, string>): string[] {
  const rows = slots.map((s) => [
    printName(s.buffer),
    printNumber(s.offset),
    printNumber(s.offset + s.bytes),
    s.live === "always" ? "always" : `${s.live[0]}..${s.live[1]}`,
    [roles.get(s.buffer) ?? "", ...(s.over === undefined ? [] : ["over", printName(s.over)])].join(" "),
  ]);
  const wide = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  return rows.map(([name, from, to, live, role]) =>
    `${name!.padEnd(wide(0))} @ ${from!.padStart(wide(1))} .. ${to!.padEnd(wide(2))}  live ${live!.padEnd(wide(3))}  ${role!}`.trimEnd(),
  );
}

const text = (lines: readonly string[]): string => `${lines.join("\n")}\n`;

/** The canonical text of a kernel. */
export const printKernel = (k: Kernel): string => text(kernelLines(k));

/** The canonical text of a program. */
export function printProgram(p: Program): string {
  const scope = scopeOf(p.buffers);
  return text(
    block(`program ${printName(p.name)}`, [
      ...p.buffers.map(bufferLine),
      ...p.kernels.flatMap(kernelLines),
      ...p.calls.flatMap((call) => callLines(call, scope)),
      ...p.results.map(printResult),
    ]),
  );
}

/** The canonical text of a module: storage, plan, kernels, entries. */
export function printModule(m: Module): string {
  const roles = new Map(m.buffers.map((b) => [b.name, b.role]));
  const parts = [
    m.buffers.map(bufferLine),
    m.slots.length === 0 ? [] : block("plan", slotLines(m.slots, roles)),
    ...m.kernels.map(kernelLines),
    ...m.entries.map((e) => entryLines(e, scopeOf(m.buffers))),
  ].filter((lines) => lines.length > 0);
  const spaced = parts.flatMap((lines, n) => (n === 0 ? indent(lines) : ["", ...indent(lines)]));
  const head = `module ${printName(m.name)} arena ${printNumber(m.arenaBytes)}`;
  return text(spaced.length === 0 ? [`${head} {}`] : [`${head} {`, ...spaced, "}"]);
}
