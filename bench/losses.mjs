/** Guarantees that what is compared is the same training: from the same weights, the same losses to five digits. */

const STEPS = [1, 10];
const TOLERANCE = 1e-5;

export function compareLosses(ours, peer) {
  const losses = [];
  for (let step = 1; step <= Math.max(...STEPS); step++) {
    const pair = { step, ours: ours(step - 1), peer: peer(step - 1) };
    if (STEPS.includes(step)) losses.push(pair);
  }
  const agrees = losses.every((pair) => Math.abs(pair.ours - pair.peer) <= TOLERANCE * Math.abs(pair.peer));
  return { losses, agrees };
}
