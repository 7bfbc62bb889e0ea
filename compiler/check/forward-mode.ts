/**
 * Guarantees that gradients of the float64 interpreter are compared with forward mode, which is derived from the definitions of the forward graph and
 * knows no gradient rule (tangent.ts):  ⟨J·v, w⟩ = ⟨v, Jᵀ·w⟩  for every leaf and random v, where J is the loss's and w is 1.
 *   error = |a − n| / max(|a|, |n|, 1e-3·‖v ⊙ g‖∞)
 * Where that is above its bound, both sides are computed again with every value moved by what double rounds off (noise.ts): what that moves them by does
 * not count.
 */

import type { Graph, Node, Value } from "../graph/graph.ts";
import { isFloat, type Tensor } from "../graph/type.ts";
import { reachableFrom } from "../graph/walk.ts";
import { load } from "../loop/build.ts";
import type { Axis } from "../loop/loop.ts";
import { opOf } from "../ops/index.ts";
import { axesOf, at as indicesOf } from "../passes/definitions/define.ts";
import { randomOf, type Random } from "./draw.ts";
import { evaluateGraph, type Watch } from "./evaluate.ts";
import { FunctionTexts, type FunctionOf } from "./function-texts.ts";
import { gradientLeaves, isZero, largestOf, type Leaf } from "./leaves.ts";
import { isHeld, type Perturbed } from "./perturb.ts";
import { FORWARD_BOUND, FORWARD_MODE, roleOf, beats, worse, type TensorCheck } from "./result.ts";
import { FN } from "./scalar-text.ts";
import { LOOSE, Rounding } from "./scale.ts";
import { tangentText } from "./tangent.ts";

type Numbers = Float64Array | undefined;
type Tangent = (x: readonly Float64Array[], d: readonly Numbers[], out: Float64Array, corner: () => void, fn: typeof FN) => void;

/** Compares every leaf's gradient in `directions` random directions. A direction in which branches part at the point itself is a kink. */
export async function checkForwardMode(perturbed: Perturbed, directions: number, seed: number): Promise<TensorCheck[]> {
  const { graph } = perturbed;
  const leaves = gradientLeaves(graph, perturbed);
  const largest = largestOf(leaves);
  const program = await forwardProgram(perturbed, leaves);
  return leaves.map((leaf, n) => checkLeaf(program, perturbed, leaf, largest, directions, randomOf(seed, `direction ${n}`)));
}

function checkLeaf(program: Forward, perturbed: Perturbed, leaf: Leaf, largest: number, directions: number, random: Random): TensorCheck {
  const { node, gradient } = leaf;
  const found = { worst: 0, at: "", coordinates: 0, kinks: 0, zero: true, vague: 0 };
  for (let left = 4 * directions; found.coordinates < directions && left > 0; left--) {
    const v = Float64Array.from(gradient, () => 2 * random() - 1);
    const { slope, corners } = program.along(leaf, v);
    if (corners > 0) {
      found.kinks++;
      continue;
    }
    found.coordinates++;
    const { predicted, scale } = along(v, gradient);
    if (isZero([slope, predicted, scale], largest)) continue;
    found.zero = false;
    const size = Math.max(Math.abs(slope), Math.abs(predicted), 1e-3 * scale);
    let error = Object.is(slope, predicted) || slope === predicted ? 0 : Math.abs(slope - predicted) / size;
    if (!(error <= FORWARD_BOUND)) {
      const rounding = roundingAlong(program, perturbed, leaf, v) / size;
      if (!(rounding <= LOOSE)) {
        found.vague++;
        continue;
      }
      error = Math.max(0, error - rounding);
    }
    if (!beats(error, found.worst)) continue;
    [found.worst, found.at] = [error, `random direction ${found.coordinates}`];
  }
  const { zero, vague, ...row } = found;
  return {
    name: node.name,
    role: roleOf(node),
    method: FORWARD_MODE,
    bound: FORWARD_BOUND,
    ...row,
    ...unjudged(row, vague),
    ...(zero && row.coordinates > 0 ? { zero } : {}),
  };
}

/** Why nothing was compared, if so. */
function unjudged({ coordinates, kinks }: { readonly coordinates: number; readonly kinks: number }, vague: number): { unjudged?: string } {
  if (coordinates === 0 && kinks > 0) return { unjudged: "branches meet at the very point, in every direction" };
  return vague > 0 && vague === coordinates ? { unjudged: "rounding alone may move it, or its tangents leave the range of double" } : {};
}

