/** The losses of distances between embeddings: what belongs together is to be near, what does not far. */

import { FLAG, numbers, optional, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sameShape } from "../../graph/type.ts";
import { adviseDropped } from "../advice.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { FLOATS, TARGETS } from "../kinds.ts";
import { normOver } from "../products.ts";
import type { FloatTensor } from "../tensor.ts";
import { last } from "./batch.ts";
import { binaryTargets, type BinaryTargets } from "./binary.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

const POSITIVE = numbers("a finite number above 0", (n) => n > 0);

export interface TripletOptions extends LossOptions {
  /** How much farther the negative is to be. Default: 1. */
  readonly margin?: number;
  /** Of the norm. Default: 2. */
  readonly p?: number;
  /** Whether the negative is as far as it is from the nearer of anchor and positive (Balntas et al. 2016). Default: no. */
  readonly swap?: boolean;
}

const TRIPLET = optionsOf<TripletOptions>({ ...REDUCTION, margin: POSITIVE, p: POSITIVE, swap: FLAG });

/** Embeddings [n, …, width], all of one shape. */
function checkEmbeddings(c: Context, name: string, given: Readonly<Record<string, FloatTensor>>): void {
  const all = Object.values(given);
  const [first, ...others] = all as [FloatTensor, ...FloatTensor[]];
  if (first.shape.length < 2 || !others.every(({ shape }) => sameShape(shape, first.shape)))
    c.fail(
      `shape/${name}`,
      `${name} needs embeddings [n, …, width] of one shape, but got ${all.map(({ shape }) => `[${shape.join(",")}]`).join(", ")}`,
      "Give one of each for each row.",
      Object.entries(given).map(([label, { value }]) => c.operand(label, value)),
    );
  all.forEach(({ value }) => adviseDropped(c, name, value));
}

/** What PyTorch adds to differences. */
const APART = 1e-6;

/**
 * Mean over rows of max(0, ‖a − p‖ − ‖a − n‖ + margin) (Schroff et al. 2015; torch.nn.functional.triplet_margin_loss), with 1e-6 added to
 * each difference. Throws where shapes differ.
 */
export function triplet<const O extends TripletOptions = TripletOptions>(
  anchor: FloatTensor,
  positive: FloatTensor,
  negative: FloatTensor,
  options?: O,
): Reduced<O> {
  const laws = { anchor: FLOATS, positive: FLOATS, negative: FLOATS, options: optional(TRIPLET) };
  const c = called("triplet", { anchor, positive, negative, options }, laws);
  const { margin = 1, p = 2, swap = false }: TripletOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkEmbeddings(c, "triplet", { anchor, positive, negative });
    const distance = (a: FloatTensor, b: FloatTensor): Value =>
      c.named("distance", normOver(c, g.add(g.sub(a.value, b.value), g.literal(APART, c.float)), [last(a)], p));
    const near = distance(anchor, positive);
    const far = swap ? g.min(distance(anchor, negative), distance(positive, negative)) : distance(anchor, negative);
    return reducedLoss<O>(c, c.named("rowLoss", g.relu(g.add(g.sub(near, far), g.literal(margin, c.float)))), options ?? {});
  });
}

export interface ContrastiveOptions extends LossOptions {
  /** From where on what does not belong together is far enough. Default: 1. */
  readonly margin?: number;
}

const CONTRASTIVE = optionsOf<ContrastiveOptions>({ ...REDUCTION, margin: POSITIVE });

/** Mean over rows of t·d² + (1 − t)·max(0, margin − d)², d = ‖a − b‖, t being 1 where a and b belong together (Hadsell et al. 2006). */
export function contrastive<const O extends ContrastiveOptions = ContrastiveOptions>(
  a: FloatTensor,
  b: FloatTensor,
  y: BinaryTargets,
  options?: O,
): Reduced<O> {
  const c = called("contrastive", { a, b, y, options }, { a: FLOATS, b: FLOATS, y: TARGETS, options: optional(CONTRASTIVE) });
  const { margin = 1 }: ContrastiveOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkEmbeddings(c, "contrastive", { a, b });
    const distance = c.named("distance", normOver(c, g.sub(a.value, b.value), [last(a)], 2));
    const t = binaryTargets(c, "contrastive", c.tensor(distance) as FloatTensor, y); // a norm is of floats
    const short = c.named("short", g.relu(g.sub(g.literal(margin, c.float), distance)));
    const apart = g.mul(g.sub(g.literal(1, c.float), t), g.mul(short, short));
    return reducedLoss<O>(c, c.named("rowLoss", g.add(g.mul(t, g.mul(distance, distance)), apart)), options ?? {});
  });
}
