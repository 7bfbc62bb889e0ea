/** Guarantees that statements of a kernel print with loops as loops and tiles as locals. */

import { iterationsOf } from "../../loop/build.ts";
import type { Names } from "../../loop/identifier.ts";
import type { Loop, Scalar, Stmt } from "../../loop/loop.ts";
import { printIndex, printScalar, type Printer } from "./expression.ts";
import type { Called } from "./outline.ts";
import type { Outlined } from "./outlined.ts";
import { placed, placedTogether } from "./places.ts";
import { shortened } from "./short.ts";

/** How the statements of a kernel print. */
export interface How {
  readonly printer: Printer;
  /** Arrays of yes and no. */
  readonly bools: ReadonlySet<string>;
  /** What is said once and called. */
  readonly outlined?: (body: readonly Stmt[]) => readonly (Stmt | Called)[];
  readonly nameOf?: (one: Outlined) => string;
  /** Names that are taken where places that accesses share get names of their own; without it they get none. */
  readonly names?: Names;
  /** Numbers that the kernel is given. */
  readonly given?: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

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
export function printLoop({ index: name, from, to, step, only }: Loop, printer: Printer, body: readonly string[]): string {
  if (only !== undefined) {
    const picked = under(`if (0 <= ${name} && ${name} < ${printIndex(to)})`, body);
    return only.kind === "local" && only.name === name ? picked : `const ${name} = ${printScalar(only, printer)};\n${picked}`;
  }
  const next = step === 1 ? `${name}++` : `${name} += ${step}`;
  return under(`for (let ${name} = ${printIndex(from)}; ${name} < ${printIndex(to)}; ${next})`, body);
}

/** The statements, each a text of its own. */
export function printBody(body: readonly Stmt[], how: How, elsewhere?: ReadonlySet<string>): string[] {
  const short = shortened(how.outlined?.(body) ?? body, elsewhere);
  return printLines(how.names === undefined ? short : placed(short, how.names, how.given ?? NONE), how);
}

const printLines = (lines: readonly (Stmt | Called)[], how: How): string[] =>
  lines.map((s) => (s.kind === "called" ? printCalled(s, how) : printStmt(s, how)));

/** What is declared inside is nobody else's. */
export const inside = (how: How): How => (how.names === undefined ? how : { ...how, names: how.names.nested() });

/** Statements under a loop or a condition, in braces where they are several or declare something. */
const under = (head: string, body: readonly string[]): string =>
  body.length === 1 && !/^(?:const|let) /.test(body[0]!) ? `${head} ${body[0]!}` : [`${head} {`, ...body, "}"].join("\n");

const printCalled = ({ function: one, arrays, places, values }: Called, { printer, nameOf }: How): string =>
  `${nameOf!(one)}(${[...arrays.map(printer.bufferName), ...places.map(printIndex), ...values.map((value) => printScalar(value, printer))].join(", ")});`;

function printStmt(stmt: Stmt, how: How): string {
  const { printer, bools } = how;
  switch (stmt.kind) {
    case "for":
      return stmt.unrolled === undefined
        ? printLoop(stmt, printer, printBody(stmt.body, inside(how)))
        : printUnrolled(stmt, stmt.unrolled, how);
    case "let":
      return `${stmt.mutable ? "let" : "const"} ${printer.localName(stmt.name)} = ${printScalar(stmt.value, printer)};`;
    case "assign":
      return printAssign(stmt.name, stmt.value, printer);
    case "store": {
      const value = printScalar(stmt.value, printer);
      return `${printer.bufferName(stmt.buffer)}[${printIndex(stmt.at)}] = ${bools.has(stmt.buffer) ? `${value} ? 1 : 0` : value};`;
    }
    case "if":
      return under(`if (${printScalar(stmt.when, printer)})`, printBody(stmt.then, inside(how)));
  }
}

/**
 * Iterations in a row, each in a block of its own that the next is reached from by a branch: an engine then keeps no more of them in
 * registers than one, and looks once for all of them whether the arrays are what they were.
 */
function printUnrolled(loop: Loop, unrolled: number, how: How): string {
  const { index: name, from, to } = loop;
  const all = iterationsOf(loop).map((body) => shortened(how.outlined?.(body) ?? body));
  const own = inside(how);
  const { head, bodies } = own.names === undefined ? { head: [], bodies: all } : placedTogether(all, own.names, how.given ?? NONE);
  const blocks = bodies.map((body, n) => {
    const end = n === 0 ? [] : [`if (${name} + ${n} === ${printIndex(to)}) break;`];
    return [...end, "{", ...printLines(body, inside(own)), "}"];
  });
  return [
    `for (let ${name} = ${printIndex(from)}; ${name} < ${printIndex(to)}; ${name} += ${unrolled}) {`,
    ...printLines(head, own),
    ...blocks.flat(),
    "}",
  ].join("\n");
}
