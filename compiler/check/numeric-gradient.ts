/**
 * Guarantees that gradients of the float64 interpreter are compared with central differences of its own loss, coordinate by coordinate,
 * extrapolated from two steps (Richardson): D = (4·D(h) − D(2h)) / 3, good to h⁴, with |D(h) − D(2h)| / 3 and what rounding adds as the estimate of its error.
 *   error = |a − n| / max(|a|, |n|, 1e-3·‖g‖∞ of the tensor)
 * Where no step is good to its bound, what the estimate allows does not count; where that is all there is, or where a kink lies within every step,
 * the tensor is not judged.
 */

import type { Graph, Value } from "../graph/graph.ts";
import { below, randomOf, type Random } from "./draw.ts";
import type { Feed } from "./evaluate.ts";
import { gradientLeaves, isZero, largestOf, normOf, type Leaf } from "./leaves.ts";
import { Perturbed } from "./perturb.ts";
import { LOOSE } from "./scale.ts";
import { CENTRAL_DIFFERENCES, GRADIENT_BOUND, roleOf, beats, worse, type TensorCheck } from "./result.ts";

export interface Sampling {
  /** Coordinates a tensor; Infinity for all. */
  readonly coordinates: number;
  /** Random directions a tensor. */
  readonly directions: number;
  /**
   * Small steps first, and two points where they do: a quarter of the evaluations, for a few digits less. Coordinates only where no direction, which
   * moves all of them at once, tells anything: a kink lies within every step, or no step has digits.
   */
  readonly quick?: boolean;
  readonly seed: number;
}

/** Steps h relative to max(1, |x|), the first that serves counts: the first is at its best for smooth losses, later ones step over fewer kinks. */
const PRECISE: readonly number[] = [1e-3, 2e-4, 4e-5, 1e-5, 1e-6, 1e-7];
/** A small step first: fewer kinks, a few digits less. */
const QUICK: readonly number[] = [1e-4, 1e-5, 1e-3, 1e-6, 1e-7];
/** What two points agree with to so many digits is told by no coincidence: an estimate of how wrong they are would say no more. */
const AGREES = GRADIENT_BOUND / 100;
/** How many times its own estimate a difference may be off. */
const TIMES = 16;

/** `graph` holds the loss and, as outputs, the gradients that passes/graph/gradients.ts names. */
export const checkGradients = (graph: Graph, loss: Value, feed: Feed, sampling: Sampling): TensorCheck[] =>
  checkDifferences(new Perturbed(graph, loss, feed), sampling);

/** The same where the graph is evaluated already. */
export function checkDifferences(perturbed: Perturbed, sampling: Sampling): TensorCheck[] {
  const leaves = gradientLeaves(perturbed.graph, perturbed);
  const largest = largestOf(leaves);
  return leaves.map((leaf, n) => checkLeaf(perturbed, leaf, largest, sampling, randomOf(sampling.seed, `probe ${n}`)));
}

/** A move of the leaf: x + t·v, with the slope that the gradient predicts. */
interface Probe {
  readonly label: string;
  readonly scale: number;
  readonly predicted: number;
  moved(t: number): Float64Array;
}

function checkLeaf(perturbed: Perturbed, { at, node, gradient }: Leaf, largest: number, sampling: Sampling, random: Random): TensorCheck {
  const norm = normOf(gradient);
  const start = perturbed.base[at]!.data;
  const tally = { compared: 0, kinks: 0, worst: 0, at: "", zero: true, estimate: 0, vague: 0 };
  const compare = (probe: Probe): boolean => {
    const found = slopeError(perturbed, at, probe, norm, sampling.quick === true);
    if (found === undefined) {
      tally.kinks++;
      return false;
    }
    tally.compared++;
    if (isZero([probe.predicted, found.slope, norm], largest)) return true;
    tally.zero = false;
    const allowed = found.error <= GRADIENT_BOUND ? 0 : TIMES * found.estimate;
    if (allowed > LOOSE) {
      tally.vague++;
      return true;
    }
    tally.estimate = worse(found.estimate, tally.estimate);
    const error = found.error <= allowed ? 0 : found.error - allowed;
    if (!beats(error, tally.worst)) return true;
    tally.worst = error;
    tally.at = probe.label;
    return true;
  };
  const alongCoordinates = (): void => {
    const order = pick(start.length, sampling.coordinates, random);
    const wanted = tally.compared + Math.min(start.length, sampling.coordinates);
    for (const n of order) {
      if (tally.compared >= wanted) break;
      compare(coordinate(start, gradient, n, node.type.shape));
    }
  };
  const alongDirections = (): void => {
    for (let n = 0, left = 4 * sampling.directions; n < sampling.directions && left > 0; left--)
      if (compare(direction(start, gradient, random, n + 1))) n++;
  };
  if (sampling.quick !== true) alongCoordinates();
  alongDirections();
  if (sampling.quick === true && tally.compared === tally.vague) alongCoordinates();
  return {
    name: node.name,
    role: roleOf(node),
    method: CENTRAL_DIFFERENCES,
    coordinates: tally.compared,
    worst: tally.worst,
    estimate: tally.estimate,
    bound: GRADIENT_BOUND,
    at: tally.at,
    kinks: tally.kinks,
    ...unjudged(tally),
    ...(tally.zero && tally.compared > 0 ? { zero: true } : {}),
  };
}

