/**
 * Guarantees that gradients of the float64 interpreter are compared with central differences of its own loss, coordinate by coordinate.
 *   error = |a − n| / max(|a|, |n|, 1e-3·‖g‖∞ of the tensor)
 */

import type { Graph, Node, Value } from "../graph/graph.ts";
import { opOf } from "../ops/index.ts";
import { gradientName } from "../passes/gradients.ts";
import { below, randomOf, type Random } from "./draw.ts";
import type { Feed } from "./evaluate.ts";
import { Perturbed } from "./perturb.ts";
import { CENTRAL_DIFFERENCES, GRADIENT_BOUND, worse, type TensorCheck } from "./result.ts";

export interface Sampling {
  /** Coordinates a tensor; Infinity for all. */
  readonly coordinates: number;
  /** Random directions a tensor. */
  readonly directions: number;
  /** Small steps first: half the evaluations, for a few digits less. */
  readonly quick?: boolean;
  readonly seed: number;
}

/** Central differences of second or fourth order, with a step relative to max(1, |x|). */
interface Stencil {
  readonly step: number;
  readonly order: 2 | 4;
}

/** The fourth-order formula is at its best with the first step; later ones step over fewer kinks. */
const PRECISE: readonly Stencil[] = [1e-3, 2e-4, 4e-5, 1e-5].map((step) => ({ step, order: 4 }));
/** A small step first: two points, few kinks, an error near 1e-8; where that is not enough, the precise ones. */
const QUICK: readonly Stencil[] = [{ step: 1e-5, order: 2 }, ...PRECISE];

/** Below this share of the largest gradient of the loss, a tensor's gradient is zero. */
const ZERO = 1e-8;

interface Leaf {
  readonly at: Value;
  readonly node: Node;
  readonly gradient: Float64Array;
}

/** `graph` holds the loss and, as outputs, the gradients that passes/gradients.ts names. */
export function checkGradients(graph: Graph, loss: Value, feed: Feed, sampling: Sampling): TensorCheck[] {
  const perturbed = new Perturbed(graph, loss, feed);
  const leaves = gradientsOf(graph, perturbed);
  const largest = leaves.reduce((most, { gradient }) => Math.max(most, normOf(gradient)), 0);
  return leaves.map((leaf) => checkLeaf(perturbed, leaf, largest, sampling));
} // prettier-ignore

const normOf = (values: Float64Array): number =>
  values.reduce((most, value) => worse(Math.abs(value), most), 0);

function gradientsOf(graph: Graph, { base }: Perturbed): Leaf[] {
  const outputs = new Map(
    graph.results.flatMap((result) =>
      result.kind === "output" ? [[result.name, result.value] as const] : [],
    ),
  );
  return graph.nodes.flatMap((node, at): Leaf[] => {
    if (opOf(node.op).leaf !== true) return [];
    const value = outputs.get(gradientName(node.op, node.name));
    return value === undefined ? [] : [{ at: at as Value, node, gradient: base[value]!.data }];
  });
}

/** A move of the leaf: x + t·v, with the slope that the gradient predicts. */
interface Probe {
  readonly label: string;
  readonly scale: number;
  readonly predicted: number;
  moved(t: number): Float64Array;
}

function checkLeaf(
  perturbed: Perturbed,
  { at, node, gradient }: Leaf,
  largest: number,
  sampling: Sampling,
): TensorCheck {
  const norm = normOf(gradient);
  const random = randomOf(sampling.seed, `probe ${node.name}`);
  const start = perturbed.base[at]!.data;
  const tally = { compared: 0, kinks: 0, worst: 0, at: "", zero: true };
  const compare = (probe: Probe): boolean => {
    const found = slopeError(perturbed, at, probe, norm, sampling.quick === true ? QUICK : PRECISE); // prettier-ignore
    if (found === undefined) {
      tally.kinks++;
      return false;
    }
    tally.compared++;
    const vanishes = (slope: number): boolean => Math.abs(slope) <= ZERO * largest;
    if (vanishes(probe.predicted) && vanishes(found.slope) && norm <= ZERO * largest) return true;
    tally.zero = false;
    if (worse(found.error, tally.worst) === tally.worst) return true;
    tally.worst = found.error;
    tally.at = probe.label;
    return true;
  };
  const order = pick(start.length, sampling.coordinates, random);
  const wanted = Math.min(start.length, sampling.coordinates);
  for (const n of order) {
    if (tally.compared >= wanted) break;
    compare(coordinate(start, gradient, n, node.type.shape));
  }
  for (let n = 0, left = 4 * sampling.directions; n < sampling.directions && left > 0; left--)
    if (compare(direction(start, gradient, random, n + 1))) n++;
  return {
    name: node.name,
    role: node.op === "param" ? "parameter" : "input",
    method: CENTRAL_DIFFERENCES,
    coordinates: tally.compared,
    worst: tally.worst,
    bound: GRADIENT_BOUND,
    at: tally.at,
    kinks: tally.kinks,
    ...(tally.zero && tally.compared > 0 ? { zero: true } : {}),
  };
}

/** The error of one probe at the step that suits it; undefined where every step crosses a kink. */
function slopeError(
  perturbed: Perturbed,
  leaf: Value,
  { scale, predicted, moved }: Probe,
  norm: number,
  stencils: readonly Stencil[],
): { readonly error: number; readonly slope: number } | undefined {
  let best: { readonly error: number; readonly slope: number } | undefined;
  for (const { step, order } of stencils) {
    const h = step * scale;
    const losses = lossesAt(perturbed, leaf, order === 2 ? [-1, 1] : [-2, -1, 1, 2], (m) => moved(m * h)); // prettier-ignore
    if (losses === undefined) {
      if (order === 2) return undefined; // a wider stencil crosses the same kink
      continue;
    }
    const [a, b, c, d] = losses as [number, number, number, number];
    const slope = order === 2 ? (b - a) / (2 * h) : (a - 8 * b + 8 * c - d) / (12 * h);
    const size = Math.max(Math.abs(predicted), Math.abs(slope), 1e-3 * norm);
    const error = predicted === slope ? 0 : Math.abs(predicted - slope) / size;
    if (best === undefined || !(best.error <= error)) best = { error, slope };
    if (best.error <= GRADIENT_BOUND / 10) break; // a smaller step would only round more
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

function coordinate(
  start: Float64Array,
  gradient: Float64Array,
  n: number,
  shape: readonly number[],
): Probe {
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
function direction(
  start: Float64Array,
  gradient: Float64Array,
  random: Random,
  nth: number,
): Probe {
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
