/** Guarantees a run over random programs: counted honestly, every mismatch shrunk and printed with what reproduces it. */

import fc from "fast-check";
import { check, printRecipe, type Outcome } from "./check.ts";
import { anyRecipe, type Recipe } from "./recipe.ts";

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

const noCounts = (): Counts => ({ programs: 0, compared: 0, loose: 0, doubleOnly: { kink: 0, overflow: 0 }, discarded: { kink: 0, overflow: 0 } }); // prettier-ignore

function count(counts: Counts, outcome: Outcome): void {
  counts.programs++;
  if (outcome.kind === "discarded") counts.discarded[outcome.why]++;
  if (outcome.kind !== "same") return;
  counts.compared += outcome.compared;
  counts.loose += outcome.loose;
  if (outcome.f32 !== "compared") counts.doubleOnly[outcome.f32]++;
}

class Mismatch extends Error {}

export interface CampaignOptions {
  readonly programs: number;
  readonly seed: number;
  /** Goes on where a mismatch was shrunk to. */
  readonly path?: string;
}

/** Runs programs until there are enough or one differs; a mismatch is shrunk to its smallest form. */
export async function campaign({ programs, seed, path }: CampaignOptions): Promise<Campaign> {
  const counts = noCounts();
  let found = false;
  const property = fc.asyncProperty(anyRecipe, async (recipe) => {
    const outcome = await check(recipe);
    if (!found) count(counts, outcome);
    if (outcome.kind !== "differs") return;
    found = true; // from here on it shrinks
    throw new Mismatch(`${outcome.where}: ${outcome.what}`);
  });
  const details = await fc.check(property, { numRuns: programs, seed, ...(path === undefined ? {} : { path }) }); // prettier-ignore
  if (!details.failed || details.counterexample === null) return { counts, mismatches: [] };
  const [recipe] = details.counterexample;
  return { counts, mismatches: [explain(recipe, details.errorInstance, seed, details.counterexamplePath)] }; // prettier-ignore
}

const explain = (recipe: Recipe, error: unknown, seed: number, path: string | null): string =>
  `${error instanceof Error ? error.message : String(error)}

recipe ${JSON.stringify(recipe)}

${printRecipe(recipe)}
reproduce: npm run fuzz -- --seed ${seed} --path ${path}
`;
