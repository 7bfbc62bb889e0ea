/** Guarantees that a kernel prints as one function over typed arrays, loops as loops and tiles as locals. */

import { tripsOf } from "../../loop/apart.ts";
import type { Section } from "../../loop/divide.ts";
import { iterationsOf, walkStmts } from "../../loop/build.ts";
import { index, type Index } from "../../loop/index-expression.ts";
import type { Kernel, Loop, Scalar, Stmt } from "../../loop/loop.ts";
import { identifier, Names } from "../../loop/identifier.ts";
import { LIMITS, partsOf, type Block, type Limits, type Outer, type Part } from "./blocks.ts";
import { blockComment } from "./comment.ts";
import { printIndex, printScalar, type Printer } from "./expression.ts";
import type { Called, Outline } from "./outline.ts";
import type { Outlined } from "./outlined.ts";
import { docOfShared, type Shared } from "./shared.ts";
import { namesOf } from "../../loop/uses.ts";
import { shortened } from "./short.ts";

export const arrayOf = (dtype: string): "Float64Array" | "Float32Array" | "Int32Array" =>
  dtype === "f64" ? "Float64Array" : dtype === "f32" ? "Float32Array" : "Int32Array";

/** How the statements of a kernel print. */
interface How {
  readonly printer: Printer;
  /** Arrays of yes and no. */
  readonly bools: ReadonlySet<string>;
  /** What is said once and called. */
  readonly outlined?: (body: readonly Stmt[]) => readonly (Stmt | Called)[];
  readonly nameOf?: (one: Outlined) => string;
}

/** Functions that kernels of a file have in common, and what these are called. */
export interface Common {
  readonly outline: Outline;
  readonly nameOf: (one: Outlined) => string;
}

const ARRAYS = "arrays";

/** The names under which a kernel is given its arrays, in order. */
export const givenNames = (kernel: Kernel, outline?: Outline): readonly string[] => {
  const short = outline?.shortIn(kernel);
  return kernel.params.map(({ name }) => short?.get(name) ?? identifier(name));
};

/** The type of arrays by name: `Floats<"x" | "W1"> & Ints<"y">`. */
function printArrays({ params }: Kernel, names: readonly string[], needs: Set<string>): string {
  const kinds = [...new Set(params.map(({ dtype }) => arrayOf(dtype)))];
  return kinds
    .map((kind) => {
      needs.add(ARRAY_TYPES[kind]);
      const of = names.filter((_, n) => arrayOf(params[n]!.dtype) === kind);
      return `${ARRAY_TYPES[kind]}<${of.map((name) => JSON.stringify(name)).join(" | ")}>`;
    })
    .join(" & ");
}

const ARRAY_TYPES = { Float32Array: "Floats", Float64Array: "Doubles", Int32Array: "Ints" } as const;

/** The types of arrays by name that kernels of a file ask for. */
export const printArrayTypes = (needs: Set<string>): string =>
  Object.entries(ARRAY_TYPES)
    .flatMap(([array, name]) => (needs.delete(name) ? [`type ${name}<Name extends string> = Readonly<Record<Name, ${array}>>;`] : []))
    .join("\n");

/**
 * A function that binds the loops to their arrays. An engine reads the arrays of a closure that is made once as constants: their
 * addresses and lengths are part of the code. It finds them so where they are read before the loops. `strict` rounds every operation,
 * as WebAssembly does.
 */
