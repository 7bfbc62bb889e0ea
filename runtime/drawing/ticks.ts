/** Round numbers along an axis: steps of 1, 2 or 5 times a power of ten, the same on every engine. */

/** The multiples of a round step that cover [low, high], about `wanted` of them. */
export function ticksOver(low: number, high: number, wanted: number): readonly number[] {
  const step = roundStep(high > low ? (high - low) / wanted : Math.abs(low) || 1);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  // twelve digits drop what multiplying by a decimal fraction adds
  return Array.from({ length: last - first + 1 }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}

/** Whole ticks within [1, last], 1 and the multiples of a round step. */
export function wholeTicks(last: number, wanted: number): readonly number[] {
  const step = Math.max(1, Math.round(roundStep(last / wanted)));
  const multiples = Array.from({ length: Math.floor(last / step) }, (_, n) => (n + 1) * step);
  return step === 1 ? multiples : [1, ...multiples];
}

function roundStep(rough: number): number {
  // the exponent as text: logarithms differ between engines
  const exponent = Number(rough.toExponential().split("e")[1]);
  const unit = Number(`1e${exponent}`);
  const digit = rough / unit;
  return (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10) * unit;
}
