/** Guarantees that names and calls of ops are those of the list (list.ts) and of the scalar table: an op that is declared there is known here. */

import type { Builder } from "../graph/build.ts";
import type { Attrs, Value } from "../graph/graph.ts";
import type { TensorType } from "../graph/type.ts";
import * as listed from "./list.ts";
import type { Calls, CallOf, Op } from "./op.ts";
import { elementwiseOps, type ElementwiseName } from "./scalar.ts";

export type { Calls } from "./op.ts";

export const ops = { ...elementwiseOps, ...listed } as const;
export type OpName = keyof typeof ops;

const byName: ReadonlyMap<string, Op> = new Map(Object.entries<Op>(ops));

/** The op of that name. Throws a RangeError for a name nobody declared. */
export function opOf(name: string): Op {
  const op = byName.get(name);
  if (op === undefined) throw new RangeError(`no op is called "${name}"`);
  return op;
}

type CallsOf<Ops> = {
  readonly [Name in keyof Ops as Ops[Name] extends { readonly uncalled: true } ? never : Name]: CallOf<Ops[Name]>;
};

declare module "./op.ts" {
  interface Calls extends CallsOf<typeof ops> {
    /** Any row of the scalar table, by name. */
    elementwise(name: ElementwiseName, args: readonly Value[]): Value;
  }
}

/** The calls of a builder. */
export function callsOn(builder: Builder): Calls {
  const known = made.get(builder);
  if (known !== undefined) return known;
  const called = [...byName.values()].filter((op) => op.uncalled !== true);
  const calls = {
    ...Object.fromEntries(called.map((op) => [op.name, callOf(builder, op)])),
    literal: (value, dtype) => builder.literal(value, dtype),
    typeOf: (value) => builder.typeOf(value),
    constantOf: (value) => {
      const { op, attrs } = builder.node(value);
      return op === "literal" ? (attrs["value"] as number) : undefined;
    },
    elementwise: (name, args) => builder.append(opOf(name), args, {}),
  } as Calls; // each op's call is the one that its type says, see CallOf
  made.set(builder, calls);
  return calls;
}

const made = new WeakMap<Builder, Calls>();

/** What CallOf says of an op, as a function. */
function callOf(builder: Builder, op: Op): (...given: never[]) => Value {
  const { arity, name } = op;
  if (arity === "many") return (operands: readonly Value[], attrs: Attrs = {}) => builder.append(op, operands, attrs);
  if (arity === 0) return (type: TensorType, attrs: Attrs = {}) => builder.append(op, [], attrs, name, type);
  return (...given: (Value | Attrs)[]) => builder.append(op, given.slice(0, arity) as Value[], (given[arity] as Attrs | undefined) ?? {}); // operands first
}
