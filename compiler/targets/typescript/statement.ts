/** Guarantees that a kernel prints as one function over typed arrays, loops as loops and tiles as locals. */

import { tripsOf } from "../../loop/apart.ts";
import type { Section } from "../../loop/divide.ts";
import { walkStmts } from "../../loop/build.ts";
import { index, type Index } from "../../loop/index-expression.ts";
import type { Kernel, Loop, Stmt } from "../../loop/loop.ts";
import { identifier, Names } from "../../loop/identifier.ts";
import { LIMITS, partsOf, type Block, type Limits, type Part } from "./blocks.ts";
import { inside, printBody, printLoop, type How } from "./body.ts";
import { blockComment } from "./comment.ts";
import { withCopiesNamed } from "./copies.ts";
import type { Printer } from "./expression.ts";
import type { Outline } from "./outline.ts";
import type { Outlined } from "./outlined.ts";
import { docOfShared, givenIn, type Shared } from "./shared.ts";
import { renamedIn } from "../../loop/roles.ts";
import { namesOf } from "../../loop/uses.ts";

export const arrayOf = (dtype: string): "Float64Array" | "Float32Array" | "Int32Array" =>
  dtype === "f64" ? "Float64Array" : dtype === "f32" ? "Float32Array" : "Int32Array";

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
  whole: Kernel,
  name: string,
  needs: Set<string>,
  rounding: "strict" | "at stores" = "at stores",
  limits: Limits = LIMITS,
  common?: Common,
  shared?: Shared,
  section: Pick<Section, "divided" | "within"> = { divided: [] },
): string {
  const given = givenNames(whole, common?.outline);
  // the loops that are divided are these very ones: they are found before anything is renamed
  const ranges = rangesOf(whole.body, section, new Names([...given, ...declaredIn(whole.body).map(identifier), ...givenIn(shared)]));
  const ranged = { ...whole, body: ranges.body };
  const kernel = rounding === "strict" ? ranged : withCopiesNamed(ranged);
  const nameOf = new Map(kernel.params.map((param, n) => [param.name, given[n]!]));
  // locals of kernels have identifiers already
  const names = { bufferName: (buffer: string) => nameOf.get(buffer) ?? identifier(buffer), localName: identifier, needs };
  const printer: Printer = rounding === "strict" ? { ...names, strict: true } : names;
  const taken = new Names([...given, ...declaredIn(kernel.body).map(identifier), ...givenIn(shared), ...ranges.names]);
  const arrays = taken.take(ARRAYS);
  const how = (): How => ({
    printer,
    bools: boolsOf(kernel),
    ...(rounding === "strict" ? {} : { names: taken.nested(), given: new Set(givenIn(shared)) }),
    ...(common === undefined ? {} : { outlined: common.outline.bodies(kernel), nameOf: common.nameOf }),
  });
  const withArrays = (lines: readonly string[]): string[] => {
    const words = new Set(lines.join("\n").match(/[\w$]+/g));
    const read = given.filter((one) => words.has(one));
    return [...(read.length === 0 ? [] : [`const { ${read.join(", ")} } = ${arrays};`]), ...lines];
  };
  const blocks: string[] = [];
  const call = (part: Block): string => {
    const block = taken.take("block");
    const params = part.given.map((one) => `${identifier(one.name)}: number`);
    blocks.push(`function ${block}(${params.join(", ")}): void {`, ...boundsOf(part), ...withArrays(printBody(part.body, how())), "}");
    return `${block}(${part.given.map((one) => identifier(one.name)).join(", ")});`;
  };
  const loops = printParts(partsOf(kernel.body, limits), how(), call);
  return [
    blockComment(docOf(kernel, nameOf, shared)),
    `function ${name}(${givenIn(shared)
      .map((one) => `${one}: number, `)
      .join("")}${arrays}: ${printArrays(kernel, given, needs)}): (${ranges.params}) => void {`,
    ...ranges.declared,
    ...blocks,
    `return function ${name}(${ranges.params}): void {`,
    ...ranges.set,
    ...withArrays(loops),
    "};",
    "}",
  ].join("\n");
}

/** Statements that follow each other are one body; `call` prints the function of a block and calls it. */
function printParts(parts: readonly Part[], how: How, call: (block: Block) => string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < parts.length;) {
    const end = parts.findIndex((part, n) => n >= at && !isStmt(part));
    const run = parts.slice(at, end < 0 ? undefined : end).filter(isStmt);
    const part = parts[at + run.length];
    const others = parts.filter((one) => !isStmt(one) || !run.includes(one));
    lines.push(...printBody(run, how, mentionedIn(others)));
    if (part?.kind === "outer") lines.push(printLoop(part.loop, how.printer, printParts(part.parts, inside(how), call)));
    if (part?.kind === "block") lines.push(call(part));
    at += run.length + 1;
  }
  return lines;
}

const boolsOf = ({ params }: Kernel): ReadonlySet<string> =>
  new Set(params.filter(({ dtype }) => dtype === "bool").map(({ name }) => name));

