/** The choices of a search: every one within the space that a model file declares, fixed by the seed. */

import { randomOf } from "../check/draw.ts";
import { permute } from "../../runtime/batches.ts";
import { InputError } from "./errors.ts";

/** One value for each name of the space, as `build` takes it. */
export type Choice = Readonly<Record<string, unknown>>;

/** What a name may be: one of a list, or any number of a range. */
export type Dimension =
  | { readonly kind: "list"; readonly values: readonly unknown[] }
  | { readonly kind: "range"; readonly low: number; readonly high: number; readonly scale: "log" | "uniform" };

export type Space = ReadonlyMap<string, Dimension>;

const EXAMPLE = "export const space = { width: [64, 128], learningRate: { log: [1e-4, 1e-1] } };";

/** `export const space` of a model file. */
export function readSpace(shown: string, declared: unknown): Space {
  if (declared === undefined)
    throw new InputError(
      `${shown} names no space to search; add ${EXAMPLE} and export const build = ({ width, learningRate }) => model(…)`,
    );
  if (typeof declared !== "object" || declared === null || Array.isArray(declared))
    throw new InputError(`${shown} gives as its space no record of choices; write ${EXAMPLE}`);
  const space = new Map(Object.entries(declared).map(([name, value]) => [name, readDimension(shown, name, value)]));
  if (space.size === 0) throw new InputError(`the space of ${shown} is empty; write ${EXAMPLE}`);
  return space;
}

function readDimension(shown: string, name: string, value: unknown): Dimension {
  if (Array.isArray(value)) {
    if (value.length === 0)
      throw new InputError(
        `the space of ${shown} gives ${name} an empty list, so there is nothing to choose; give it at least one value, such as ${name}: [1, 2]`,
      );
    return { kind: "list", values: value };
  }
  const given: Readonly<Record<string, unknown>> = typeof value === "object" && value !== null ? { ...value } : {};
  for (const scale of ["log", "uniform"] as const) {
    const bounds = given[scale];
    if (bounds === undefined) continue;
    const [low, high, more] = Array.isArray(bounds) ? (bounds as readonly unknown[]) : [];
    if (
      typeof low !== "number" ||
      typeof high !== "number" ||
      more !== undefined ||
      !(low < high) ||
      !Number.isFinite(high - low) ||
      (scale === "log" && low <= 0)
    )
      throw new InputError(
        `the space of ${shown} gives ${name} the range ${JSON.stringify(bounds)}, which needs two finite numbers${scale === "log" ? " above 0" : ""}, the smaller first; write ${name}: { ${scale}: [0.001, 0.1] }`,
      );
    return { kind: "range", low, high, scale };
  }
  throw new InputError(
    `the space of ${shown} gives ${name} ${JSON.stringify(value) ?? "nothing"}, which is neither a list nor a range; write ${name}: [1, 2], { log: [0.001, 0.1] } or { uniform: [0, 0.5] }`,
  );
}

/** Combinations there are; infinite with a range. */
const sizeOfSpace = (space: Space): number =>
  [...space.values()].reduce((n, one) => n * (one.kind === "list" ? one.values.length : Infinity), 1);

/** Up to this many combinations are shuffled, so that none is tried twice. */
const SHUFFLED = 1e6;

/** So many choices at random, fewer where there are fewer. A longer search begins with the shorter one. */
export function randomChoices(space: Space, trials: number, seed: number): readonly Choice[] {
  const size = sizeOfSpace(space);
  if (size <= SHUFFLED) {
    const order = new Uint32Array(size);
    permute(order, seed, 0);
    return Array.from(order.subarray(0, trials), (at) => combination(space, at));
  }
  return Array.from({ length: trials }, (_, n) =>
    Object.fromEntries(
      [...space].map(([name, one]) => {
        const share = randomOf(seed, `trial ${n} of ${name}`)();
        return [name, one.kind === "list" ? one.values[Math.floor(share * one.values.length)] : within(one, share)];
      }),
    ),
  );
}

/** The number that lies so far into the range, in three digits: that is all a search can tell apart. */
function within({ low, high, scale }: Dimension & { kind: "range" }, share: number): number {
  const value = scale === "log" ? low * (high / low) ** share : low + (high - low) * share;
  return Math.min(high, Math.max(low, Number(value.toPrecision(3))));
}

/** Every combination, the last name's values changing fastest. */
export function gridChoices(shown: string, space: Space): readonly Choice[] {
  const range = [...space].find(([, { kind }]) => kind === "range");
  if (range !== undefined)
    throw new InputError(
      `--grid tries every combination, but the space of ${shown} gives ${range[0]} a range, which has no end of them; list its values, or leave --grid out`,
    );
  return Array.from({ length: sizeOfSpace(space) }, (_, at) => combination(space, at));
}

/** The combination of that number, as a number is written in mixed radix. */
function combination(space: Space, number: number): Choice {
  let rest = number;
  const entries = [...space].reverse().map(([name, one]) => {
    const values = one.kind === "list" ? one.values : [];
    const value = values[rest % values.length];
    rest = Math.floor(rest / values.length);
    return [name, value] as const;
  });
  return Object.fromEntries(entries.reverse());
}

/** A chosen value as a table shows it: functions by their name, records as JSON. */
export function shownValue(value: unknown): string | number | boolean {
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  return typeof value === "function" ? value.name : JSON.stringify(value);
}
