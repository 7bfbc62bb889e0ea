/** Guarantees rows of the tables of misuse: a call, arguments that it takes, made within a declaration, and the kind of each. */

import * as adjoint from "adjoint";
import type { Kinds } from "./wrong.ts";

/** A function, arguments that it takes, and the kind of each by name. Arguments are made within a declaration. */
export interface Row {
  readonly call: (...args: never[]) => unknown;
  readonly valid: () => readonly unknown[];
  readonly kinds: Readonly<Record<string, Kinds>>;
}
export const row = (call: (...args: never[]) => unknown, kinds: Row["kinds"], ...valid: readonly (unknown | (() => unknown))[]): Row => ({
  call,
  kinds,
  valid: () => valid.map((value) => (value instanceof Made ? value.make() : value)),
});

export class Made {
  readonly make: () => unknown;
  constructor(make: () => unknown) {
    this.make = make;
  }
}
let made = 0;
/** A number that no call before had, for names. */
export const next = (): number => made++;
export const f = (...shape: readonly number[]): Made => new Made(() => adjoint.input(`f${next()}`, shape));
export const y = (...shape: readonly number[]): Made => new Made(() => adjoint.labels(`y${next()}`, shape, { classes: 3 }));
export const b = (...shape: readonly number[]): Made => new Made(() => adjoint.less(adjoint.input(`b${next()}`, shape), 0));
export const list = (...parts: readonly Made[]): Made => new Made(() => parts.map(({ make }) => make()));
