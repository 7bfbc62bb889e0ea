/** Guarantees that the command line knows of targets what they say of themselves: the flags that ask for each, and what goes with it. */

import { ONLY, TARGETS, understanding, type TargetName } from "../targets/index.ts";
import type { Flag, Option, Said, Target } from "../targets/target.ts";
import { printFlags, wordsOf } from "../targets/words.ts";
import { InputError, suggestion } from "./errors.ts";

type Listed = (typeof TARGETS)[number];
type Args = Readonly<Record<string, unknown>>;

/** `a, b or c`. */
const listed = (words: readonly string[], last: "or" | "and"): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;

/** Every value that a flag may have to ask for a target. */
const valuesOf = (flag: string): string[] => [
  ...new Set(TARGETS.flatMap(({ asked, implied }) => [implied?.[flag], asked[flag]]).filter((value) => typeof value === "string")),
];

const fileOfValue = (value: string): string => {
  const { suffix } = TARGETS.find(({ asked, implied }) => (asked["target"] ?? implied?.["target"]) === value)!;
  return `${value} (trainer${suffix}.ts)`;
};

/** `--target`, for verbs that write no file. */
export const TARGET = {
  type: "string",
  valueHint: "name",
  description: listed(valuesOf("target").map(fileOfValue), "or"),
} as const satisfies Flag;

const BROUGHT: Readonly<Record<string, Flag>> = Object.assign({}, ...TARGETS.map(({ flags }) => flags ?? {})) as Record<string, Flag>; // by name

/** `--target`, and the flags that targets bring along. */
export const TARGET_FLAGS: object = { target: TARGET, ...BROUGHT };

const NAMES = Object.keys(TARGET_FLAGS);
const isGiven = (value: unknown): value is string | true => value !== undefined && value !== false;

/** The target that flags ask for, if they ask for one. */
export function targetAsked(args: Args): Listed | undefined {
  const said: Said = Object.fromEntries(NAMES.flatMap((flag) => (isGiven(args[flag]) ? [[flag, args[flag]]] : [])));
  for (const [flag, value] of Object.entries(said)) requireKnown(flag, value);
  if (Object.keys(said).length === 0) return undefined;
  const agrees = ({ asked, implied }: Target): boolean =>
    Object.entries(said).every(([flag, value]) => (asked[flag] ?? implied?.[flag]) === value);
  const isAsked = ({ asked }: Target): boolean => Object.entries(asked).every(([flag, value]) => said[flag] === value);
  const found = TARGETS.find((target) => isAsked(target) && agrees(target)) ?? TARGETS.find((target) => target.reading && isAsked(target));
  if (found !== undefined) return found;
  const near = TARGETS.find(agrees);
  if (near === undefined) throw new InputError(`${printFlags(said)} ask for different targets; give one of them`);
  const missing = Object.entries(near.asked).filter(([flag]) => said[flag] === undefined);
  throw new InputError(`${printFlags(said)} goes with ${printFlags(Object.fromEntries(missing))}; add it`);
}

function requireKnown(flag: string, value: string | true): void {
  const known = valuesOf(flag);
  if (value === true || known.includes(value)) return;
  const what = flag === "target" ? "there is no target" : `--${flag} has no`;
  throw new InputError(`${what} ${JSON.stringify(value)}${suggestion(value, known, `--${flag} `)}; --${flag} takes ${listed(known, "or")}`);
}

/** The flag that asks for an option of a compile. */
const FLAG_OF: Readonly<Record<Exclude<Option, "float64">, string>> = {
  threads: "threads",
  sliced: "sliced",
  relaxed: "relaxed",
  winograd: "winograd",
  gradients: "entry",
  memory: "memory",
  schedules: "measure-schedules",
  plan: "plan",
};
const OPTIONS = Object.entries(FLAG_OF) as [Option, string][];
/** What goes with every target. */
const ALWAYS = ["out", "beside", "print", "stages", "passes", "timings"];

const dashed = (flags: readonly string[]): string[] => flags.map((flag) => `--${flag}`);

/** Refuses flags that a target has no use for; what is for readers says what goes with it. */
export function requireTogether(target: Target, args: Args): void {
  const [has, lacks] = [true, false].map((understood) => OPTIONS.filter(([option]) => target.understands.has(option) === understood));
  if (target.reading === undefined) {
    const [option] = lacks!.find(([, flag]) => isGiven(args[flag])) ?? [];
    if (option === undefined) return;
    throw new InputError(
      `${ONLY[option] ?? `${wordsOf(target)} has no --${FLAG_OF[option as never]}`}; add ${wordsOf(understanding(option))}`,
    );
  }
  const own = { ...target.implied, ...target.asked };
  const others = [...NAMES.filter((flag) => own[flag] === undefined), ...lacks!.map(([, flag]) => flag)].filter((flag) =>
    isGiven(args[flag]),
  );
  if (others.length === 0) return;
  const together = dashed([...ALWAYS, ...has!.map(([, flag]) => flag)]);
  throw new InputError(
    `${wordsOf(target)} writes ${target.reading}, and goes together with ${listed(together, "and")}; leave out ${dashed(others).join(", ")}`,
  );
}

/** The target of a verb that takes `--target` alone. */
export const targetNamed = (target: string | undefined): TargetName | undefined => targetAsked({ target })?.name;
