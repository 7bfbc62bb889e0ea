/** Guarantees models of sequences: attention in encoders, decoders and by hand; recurrent layers; convolutions over time. */

import { moreOptions, type Draw } from "./draw.ts";
import { batchText, modelText, type Draft } from "./draft.ts";
import { binaryHead, classesHead, numbersHead, returned, type Head } from "./heads.ts";
import { activationName, denseText } from "./layers.ts";
import { optimizerText } from "./optimizers.ts";

const BATCHES = [4, 8, 8, 16, 16] as const;

interface Sequence {
  /** The local that holds [n, steps, width]. */
  readonly local: string;
  readonly steps: number;
  readonly width: number;
  /** Of the tokens it was made of; undefined for numbers. */
  readonly vocabulary?: number;
}

/** Tokens through an embedding, or numbers measured over time. */
function sequence(draft: Draft, lengths: readonly [number, ...number[]], widths: readonly [number, ...number[]], tokens: number): Sequence {
  const { draw } = draft;
  const [steps, width] = [draw.one(lengths), draw.one(widths)];
  if (!draw.often(tokens)) return { local: draft.leaf("input", "x", `[batch, ${steps}, ${width}]`), steps, width };
  const vocabulary = draw.one([20, 32, 50, 64, 100]);
  const x = draft.leaf("labels", "x", `[batch, ${steps}], { classes: ${vocabulary} }`);
  return { local: draft.bind("embedded", `embedding(${vocabulary}, ${width})(${x})`), steps, width, vocabulary };
}

const normText = (draw: Draw): string =>
  draw.weighted([
    [4, "layerNorm()"],
    [1, "rmsNorm()"],
  ] as const);

/** Attention and a feed-forward part, each beside a shortcut, the norm before or after. */
function encoderBlock(draft: Draft, h: string, width: number, heads: number, options: readonly string[]): string {
  const { draw } = draft;
  const attention = `multiHeadAttention(${heads}${moreOptions(options)})`;
  const active = draw.one(["relu", "gelu", "gelu", "silu"]);
  const wide = draw.one([2, 2, 4]) * width;
  const dropped = draw.maybe(0.25, "dropout(0.1)");
  const list = (layers: readonly string[]): string => layers.join(", ");
  const inner = [`dense(${wide}, { activation: "${active}" })`, `dense(${width})`];
  if (draw.often(0.6)) {
    const norm = normText(draw);
    const attended = draft.bind("attended", `residual([${list([norm, attention, ...dropped])}])(${h})`);
    return draft.bind("block", `residual([${list([norm, ...inner, ...dropped])}])(${attended})`);
  }
  const attended = draft.bind("attended", `layerNorm()(add(${h}, ${attention}(${h})))`);
  const forward = draft.bind("forward", `${inner[1]}(${inner[0]}(${attended}))`);
  return draft.bind("block", `layerNorm()(add(${attended}, ${forward}))`);
}

/** From every step to one row. */
const pooled = (draft: Draft, h: string, { steps, width }: Sequence): string =>
  draft.draw.weighted<() => string>([
    [4, () => draft.bind("pooled", `mean(${h}, [1])`)],
    [1, () => draft.bind("pooled", `max(${h}, [1])`)],
    [1, () => draft.bind("flat", `flatten()(${h})`)],
    [1, () => draft.bind("first", `reshape(slice(${h}, [0, 0, 0], [batch, 1, ${width}]), [batch, ${width}])`)],
    [
      steps > 1 ? 1 : 0,
      () => draft.bind("last", `reshape(slice(${h}, [0, ${steps - 1}, 0], [batch, ${steps}, ${width}]), [batch, ${width}])`),
    ],
  ])();

function rowHead(draft: Draft, features: string): Head {
  const { draw } = draft;
  return draw.weighted<() => Head>([
    [
      5,
      () => {
        const classes = draw.one([2, 4, 5, 10]);
        return classesHead(draft, draft.bind("scores", `${denseText(draw, classes)}(${features})`), "batch", classes);
      },
    ],
    [3, () => binaryHead(draft, draft.bind("score", `${denseText(draw, 1)}(${features})`), "[batch, 1]")],
    [
      2,
      () => {
        const units = draw.one([1, 1, 3]);
        return numbersHead(draft, draft.bind("prediction", `${denseText(draw, units)}(${features})`), `[batch, ${units}]`);
      },
    ],
  ])();
}

