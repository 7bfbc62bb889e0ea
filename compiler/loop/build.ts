/** Short constructors for scalars, with the identities that index notation makes obvious, and the walks over scalars and statements. */

import type { DType } from "../graph/type.ts";
import { index, print as printIndex, shift, substitute as substituteIndex, type Index } from "./index-expression.ts";
import type { Axis, Definition, Load, Loop, Reduce, Scalar, ScalarFn, Stmt } from "./loop.ts";

export const literal = (value: number, dtype: DType): Scalar => ({ kind: "literal", dtype, value });
export const local = (name: string, dtype: DType): Scalar => ({ kind: "local", dtype, name });
export const at = (index: Index): Scalar => ({ kind: "index", dtype: "i32", at: index });
export const load = (buffer: string, dtype: DType, ...index: readonly Index[]): Scalar => ({
  kind: "load",
  dtype,
  buffer,
  at: index,
});

export const apply = (fn: ScalarFn, dtype: DType, ...args: readonly Scalar[]): Scalar => ({
  kind: "apply",
  dtype,
  fn,
  args,
});

export const select = (when: Scalar, then: Scalar, otherwise: Scalar): Scalar =>
  when.kind === "literal" ? (when.value !== 0 ? then : otherwise) : { kind: "select", dtype: then.dtype, when, then, otherwise };

export const round = (value: Scalar): Scalar =>
  value.dtype !== "f32" || value.kind === "load" || value.kind === "round" ? value : { kind: "round", dtype: "f32", value };

export const sumOver = (over: readonly Axis[], term: Scalar): Scalar => ({
  kind: "reduce",
  dtype: term.dtype,
  by: "add",
  over,
  term,
});

/** Rebuilds a scalar bottom-up; unchanged parts come back as the same objects. */
export function mapScalar(s: Scalar, visit: (s: Scalar) => Scalar): Scalar {
  switch (s.kind) {
    case "literal":
    case "local":
    case "index":
    case "load":
      return visit(s);
    case "apply": {
      let args: Scalar[] | undefined;
      for (let n = 0; n < s.args.length; n++) {
        const arg = mapScalar(s.args[n]!, visit);
        if (arg !== s.args[n]) (args ??= [...s.args])[n] = arg;
      }
      return visit(args === undefined ? s : { ...s, args });
    }
    case "select": {
      const when = mapScalar(s.when, visit);
      const then = mapScalar(s.then, visit);
      const otherwise = mapScalar(s.otherwise, visit);
      const same = when === s.when && then === s.then && otherwise === s.otherwise;
      return visit(same ? s : { ...s, when, then, otherwise });
    }
    case "round": {
      const value = mapScalar(s.value, visit);
      return visit(value === s.value ? s : { ...s, value });
    }
    case "reduce": {
      const term = mapScalar(s.term, visit);
      return visit(term === s.term ? s : { ...s, term });
    }
  }
}

/** Replaces loop indices everywhere in a scalar. */
export const substitute = (s: Scalar, by: ReadonlyMap<string, Index>): Scalar =>
  mapScalar(s, (part) => {
    if (part.kind === "index") {
      const at = substituteIndex(part.at, by);
      return at === part.at ? part : { ...part, at };
    }
    if (part.kind !== "load") return part;
    const at = part.at.map((i) => substituteIndex(i, by));
    return at.every((one, n) => one === part.at[n]) ? part : { ...part, at };
  });

/** Visits every part of a scalar, outermost first. */
export function walkScalar(s: Scalar, visit: (s: Scalar) => void): void {
  visit(s);
  switch (s.kind) {
    case "apply":
      for (const arg of s.args) walkScalar(arg, visit);
      break;
    case "select":
      for (const part of [s.when, s.then, s.otherwise]) walkScalar(part, visit);
      break;
    case "round":
      walkScalar(s.value, visit);
      break;
    case "reduce":
      walkScalar(s.term, visit);
      break;
    default:
  }
}

/** Visits every statement and the scalars it evaluates. */
export function walkStmts(body: readonly Stmt[], visit: { stmt?: (s: Stmt) => void; scalar?: (s: Scalar) => void }): void {
  for (const stmt of body) {
    visit.stmt?.(stmt);
    if (stmt.kind === "for") {
      if (visit.scalar && stmt.only) walkScalar(stmt.only, visit.scalar);
      walkStmts(stmt.body, visit);
    } else if (stmt.kind === "if") {
      if (visit.scalar) walkScalar(stmt.when, visit.scalar);
      walkStmts(stmt.then, visit);
    } else if (visit.scalar) walkScalar(stmt.value, visit.scalar);
  }
}

