/** Guarantees that an option outside its law is told by optimizer, option and model line, whether or not a model is being declared. */

import { ModelError } from "../../graph/error.ts";
import { declaring } from "../context.ts";
import { callSite } from "../site.ts";

/** What an option must be, as a sentence says it. */
export interface Law {
  readonly says: string;
  /** Whether there is no default. */
  readonly required?: true;
  holds(value: unknown): boolean;
}

export const required = (law: Law): Law => ({ ...law, required: true });

const numbers = (says: string, holds: (n: number) => boolean): Law => ({
  says,
  holds: (value) => typeof value === "number" && Number.isFinite(value) && holds(value),
});

export const NOT_NEGATIVE = numbers("a finite number of at least 0", (n) => n >= 0);
export const POSITIVE = numbers("a finite number above 0", (n) => n > 0);
/** Momentum, β, ρ: how much of the old is kept. */
export const SHARE = numbers("a number of at least 0 and below 1", (n) => n >= 0 && n < 1);
export const FRACTION = numbers("a number above 0 and below 1", (n) => n > 0 && n < 1);
export const COUNT = numbers("a whole number of at least 1", (n) => Number.isSafeInteger(n) && n >= 1); // prettier-ignore
/** The usual slip is a factory without its call. */
export const RULE: Law = {
  required: true,
  says: "an optimizer, such as adam()",
  holds: (value) => typeof value === "object" && value !== null && "update" in value,
};
export const FLAG: Law = { says: "true or false", holds: (value) => typeof value === "boolean" };

const shown = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `the function ${value.name}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
};

/** Throws a ModelError at the line that called into the layer language. */
export function refuse(of: string, law: string, remedy: string): never {
  const c = declaring();
  if (c !== undefined) return c.run(() => c.fail("optimizer/option", `${of}: ${law}`, remedy));
  const at = callSite();
  const site = at === undefined ? of : `${at.file.split(/[\\/]/).at(-1)}:${at.line}`;
  throw new ModelError({ code: "optimizer/option", site, law: `${of}: ${law}`, operands: [], remedy }); // prettier-ignore
}

/** Holds every given option to its law. An option nobody knows is refused too: a misspelt rate would train at the default. */
export function checkOptions<Options extends object>(
  of: string,
  options: Options,
  laws: { readonly [Name in keyof Options]-?: Law },
): void {
  if (typeof options !== "object" || options === null)
    refuse(of, `needs its options as an object, but got ${shown(options)}`, `Write ${of}({ … }) with names: ${Object.keys(laws).join(", ")}.`); // prettier-ignore
  const known = new Map<string, Law>(Object.entries(laws));
  const given = new Map<string, unknown>(Object.entries(options));
  for (const name of given.keys())
    if (!known.has(name))
      refuse(of, `has no option ${JSON.stringify(name)}`, `Its options are ${[...known.keys()].join(", ")}.`); // prettier-ignore
  for (const [name, law] of known) {
    const value = given.get(name);
    if (value === undefined && law.required === undefined) continue;
    if (!law.holds(value))
      refuse(of, `${name} needs ${law.says}, but got ${shown(value)}`, law.required ? `Change ${name}.` : `Change ${name}, or leave it out for its default.`); // prettier-ignore
  }
}
