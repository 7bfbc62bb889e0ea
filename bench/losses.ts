/** Guarantees that what is compared is the same training: from the same weights, the same losses to five digits. */

const STEPS = [1, 10];
const TOLERANCE = 1e-5;

/** Losses of a step by both. */
export interface Pair {
  readonly step: number;
  readonly ours: number;
  readonly peer: number;
}

export function compareLosses(
  ours: (n: number) => number,
  peer: (n: number) => number,
): { readonly losses: readonly Pair[]; readonly agrees: boolean } {
  const losses: Pair[] = [];
  for (let step = 1; step <= Math.max(...STEPS); step++) {
    const pair = { step, ours: ours(step - 1), peer: peer(step - 1) };
    if (STEPS.includes(step)) losses.push(pair);
  }
  const agrees = losses.every((pair) => Math.abs(pair.ours - pair.peer) <= TOLERANCE * Math.abs(pair.peer));
  return { losses, agrees };
}