/** A class or a number at every step. */
function stepHead(draft: Draft, h: string, { steps, width, vocabulary }: Sequence): Head {
  const { draw } = draft;
  if (vocabulary !== undefined) {
    const scores = draft.bind("scores", `${denseText(draw, vocabulary)}(${h})`);
    return classesHead(draft, scores, `batch, ${steps}`, vocabulary);
  }
  const units = draw.one([1, width]);
  return numbersHead(draft, draft.bind("prediction", `${denseText(draw, units)}(${h})`), `[batch, ${steps}, ${units}]`);
}

const done = (draft: Draft, name: string, head: Head, members: readonly string[] = []): string =>
  modelText(draft, name, batchText(draft.draw, BATCHES), returned(head, optimizerText(draft.draw, members)));

function transformer(causal: boolean): (draft: Draft, name: string) => string {
  return (draft, name) => {
    const { draw } = draft;
    draft.traits.add("attention");
    const given = sequence(draft, [4, 6, 8, 8, 12, 16], [8, 16, 16, 32], causal ? 1 : 0.75);
    const heads = draw.one([1, 2, 2, 4]);
    let h = given.local;
    if (draw.often(0.85)) h = draft.bind("placed", `positionalEncoding(${draw.often(0.5) ? '{ table: "learned" }' : ""})(${h})`);
    for (
      let n = draw.weighted([
        [5, 1],
        [3, 2],
      ] as const);
      n > 0;
      n--
    )
      // prettier-ignore
      h = encoderBlock(draft, h, given.width, heads, causal ? ["causal: true"] : []);
    if (draw.often(0.4)) h = draft.bind("final", `${normText(draw)}(${h})`);
    const head = causal || draw.often(0.15) ? stepHead(draft, h, given) : rowHead(draft, pooled(draft, h, given));
    return done(draft, name, head, given.vocabulary === undefined ? [] : ["embedding"]);
  };
}

export const encoder = transformer(false);
export const decoder = transformer(true);

/** Patches of a picture as tokens. */
export function patches(draft: Draft, name: string): string {
  const { draw } = draft;
  draft.traits.add("attention");
  const [channels, side, patch] = draw.one<readonly [number, number, number]>([
    [1, 16, 4],
    [3, 16, 4],
    [1, 28, 7],
    [3, 32, 8],
  ]);
  const width = draw.one([8, 16, 32]);
  const n = (side / patch) ** 2;
  const x = draft.leaf("input", "x", `[batch, ${channels}, ${side}, ${side}]`);
  const cut = draft.bind("cut", `conv2d(${width}, ${patch}, { strides: ${patch} })(${x})`);
  const tokens = draft.bind("tokens", `transpose(reshape(${cut}, [batch, ${width}, ${n}]), [0, 2, 1])`);
  let h = draft.bind("placed", `positionalEncoding({ table: "learned" })(${tokens})`);
  h = encoderBlock(draft, h, width, draw.one([1, 2, 4]), []);
  const pooledRows = draft.bind("pooled", `mean(layerNorm()(${h}), [1])`);
  const scores = draft.bind("scores", `${denseText(draw, 10)}(${pooledRows})`);
  return done(draft, name, classesHead(draft, scores, "batch", 10));
}

/** Queries, keys and values by hand, or a memory that is looked up. */
export function attentionByHand(draft: Draft, name: string): string {
  const { draw } = draft;
  draft.traits.add("attention");
  const given = sequence(draft, [4, 6, 8, 10], [8, 12, 16], 0.5);
  const width = draw.one([8, 16]);
  const projected = (base: string): string =>
    draft.bind(base, `dense(${width}${moreOptions(draw.maybe(0.3, "useBias: false"))})(${given.local})`);
  if (draw.often(0.35)) {
    // a decoder that looks at an encoder's sequence
    const steps = draw.one([3, 5, 7]);
    const target = draft.leaf("input", "target", `[batch, ${steps}, ${given.width}]`);
    const heads = draw.one([1, 2]);
    const own = draft.bind("own", `residual([layerNorm(), multiHeadAttention(${heads}, { causal: true })])(${target})`);
    const crossed = draft.bind("crossed", `add(${own}, multiHeadAttention(${heads})(layerNorm()(${own}), { memory: ${given.local} }))`);
    return done(draft, name, numbersHead(draft, draft.bind("prediction", `dense(2)(${crossed})`), `[batch, ${steps}, 2]`));
  }
  const [q, k, v] = [projected("q"), projected("k"), projected("v")];
  const attended = draw.often(0.5)
    ? draft.bind("attended", `scaledDotProductAttention(${q}, ${k}, ${v}${moreOptions(draw.maybe(0.3, "causal: true"))})`)
    : draft.bind("attended", `matmul(softmax(mul(matmul(${q}, transpose(${k}, [0, 2, 1])), ${1 / Math.sqrt(width)})), ${v})`);
  const own: Sequence = { local: attended, steps: given.steps, width };
  return done(draft, name, rowHead(draft, pooled(draft, attended, own)));
}