/** The buffer that a definition is stored in. */
export const storedIn = ({ name, target, segment }: Definition): string => segment?.of ?? target ?? name;

/** What a loop runs of its iterations, where that is one of them, rebuilt. */
export const onlyOf = ({ only }: Pick<Loop, "only">, change: (only: Scalar) => Scalar): Pick<Loop, "only"> =>
  only === undefined ? {} : { only: change(only) };

/** Rebuilds the scalars that statements evaluate. */
export const mapStmts = (body: readonly Stmt[], visit: (s: Scalar) => Scalar): readonly Stmt[] =>
  body.map((s): Stmt => {
    if (s.kind === "for") return { ...s, ...onlyOf(s, (only) => mapScalar(only, visit)), body: mapStmts(s.body, visit) };
    if (s.kind === "if") return { ...s, when: mapScalar(s.when, visit), then: mapStmts(s.then, visit) };
    return { ...s, value: mapScalar(s.value, visit) };
  });

/** Replaces loop indices everywhere in statements. */
export const substituteStmts = (body: readonly Stmt[], by: ReadonlyMap<string, Index>): readonly Stmt[] =>
  body.map((s): Stmt => {
    if (s.kind === "for")
      return {
        ...s,
        from: substituteIndex(s.from, by),
        to: substituteIndex(s.to, by),
        ...onlyOf(s, (only) => substitute(only, by)),
        body: substituteStmts(s.body, by),
      };
    if (s.kind === "if") return { ...s, when: substitute(s.when, by), then: substituteStmts(s.then, by) };
    const value = substitute(s.value, by);
    return s.kind === "store" ? { ...s, at: substituteIndex(s.at, by), value } : { ...s, value };
  });

/** The bodies of the iterations that an unrolled loop writes in a row, from the one at its index; of any other loop its body alone. */
export const iterationsOf = ({ index: name, to, body, unrolled = 1 }: Loop): readonly (readonly Stmt[])[] =>
  Array.from({ length: unrolled }, (_, n) => (n === 0 ? body : substituteStmts(body, new Map([[name, shift(index(name, to.offset), n)]]))));

/** The parts of a conjunction: each holds by itself, also beside one that only the data decide. */
export const conjuncts = (s: Scalar): readonly Scalar[] => (s.kind === "apply" && s.fn === "and" ? s.args.flatMap(conjuncts) : [s]);

/** The first reduction in a scalar, outermost first. */
export function firstReduce(s: Scalar): Reduce | undefined {
  let found: Reduce | undefined;
  walkScalar(s, (part) => {
    if (part.kind === "reduce") found ??= part;
  });
  return found;
}

/** The buffers that a scalar reads. */
export function loadsOf(s: Scalar): Load[] {
  const loads: Load[] = [];
  walkScalar(s, (part) => {
    if (part.kind === "load") loads.push(part);
  });
  return loads;
}

/** How a sum goes, where it is not term after term in a local. */
export const orderText = ({ inLanes, inMemory }: Reduce): string =>
  inLanes === true ? " in lanes" : inMemory === true ? " in memory" : "";

/** A text that is equal exactly for structurally equal scalars. */
export const keyOf = (s: Scalar): string => keyBy(s, keyOf);

/** Keys of many scalars, equal where keyOf's are, and short: each part's is found once. */
export class Keys {
  readonly #known = new Map<Scalar, string>();
  readonly #numbers = new Map<string, string>();

  of(s: Scalar): string {
    const known = this.#known.get(s);
    if (known !== undefined) return known;
    const key = keyBy(s, (part) => this.of(part));
    const number = this.#numbers.get(key) ?? String(this.#numbers.size);
    this.#numbers.set(key, number);
    this.#known.set(s, number);
    return number;
  }
}

function keyBy(s: Scalar, of: (part: Scalar) => string): string {
  switch (s.kind) {
    case "literal":
      return `${Object.is(s.value, -0) ? "-0" : s.value}${s.dtype}`;
    case "local":
      return `$${s.name}`;
    case "index":
      return `@${printIndex(s.at)}`;
    case "load":
      return `${JSON.stringify(s.buffer)}${s.updated === true ? "′" : ""}[${s.at.map(printIndex).join(",")}]`;
    case "apply":
      return `${s.fn}:${s.dtype}(${s.args.map(of).join(",")})`;
    case "select":
      return `select(${of(s.when)},${of(s.then)},${of(s.otherwise)})`;
    case "round":
      return `round(${of(s.value)})`;
    case "reduce":
      return `${s.by}${orderText(s)}(${s.over.map((a) => `${a.name}<${a.extent}`).join(",")}:${of(s.term)})`;
  }
}
