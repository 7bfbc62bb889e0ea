/**
 * One way to say what an argument must be, and what came instead: kinds are schemas of valibot under the words of a message.
 * Half of the package each, `taken` (runtime) and the layer language's `check` make errors of what `problemIn` finds.
 */

import * as v from "valibot";
import { nearest } from "./nearest.ts";

/** What an argument must be. */
export interface Law {
  /** After "needs": "a whole number above 0". */
  readonly says: string;
  /** valibot's; opaque to whoever holds arguments to it. */
  readonly schema: object;
  /** May be left out. */
  readonly optional?: true;
  /** Among options, which may be left out otherwise. */
  readonly required?: true;
  /** Of a record whose names are known. */
  readonly names?: Readonly<Record<string, Law>>;
  /** Of a list, or of a record of any names. */
  readonly each?: Law;
  /** The words that are allowed. */
  readonly words?: readonly string[];
  /** What mends the usual slip. */
  readonly remedy?: string;
}

/** A law for every name; a name without one is a type error. */
export type Laws<Given> = { readonly [Name in keyof Given]-?: Law };

type Schema = v.GenericSchema;
const schemaOf = (law: Law): Schema => law.schema as Schema; // made here, by valibot

const FLAG_SCHEMA = v.boolean();
const FINITE_SCHEMA = v.pipe(v.number(), v.finite());
const TEXT_SCHEMA = v.string();
const WHOLE_SCHEMA = v.pipe(v.number(), v.safeInteger());

/** What a predicate holds of. */
export const kind = (says: string, holds: (value: unknown) => boolean, remedy?: string): Law => ({
  says,
  schema: v.custom(holds),
  ...(remedy === undefined ? {} : { remedy }),
});

/** Finite numbers of which a predicate holds. */
export const numbers = (says: string, holds: (value: number) => boolean = () => true): Law => ({
  says,
  schema: v.pipe(FINITE_SCHEMA, v.check(holds)),
});

/** Whole numbers from `least` to `most`. */
export const whole = (says: string, least: number, most = Number.MAX_SAFE_INTEGER): Law => ({
  says,
  schema: v.pipe(WHOLE_SCHEMA, v.minValue(least), v.maxValue(most)),
});

export const FLAG: Law = { says: "true or false", schema: FLAG_SCHEMA };
export const TEXT: Law = { says: "a text", schema: TEXT_SCHEMA };
export const FINITE: Law = numbers("a finite number");
export const COUNT: Law = whole("a whole number of at least 1", 1);
export const FUNCTION: Law = kind("a function", (value) => typeof value === "function");
export const ANYTHING: Law = kind("anything", () => true);

/** One of these words. */
export const oneOf = (...words: readonly string[]): Law => ({
  says: words.map((word) => JSON.stringify(word)).join(" or "),
  schema: v.picklist(words),
  words,
});

/** What one of several laws holds of. */
export const anyOf = (says: string, ...laws: readonly Law[]): Law => ({
  says,
  schema: v.union(laws.map(schemaOf)),
  ...wordsOf(laws),
});

const wordsOf = (laws: readonly Law[]): { readonly words?: readonly string[] } => {
  const words = laws.flatMap((law) => law.words ?? []);
  return words.length === 0 ? {} : { words };
};

export const optional = (law: Law): Law => ({
  ...law,
  schema: v.optional(schemaOf(law)),
  optional: true,
});
export const required = (law: Law): Law => ({ ...law, required: true });

/** A list whose elements are told apart: `phases[1]`. */
export const listOf = (says: string, each: Law): Law => ({
  says,
  schema: v.array(schemaOf(each)),
  each,
});

/** A record of any names. */
export const recordOf = (says: string, each: Law, remedy?: string): Law => ({
  says,
  schema: v.pipe(v.custom(isRecord), v.record(v.string(), schemaOf(each))),
  each,
  ...(remedy === undefined ? {} : { remedy }),
});