/** One recurrent layer as text. */
function recurrentText(draw: Draw, kind: string, units: number, sequences: boolean): string {
  const options = [...(sequences ? ["returnSequences: true"] : []), ...(kind === "simpleRnn" ? draw.maybe(0.2, 'activation: "relu"') : [])];
  return `${kind}(${units}${moreOptions(options)})`;
}

/** Recurrent layers over words or measurements: one or two, or one each way. */
export function recurrentNet(draft: Draft, name: string): string {
  const { draw } = draft;
  draft.traits.add("recurrent");
  const given = sequence(draft, [3, 4, 4, 5, 6, 8], [4, 8, 8, 16], 0.55);
  const kind = draw.weighted([
    [5, "lstm"],
    [4, "gru"],
    [2, "simpleRnn"],
  ] as const);
  const units = draw.one([4, 8, 8, 16, 32]);
  const everyStep = draw.often(0.35);
  let h = given.local;
  if (draw.often(0.1)) h = draft.bind("dropped", `dropout(0.2)(${h})`);
  if (draw.often(0.12)) {
    const there = draft.bind("there", `${recurrentText(draw, kind, units, false)}(${h})`);
    const back = draft.bind("back", `${recurrentText(draw, kind, units, false)}(reversed(${h}, [1]))`);
    return done(draft, name, rowHead(draft, draft.bind("both", `concatenate([${there}, ${back}])`)));
  }
  if (draw.often(0.25)) {
    h = draft.bind("lower", `${recurrentText(draw, kind, units, true)}(${h})`);
    if (draw.often(0.3)) h = draft.bind("dropped", `dropout(0.3)(${h})`);
  }
  h = draft.bind("hidden", `${recurrentText(draw, kind, units, everyStep)}(${h})`);
  if (draw.often(0.15)) h = draft.bind("normed", `layerNorm()(${h})`);
  if (!everyStep && draw.often(0.3)) h = draft.bind("features", `${denseText(draw, 16, activationName(draw))}(${h})`);
  const after: Sequence = { ...given, local: h, width: units };
  return done(draft, name, everyStep ? stepHead(draft, h, after) : rowHead(draft, h), given.vocabulary === undefined ? [] : ["embedding"]);
}

/** Convolutions over time, of text or of a signal. */
export function temporalNet(draft: Draft, name: string): string {
  const { draw } = draft;
  const steps = draw.one([16, 24, 32]);
  const tokens = draw.often(0.4);
  let h: string;
  if (tokens) {
    const x = draft.leaf("labels", "x", `[batch, ${steps}], { classes: 50 }`);
    h = draft.bind("channels", `transpose(embedding(50, 16)(${x}), [0, 2, 1])`);
  } else h = draft.leaf("input", "x", `[batch, ${draw.one([1, 3, 6])}, ${steps}]`);
  const norm = draw.often(0.5);
  for (let n = draw.whole(1, 2); n > 0; n--) {
    const options = [...draw.maybe(0.7, 'padding: "same"'), ...(norm ? [] : ['activation: "relu"'])];
    const conv = `conv1d(${draw.one([8, 16])}, ${draw.one([3, 3, 5])}${moreOptions(options)})(${h})`;
    if (norm) draft.traits.add("convolution and its bias before batch norm");
    h = draft.bind("conv", norm ? `relu(batchNorm()(${conv}))` : conv);
    if (draw.often(0.7)) h = draft.bind("pooled", `${draw.one(["maxPool1d", "maxPool1d", "avgPool1d"])}(2)(${h})`);
  }
  const features = draft.bind("features", draw.often(0.6) ? `max(${h}, [2])` : `flatten()(${h})`);
  return done(draft, name, rowHead(draft, features));
}
