/** Scalars as prefix calls, `add(x[i], 1)`, and those read back deep-equal. */

import { VerifyError } from "../../graph/error.ts";
import type { DType } from "../../graph/type.ts";
import { SCALAR_FNS, type Load, type Reduce, type Scalar, type ScalarFn } from "../loop.ts";
import { indexText, readIndex } from "./index-expression.ts";
import { NUMBER, Reader, type Token } from "./reader.ts";
import { dtypeOfCall, enter, type Scope } from "./scope.ts";
import { DTYPES, printAxes, printName, printNumber, readAxis } from "./words.ts";

/** `W`, and `W′` for the value that this step stores there. */
export const bufferText = ({ buffer, updated }: Load): string => `${printName(buffer)}${updated === true ? "′" : ""}`;

/** A scalar as prefix calls, each dtype written only where it does not follow. */
export function scalarText(s: Scalar, scope: Scope): string {
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
      const word = s.by === "add" ? (s.inLanes === true ? "sumInLanes" : s.inMemory === true ? "sumInMemory" : "sum") : s.by;
      return as(`${word}{${printAxes(s.over)}: ${term}}`, s.by === "argmax" ? "i32" : s.term.dtype);
    }
  }
}

/** A scalar, and `:dtype` where it does not follow. */
export function readScalar(r: Reader, scope: Scope): Scalar {
  const token = r.peek();
  const bare = token.kind === "name";
  if (token.kind === "number" || r.is("-") || (bare && NUMBER.test(token.text))) {
    const { value, dtype } = r.literal();
    return { kind: "literal", dtype: dtype ?? "f32", value };
  }
  if (r.has("true")) return { kind: "literal", dtype: "bool", value: 1 };
  if (r.has("false")) return { kind: "literal", dtype: "bool", value: 0 };
  const name = r.isName() ? r.name() : r.expected("a scalar");
  if (bare && opensReduction(r)) return readReduction(r, scope, token);
  if (bare && r.is("(")) return readApplied(r, scope, name);
  const updated = r.has("′") ? ({ updated: true } as const) : {};
  if (r.has("[")) {
    const at = r.list("]", () => readIndex(r, scope));
    const dtype = readAnnotation(r) ?? scope.buffers.get(name) ?? "f32";
    return { kind: "load", dtype, buffer: name, at, ...updated };
  }
  if ("updated" in updated) return r.expected("`[` after ′");
  return { kind: "local", dtype: readAnnotation(r) ?? scope.locals.get(name) ?? "f32", name };
}

const readAnnotation = (r: Reader): DType | undefined => (r.has(":") ? r.word(DTYPES) : undefined);

/** `{k<3` or `{:`; any other brace is a block after the scalar. */
const opensReduction = (r: Reader): boolean => r.is("{") && (r.is(":", 1) || r.is("<", 2));

function readReduction(r: Reader, scope: Scope, { text, line, column }: Token): Scalar {
  const order = SUMS[text];
  const by = order === undefined ? text : "add";
  if (by !== "add" && by !== "max" && by !== "argmax")
    throw new VerifyError(
      `${line}:${column}`,
      `line ${line}, column ${column}: expected \`sum\`, \`max\` or \`argmax\` before \`{\`, but found \`${text}\``,
    );
  r.eat("{");
  const over = r.list(":", () => readAxis(r));
  const term = readScalar(r, enter(scope, over));
  r.eat("}");
  const dtype = readAnnotation(r) ?? (by === "argmax" ? "i32" : term.dtype);
  return { kind: "reduce", dtype, by, over, term, ...order };
}

/** Sums by their words. */
const SUMS: Readonly<Record<string, Pick<Reduce, "inLanes" | "inMemory"> | undefined>> = {
  sum: {},
  sumInLanes: { inLanes: true },
  sumInMemory: { inMemory: true },
};

const FNS: ReadonlySet<string> = new Set(SCALAR_FNS);

const isFn = (name: string): name is ScalarFn => FNS.has(name) && name !== "cast";

const isDType = (name: string): name is DType => (DTYPES as readonly string[]).includes(name);

function readApplied(r: Reader, scope: Scope, name: string): Scalar {
  if (name !== "at" && name !== "select" && name !== "round" && !isFn(name) && !isDType(name))
    return r.expected(`a function before \`(\`, which ${name} is not`);
  r.eat("(");
  if (name === "at") {
    const at = readIndex(r, scope);
    r.eat(")");
    return { kind: "index", dtype: "i32", at };
  }
  const one = (): Scalar => readScalar(r, scope);
  if (name === "select") {
    const when = one();
    r.eat(",");
    const then = one();
    r.eat(",");
    const otherwise = one();
    r.eat(")");
    return { kind: "select", dtype: readAnnotation(r) ?? then.dtype, when, then, otherwise };
  }
  if (name === "round") {
    const value = one();
    r.eat(")");
    return { kind: "round", dtype: "f32", value };
  }
  const args = r.list(")", one);
  if (isDType(name)) return { kind: "apply", dtype: name, fn: "cast", args };
  return { kind: "apply", dtype: readAnnotation(r) ?? dtypeOfCall(name, args), fn: name, args };
}
