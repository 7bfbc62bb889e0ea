/** Guarantees that no argument is overlooked: an unknown or half-given flag is an error that names the nearest one. */

import type { ArgsDef } from "citty";
import { AMOUNT, parseBytes } from "../graph/bytes.ts";
import { InputError, suggestion } from "./errors.ts";

/** Flags that every verb takes. */
export const COMMON = {
  json: { type: "boolean", description: "Print one JSON object on stdout" },
  debug: { type: "boolean", description: "Show the stack trace of an error" },
} as const satisfies ArgsDef;

/** Checks raw arguments against a verb's definition. Values of flags follow them, after `=` or a space. */
export function checkFlags(verb: string, raw: readonly string[], defined: ArgsDef): void {
  const names = Object.keys(defined).filter((name) => defined[name]!.type !== "positional");
  for (let at = 0; at < raw.length; at++) {
    const given = raw[at]!;
    if (given === "--") return;
    if (!given.startsWith("-") || given === "-") continue;
    const [flag = "", value] = given.split(/=(.*)/s, 2);
    const name = flag.replace(/^-+/, "");
    const of = flag.startsWith("--") && names.includes(name) ? defined[name]! : undefined;
    if (of === undefined)
      throw new InputError(`adjoint ${verb} has no flag ${flag}${suggestion(name, names, "--")}; see adjoint ${verb} --help`);
    if (of.type === "boolean") {
      if (value !== undefined) throw new InputError(`--${name} takes no value, but got ${JSON.stringify(value)}`);
      continue;
    }
    const next = value ?? raw[++at];
    if (next === undefined || next === "" || (value === undefined && next.startsWith("--")))
      throw new InputError(`--${name} needs a value: --${name} <${"valueHint" in of ? of.valueHint : "value"}>`);
  }
}

/** A whole number of at least `least`, or undefined where the flag was not given. */
export function wholeNumber(flag: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
    throw new InputError(`--${flag} needs a whole number of at least ${least}, but got ${JSON.stringify(text)}`);
  return value;
}

/** A share above 0 and below 1, or undefined where the flag was not given. */
export function shareOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && value < 1))
    throw new InputError(`--${flag} needs a share above 0 and below 1, such as 0.1, but got ${JSON.stringify(text)}`);
  return value;
}

/** An amount of memory as it was given, or undefined where the flag was not given. */
export function amountOf(flag: string, text: string | undefined): string | undefined {
  if (text === undefined || parseBytes(text) !== undefined) return text;
  throw new InputError(`--${flag} needs ${AMOUNT}; but got ${JSON.stringify(text)}`);
}

/** The one file that a verb takes. */
export function onlyModel(verb: string, given: readonly string[]): string {
  const [file, second] = given;
  if (file === undefined) throw new InputError(`adjoint ${verb} needs a model: adjoint ${verb} models/<name>.ts`);
  if (second !== undefined) throw new InputError(`adjoint ${verb} takes one model, but got ${given.join(" and ")}; run it once for each`);
  return file;
}