/** A record of known names; all but the required may be left out, and no other may be there. */
export function optionsOf<Options extends object>(laws: Laws<Options>, says = "its options as an object"): Law {
  const named = Object.entries<Law>(laws).map(([name, law]): [string, Law] => [name, law.required || law.optional ? law : optional(law)]);
  const entries = Object.fromEntries(named.map(([name, law]) => [name, schemaOf(law)]));
  return {
    says,
    schema: v.pipe(v.custom<Record<string, unknown>>(isRecord), v.strictObject(entries)),
    names: Object.fromEntries(named),
  };
}

/** What came, where a law does not hold. */
export interface Problem {
  /** `options.activation`, `phases[1].loss`: the options themselves are not named. */
  readonly path: string;
  readonly law: Law;
  readonly got: unknown;
  /** A name that the law, one of options, does not know. */
  readonly unknown?: string;
}

/** The first argument that its law does not hold of. A name that no law knows comes first: what it was meant for is missing. */
export function problemIn<Given extends object>(given: Given, laws: Laws<Given>): Problem | undefined {
  for (const name in laws) {
    const law: Law = laws[name];
    const result = v.safeParse(schemaOf(law), given[name]);
    if (result.success) continue;
    const unknown = result.issues.find(isUnknown);
    const issue = unknown ?? result.issues[0];
    return located(name, law, given[name], issue.path ?? [], unknown !== undefined);
  }
  return undefined;
}

/** A strict object says of a name too many that it expects it never. */
const isUnknown = (issue: v.BaseIssue<unknown>): boolean => issue.type === "strict_object" && issue.expected === "never";

/** The innermost law on an issue's path. */
function located(
  name: string,
  outermost: Law,
  given: unknown,
  path: readonly { readonly key?: unknown; readonly value: unknown }[],
  isUnknownName: boolean,
): Problem {
  let [at, law, got] = [name, outermost, given];
  for (const [n, { key, value }] of path.entries()) {
    if (isUnknownName && n === path.length - 1) return { path: at, law, got, unknown: String(key) };
    const inner = law.names?.[String(key)] ?? law.each;
    if (inner === undefined) break;
    at = typeof key === "number" ? `${at}[${key}]` : at === "options" ? String(key) : `${at}.${String(key)}`;
    [law, got] = [inner, value];
  }
  return { path: at, law, got };
}

/** `; did you mean "same"?` where one of the words that a law knows is near. */
export function nearWord(problem: Problem): string {
  const { law, got, unknown } = problem;
  const near =
    unknown !== undefined
      ? nearName(unknown, Object.keys(law.names ?? {}))
      : typeof got === "string"
        ? nearest(got, law.words ?? [])
        : undefined;
  return near === undefined ? "" : `; did you mean ${near}?`;
}

/** `batch` of batch_size, `learningRate` of learning_rate: near, or one the other's beginning. */
function nearName(given: string, names: readonly string[]): string | undefined {
  const bare = (name: string): string => name.replaceAll("_", "").toLowerCase();
  const [word, all] = [bare(given), names.map((name) => ({ name, bare: bare(name) }))];
  return (
    nearest(given, names) ??
    all.find((one) => one.bare === word)?.name ??
    all.find((one) => one.bare.startsWith(word) || word.startsWith(one.bare))?.name
  );
}

/** An object with names of its own: no list, map, promise or array of numbers. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && tagOf(value) === "Object";
}

/** The class of a value, the same across realms. */
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** A value as a message shows it, in a few words. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (Array.isArray(value))
    return value.length <= 8 && value.every(isPrimitive) ? `[${value.map(shown).join(", ")}]` : `a list of ${value.length}`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  const tag = tagOf(value);
  return tag === "Object" ? "an object" : `${/^[AEIOU]/.test(tag) ? "an" : "a"} ${tag}`;
}

const isPrimitive = (value: unknown): boolean => value === null || !["object", "function"].includes(typeof value);
