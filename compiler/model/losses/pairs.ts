/** The losses of distances between embeddings: what belongs together is to be near, what does not far. */

import { FLAG, FUNCTION, numbers, optional, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sameShape, type Shape } from "../../graph/type.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { adviseDropped } from "../advice.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { FLOATS, INTEGERS, TARGETS } from "../kinds.ts";
import { logSumExp, normOver } from "../products.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { last } from "./batch.ts";
import { binaryTargets, signsOf, type BinaryTargets } from "./binary.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

const POSITIVE = numbers("a finite number above 0", (n) => n > 0);

/** What triplet takes besides. */
export interface TripletOptions extends LossOptions {
  /** How much farther the negative is to be. Default: 1. */
  readonly margin?: number;
  /** Of the norm. Default: 2. */
  readonly p?: number;
  /** Whether the negative is as far as it is from the nearer of anchor and positive (Balntas et al. 2016). Default: no. */
  readonly swap?: boolean;
  /** How far apart rows are, [n, …] of [n, …, width] (torch.nn.functional.triplet_margin_with_distance_loss). Default: the norm of the difference. */
  readonly distance?: (a: FloatTensor, b: FloatTensor) => FloatTensor;
}

const TRIPLET = optionsOf<TripletOptions>({ ...REDUCTION, margin: POSITIVE, p: POSITIVE, swap: FLAG, distance: FUNCTION });

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
  const { margin = 1, p = 2, swap = false, distance: given }: TripletOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkEmbeddings(c, "triplet", { anchor, positive, negative });
    const apart = (a: FloatTensor, b: FloatTensor): Value =>
      normOver(c, g.add(g.sub(a.value, b.value), g.literal(APART, c.float)), [last(a)], p);
    const distance = (a: FloatTensor, b: FloatTensor): Value => c.named("distance", given === undefined ? apart(a, b) : given(a, b).value);
    const near = distance(anchor, positive);
    const far = swap ? g.min(distance(anchor, negative), distance(positive, negative)) : distance(anchor, negative);
    return reducedLoss<O>(c, c.named("rowLoss", g.relu(g.add(g.sub(near, far), g.literal(margin, c.float)))), options ?? {});
  });
}

/** What contrastive takes besides. */
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

/** What cosineEmbedding takes besides. */
export interface CosineEmbeddingOptions extends LossOptions {
  /** From which cosine on what does not belong together is too near. Default: 0. */
  readonly margin?: number;
}

const COSINE = optionsOf<CosineEmbeddingOptions>({ ...REDUCTION, margin: numbers("a number from −1 to 1", (n) => n >= -1 && n <= 1) });

/**
 * Mean over rows of 1 − cos(a, b) where t is 1, and max(0, cos(a, b) − margin) where it is −1, or its label is 0
 * (torch.nn.functional.cosine_embedding_loss).
 */
export function cosineEmbedding<const O extends CosineEmbeddingOptions = CosineEmbeddingOptions>(
  a: FloatTensor,
  b: FloatTensor,
  y: BinaryTargets,
  options?: O,
): Reduced<O> {
  const c = called("cosineEmbedding", { a, b, y, options }, { a: FLOATS, b: FLOATS, y: TARGETS, options: optional(COSINE) });
  const { margin = 0 }: CosineEmbeddingOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkEmbeddings(c, "cosineEmbedding", { a, b });
    const dot = (u: Value, v: Value): Value => g.sum(g.mul(u, v), { axes: [last(a)] });
    const square = (u: Value): Value => g.add(dot(u, u), g.literal(1e-12, c.float));
    const lengths = g.sqrt(g.mul(square(a.value), square(b.value)));
    const cosine = c.named("cosine", g.div(dot(a.value, b.value), lengths));
    const signs = signsOf(c, "cosineEmbedding", c.tensor(cosine) as FloatTensor, y); // a quotient of floats
    const number = (value: number): Value => g.literal(value, c.float);
    const near = g.relu(g.sub(cosine, number(margin)));
    const value = g.where(g.lt(number(0), signs), g.sub(number(1), cosine), near);
    return reducedLoss<O>(c, c.named("rowLoss", value), options ?? {});
  });
}

/** What circle takes besides. */
export interface CircleOptions extends LossOptions {
  /** How sharply distances count. Default: 80. */
  readonly gamma?: number;
  /** How far from its aim a cosine may be. Default: 0.4. */
  readonly margin?: number;
}

const CIRCLE = optionsOf<CircleOptions>({ ...REDUCTION, gamma: POSITIVE, margin: POSITIVE });

/**
 * Circle loss of embeddings [n, width] of length 1 and labels [n]: rows of one label are to have cosines near 1, others near 0, each pair
 * weighed by how far it is from that (Sun et al. 2020; keras.losses.Circle). The mean is over rows whose loss is above 0: without another row
 * of its label a row has none. Throws for other shapes.
 */
export function circle<const O extends CircleOptions = CircleOptions>(x: FloatTensor, y: Tensor<Shape, "i32">, options?: O): Reduced<O> {
  const c = called("circle", { x, y, options }, { x: FLOATS, y: INTEGERS, options: optional(CIRCLE) });
  const { gamma = 80, margin = 0.4 }: CircleOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    const [n = 0] = x.shape;
    if (x.shape.length !== 2 || String(y.shape) !== String([n]))
      c.fail(
        "shape/circle",
        `circle needs embeddings [n, width] and labels [n], but got [${x.shape.join(",")}] and [${y.shape.join(",")}]`,
        "Give one of each for each row.",
        [c.operand("x", x.value), c.operand("y", y.value)],
      );
    const number = (value: number): Value => g.literal(value, c.float);
    const distance = c.named("distance", g.relu(g.sub(number(1), g.dot(x.value, x.value, dotAttrs([1], [1])))));
    const along = (value: Value, axis: 0 | 1): Value => g.broadcast(value, { axes: [axis], size: [n] });
    const at = (axis: 0 | 1): Value => g.iota({ dtype: "i32", shape: [n, n] }, { axis });
    const isSame = g.eq(along(y.value, 1), along(y.value, 0));
    const isOther = g.not(g.eq(at(0), at(1)));
    const positive = g.mul(g.relu(g.add(distance, number(margin))), g.sub(distance, number(margin)));
    const negative = g.mul(g.relu(g.sub(number(1 + margin), distance)), g.sub(number(1 - margin), distance));
    const total = (counts: Value, value: Value): FloatTensor =>
      logSumExp(c.tensor(g.where(counts, g.mul(value, number(gamma)), number(-Infinity))) as FloatTensor, [1]); // of floats
    const both = g.add(total(g.and(isSame, isOther), positive).value, total(g.not(isSame), negative).value);
    const rowLoss = c.named("rowLoss", g.neg(g.logSigmoid(g.neg(both))));
    const counted = g.where(g.lt(number(0), rowLoss), number(1), number(0));
    return reducedLoss<O>(c, rowLoss, options ?? {}, counted);
  });
}