/** Whether loops stand in each other alone: all that there is has run when an engine optimizes it. */
function isStraight(body: readonly Stmt[]): boolean {
  const [only] = body;
  if (body.length === 1 && only?.kind === "for") return isStraight(only.body);
  return body.every(({ kind }) => kind !== "for" && kind !== "if");
}

/** How large the indices are that a block is given. */
const boundsOf = ({ given }: Block): string[] =>
  given.flatMap(({ name, below }) => (below === undefined ? [] : [`${name} &= ${maskOf(below)};`]));

const RANGE = ["first", "end", "parts"];

/**
 * Loops of which a call runs the parts from `first` to before `end` of `parts` equal ones; where they begin and end, all functions of the kernel see.
 * Of what is divided within an iteration, a part that is less than one runs a part, any other all.
 */
function rangesOf(body: readonly Stmt[], { divided, within = [] }: Pick<Section, "divided" | "within">, names: Names) {
  const [declared, set, taken]: [string[], string[], string[]] = [[], [], []];
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
    taken.push(...own);
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
    names: divided.length === 0 ? [] : [first!, end!, parts!, ...taken],
    params: divided.length === 0 ? "" : [first, end, parts].map((name) => `${name}: number`).join(", "),
  };
}

const isStmt = (part: Part): part is Stmt => part.kind !== "outer" && part.kind !== "block";

/** The statement that calls a function which is given its arrays, and the rows that it shares with others. */
export const printPlainCall = (name: string, arrays: readonly string[], numbers: readonly number[]): string =>
  `${name}(${[...arrays, ...numbers].join(", ")});`;

/** A function of the arrays themselves, for readers: an engine does without their addresses in its code. */
export function printPlainFunction(kernel: Kernel, name: string, needs: Set<string>, common: Common, shared?: Shared): string {
  return printTaking(kernel, name, needs, common, shared, (array) => ARRAY_TYPES[array]);
}

/** The same for engines: with what its loops repeat in functions of their own, whose names `take` gives. */
export function printTakingFunction(
  kernel: Kernel,
  name: string,
  needs: Set<string>,
  common: Common,
  shared: Shared | undefined,
  take: (name: string) => string,
): string {
  return printTaking(withCopiesNamed(kernel), name, needs, common, shared, (array) => array, take);
}

function printTaking(
  kernel: Kernel,
  name: string,
  needs: Set<string>,
  common: Common,
  shared: Shared | undefined,
  typeOf: (array: keyof typeof ARRAY_TYPES) => string,
  take?: (name: string) => string,
): string {
  const given = givenNames(kernel, common.outline);
  const nameOf = new Map(kernel.params.map((param, n) => [param.name, given[n]!]));
  const printer: Printer = { bufferName: (buffer) => nameOf.get(buffer)!, localName: identifier, needs };
  const params = kernel.params.map((param, n) => ({ name: given[n]!, type: typeOf(arrayOf(param.dtype)) }));
  for (const one of givenIn(shared)) params.push({ name: one, type: "number" });
  const taken = new Names([...params.map((one) => one.name), ...declaredIn(kernel.body).map(identifier)]);
  const how = (): How => ({
    printer,
    bools: boolsOf(kernel),
    // where arrays are no constants an engine calls what it would take in elsewhere, and a number that it hands on is an object then
    ...(take === undefined
      ? { outlined: common.outline.bodies(kernel), nameOf: common.nameOf }
      : { names: taken.nested(), given: new Set(givenIn(shared)) }),
  });
  const typed = (all: typeof params): string => all.map((one) => `${one.name}: ${one.type}`).join(", ");
  const blocks: string[] = [];
  const call = (part: Block): string => {
    const body = printBody(part.body, how());
    const words = new Set(body.join("\n").match(/[\w$]+/g));
    const own = [
      ...part.given.map((one) => ({ name: identifier(one.name), type: "number" })),
      ...params.filter((one) => words.has(one.name)),
    ];
    const block = take!(`${name}_block`);
    blocks.push(`\nfunction ${block}(${typed(own)}): void {`, ...boundsOf(part), ...body, "}");
    return `${block}(${own.map((one) => one.name).join(", ")});`;
  };
  return [
    blockComment(docOf(kernel, nameOf, shared)),
    `function ${name}(${typed(params)}): void {`,
    ...(take === undefined || isStraight(kernel.body)
      ? printBody(kernel.body, how())
      : printParts(partsOf(kernel.body, LIMITS), how(), call)),
    "}",
    ...blocks,
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
  const lines = doc.map((line) => renamedIn(line, (name) => named.get(name) ?? name));
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

/** Names that parts of a kernel mention. */
const mentionedIn = (parts: readonly Part[]): ReadonlySet<string> =>
  new Set(
    parts.flatMap((part) => {
      if (isStmt(part)) return [...namesOf([part])];
      const own = part.kind === "block" ? part.given.map(({ name }) => name) : [...namesOf([part.loop])];
      return [...own, ...(part.kind === "block" ? namesOf(part.body) : mentionedIn(part.parts))];
    }),
  );
