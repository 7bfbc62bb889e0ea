/** Guarantees a run over random programs: counted honestly, every mismatch shrunk and printed with what reproduces it. */

import fc from "fast-check";
import { check, printRecipe, type Outcome } from "./check.ts";
import { anyRecipe, type Recipe } from "./recipe.ts";
import { targets as everyTarget, type ProgramTarget } from "./targets.ts";

export interface Counts {
  programs: number;
  compared: number;
  loose: number;
  /** Compared in double only: rounding to float32 decides a comparison, or overflows. */
  doubleOnly: { kink: number; overflow: number };
  discarded: { kink: number; overflow: number };
}

export interface Campaign {
  readonly counts: Counts;
  /** One text a mismatch. */
  readonly mismatches: readonly string[];
}

export const noCounts = (): Counts => ({
  programs: 0,
  compared: 0,
  loose: 0,
  doubleOnly: { kink: 0, overflow: 0 },
  discarded: { kink: 0, overflow: 0 },
});

function count(counts: Counts, outcome: Outcome): void {
  counts.programs++;
  if (outcome.kind === "discarded") counts.discarded[outcome.why]++;
  if (outcome.kind !== "same") return;
  counts.compared += outcome.compared;
  counts.loose += outcome.loose;
  if (outcome.f32 !== "compared") counts.doubleOnly[outcome.f32]++;
}

/** Counts of two runs together. */
export const added = (a: Counts, b: Counts): Counts => ({
  programs: a.programs + b.programs,
  compared: a.compared + b.compared,
  loose: a.loose + b.loose,
  doubleOnly: { kink: a.doubleOnly.kink + b.doubleOnly.kink, overflow: a.doubleOnly.overflow + b.doubleOnly.overflow },
  discarded: { kink: a.discarded.kink + b.discarded.kink, overflow: a.discarded.overflow + b.discarded.overflow },
});

/** What became of the programs, as the committed text says it. */
export const report = (
  { programs, compared, loose, doubleOnly, discarded }: Counts,
  mismatches: readonly string[],
  first: number,
  last: number,
): string => `Random models, each compiled for ${everyTarget.map(({ name }) => name).join(", ")}, run against the float64 reference of the declared graph:
predict, evaluate, two training steps. Seeds of fast-check ${first} to ${last}.

programs                                     ${programs}
  compared on every target                   ${programs - discarded.kink - discarded.overflow - doubleOnly.kink - doubleOnly.overflow - mismatches.length}
  compared in double only, decided by rounding ${doubleOnly.kink}
  compared in double only, beyond float32     ${doubleOnly.overflow}
  discarded, decided by rounding in double    ${discarded.kink}
  discarded, a result is no number            ${discarded.overflow}
tensors compared                              ${compared}
  of them in float32 by a bound above 1 %     ${loose}
mismatches                                    ${mismatches.length}
${mismatches.map((text) => `\n${text}`).join("")}`;

class Mismatch extends Error {}

export interface CampaignOptions {
  readonly programs: number;
  readonly seed: number;
  /** Goes on where a mismatch was shrunk to. */
  readonly path?: string;
  /** Default: all. */
  readonly targets?: readonly ProgramTarget[];
}

/** Runs programs until there are enough or one differs; a mismatch is shrunk to its smallest form. */
export async function campaign({ programs, seed, path, targets = everyTarget }: CampaignOptions): Promise<Campaign> {
  const counts = noCounts();
  let first: string | undefined;
  const property = fc.asyncProperty(anyRecipe, async (recipe) => {
    const outcome = await check(recipe, targets);
    if (first === undefined) count(counts, outcome);
    if (outcome.kind !== "differs") return;
    first ??= outcome.where; // from here on it shrinks, and keeps to one fault
    if (outcome.where === first) throw new Mismatch(`${outcome.where}: ${outcome.what}`);
  });
  const details = await fc.check(property, { numRuns: programs, seed, ...(path === undefined ? {} : { path }) });
  if (!details.failed || details.counterexample === null) return { counts, mismatches: [] };
  const [recipe] = details.counterexample;
  return { counts, mismatches: [explain(recipe, details.errorInstance, seed, details.counterexamplePath)] };
}

const explain = (recipe: Recipe, error: unknown, seed: number, path: string | null): string =>
  `${error instanceof Error ? error.message : String(error)}

recipe ${JSON.stringify(recipe)}

${printRecipe(recipe)}
reproduce: npm run fuzz -- --seed ${seed} --path ${path}
`;
