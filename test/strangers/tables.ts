/** Guarantees models of rows of numbers: dense nets in layers, in Keras's words and by hand; regressions, factors, bags of words, memories of their own. */

import { batchText, modelText, type Draft } from "./draft.ts";
import { binaryHead, classesHead, numbersHead, returned, type Head } from "./heads.ts";
import { activationName, batchNormText, chain, denseText, type LayerText } from "./layers.ts";
import { optimizerText } from "./optimizers.ts";
import { sequentialText } from "./sequential.ts";

const BATCHES = [8, 16, 32, 32, 64] as const;
const WIDTHS = [2, 4, 8, 13, 16, 30, 64, 100] as const;

function headOf(draft: Draft, scoresOf: (units: number) => string): Head {
  const { draw } = draft;
  return draw.weighted<() => Head>([
    [
      5,
      () => {
        const classes = draw.one([2, 3, 3, 5, 10]);
        return classesHead(draft, draft.bind("scores", scoresOf(classes)), "batch", classes);
      },
    ],
    [3, () => binaryHead(draft, draft.bind("score", scoresOf(1)), "[batch, 1]")],
    [
      3,
      () => {
        const units = draw.one([1, 1, 2, 4]);
        return numbersHead(draft, draft.bind("prediction", scoresOf(units)), `[batch, ${units}]`);
      },
    ],
  ])();
}

const done = (draft: Draft, name: string, head: Head, members: readonly string[] = []): string =>
  modelText(draft, name, batchText(draft.draw, BATCHES), returned(head, optimizerText(draft.draw, members)));

function hiddenLayers(draft: Draft): LayerText[] {
  const { draw } = draft;
  const active = activationName(draw);
  const norm = draw.weighted([
    [5, ""],
    [2, "batch"],
    [1, "layerNorm()"],
    [0.5, "rmsNorm()"],
  ] as const);
  return Array.from({ length: draw.whole(1, 3) }, () => draw.one([8, 16, 32, 32, 64])).flatMap((units) => [
    ...(norm === ""
      ? [denseText(draw, units, active)]
      : [denseText(draw, units), norm === "batch" ? batchNormText(draw) : norm, `activation("${active}")`]),
    ...draw.maybe(0.2, `dropout(${draw.one([0.1, 0.2, 0.5])})`),
  ]);
}

export function denseNet(draft: Draft, name: string): string {
  const { draw } = draft;
  const width = draw.one(WIDTHS);
  const layers = hiddenLayers(draft);
  if (draw.often(0.4)) return sequentialText(draft, name, layers, `[${width}]`, draw.one([3, 10]));
  const x = draft.leaf("input", "x", `[batch, ${width}]`);
  const features = chain(draft, layers, x);
  return done(
    draft,
    name,
    headOf(draft, (units) => `${denseText(draw, units)}(${features})`),
    ["dense"],
  );
}

const START = ["glorot()", "glorot()", "he()", "normal(0, 0.01)", "normal(0, 0.1)", "uniform(-0.1, 0.1)"] as const;

/** Weights declared one by one, products, and perhaps a penalty. */
export function byHand(draft: Draft, name: string): string {
  const { draw } = draft;
  const width = draw.one(WIDTHS);
  const depth = draw.weighted([
    [2, 0],
    [4, 1],
    [3, 2],
  ] as const);
  const x = draft.leaf("input", "x", `[batch, ${width}]`);
  const weights: string[] = [];
  let h = x;
  let wide: number = width;
  const affine = (units: number): string => {
    const W = draft.leaf("param", `W${weights.length + 1}`, `[${wide}, ${units}], ${draw.one(START)}`);
    const b = draft.leaf("param", `b${weights.length + 1}`, `[${units}], ${draw.often(0.9) ? "zeros()" : "constant(0.1)"}`);
    weights.push(W);
    wide = units;
    return `add(matmul(${h}, ${W}), ${b})`;
  };
  for (let n = 0; n < depth; n++) {
    const sum = affine(draw.one([8, 16, 32]));
    const active = activationName(draw);
    h = draw.often(0.5) ? draft.bind("hidden", `${active}(${sum})`) : draft.bind("hidden", `${active}(${draft.bind("z", sum)})`);
  }
  const head = headOf(draft, affine);
  const penalty = draw.weighted<string | undefined>([
    [5, undefined],
    [2, `l2([${weights.join(", ")}], 1e-4)`],
    [1, `l1([${weights[0]}], 1e-4)`],
    [0.5, `mul(sum(square(${weights[0]})), 5e-4)`],
  ]);
  const penalized = penalty === undefined ? head : { ...head, loss: `add(${head.loss}, ${penalty})` };
  return done(draft, name, penalized, depth > 0 ? [weights[0]!] : []);
}

