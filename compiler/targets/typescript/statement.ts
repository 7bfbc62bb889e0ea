/** Guarantees that a kernel prints as one function over typed arrays, loops as loops and tiles as locals. */

import { iterationsOf, walkStmts } from "../../loop/build.ts";
import type { Kernel, Loop, Scalar, Stmt } from "../../loop/loop.ts";
import { identifier, Names } from "../../loop/identifier.ts";
import { LIMITS, partsOf, type Limits, type Part } from "./blocks.ts";
import { blockComment } from "./comment.ts";
import { printIndex, printScalar, type Printer } from "./expression.ts";

export const arrayOf = (dtype: string): "Float64Array" | "Float32Array" | "Int32Array" =>
  dtype === "f64" ? "Float64Array" : dtype === "f32" ? "Float32Array" : "Int32Array";

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
): string {
  // locals and parameters of kernels have identifiers already
  const names = { bufferName: identifier, localName: identifier, needs };
  const printer: Printer = rounding === "strict" ? { ...names, strict: true } : names;
  const bools = new Set(kernel.params.filter((param) => param.dtype === "bool").map((param) => param.name));
  const arrays = kernel.params.map((param) => ({ own: identifier(param.name), dtype: param.dtype }));
  const inside = new Names([...arrays.map(({ own }) => own), ...declaredIn(kernel.body).map(identifier)]);
  const given = arrays.map(({ own, dtype }) => ({ own, dtype, name: inside.take(`${own}_`) }));
  const stmts = (body: readonly Stmt[]): string[] => body.flatMap((s) => printStmt(s, printer, bools));
  const withArrays = (lines: readonly string[]): string[] => {
    const read = new Set(lines.join("\n").match(/[\w$]+/g));
    return [...given.flatMap((one) => (read.has(one.own) ? [`const ${one.own} = ${one.name};`] : [])), ...lines];
  };
  const blocks: string[] = [];
  const printPart = (part: Part): string[] => {
    if (part.kind === "outer") return [`${printHead(part.loop)} {`, ...part.parts.flatMap(printPart), "}"];
    if (part.kind !== "block") return printStmt(part, printer, bools);
    const block = inside.take("block");
    const params = part.given.map((one) => `${identifier(one.name)}: number`);
    const bounds = part.given.flatMap((one) => (one.below === undefined ? [] : [`${one.name} &= ${maskOf(one.below)};`]));
    const doc = `What the loops repeat${bounds.length === 0 ? "" : "; masks say how large an index is"}.`;
    blocks.push(blockComment([doc]), `function ${block}(${params.join(", ")}): void {`, ...bounds, ...withArrays(stmts(part.body)), "}");
    return [`${block}(${part.given.map((one) => identifier(one.name)).join(", ")});`];
  };
  const loops = partsOf(kernel.body, limits).flatMap(printPart);
  return [
    blockComment(docOf(kernel)),
    `function ${name}(${given.map((one) => `${one.name}: ${arrayOf(one.dtype)}`).join(", ")}): () => void {`,
    ...blocks,
    `return function ${name}(): void {`,
    ...withArrays(loops),
    "};",
    "}",
  ].join("\n");
}

/** A function of the arrays themselves, for readers: an engine does without their addresses in its code. */
export function printPlainFunction(kernel: Kernel, name: string, needs: Set<string>): string {
  const printer: Printer = { bufferName: identifier, localName: identifier, needs };
  const bools = new Set(kernel.params.filter((param) => param.dtype === "bool").map((param) => param.name));
  const params = kernel.params.map((param) => `${identifier(param.name)}: ${arrayOf(param.dtype)}`);
  return [
    blockComment(docOf(kernel)),
    `function ${name}(${params.join(", ")}): void {`,
    ...kernel.body.flatMap((stmt) => printStmt(stmt, printer, bools)),
    "}",
  ].join("\n");
}

const docOf = ({ doc, flops }: Kernel): string[] =>
  flops > 0 ? [...doc, `${flops.toLocaleString("en-US")} floating-point operations.`] : [...doc];

/** The bits of all numbers below a bound. */
const maskOf = (below: number): number => 2 ** Math.ceil(Math.log2(below)) - 1;

/** Names that statements declare. */
function declaredIn(body: readonly Stmt[]): string[] {
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

function printHead({ index: name, from, to, step }: Loop): string {
  const next = step === 1 ? `${name}++` : `${name} += ${step}`;
  return `for (let ${name} = ${printIndex(from)}; ${name} < ${printIndex(to)}; ${next})`;
}

function printStmt(stmt: Stmt, printer: Printer, bools: ReadonlySet<string>): string[] {
  const inside = (body: readonly Stmt[]): string[] => body.flatMap((inner) => printStmt(inner, printer, bools));
  switch (stmt.kind) {
    case "for": {
      if (stmt.unrolled !== undefined) return printUnrolled(stmt, stmt.unrolled, printer, bools);
      return [`${printHead(stmt)} {`, ...inside(stmt.body), "}"];
    }
    case "let":
      return [`${stmt.mutable ? "let" : "const"} ${printer.localName(stmt.name)} = ${printScalar(stmt.value, printer)};`];
    case "assign":
      return [printAssign(stmt.name, stmt.value, printer)];
    case "store": {
      const value = printScalar(stmt.value, printer);
      return [`${printer.bufferName(stmt.buffer)}[${printIndex(stmt.at)}] = ${bools.has(stmt.buffer) ? `${value} ? 1 : 0` : value};`];
    }
    case "if":
      return [`if (${printScalar(stmt.when, printer)}) {`, ...inside(stmt.then), "}"];
  }
}

/**
 * Iterations in a row, each in a block of its own that the next is reached from by a branch: an engine then keeps no more of them in
 * registers than one, and looks once for all of them whether the arrays are what they were.
 */
function printUnrolled(loop: Loop, unrolled: number, printer: Printer, bools: ReadonlySet<string>): string[] {
  const { index: name, from, to } = loop;
  const blocks = iterationsOf(loop).map((body, n) => {
    const end = n === 0 ? [] : [`if (${name} + ${n} === ${printIndex(to)}) break;`];
    return [...end, "{", ...body.flatMap((s) => printStmt(s, printer, bools)), "}"];
  });
  return [`for (let ${name} = ${printIndex(from)}; ${name} < ${printIndex(to)}; ${name} += ${unrolled}) {`, ...blocks.flat(), "}"];
}
