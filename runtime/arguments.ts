/**
 * One way to say what an argument must be, and what came instead: a law is a predicate under the words of a message.
 * Half of the package each, `taken` (runtime) and the layer language's `check` make errors of what `problemIn` finds.
 */

import { nearest } from "./nearest.ts";

/** What an argument must be. */
export interface Law {
  /** After "needs": "a whole number above 0". */
  readonly says: string;
  /** Of the value itself; what is in it the laws of `names` and `each` say. */
  readonly holds: (value: unknown) => boolean;
  /** May be left out. */
  readonly optional?: true;
  /** Among options, which may be left out otherwise. */
  readonly required?: true;
  /** Of a record whose names are known: it has no others. */
  readonly names?: Readonly<Record<string, Law>>;
  /** Of a list, or of a record of any names. */
  readonly each?: Law;
  /** `; did you mean same?` of a word or a name, where one is near to what was given. */
  readonly near?: (given: unknown) => string;
  /** What mends the usual slip. */
  readonly remedy?: string | undefined;
}

/** A law for every name; a name without one is a type error. */
export type Laws<Given> = { readonly [Name in keyof Given]-?: Law };

// Bundlers leave out the laws of functions that nobody uses, since what makes a law has no other effect.

/** What a predicate holds of. */
/* @__NO_SIDE_EFFECTS__ */
export function kind(says: string, holds: (value: unknown) => boolean, remedy?: string): Law {
  return { says, holds, remedy };
}

/** Finite numbers of which a predicate holds. */
/* @__NO_SIDE_EFFECTS__ */
export function numbers(says: string, holds: (value: number) => boolean = () => true): Law {
  return { says, holds: (value) => typeof value === "number" && Number.isFinite(value) && holds(value) };
}

/** Whole numbers from `least` to `most`. */
/* @__NO_SIDE_EFFECTS__ */
export function whole(says: string, least: number, most: number = Number.MAX_SAFE_INTEGER): Law {
  return numbers(says, (value) => Number.isSafeInteger(value) && value >= least && value <= most);
}

export const FLAG: Law = kind("true or false", (value) => typeof value === "boolean");
export const TEXT: Law = kind("a text", (value) => typeof value === "string");
export const FINITE: Law = numbers("a finite number");
export const COUNT: Law = whole("a whole number of at least 1", 1);
export const FUNCTION: Law = kind("a function", (value) => typeof value === "function");
export const ANYTHING: Law = kind("anything", () => true);

/** One of these words. */
/* @__NO_SIDE_EFFECTS__ */
export function oneOf(...words: readonly string[]): Law {
  const says = words.map((word) => JSON.stringify(word)).join(" or ");
  return { says, holds: (value) => (words as readonly unknown[]).includes(value), near: meaning((given) => nearest(given, words)) };
}

/** What one of several laws holds of. */
/* @__NO_SIDE_EFFECTS__ */
export function anyOf(says: string, ...laws: readonly Law[]): Law {
  return {
    says,
    holds: (value) => laws.some((law) => problemOf(law, value, "") === undefined),
    near: (given) => laws.map((law) => (law.names ? "" : (law.near?.(given) ?? ""))).find((word) => word !== "") ?? "",
  };
}

/* @__NO_SIDE_EFFECTS__ */
export function optional(law: Law): Law {
  return { ...law, optional: true };
}

/* @__NO_SIDE_EFFECTS__ */
export function required(law: Law): Law {
  return { ...law, required: true };
}

/** A list whose elements are told apart: `phases[1]`. */
/* @__NO_SIDE_EFFECTS__ */
export function listOf(says: string, each: Law): Law {
  return { says, holds: Array.isArray, each };
}

/** A record of any names. */
/* @__NO_SIDE_EFFECTS__ */
export function recordOf(says: string, each: Law, remedy?: string): Law {
  return { ...kind(says, isRecord, remedy), each };
}

/** A record of known names; all but the required may be left out, and no other may be there. */
/* @__NO_SIDE_EFFECTS__ */
export function optionsOf<Options extends object>(laws: Laws<Options>, says?: string): Law {
  const named = Object.entries<Law>(laws).map(([name, law]): [string, Law] => [name, law.required ? law : optional(law)]);
  return { ...fewOptionsOf(laws, says), names: Object.fromEntries(named), near: meaning((given) => nearName(given, Object.keys(laws))) };
}

/**
 * The same of so few names that a message which lists them is enough: what finds the nearest is half a kilobyte of a page. Those that may
 * be left out are `optional`.
 */
/* @__NO_SIDE_EFFECTS__ */
export function fewOptionsOf<Options extends object>(laws: Laws<Options>, says = "its options as an object"): Law {
  return { says, holds: isRecord, names: laws };
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
  return problemOf(fewOptionsOf(laws), given, "options");
}

/** The innermost law that does not hold of what is at a path. */
function problemOf(law: Law, got: unknown, path: string): Problem | undefined {
  if (got === undefined && law.optional) return undefined;
  if (!law.holds(got)) return { path, law, got };
  const { names, each } = law;
  const held = got as Readonly<Record<string, unknown>>; // a list or a record, as a law with inner ones holds of
  let first: Problem | undefined;
  for (const name of Object.keys(names ?? (each && held) ?? {})) {
    const own = each ?? names![name]!;
    const inner = problemOf(own, held[name], Array.isArray(got) ? `${path}[${name}]` : path === "options" ? name : `${path}.${name}`);
    if (inner?.unknown !== undefined) return inner;
    first ??= inner;
  }
  const unknown = names && Object.keys(held).find((name) => !Object.hasOwn(names, name));
  return unknown === undefined ? first : { path, law, got, unknown };
}

/** `; did you mean same?` where the law knows a word that is near, or a name where one is unknown. */
export const nearWord = ({ law, got, unknown }: Problem): string => law.near?.(law.names ? unknown : got) ?? "";

/** The same of a search for the nearest. */
/* @__NO_SIDE_EFFECTS__ */
function meaning(nearestTo: (given: string) => string | undefined): (given: unknown) => string {
  return (given) => {
    const near = typeof given === "string" ? nearestTo(given) : undefined;
    return near === undefined ? "" : `; did you mean ${near}?`;
  };
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
  return tagOf(value) === "Object";
}

/** The class of a value, the same across realms, where `instanceof` is not: `Float32Array`, `Array`, … */
export const tagOf = (value: unknown): string => ({}).toString.call(value).slice(8, -1);

/** A value as a message shows it, in a few words. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (isPrimitive(value)) return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (Array.isArray(value))
    return value.length <= 8 && value.every(isPrimitive) ? `[${value.map(shown).join(", ")}]` : `a list of ${value.length}`;
  const tag = tagOf(value);
  return tag === "Object" ? "an object" : `${/^[AEIOU]/.test(tag) ? "an" : "a"} ${tag}`;
}

const isPrimitive = (value: unknown): boolean => Object(value) !== value;