/** Factors of users and items, whose product is a rating. */
export function factors(draft: Draft, name: string): string {
  const { draw } = draft;
  const [users, items, width] = [draw.one([20, 50, 100]), draw.one([30, 80]), draw.one([4, 8, 16])];
  const user = draft.leaf("labels", "user", `[batch], { classes: ${users} }`);
  const item = draft.leaf("labels", "item", `[batch], { classes: ${items} }`);
  const u = draft.bind("u", `embedding(${users}, ${width})(${user})`);
  const v = draft.bind("v", `embedding(${items}, ${width})(${item})`);
  if (draw.often(0.4)) {
    const joined = draft.bind("joined", `concatenate([${u}, ${v}])`);
    const features = draft.bind("features", `${denseText(draw, 16, "relu")}(${joined})`);
    return done(
      draft,
      name,
      headOf(draft, (units) => `dense(${units})(${features})`),
    );
  }
  const rating = draft.bind("rating", `sum(mul(${u}, ${v}), [1])`);
  return done(draft, name, draw.often(0.6) ? numbersHead(draft, rating, "[batch]") : binaryHead(draft, rating, "[batch]"));
}

/** Words without their order, or two that stand beside each other. */
export function bagOfWords(draft: Draft, name: string): string {
  const { draw } = draft;
  const [vocabulary, steps, width] = [draw.one([50, 100, 200]), draw.one([4, 8, 12]), draw.one([8, 16])];
  const words = draft.leaf("labels", "words", `[batch, ${steps}], { classes: ${vocabulary} }`);
  const bag = draft.bind("bag", `mean(embedding(${vocabulary}, ${width})(${words}), [1])`);
  if (draw.often(0.4))
    return done(draft, name, classesHead(draft, draft.bind("scores", `dense(${vocabulary})(${bag})`), "batch", vocabulary));
  return done(
    draft,
    name,
    headOf(draft, (units) => `${denseText(draw, units)}(${bag})`),
    ["embedding"],
  );
}

/** A line, a curve, a count: regressions in few lines. */
export function regression(draft: Draft, name: string): string {
  const { draw } = draft;
  const width = draw.one([1, 1, 2, 3, 5, 8]);
  const x = draft.leaf("input", "x", `[batch, ${width}]`);
  const w = draft.leaf("param", "w", `[${width}, 1], ${draw.one(["zeros()", "normal(0, 0.1)", "glorot()"])}`);
  const b = draft.leaf("param", "b", "[1], zeros()");
  const line = `add(matmul(${x}, ${w}), ${b})`;
  const head = draw.weighted<() => Head>([
    [3, () => numbersHead(draft, draft.bind("prediction", line), "[batch, 1]")],
    [2, () => binaryHead(draft, draft.bind("score", line), "[batch, 1]")],
    [
      1,
      () => {
        const log = draft.bind("logRate", line);
        const y = draft.leaf("input", "y", "[batch, 1]");
        return { loss: `batchMean(sub(exp(${log}), mul(${y}, ${log})))`, outputs: `{ rate: exp(${log}) }`, metrics: [] };
      },
    ],
    [
      1,
      () => {
        const square = draft.leaf("param", "a", `[${width}, 1], zeros()`);
        return numbersHead(draft, draft.bind("prediction", `add(matmul(square(${x}), ${square}), ${line})`), "[batch, 1]");
      },
    ],
    [
      1,
      () => {
        const y = draft.leaf("input", "y", "[batch, 1]");
        const spread = draft.bind("logSigma", `add(matmul(${x}, ${draft.leaf("param", "s", `[${width}, 1], zeros()`)}), 0)`);
        const mu = draft.bind("mu", line);
        return {
          loss: `batchMean(add(${spread}, mul(square(div(sub(${y}, ${mu}), exp(${spread}))), 0.5)))`,
          outputs: `{ ${mu}, sigma: exp(${spread}) }`,
          metrics: [],
        };
      },
    ],
  ])();
  return done(draft, name, head);
}
