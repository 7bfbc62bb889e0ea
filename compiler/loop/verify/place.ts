/** What is known at one place of a kernel or an entry, and how a complaint names it. */

import { VerifyError } from "../../graph/error.ts";
import type { DType } from "../../graph/type.ts";
import { mapScalar } from "../build.ts";
import type { Scalar } from "../loop.ts";
import { printName } from "../text/index.ts";
import type { Loops } from "./bounds.ts";

/** What is known at one place. */
export interface Place {
  /** The kernel or entry. */
  readonly culprit: string;
  complain(law: string): never;
  readonly buffers: ReadonlyMap<string, Storage>;
  readonly loops: Loops;
  readonly locals: Map<string, Local>;
  /** Conditions that hold here. */
  readonly guards: readonly Scalar[];
  /** Each local's dtype in the whole kernel: one name has one dtype. */
  readonly dtypes: Map<string, DType>;
  /** Buffers that a store above has touched. */
  readonly stored: Set<string>;
}

/** A buffer as loads and stores see it. */
export interface Storage {
  readonly dtype: DType;
  readonly length: number;
  readonly access: "read" | "write" | "update";
}

/** A local as those that read it see it. */
interface Local {
  readonly dtype: DType;
  readonly mutable: boolean;
  /** Where it depends on indices alone: guards are read through it. */
  readonly pure?: Scalar;
}

/** Complains of a kernel, a program or a module as a whole. */
export function fail(culprit: string, message: string): never {
  throw new VerifyError(culprit, message);
}

/** Every name once. */
export function unique(culprit: string, what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) fail(culprit, `${culprit}: two ${what} are called ${printName(name)}`);
    seen.add(name);
  }
}

/** A place with nothing around it but its buffers. */
export const outermost = (culprit: string, buffers: ReadonlyMap<string, Storage>): Place => ({
  culprit,
  complain: (law) => fail(culprit, `${culprit}: ${law}`),
  buffers,
  loops: new Map(),
  locals: new Map(),
  guards: [],
  dtypes: new Map(),
  stored: new Set(),
});

/** A complaint shows the law, then the statement. */
export const atLine = (place: Place, line: string): Place => ({
  ...place,
  complain: (law) => fail(place.culprit, `${place.culprit}: ${law}\n\n    ${line}`),
});

/** A value has the dtype of what it becomes. */
export function fits(what: string, dtype: DType, value: DType, place: Place): void {
  if (dtype !== value) place.complain(`${what} is ${dtype}, but its value is ${value}`);
}

/** A local from here on: its name is new, and has had no other dtype. */
export function defineLocal(name: string, dtype: DType, value: Scalar, mutable: boolean, place: Place): void {
  const shown = printName(name);
  fits(`local ${shown}`, dtype, value.dtype, place);
  if (place.locals.has(name) || place.loops.has(name)) place.complain(`a name has one meaning, but ${shown} is already defined here`);
  const before = place.dtypes.get(name);
  if (before !== undefined && before !== dtype) place.complain(`a local has one dtype, but ${shown} is ${before} above and ${dtype} here`);
  place.dtypes.set(name, dtype);
  const pure = mutable ? undefined : pureOf(value, place);
  place.locals.set(name, { dtype, mutable, ...(pure === undefined ? {} : { pure }) });
}

/** A scalar of indices and literals alone, with locals that never change read through. */
export function pureOf(s: Scalar, place: Place): Scalar | undefined {
  let pure = true;
  const expanded = mapScalar(s, (part) => {
    if (part.kind === "load" || part.kind === "reduce") pure = false;
    if (part.kind !== "local") return part;
    const value = place.locals.get(part.name)?.pure;
    if (value === undefined) pure = false;
    return value ?? part;
  });
  return pure ? expanded : undefined;
}
