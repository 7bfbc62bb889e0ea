/** Guarantees that every complaint about a model carries its code, its model line, the law, the operands and the remedy, and reads the same everywhere. */

import { printable, printableLines } from "./printable.ts";
import { printType, type TensorType } from "./type.ts";

/** A value as a message shows it. */
export interface Operand {
  readonly label: string;
  readonly name?: string;
  readonly type: TensorType;
  readonly site?: string;
}

/** One finding about a model, as data: messages are printed from it, tools read it. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: "error" | "warning";
  /** `file:line` in the model, or the name of the thing at fault. */
  readonly site: string;
  readonly law: string;
  readonly operands: readonly Operand[];
  readonly remedy: string;
  /** The lines of the model around the site, if its text is known. */
  readonly frame?: string;
}

/** The text of a diagnostic: site, law, operands as a table, remedy. What a model calls things is printable in it. */
export function printDiagnostic(d: Diagnostic): string {
  const rows = d.operands.map((o) => [o.label, o.name ?? "", printType(o.type), o.site ?? ""].map(printable));
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) => `    ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
  return [
    printable(d.site),
    ...(d.frame === undefined ? [] : ["", printableLines(d.frame)]),
    "",
    `  ${printableLines(d.law)}`,
    ...(table.length > 0 ? ["", ...table] : []),
    "",
    `  ${printableLines(d.remedy)}`,
  ].join("\n");
}

/** What the user can mend in a model: exit code 2. */
export class ModelError extends Error {
  override readonly name: string = "ModelError";
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Omit<Diagnostic, "severity">) {
    const full: Diagnostic = { ...diagnostic, severity: "error" };
    super(printDiagnostic(full));
    this.diagnostic = full;
  }
}

/** A broken typing law, thrown by an op's `infer`; the builder adds names and the model line. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
  readonly op: string;
  readonly law: string;
  readonly remedy: string;
  readonly operands: readonly Operand[];
  constructor(op: string, law: string, operands: readonly Operand[], remedy = "Change one of the shapes so that the law holds.") {
    super(`${op}: ${law}; got ${operands.map((o) => `${o.label} ${printType(o.type)}`).join(", ")}`);
    this.op = op;
    this.law = law;
    this.operands = operands;
    this.remedy = remedy;
  }
}

/** A fault of the compiler itself: exit code 3. */
export class CompilerFault extends Error {
  override readonly name = "CompilerFault";
  readonly pass: string;
  constructor(pass: string, message: string) {
    super(`pass "${pass}" broke the program: ${message}`);
    this.pass = pass;
  }
}

/** A law of an IR that does not hold, with the name of the node, kernel or buffer at fault. */
export class VerifyError extends Error {
  override readonly name = "VerifyError";
  readonly culprit: string;
  constructor(culprit: string, message: string) {
    super(message);
    this.culprit = culprit;
  }
}
