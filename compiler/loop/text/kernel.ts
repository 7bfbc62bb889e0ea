/** Kernels and their statements, printed and read back. */

import type { DType } from "../../graph/type.ts";
import type { Kernel, Loop, Param, Scalar, Stmt } from "../loop.ts";
import { commentLine, readComment } from "./doc.ts";
import { indexText, readIndex } from "./index-expression.ts";
import { block } from "./layout.ts";
import type { Reader } from "./reader.ts";
import { readScalar, scalarText } from "./scalar.ts";
import { axisOfLoop, enter, scopeOf, type Scope } from "./scope.ts";
import { DTYPES, printName, printNumber } from "./words.ts";

/** How a loop goes: ` step 4`, ` vector`, ` unrolled 4`, or nothing. */
export const formText = ({ step, form, unrolled }: Loop): string =>
  `${step === 1 ? "" : ` step ${step}`}${form === "vector" ? " vector" : ""}${unrolled === undefined ? "" : ` unrolled ${unrolled}`}`;

/** Statements, two spaces a level. `scope.locals` grows as they are read. */
function stmtLines(body: readonly Stmt[], scope: Scope): string[] {
  return body.flatMap((s): string[] => {
    switch (s.kind) {
      case "for": {
        const head = `for ${printName(s.index)} in ${indexText(s.from, scope)}..${indexText(s.to, scope)}`;
        const inside = enter(scope, [axisOfLoop(s.index, s.to)]);
        const only = s.only === undefined ? "" : ` only ${scalarText(s.only, scope)}`;
        return block(`${head}${formText(s)}${only}`, stmtLines(s.body, inside));
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

/** One of those statements. */
function readStmt(r: Reader, scope: Scope): Stmt {
  if (r.has("for")) {
    const name = r.name("a loop index");
    r.eat("in");
    const from = readIndex(r, scope);
    r.eat("..");
    const to = readIndex(r, scope);
    const step = r.has("step") ? r.number() : 1;
    const form = r.has("vector") ? "vector" : "loop";
    const unrolled = r.has("unrolled") ? { unrolled: r.number() } : {};
    const only = r.has("only") ? { only: readScalar(r, scope) } : {};
    const inside = enter(scope, [axisOfLoop(name, to)]);
    return { kind: "for", index: name, from, to, step, form, ...unrolled, ...only, body: r.block(() => readStmt(r, inside)) };
  }
  if (r.has("if")) {
    const when = readScalar(r, scope);
    const inside = enter(scope);
    return { kind: "if", when, then: r.block(() => readStmt(r, inside)) };
  }
  if (r.is("let") || r.is("var")) {
    const mutable = r.word(["let", "var"]) === "var";
    return { kind: "let", ...readBinding(r, scope), mutable };
  }
  const name = r.isName() ? r.name() : r.expected("a statement");
  if (r.has("[")) {
    const at = readIndex(r, scope);
    r.eat("]");
    r.eat("=");
    return { kind: "store", buffer: name, at, value: readScalar(r, scope) };
  }
  r.eat("=");
  return { kind: "assign", name, value: readScalar(r, scope) };
}

/** `name: dtype = value`; the name is known from there on. */
export function readBinding(r: Reader, scope: Scope): { name: string; dtype: DType; value: Scalar } {
  const name = r.name();
  r.eat(":");
  const dtype = r.word(DTYPES);
  r.eat("=");
  const value = readScalar(r, scope);
  scope.locals.set(name, dtype);
  return { name, dtype, value };
}

const ACCESSES = ["read", "write", "update"] as const satisfies readonly Param["access"][];

/** A kernel: its parameters, what it computes, its loops. */
export function kernelLines(k: Kernel): string[] {
  const params = k.params.map((p) => `${printName(p.name)}: ${p.dtype}[${p.length}] ${p.access}`);
  return block(`kernel ${printName(k.name)}(${params.join(", ")}) flops ${printNumber(k.flops)}`, [
    ...k.doc.map(commentLine),
    ...stmtLines(k.body, scopeOf(k.params)),
  ]);
}

/** What kernelLines wrote. */
export function readKernel(r: Reader): Kernel {
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
    return r.is("}") ? undefined : readStmt(r, scope);
  });
  return {
    name,
    doc: doc ?? [],
    params,
    body: body.filter((s) => s !== undefined),
    flops,
  };
}
