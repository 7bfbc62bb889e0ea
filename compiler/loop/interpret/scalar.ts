/** Scalars as closures: read once for what their names mean, then run at every point. */

import { VerifyError } from "../../graph/error.ts";
import type { Index } from "../index-expression.ts";
import type { Axis, Load, Reduce, Scalar } from "../loop.ts";
import { cast, FUNCTIONS, stored, type Precision } from "./functions.ts";

/** The value at the point where the loops are now. */
export type Get = () => number;

/** Where a loop index or a local has its value. */
export interface Cell {
  value: number;
}

/** What a scalar's names mean; a scalar is read once into closures, then run at every point. */
export interface Environment {
  readonly precision: Precision;
  index(name: string): Get;
  local(name: string): Get;
  load(s: Load, at: readonly Get[]): Get;
}

/** An index as a closure. */
export function indexReader(a: Index, env: Environment): Get {
  const terms = a.terms.map(({ atom, by }) => {
    if (atom.kind === "index") return { by, get: env.index(atom.name) };
    const of = indexReader(atom.of, env);
    const n = atom.by;
    if (atom.kind === "quotient") return { by, get: () => Math.floor(of() / n) };
    return {
      by,
      get: () => {
        const value = of();
        return value - Math.floor(value / n) * n;
      },
    };
  });
  const { offset } = a;
  return () => {
    let total = offset;
    for (const { by, get } of terms) total += by * get();
    return total;
  };
}

/** A scalar as a closure. */
export function scalarReader(s: Scalar, env: Environment): Get {
  switch (s.kind) {
    case "literal": {
      const { value } = s;
      return () => value;
    }
    case "local":
      return env.local(s.name);
    case "index":
      return indexReader(s.at, env);
    case "load":
      return env.load(
        s,
        s.at.map((a) => indexReader(a, env)),
      );
    case "apply": {
      const [a = () => NaN, b = a, c = b] = s.args.map((arg) => scalarReader(arg, env));
      if (s.fn === "cast") {
        const to = cast(s.dtype);
        return () => to(a());
      }
      const fn = FUNCTIONS[s.fn];
      if (s.fn === "neg" && s.dtype === "i32") return () => -a() | 0; // no −0
      return s.args.length === 1 ? () => fn(a(), 0, 0) : () => fn(a(), b(), c());
    }
    case "select": {
      const when = scalarReader(s.when, env);
      const then = scalarReader(s.then, env);
      const otherwise = scalarReader(s.otherwise, env);
      return () => (when() !== 0 ? then() : otherwise());
    }
    case "round": {
      const value = scalarReader(s.value, env);
      return env.precision === "double" ? value : () => Math.fround(value());
    }
    case "reduce":
      return reduceReader(s, env);
  }
}

/** Terms one after the other, row-major over the axes. */
function reduceReader(s: Reduce, env: Environment): Get {
  const cells: Cell[] = s.over.map(() => ({ value: 0 }));
  const own = new Map(s.over.map((axis, n) => [axis.name, cells[n]!]));
  const term = scalarReader(s.term, {
    ...env,
    index(name) {
      const cell = own.get(name);
      return cell === undefined ? env.index(name) : () => cell.value;
    },
  });
  const each = (visit: (value: number) => void): void => eachPoint(s.over, cells, 0, () => visit(term()));
  switch (s.by) {
    case "add":
      if (s.inMemory === true) {
        const keep = stored(s.dtype, env.precision);
        return () => {
          let total = 0;
          each((value) => (total = keep(total + value)));
          return total;
        };
      }
      return () => {
        let total = 0;
        each((value) => (total += value));
        return total;
      };
    case "max":
      return () => {
        let largest = -Infinity;
        each((value) => (largest = Math.max(largest, value)));
        return largest;
      };
    case "argmax":
      // the first of the largest; NaN counts as larger than any number
      return () => {
        let [largest, at, position] = [-Infinity, 0, 0];
        each((value) => {
          if (position === 0 || value > largest || (Number.isNaN(value) && !Number.isNaN(largest))) [largest, at] = [value, position];
          position++;
        });
        return at;
      };
  }
}

function eachPoint(over: readonly Axis[], cells: readonly Cell[], depth: number, visit: () => void): void {
  const axis = over[depth];
  if (axis === undefined) return visit();
  const cell = cells[depth]!;
  for (let n = 0; n < axis.extent; n++) {
    cell.value = n;
    eachPoint(over, cells, depth + 1, visit);
  }
}

/** A scalar's value where every name is given: definitions are evaluated with it, one element at a time. */
export function evaluateScalar(
  s: Scalar,
  env: {
    readonly locals: ReadonlyMap<string, number>;
    readonly indices: ReadonlyMap<string, number>;
    load(buffer: string, at: readonly number[]): number;
  },
  precision: Precision = "single",
): number {
  const known = (what: string, name: string, value: number | undefined): Get => {
    if (value === undefined) throw new VerifyError(name, `${what} ${name} has no value here`);
    return () => value;
  };
  return scalarReader(s, {
    precision,
    index: (name) => known("index", name, env.indices.get(name)),
    local: (name) => known("local", name, env.locals.get(name)),
    load:
      ({ buffer }, at) =>
      () =>
        env.load(
          buffer,
          at.map((get) => get()),
        ),
  })();
}
