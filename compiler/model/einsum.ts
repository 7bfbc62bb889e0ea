/**
 * Einstein's sums as they are written: `bij,bjk->bik`. A letter names an axis; what stands in several operands is multiplied, what is not
 * in the result is summed. Two operands at a time become one, those first whose product is smallest; each is one `dot` where something is
 * summed over both.
 */

import type { Value } from "../graph/graph.ts";
import { sizeOf } from "../graph/type.ts";
import { TEXT } from "../graph/arguments.ts";
import { dotAttrs } from "../ops/dot.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { parseEinsum } from "./einsum-text.ts";
import { FLOAT_TENSORS } from "./kinds.ts";
import { diagonalOf } from "./matrices.ts";
import type { FloatTensor } from "./tensor.ts";

/** A value whose axes have names. */
interface Labelled {
  readonly value: Value;
  readonly labels: readonly string[];
}

/**
 * Σ of products as the text says (numpy.einsum): letters are axes, `...` stands for leading ones that broadcast, and without `->` the result
 * has the letters that stand once, in the order of the alphabet. Throws a ModelError that names the character, or the two extents of one letter.
 */
export function einsum(equation: string, operands: readonly FloatTensor[]): FloatTensor {
  const c = called("einsum", { equation, operands }, { equation: TEXT, operands: FLOAT_TENSORS });
  return c.run(() => {
    const { inputs, output, extents } = parseEinsum(c, equation, operands);
    const named = operands.map(({ value }, n) => distinct(c, bare(c, value, inputs[n]!, extents)));
    const all = contracted(c, named, output);
    const missing = output.filter((label) => !all.labels.includes(label)); // of extent 1 in every operand
    const summed = summedTo(c, all, output);
    const ordered = permuted(
      c,
      summed,
      output.filter((label) => !missing.includes(label)),
    );
    return c.tensor(missing.length === 0 ? ordered : c.g.reshape(ordered, { shape: output.map((label) => extents.get(label)!) }));
  }) as FloatTensor;
}

/** Without the axes of extent 1 that broadcast against longer ones, or against nothing at all. */
function bare(c: Context, value: Value, labels: readonly string[], extents: ReadonlyMap<string, number>): Labelled {
  const { shape } = c.typeOf(value);
  const kept = labels.flatMap((label, axis) => (shape[axis] === 1 && (extents.get(label) !== 1 || label.startsWith(".")) ? [] : [axis]));
  if (kept.length === labels.length) return { value, labels };
  return { value: c.g.reshape(value, { shape: kept.map((axis) => shape[axis]!) }), labels: kept.map((axis) => labels[axis]!) };
}

/** Each letter once: of one that stands twice the diagonal. */
function distinct(c: Context, x: Labelled): Labelled {
  const { labels } = x;
  const at = labels.findIndex((label, axis) => labels.indexOf(label) !== axis);
  if (at < 0) return x;
  const first = labels.indexOf(labels[at]!);
  const others = labels.flatMap((_, axis) => (axis === at || axis === first ? [] : [axis]));
  const value = diagonalOf(c, c.g.transpose(x.value, { order: [...others, first, at] }));
  return distinct(c, { value, labels: [...others, first].map((axis) => labels[axis]!) });
}

/** All operands as one, the letters of the result kept. */
function contracted(c: Context, operands: readonly Labelled[], output: readonly string[]): Labelled {
  const [only, ...more] = operands as [Labelled, ...Labelled[]];
  if (more.length === 0) return only;
  let best: { readonly size: number; readonly pair: readonly [number, number] } | undefined;
  for (let i = 0; i < operands.length; i++)
    for (let j = i + 1; j < operands.length; j++) {
      const size = pairSize(c, operands, [i, j], output);
      if (best === undefined || size < best.size) best = { size, pair: [i, j] };
    }
  const [i, j] = best!.pair;
  const others = operands.filter((_, n) => n !== i && n !== j);
  const kept = new Set([...output, ...others.flatMap(({ labels }) => labels)]);
  return contracted(c, [product(c, operands[i]!, operands[j]!, kept), ...others], output);
}

/** Elements of the product of two operands. */
function pairSize(c: Context, operands: readonly Labelled[], [i, j]: readonly [number, number], output: readonly string[]): number {
  const kept = new Set([...output, ...operands.flatMap(({ labels }, n) => (n === i || n === j ? [] : labels))]);
  const extents = new Map(
    [operands[i]!, operands[j]!].flatMap(({ value, labels }) => labels.map((l, n) => [l, c.typeOf(value).shape[n]!] as const)),
  );
  return sizeOf([...extents].flatMap(([label, extent]) => (kept.has(label) ? [extent] : [])));
}

/** The product of two operands, summed over what neither the result nor another operand has. */
function product(c: Context, left: Labelled, right: Labelled, kept: ReadonlySet<string>): Labelled {
  const [a, b] = [summedTo(c, left, [...kept, ...right.labels]), summedTo(c, right, [...kept, ...left.labels])];
  const both = a.labels.filter((label) => b.labels.includes(label));
  const batch = both.filter((label) => kept.has(label));
  const over = both.filter((label) => !kept.has(label));
  const places = ({ labels }: Labelled, some: readonly string[]): number[] => some.map((label) => labels.indexOf(label));
  const free = ({ labels }: Labelled): string[] => labels.filter((label) => !both.includes(label));
  const labels = [...batch, ...free(a), ...free(b)];
  if (over.length > 0)
    return { value: c.g.dot(a.value, b.value, dotAttrs(places(a, over), places(b, over), places(a, batch), places(b, batch))), labels };
  const spread = (x: Labelled): Value => {
    const value = permuted(c, x, labels);
    const axes = labels.flatMap((label, axis) => (x.labels.includes(label) ? [] : [axis]));
    const from = x === a ? b : a;
    const size = axes.map((axis) => c.typeOf(from.value).shape[from.labels.indexOf(labels[axis]!)]!);
    return axes.length === 0 ? value : c.g.broadcast(value, { axes, size });
  };
  return { value: c.g.mul(spread(a), spread(b)), labels };
}

/** Summed over what is not to stay. */
function summedTo(c: Context, { value, labels }: Labelled, kept: readonly string[]): Labelled {
  const axes = labels.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
  if (axes.length === 0) return { value, labels };
  return { value: c.g.sum(value, { axes }), labels: labels.filter((label) => kept.includes(label)) };
}

/** Axes in the order of those letters that it has. */
function permuted(c: Context, { value, labels }: Labelled, order: readonly string[]): Value {
  const axes = order.flatMap((label) => (labels.includes(label) ? [labels.indexOf(label)] : []));
  return axes.every((axis, n) => axis === n) ? value : c.g.transpose(value, { order: axes });
}
