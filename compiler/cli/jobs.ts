/** What a compile is to make: each model with each of its targets, and what flags, configuration or earlier compiles ask for. */

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { CompileOptions } from "../compile.ts";
import type { ModelConfig } from "../config.ts";
import { OPTIONAL, parsePasses, type OptionalPass } from "../passes/selection.ts";
import { DEFAULT, fileOf, targetOf, type TargetName } from "../targets/index.ts";
import { amountOf } from "./arguments.ts";
import type { Project } from "./config.ts";
import { InputError, suggestion } from "./errors.ts";
import { askedBefore, targetsIn, trainerAsked } from "./generated.ts";
import { note } from "./output.ts";
import { pathAt, placeFor, shownPlace, type Out, type Place } from "./place.ts";
import { requireTogether, targetAsked } from "./targets.ts";

export type Asked = Pick<
  CompileOptions,
  "entries" | "memory" | "passes" | "threads" | "sliced" | "relaxed" | "winograd" | "features" | "js" | "plan"
>;

export interface Job {
  readonly model: string;
  readonly place: Place;
  readonly target: TargetName;
  readonly asked: Asked;
}

/** Flags as the command line or a configuration gives them, by name. */
type Flags = Readonly<Record<string, unknown>>;

/**
 * The jobs of a command. Models that it names are made as its flags say, or as the configuration does where no flag does; without
 * names, all are made as the configuration says, or else as they were made before, and flags add to that.
 */
export function jobsOf(project: Project, out: Out, named: readonly string[], flags: Flags): Job[] {
  const { target, asked } = askedBy(flags);
  const models = named.length > 0 ? [...new Set(named)] : project.models();
  const isPlain = target === undefined && Object.keys(asked).length === 0;
  const jobs = models.flatMap((model): Job[] => {
    const place = placeFor(out, model);
    const configured = project.compilesOf(model);
    if (configured !== undefined && (isPlain || named.length === 0))
      return configured.map((one) => {
        const own = askedBy(flagsOf(one));
        return jobOf(model, place, target ?? own.target ?? DEFAULT.name, { ...own.asked, ...asked });
      });
    if (named.length > 0) return [jobOf(model, place, target ?? DEFAULT.name, asked)];
    return (target === undefined ? targetsIn(place) : [target]).map((of) =>
      jobOf(model, place, of, { ...askedBefore(place, of), ...trainerAsked(place, of), ...asked }),
    );
  });
  requireApart(jobs);
  return jobs;
}

/** Throws an InputError where one file would be written twice: of two models of one stem, or of one model for one target. */
function requireApart(jobs: readonly Job[]): void {
  const taken = new Map<string, string>();
  for (const { model, place, target } of jobs) {
    const file = pathAt(place, fileOf("trainer.ts", targetOf(target)));
    const other = taken.get(file);
    if (other !== undefined && resolve(other) === resolve(model))
      throw new InputError(
        `adjoint.config.ts asks twice for ${file} of ${model}; leave one of its options out, or give them different targets`,
      );
    if (other !== undefined)
      throw new InputError(
        `${other} and ${model} would both be written to ${shownPlace(place)}; rename one of the files, or compile them with different --out folders`,
      );
    taken.set(file, model);
  }
}

/** A target that writes no plan is not asked for one. */
function jobOf(model: string, place: Place, target: TargetName, { plan, ...asked }: Asked): Job {
  return { model, place, target, asked: { ...asked, ...(plan === true && targetOf(target).understands.has("plan") && { plan }) } };
}

/** A configuration's options, as flags. */
const flagsOf = ({ threads, ...rest }: ModelConfig): Flags => ({ ...rest, ...(threads === undefined ? {} : { threads: String(threads) }) });

/** What flags ask for, and of which target if they say so. */
function askedBy(flags: Flags): { readonly target: TargetName | undefined; readonly asked: Asked } {
  const text = (flag: string): string | undefined => flags[flag] as string | undefined; // of such flags, by citty or by the configuration's law
  const entries = entriesOf(text("entry"));
  const memory = amountOf("memory", text("memory"));
  const target = targetAsked(flags)?.name;
  const threads = threadsOf(text("threads"));
  const features = text("features");
  if (features !== undefined && !/^\S+$/.test(features)) throw new InputError("--features needs the name of a value, without spaces");
  requireTogether(targetOf(target), flags);
  const passes = passesAsked(text("passes"));
  return {
    target,
    asked: {
      ...(entries.length > 0 && { entries }),
      ...(memory !== undefined && { memory }),
      ...(passes !== undefined && { passes }),
      ...(threads !== undefined && { threads }),
      ...(flags["sliced"] === true && { sliced: true }),
      ...(flags["relaxed"] === true && { relaxed: true }),
      ...(flags["winograd"] === true && { winograd: true }),
      ...(features !== undefined && { features }),
      ...(flags["js"] === true && { js: true }),
      ...(flags["plan"] === true && { plan: true }),
    },
  };
}

/** More than this machine has is no error: the trainer may run on another. */
function threadsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InputError(`--threads needs a whole number from 1 to 9999, but got ${JSON.stringify(text)}`);
  if (Number(text) > availableParallelism())
    note(
      `--threads ${text}: this machine has ${availableParallelism()} cores, and a trainer takes no more threads than there are cores where it runs`,
    );
  return Number(text);
}

function entriesOf(entry: string | undefined): readonly "gradients"[] {
  if (entry === undefined) return [];
  if (entry === "gradients") return [entry];
  throw new InputError(
    `there is no entry point ${JSON.stringify(entry)} to add${suggestion(entry, ["gradients"], "--entry ")}; --entry takes gradients`,
  );
}

/** The optional passes that `--passes` lets run; undefined for all of them. */
function passesAsked(text: string | undefined): readonly OptionalPass[] | undefined {
  if (text === undefined) return undefined;
  const asked = parsePasses(text);
  if ("passes" in asked) return asked.passes;
  if ("mixed" in asked)
    throw new InputError(
      `--passes ${text} both names passes and leaves some out; list those that run, or, each after a minus, those that do not`,
    );
  throw new InputError(
    `--passes: ${JSON.stringify(asked.unknown)} is no pass that can be left out${suggestion(asked.unknown, OPTIONAL)}; those are ${OPTIONAL.join(", ")}`,
  );
}