/** Why nothing was compared, if so. */
function unjudged({ compared, vague, kinks }: { readonly compared: number; readonly vague: number; readonly kinks: number }): {
  unjudged?: string;
} {
  if (compared === 0 && kinks > 0) return { unjudged: "a kink lies within every step" };
  return vague > 0 && vague === compared ? { unjudged: "no step gives a difference of any digits" } : {};
}

/**
 * What differences found, relative to the slope: the step is chosen by the estimate, never by the gradient that is checked; unless two points, in
 * haste, agree with that.
 */
interface Slope {
  readonly slope: number;
  readonly error: number;
  readonly estimate: number;
}

/** The error of one probe at the step that suits it; undefined where every step crosses a kink. */
function slopeError(
  perturbed: Perturbed,
  leaf: Value,
  { scale, predicted, moved }: Probe,
  norm: number,
  quick: boolean,
): Slope | undefined {
  let best: Slope | undefined;
  for (const step of quick ? QUICK : PRECISE) {
    const h = step * scale;
    const lossesOf = (points: readonly number[]) => lossesAt(perturbed, leaf, points, (m) => moved(m * h));
    const losses = lossesOf([-1, 1]);
    if (losses === undefined) continue;
    const [a, b] = losses as [number, number];
    const near = (b - a) / (2 * h);
    const rounding = (2 ** -52 * Math.max(Math.abs(a), Math.abs(b))) / h;
    /** A slope and how far it may be off, beside what was predicted. */
    const slopeOf = (slope: number, off: number): Slope => {
      const size = Math.max(Math.abs(predicted), Math.abs(slope), 1e-3 * norm);
      const relative = (difference: number): number => (difference === 0 ? 0 : difference / size);
      return { slope, estimate: relative(off), error: relative(Math.abs(predicted - slope)) };
    };
    const first = slopeOf(near, rounding);
    if (quick && first.error <= AGREES && first.estimate <= AGREES) return first;
    const others = lossesOf([-2, 2]);
    if (others === undefined) continue;
    const [c, d] = others as [number, number];
    const far = (d - c) / (4 * h);
    const found = slopeOf((4 * near - far) / 3, Math.abs(near - far) / 3 + rounding);
    if (best === undefined || !(best.estimate <= found.estimate)) best = found;
    if (best.estimate <= GRADIENT_BOUND / 10) break; // a smaller step would only round more
  }
  return best;
}

/** The loss at each point; undefined as soon as one lies beyond a kink. */
function lossesAt(
  perturbed: Perturbed,
  leaf: Value,
  points: readonly number[],
  moved: (m: number) => Float64Array,
): readonly number[] | undefined {
  const losses: number[] = [];
  for (const m of points) {
    const { loss, sameBranches } = perturbed.at(leaf, moved(m));
    if (!sameBranches) return undefined;
    losses.push(loss);
  }
  return losses;
}

function coordinate(start: Float64Array, gradient: Float64Array, n: number, shape: readonly number[]): Probe {
  return {
    label: `[${positionOf(n, shape).join(",")}]`,
    scale: Math.max(1, Math.abs(start[n]!)),
    predicted: gradient[n]!,
    moved(t) {
      const moved = start.slice();
      moved[n] = start[n]! + t;
      return moved;
    },
  };
}

/** A random unit direction. */
function direction(start: Float64Array, gradient: Float64Array, random: Random, nth: number): Probe {
  const along = Float64Array.from(start, () => 2 * random() - 1);
  const length = Math.sqrt(along.reduce((total, v) => total + v * v, 0));
  along.forEach((v, n) => (along[n] = v / length));
  return {
    label: `random direction ${nth}`,
    scale: 1,
    predicted: along.reduce((total, v, n) => total + v * gradient[n]!, 0),
    moved: (t) => start.map((x, n) => x + t * along[n]!),
  };
}

/** Distinct positions to try, in random order, spares for kinks included; all of them in order if all are wanted. */
function pick(size: number, wanted: number, random: Random): readonly number[] {
  if (size <= wanted) return Array.from({ length: size }, (_, n) => n);
  const chosen = new Set<number>();
  while (chosen.size < Math.min(size, 3 * wanted)) chosen.add(below(random, size));
  return [...chosen];
}

/** Row-major position as one index a dimension. */
export function positionOf(flat: number, shape: readonly number[]): number[] {
  const at: number[] = [];
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return at;
}