export function printKernelFunction(
  kernel: Kernel,
  name: string,
  needs: Set<string>,
  rounding: "strict" | "at stores" = "at stores",
  limits: Limits = LIMITS,
  common?: Common,
  shared?: Shared,
  section: Pick<Section, "divided" | "within"> = { divided: [] },
): string {
  const given = givenNames(kernel, common?.outline);
  const nameOf = new Map(kernel.params.map((param, n) => [param.name, given[n]!]));
  // locals of kernels have identifiers already
  const names = { bufferName: (buffer: string) => nameOf.get(buffer) ?? identifier(buffer), localName: identifier, needs };
  const printer: Printer = rounding === "strict" ? { ...names, strict: true } : names;
  const bools = new Set(kernel.params.filter((param) => param.dtype === "bool").map((param) => param.name));
  const inside = new Names([...given, ...declaredIn(kernel.body).map(identifier)]);
  const ranges = rangesOf(kernel.body, section, inside);
  const arrays = inside.take(ARRAYS);
  const how = (): How => ({
    printer,
    bools,
    ...(common === undefined ? {} : { outlined: common.outline.bodies(kernel), nameOf: common.nameOf }),
  });
  const withArrays = (lines: readonly string[]): string[] => {
    const words = new Set(lines.join("\n").match(/[\w$]+/g));
    const read = given.filter((one) => words.has(one));
    return [...(read.length === 0 ? [] : [`const { ${read.join(", ")} } = ${arrays};`]), ...lines];
  };
  const outer = how();
  const blocks: string[] = [];
  /** Statements that follow each other are one body. */
  const printParts = (parts: readonly Part[]): string[] => {
    const lines: string[] = [];
    for (let at = 0; at < parts.length;) {
      const end = parts.findIndex((part, n) => n >= at && !isStmt(part));
      const run = parts.slice(at, end < 0 ? undefined : end).filter(isStmt);
      const part = parts[at + run.length];
      const others = parts.filter((one) => !isStmt(one) || !run.includes(one));
      lines.push(...printBody(run, outer, mentionedIn(others)), ...(part === undefined || isStmt(part) ? [] : [printPart(part)]));
      at += run.length + 1;
    }
    return lines;
  };
  const printPart = (part: Block | Outer): string => {
    if (part.kind === "outer") return printLoop(part.loop, printer, printParts(part.parts));
    const block = inside.take("block");
    const params = part.given.map((one) => `${identifier(one.name)}: number`);
    const bounds = part.given.flatMap((one) => (one.below === undefined ? [] : [`${one.name} &= ${maskOf(one.below)};`]));
    const body = withArrays(printBody(part.body, how()));
    blocks.push(`function ${block}(${params.join(", ")}): void {`, ...bounds, ...body, "}");
    return `${block}(${part.given.map((one) => identifier(one.name)).join(", ")});`;
  };
  const loops = printParts(partsOf(ranges.body, limits));
  return [
    blockComment(docOf(kernel, nameOf, shared)),
    `function ${name}(${shared?.over === undefined ? "" : `${shared.over.given}: number, `}${arrays}: ${printArrays(kernel, given, needs)}): (${ranges.params}) => void {`,
    ...ranges.declared,
    ...blocks,
    `return function ${name}(${ranges.params}): void {`,
    ...ranges.set,
    ...withArrays(loops),
    "};",
    "}",
  ].join("\n");
}

const RANGE = ["first", "end", "parts"];

/**
 * Loops of which a call runs the parts from `first` to before `end` of `parts` equal ones; where they begin and end, all functions of the kernel see.
 * Of what is divided within an iteration, a part that is less than one runs a part, any other all.
 */