/** The slope along v that a gradient predicts, and the largest of its terms. */
function along(v: Float64Array, gradient: Float64Array): { predicted: number; scale: number } {
  let [predicted, scale] = [0, 0];
  v.forEach((one, m) => {
    predicted += one * gradient[m]!;
    scale = worse(Math.abs(one * gradient[m]!), scale);
  });
  return { predicted, scale };
}

/** How far rounding may move either side along v. */
function roundingAlong(program: Forward, { graph, feed }: Perturbed, leaf: Leaf, v: Float64Array): number {
  const rounding = new Rounding((watch) => {
    const values = evaluateGraph(graph, feed, watch);
    const { slope } = program.along(leaf, v, values, watch);
    return new Map([["both", [slope, along(v, values[leaf.value]!.data).predicted]]]);
  }, "f64");
  while (rounding.look());
  return rounding.of("both");
}

interface Forward {
  /** The derivative of the loss along v, and how often branches met in it; at other values than those of the start, and watched. */
  along(leaf: Leaf, v: Float64Array, values?: readonly Tensor[], watch?: Watch): { readonly slope: number; readonly corners: number };
}

/** A value that moves with a leaf, and the function that computes its tangent. */
interface Step {
  readonly at: Value;
  readonly inputs: readonly Value[];
  readonly tangent: FunctionOf;
}

/** The forward program of every leaf, in one module: definitions of one form share a text. */
async function forwardProgram({ graph, loss, base }: Perturbed, leaves: readonly Leaf[]): Promise<Forward> {
  const needed = reachableFrom(graph.nodes, [loss]);
  const texts = new FunctionTexts();
  const known = new Map<string, FunctionOf>();
  const functionOf = (n: number, moves: readonly boolean[]): FunctionOf => {
    const node = graph.nodes[n]!;
    const key = `${n} ${moves.join()}`;
    const inputs = node.inputs.map((input) => graph.nodes[input]!);
    const found = known.get(key) ?? texts.add(...textOf(node, inputs, moves));
    known.set(key, found);
    return found;
  };
  const plans = new Map(leaves.map(({ at }) => [at, planOf(graph, at, needed, functionOf)]));
  const tangentOf = await texts.load<Tangent>();
  const tangents: Numbers[] = graph.nodes.map(() => undefined);
  return {
    along({ at: leaf }, v, values = base, watch) {
      let corners = 0;
      tangents.fill(undefined);
      tangents[leaf] = v;
      for (const { at, inputs, tangent } of plans.get(leaf)!) {
        const out = new Float64Array(base[at]!.data.length);
        const x = inputs.map((input) => values[input]!.data);
        tangentOf(tangent)(
          x,
          inputs.map((input) => tangents[input]),
          out,
          () => void corners++,
          FN,
        );
        if (!isFloat(graph.nodes[at]!.type.dtype)) continue;
        tangents[at] = out;
        watch?.(graph.nodes[at]!, { type: base[at]!.type, data: out });
      }
      return { slope: tangents[loss]?.[0] ?? 0, corners };
    },
  };
}

/** What moves with a leaf on its way to the loss, and the comparisons that it may turn. */
function planOf(
  { nodes }: Graph,
  leaf: Value,
  needed: readonly boolean[],
  functionOf: (n: number, moves: readonly boolean[]) => FunctionOf,
): Step[] {
  const moves = nodes.map((_, at) => at === leaf);
  return nodes.flatMap((node, n): Step[] => {
    if (!needed[n] || isHeld(node) || node.type.dtype === "i32" || !node.inputs.some((input) => moves[input])) return [];
    moves[n] = isFloat(node.type.dtype);
    const tangent = functionOf(
      n,
      node.inputs.map((input) => moves[input]!),
    );
    return [{ at: n as Value, inputs: node.inputs, tangent }];
  });
}

/** The text of a node's tangent, and the names of its axes. */
function textOf(node: Node, inputs: readonly Node[], moves: readonly boolean[]): [text: string, axes: readonly string[]] {
  let fresh = 0;
  const axes = axesOf(node.type.shape);
  const types = inputs.map(({ type }) => type);
  const value = opOf(node.op).define({
    at: indicesOf(axes),
    read: types.map(
      ({ dtype }, n) =>
        (...where) =>
          load(String(n), dtype, ...where),
    ),
    types,
    type: node.type,
    attrs: node.attrs,
    axis: (extent): Axis => ({ name: `k${fresh++}`, extent }),
  });
  const names = [...axes.map(({ name }) => name), ...Array.from({ length: fresh }, (_, n) => `k${n}`)];
  return [tangentText({ axes, value, shapes: types.map(({ shape }) => shape), moves }), names];
}
