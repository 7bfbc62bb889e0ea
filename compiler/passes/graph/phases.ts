/**
 * Guarantees that no convolution meets the zeros between the elements of a dilated input: each phase of its result, the positions of one
 * residue along every dilated axis, is a convolution of the input itself under the taps that meet elements there, and the phases are
 * interleaved.
 *   y[p] = Σ k<4: where((p + k − 1) mod 2 = 0, x[⌊(p + k − 1) / 2⌋], 0)·w[k]
 *     →   y[2·i] = Σ k<2: x[i + k]·w[2·k + 1],   y[2·i + 1] = Σ k<2: x[i + k]·w[2·k]
 * Input gradients of strided convolutions and transposed convolutions are such.
 */

import type { Graph, Value } from "../../graph/graph.ts";
import { convAttrs, type ConvAttrs } from "../../ops/conv.ts";
import { number, numbers } from "../../ops/op.ts";
import type { Pass } from "../pass.ts";
import { rewrite, type Visit } from "./rewrite.ts";

/** The positions p = dilation·i + residue of the result along an axis, and which taps k = dilation·k' + first meet elements there. */
interface Phase {
  readonly residue: number;
  readonly first: number;
  readonly taps: number;
  /** The padding of the convolution that computes it. */
  readonly low: number;
  readonly high: number;
}

/** One spatial axis. `extent` is that of every phase, of which the last may be one longer than the result asks for. */
interface Split {
  readonly by: number;
  readonly extent: number;
  readonly phases: readonly Phase[];
}

/** Extents of input, window and result along an axis. */
interface Extents {
  readonly inside: number;
  readonly window: number;
  readonly outside: number;
}

/** The phases of an axis that have taps; undefined where a tap meets elements at every residue or none, or some phases alone have taps. */
function splitOf(a: ConvAttrs, axis: number, { inside, window, outside }: Extents): Split | undefined {
  const [by, step, stride, low] = [a.lhsDilation[axis]!, a.rhsDilation[axis]!, a.stride[axis]!, a.low[axis]!];
  const extent = Math.ceil(outside / by);
  const phases: Phase[] = [];
  for (let residue = 0; residue < by; residue++) {
    // the tap k meets position (stride·(by·i + residue) + step·k − low) / by of the input, where that is whole
    const corner = stride * residue - low;
    const meeting = Array.from({ length: by }, (_, k) => k).filter((k) => (corner + step * k) % by === 0);
    if (meeting.length > 1) return undefined;
    const [first] = meeting;
    if (first === undefined || first >= window) continue;
    const taps = Math.ceil((window - first) / by);
    const from = -(corner + step * first) / by + 0;
    const high = (extent - 1) * stride + (taps - 1) * step + 1 - inside - from;
    phases.push({ residue, first, taps, low: from, high });
  }
  return phases.length === by || phases.length === 1 ? { by, extent, phases } : undefined;
}

/** Whether an axis has phases of which only one has taps: the rest of the result are zeros. */
const isSparse = ({ by, phases }: Split): boolean => phases.length < by;

/** The input in the largest margins that any of its phases asks for, which they share; of one phase it is that one's own. */
function amongZeros(
  g: Visit["g"],
  x: Value,
  choices: readonly (readonly Phase[])[],
): { readonly value: Value; readonly low: readonly number[]; readonly high: readonly number[] } {
  const most = (side: "low" | "high"): readonly number[] =>
    choices[0]!.map((_, axis) => (choices.length === 1 ? 0 : Math.max(0, ...choices.map((phases) => phases[axis]![side]))));
  const [low, high] = [most("low"), most("high")];
  if ([...low, ...high].every((n) => n === 0)) return { value: x, low, high };
  const padded = g.pad(x, { low: [0, 0, ...low], high: [0, 0, ...high], interior: [0, 0, ...low.map(() => 0)] });
  return { value: g.identity(padded), low, high };
}