function rangesOf(body: readonly Stmt[], { divided, within = [] }: Pick<Section, "divided" | "within">, names: Names) {
  const [declared, set]: [string[], string[]] = [[], []];
  const [first, end, parts] = divided.length === 0 ? [] : RANGE.map((name) => names.take(name));
  const known = new Map<string, { readonly from: Index; readonly to: Index }>();
  const outer = divided[0] === undefined ? 0 : tripsOf(divided[0]);
  /** How many of a loop's iterations lie before a part. */
  const shares = (trips: number, inside: boolean): readonly string[] => {
    if (inside) {
      // of `parts` parts of the iteration; at its end the first of the next
      const [begun, done] = [first, end].map((part) => `(${part} * ${outer}) % ${parts}`);
      return [`Math.floor((${begun} * ${trips}) / ${parts})`, `Math.floor(((${done} || ${parts}) * ${trips}) / ${parts})`];
    }
    const whole = within.length === 0 ? "floor" : "ceil";
    return [`Math.floor((${first} * ${trips}) / ${parts})`, `Math.${whole}((${end} * ${trips}) / ${parts})`];
  };
  const rangeFor = (loop: Loop, inside: boolean): { readonly from: Index; readonly to: Index } => {
    const trips = tripsOf(loop);
    const key = `${trips} ${loop.step} ${loop.from.offset} ${inside}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const own = [names.take("from"), names.take("to")] as const;
    shares(trips, inside).forEach((share, n) => {
      const scaled = loop.step === 1 ? share : `${share} * ${loop.step}`;
      declared.push(`let ${own[n]} = 0;`);
      set.push(`${own[n]} = ${scaled}${loop.from.offset === 0 ? "" : ` + ${loop.from.offset}`};`);
    });
    const last = loop.from.offset + trips * loop.step;
    const made = { from: index(own[0], last), to: index(own[1], last + 1) };
    known.set(key, made);
    return made;
  };
  const ranged = (s: Stmt): Stmt => {
    if (s.kind !== "for") return s;
    const inner = within.length === 0 && divided.includes(s) ? s : { ...s, body: s.body.map(ranged) };
    const inside = within.includes(s);
    return inside || divided.includes(s) ? { ...inner, ...rangeFor(s, inside) } : inner;
  };
  return {
    body: divided.length === 0 ? body : body.map(ranged),
    declared,
    set,
    params: divided.length === 0 ? "" : [first, end, parts].map((name) => `${name}: number`).join(", "),
  };
}

const isStmt = (part: Part): part is Stmt => part.kind !== "outer" && part.kind !== "block";

/** The statement that calls a function which is given its arrays, and the rows that it shares with others. */
export const printPlainCall = (name: string, arrays: readonly string[], rows: number | undefined): string =>
  `${name}(${[...arrays, ...(rows === undefined ? [] : [rows])].join(", ")});`;

/** A function of the arrays themselves, for readers: an engine does without their addresses in its code. */
export function printPlainFunction(
  kernel: Kernel,
  name: string,
  needs: Set<string>,
  common: Common,
  shared?: Shared,
  typeOf: (array: keyof typeof ARRAY_TYPES) => string = (array) => ARRAY_TYPES[array],
): string {
  const given = givenNames(kernel, common.outline);
  const nameOf = new Map(kernel.params.map((param, n) => [param.name, given[n]!]));
  const printer: Printer = { bufferName: (buffer) => nameOf.get(buffer)!, localName: identifier, needs };
  const bools = new Set(kernel.params.filter((param) => param.dtype === "bool").map((param) => param.name));
  const params = kernel.params.map((param, n) => `${given[n]!}: ${typeOf(arrayOf(param.dtype))}`);
  if (shared?.over !== undefined) params.push(`${shared.over.given}: number`);
  return [
    blockComment(docOf(kernel, nameOf, shared)),
    `function ${name}(${params.join(", ")}): void {`,
    ...printBody(kernel.body, { printer, bools, outlined: common.outline.bodies(kernel), nameOf: common.nameOf }),
    "}",
  ].join("\n");
}

/** A function that kernels of a file call. */
export function printOutlined(one: Outlined, name: string, needs: Set<string>): string {
  const printer: Printer = { bufferName: identifier, localName: identifier, needs, short: true };
  const params = [
    ...one.arrays.map((array) => `${array.name}: ${arrayOf(array.dtype)}`),
    ...one.places.map((place) => `${place}: number`),
    ...one.values.map((value) => `${value.name}: ${value.dtype === "bool" ? "boolean" : "number"}`),
  ];
  return [
    blockComment(one.doc.length === 0 ? ["What is done with each element."] : one.doc),
    `function ${name}(${params.join(", ")}): void {`,
    ...printBody(one.body, { printer, bools: new Set() }),
    "}",
  ].join("\n");
}

/** A kernel's definitions, in its own names of arrays. */
const docOf = ({ doc }: Kernel, nameOf: ReadonlyMap<string, string>, shared?: Shared): readonly string[] => {
  const named = new Map([...nameOf].map(([own, name]) => [identifier(own), name]));
  const lines = doc.map((line) => line.replace(/[\p{L}_$][\p{L}\d_$]*/gu, (word) => named.get(word) ?? word));
  if (shared !== undefined) return docOfShared(lines, shared);
  return lines;
};

/** The bits of all numbers below a bound. */
const maskOf = (below: number): number => 2 ** Math.ceil(Math.log2(below)) - 1;

/** Names that statements declare. */
export function declaredIn(body: readonly Stmt[]): string[] {
  const names: string[] = [];
  walkStmts(body, {
    stmt: (s) => {
      if (s.kind === "for") names.push(s.index);
      else if (s.kind === "let") names.push(s.name);
    },
  });
  return names;
}

/** `x += v` where the value adds to the local itself. */
function printAssign(name: string, value: Scalar, printer: Printer): string {
  const local = printer.localName(name);
  if (value.kind === "apply" && value.fn === "add" && value.dtype !== "i32" && !printer.strict) {
    const [a, b] = value.args as [Scalar, Scalar];
    if (a.kind === "local" && a.name === name) return `${local} += ${printScalar(b, printer)};`;
  }
  return `${local} = ${printScalar(value, printer)};`;
}

/** A loop around statements; of one that runs a single iteration, its number and whether there is one of it. */
function printLoop({ index: name, from, to, step, only }: Loop, printer: Printer, body: readonly string[]): string {
  if (only !== undefined) {
    const picked = under(`if (0 <= ${name} && ${name} < ${printIndex(to)})`, body);
    return only.kind === "local" && only.name === name ? picked : `const ${name} = ${printScalar(only, printer)};\n${picked}`;
  }
  const next = step === 1 ? `${name}++` : `${name} += ${step}`;
  return under(`for (let ${name} = ${printIndex(from)}; ${name} < ${printIndex(to)}; ${next})`, body);
}

/** Names that parts of a kernel mention. */
const mentionedIn = (parts: readonly Part[]): ReadonlySet<string> =>
  new Set(
    parts.flatMap((part) => {
      if (isStmt(part)) return [...namesOf([part])];
      const own = part.kind === "block" ? part.given.map(({ name }) => name) : [...namesOf([part.loop])];
      return [...own, ...(part.kind === "block" ? namesOf(part.body) : mentionedIn(part.parts))];
    }),
  );

/** The statements, each a text of its own. */
const printBody = (body: readonly Stmt[], how: How, elsewhere?: ReadonlySet<string>): string[] =>
  shortened(how.outlined?.(body) ?? body, elsewhere).map((s) => (s.kind === "called" ? printCalled(s, how) : printStmt(s, how)));

/** Statements under a loop or a condition, in braces where they are several or declare something. */
const under = (head: string, body: readonly string[]): string =>
  body.length === 1 && !/^(?:const|let) /.test(body[0]!) ? `${head} ${body[0]!}` : [`${head} {`, ...body, "}"].join("\n");

const printCalled = ({ function: one, arrays, places, values }: Called, { printer, nameOf }: How): string =>
  `${nameOf!(one)}(${[...arrays.map(printer.bufferName), ...places.map(printIndex), ...values.map((value) => printScalar(value, printer))].join(", ")});`;

function printStmt(stmt: Stmt, how: How): string {
  const { printer, bools } = how;
  switch (stmt.kind) {
    case "for":
      return stmt.unrolled === undefined ? printLoop(stmt, printer, printBody(stmt.body, how)) : printUnrolled(stmt, stmt.unrolled, how);
    case "let":
      return `${stmt.mutable ? "let" : "const"} ${printer.localName(stmt.name)} = ${printScalar(stmt.value, printer)};`;
    case "assign":
      return printAssign(stmt.name, stmt.value, printer);
    case "store": {
      const value = printScalar(stmt.value, printer);
      return `${printer.bufferName(stmt.buffer)}[${printIndex(stmt.at)}] = ${bools.has(stmt.buffer) ? `${value} ? 1 : 0` : value};`;
    }
    case "if":
      return under(`if (${printScalar(stmt.when, printer)})`, printBody(stmt.then, how));
  }
}

/**
 * Iterations in a row, each in a block of its own that the next is reached from by a branch: an engine then keeps no more of them in
 * registers than one, and looks once for all of them whether the arrays are what they were.
 */
function printUnrolled(loop: Loop, unrolled: number, how: How): string {
  const { index: name, from, to } = loop;
  const blocks = iterationsOf(loop).map((body, n) => {
    const end = n === 0 ? [] : [`if (${name} + ${n} === ${printIndex(to)}) break;`];
    return [...end, "{", ...printBody(body, how), "}"];
  });
  return [`for (let ${name} = ${printIndex(from)}; ${name} < ${printIndex(to)}; ${name} += ${unrolled}) {`, ...blocks.flat(), "}"].join(
    "\n",
  );
}