function inPhases({ node, inputs: [x, w], g, builder }: Visit, a: ConvAttrs, splits: readonly Split[]): Value {
  const [n, o, ...outside] = node.type.shape as [number, number, ...number[]];
  const window = g.typeOf(w!).shape;
  const extents = splits.map(({ extent }) => extent);
  // every choice of a phase an axis, the last axis fastest
  const choices = splits.reduce<readonly (readonly Phase[])[]>(
    (all, { phases }) => all.flatMap((some) => phases.map((phase) => [...some, phase])),
    [[]],
  );
  const { value: inside, low: before, high: after } = amongZeros(g, x!, choices);
  if (inside !== x) builder.rename(inside, `${node.name}.padded`);
  const parts = choices.map((phases) => {
    const taps = g.slice(w!, {
      start: [0, 0, ...phases.map(({ first }) => first)],
      limit: window,
      stride: [1, 1, ...splits.map(({ by }) => by)],
    });
    const attrs = convAttrs(phases.length, {
      ...a,
      low: phases.map(({ low }, axis) => low - before[axis]!),
      high: phases.map(({ high }, axis) => high - after[axis]!),
      lhsDilation: phases.map(() => 1),
    });
    return g.conv(inside, taps, attrs);
  });
  // [n, phases·o, …] → [n, phase, phase, o, h', w'] → [n, o, h', phase, w', phase] → [n, o, h, w]
  const counts = splits.map(({ phases }) => phases.length);
  const spatial = splits.map((_, axis) => axis);
  const joined = parts.length === 1 ? parts[0]! : g.concat(parts as [Value, ...Value[]], { axis: 1 });
  const apart = g.reshape(joined, { shape: [n, ...counts, o, ...extents] });
  const rest = 1 + counts.length;
  const side = g.transpose(apart, { order: [0, rest, ...spatial.flatMap((axis) => [rest + 1 + axis, 1 + axis])] });
  const whole = counts.map((count, axis) => count * extents[axis]!);
  const dense = g.reshape(side, { shape: [n, o, ...whole] });
  const padded = splits.some(isSparse)
    ? g.pad(dense, {
        low: [0, 0, ...splits.map((split) => (isSparse(split) ? split.phases[0]!.residue : 0))],
        high: [0, 0, ...splits.map((split) => (isSparse(split) ? split.by - 1 - split.phases[0]!.residue : 0))],
        interior: [0, 0, ...splits.map((split) => (isSparse(split) ? split.by - 1 : 0))],
      })
    : dense;
  const y = g.slice(padded, { start: [0, 0, ...spatial.map(() => 0)], limit: [n, o, ...outside], stride: [1, 1, ...spatial.map(() => 1)] });
  parts.forEach((part, at) => builder.rename(part, `${node.name}.phase${parts.length === 1 ? "" : at}`));
  return g.identity(y);
}

export const phases: Pass<Graph> = {
  name: "phases",
  why: "convolutions over dilated inputs as one convolution a phase of the result",
  run: (graph, fired) =>
    rewrite(graph, (visit) => {
      const { node, inputs, g } = visit;
      if (node.op !== "conv") return undefined;
      const a = convAttrs(node.type.shape.length - 2, {
        stride: numbers(node.attrs, "stride"),
        low: numbers(node.attrs, "low"),
        high: numbers(node.attrs, "high"),
        lhsDilation: numbers(node.attrs, "lhsDilation"),
        rhsDilation: numbers(node.attrs, "rhsDilation"),
        featureGroups: number(node.attrs, "featureGroups"),
        batchGroups: number(node.attrs, "batchGroups"),
      });
      if (a.lhsDilation.every((by) => by === 1)) return undefined;
      const [inside, window, outside] = [g.typeOf(inputs[0]!), g.typeOf(inputs[1]!), node.type].map(({ shape }) => shape.slice(2));
      const splits = a.lhsDilation.map((_, axis) =>
        splitOf(a, axis, { inside: inside![axis]!, window: window![axis]!, outside: outside![axis]! }),
      );
      if (splits.some((split) => split === undefined)) return undefined;
      fired?.("a convolution over a dilated input → one convolution a phase");
      return inPhases(visit, a, splits as readonly Split[]);
    }),
};
