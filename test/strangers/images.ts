/** Guarantees models of images: convolution after convolution, with and without normalization, residual, separable, dense at the end. */

import { batchText, modelText, type Draft } from "./draft.ts";
import { classesHead, numbersHead, returned, type Head } from "./heads.ts";
import {
  activationName,
  batchNormText,
  chain,
  channelNormText,
  convolutionText,
  denseText,
  depthwiseText,
  poolText,
  type Image,
  type LayerText,
} from "./layers.ts";
import { optimizerText } from "./optimizers.ts";
import { sequentialText } from "./sequential.ts";

const BATCHES = [4, 8, 8, 16, 16, 32] as const;

/** Sizes of small pictures: digits, CIFAR, and what those are scaled down to. */
export function pictures(draft: Draft): Image {
  const [channels, side] = draft.draw.weighted([
    [3, [1, 28]],
    [2, [3, 32]],
    [3, [3, 16]],
    [2, [1, 16]],
    [2, [1, 8]],
    [1, [3, 24]],
    [1, [1, 12]],
  ] as const);
  return { channels, side };
}

/** Fewer filters for larger pictures, as one who waits for them would take. */
const filtersFor = (draft: Draft, { side }: Image): number =>
  side >= 24 ? draft.draw.one([4, 8, 8, 16]) : draft.draw.one([4, 8, 16, 16, 32]);

type Norm = "batch" | "group" | "none";

function normalized(draft: Draft, image: Image, norm: Norm, bias: boolean): LayerText[] {
  if (norm === "none") return [];
  if (norm === "group") return [channelNormText(draft.draw, image.channels)];
  if (bias) draft.traits.add("convolution and its bias before batch norm");
  return [batchNormText(draft.draw)];
}

/** Convolution, normalization, activation, in an order that people use. */
export function convolved(draft: Draft, image: Image, filters: number, norm: Norm, strides = 1): LayerText[] {
  const { draw } = draft;
  const active = activationName(draw);
  const kernel = image.side >= 12 && draw.often(0.15) ? 5 : image.side >= 3 && draw.often(0.92) ? 3 : 1;
  const bias = norm === "none" || draw.often(0.85);
  const choice = { filters, kernel, strides, same: image.side < kernel + 4 || draw.often(0.75), bias };
  if (norm === "none" && draw.often(0.7)) return [convolutionText(draw, image, { ...choice, activation: active })];
  // activation before the norm, as some do
  if (norm !== "none" && draw.often(0.1))
    return [
      convolutionText(draw, image, { ...choice, activation: active }),
      norm === "batch" ? batchNormText(draw) : channelNormText(draw, filters),
    ];
  return [convolutionText(draw, image, choice), ...normalized(draft, image, norm, bias), `activation("${active}")`];
}

/** From an image to features: flattened, or a mean or a maximum a channel. */
const flattened = (draft: Draft, { side, channels }: Image): LayerText =>
  side * side * channels <= 1600 && draft.draw.often(0.6)
    ? "flatten()"
    : draft.draw.weighted([
        [4, "globalAveragePool2d()"],
        [1, "globalMaxPool2d()"],
      ] as const);

function denseEnd(draft: Draft, norm: Norm): LayerText[] {
  const { draw } = draft;
  const units = draw.one([16, 32, 64, 128]);
  return draw.weighted<() => LayerText[]>([
    [3, () => []],
    [3, () => [denseText(draw, units, activationName(draw)), ...draw.maybe(0.4, "dropout(0.5)")]],
    [norm === "batch" ? 1 : 0, () => [denseText(draw, units), batchNormText(draw), `activation("relu")`]],
  ])();
}

/** Layers from a picture to features, one stage a halving. */
function stages(draft: Draft, image: Image, norm: Norm): LayerText[] {
  const { draw } = draft;
  const layers: LayerText[] = [];
  let filters = filtersFor(draft, image);
  const count = draw.weighted([
    [3, 1],
    [3, 2],
    [image.side >= 16 ? 1 : 0, 3],
  ] as const);
  for (let n = 0; n < count && image.side >= 4; n++) {
    const strided = draw.often(0.2);
    layers.push(...convolved(draft, image, filters, norm, strided ? 2 : 1));
    if (draw.often(0.25)) layers.push(...convolved(draft, image, filters, norm));
    if (!strided && image.side >= 2 && draw.often(0.85)) layers.push(poolText(draw, image));
    layers.push(...draw.maybe(0.15, "dropout(0.25)"));
    if (filters < 32) filters *= draw.one([1, 2]);
  }
  return layers;
}

function convolutional(norm: Norm): (draft: Draft, name: string) => string {
  return (draft, name) => {
    const { draw } = draft;
    const image = pictures(draft);
    const { channels, side } = image;
    const classes = draw.one([2, 3, 5, 10, 10, 10]);
    const layers = [...stages(draft, image, norm), flattened(draft, image), ...denseEnd(draft, norm)];
    if (draw.often(0.4)) return sequentialText(draft, name, layers, `[${channels}, ${side}, ${side}]`, classes);
    const pixels = draft.leaf("input", "x", `[batch, ${channels}, ${side}, ${side}]`);
    const x = draw.often(0.12)
      ? draft.bind("scaled", draw.often(0.5) ? `mul(${pixels}, ${1 / 255})` : `div(sub(${pixels}, 0.1307), 0.3081)`)
      : pixels;
    return classified(draft, name, chain(draft, layers, x), classes);
  };
}

/** Scores of features, and the rest of the model. */
export function classified(draft: Draft, name: string, features: string, classes: number, members: readonly string[] = []): string {
  const { draw } = draft;
  const head: Head = draw.often(0.9)
    ? classesHead(draft, draft.bind("scores", `${denseText(draw, classes)}(${features})`), "batch", classes)
    : numbersHead(draft, draft.bind("prediction", `${denseText(draw, 1)}(${features})`), "[batch, 1]");
  return modelText(draft, name, batchText(draw, BATCHES), returned(head, optimizerText(draw, members)));
}

/** Two convolutions beside a shortcut. */
function residualBlock(draft: Draft, x: string, image: Image, filters: number, strides: number, bias: boolean): string {
  const { draw } = draft;
  const before = { ...image };
  if (bias) draft.traits.add("convolution and its bias before batch norm");
  const first = draft.bind("first", `relu(${batchNormText(draw)}(${convolutionText(draw, image, { filters, strides, bias })}(${x})))`);
  const body = draft.bind("body", `${batchNormText(draw)}(${convolutionText(draw, image, { filters, bias })}(${first}))`);
  const same = strides === 1 && before.channels === filters;
  const convolved = (): string => convolutionText(draw, before, { filters, kernel: 1, strides, bias });
  const shortcut = same ? x : draft.bind("shortcut", draw.often(0.7) ? `batchNorm()(${convolved()}(${x}))` : `${convolved()}(${x})`);
  return draft.bind("block", draw.often(0.85) ? `relu(add(${shortcut}, ${body}))` : `add(${shortcut}, ${body})`);
}

export function residualNet(draft: Draft, name: string): string {
  const { draw } = draft;
  const image = pictures(draft);
  const x = draft.leaf("input", "x", `[batch, ${image.channels}, ${image.side}, ${image.side}]`);
  const bias = draw.often(0.85);
  let filters = draw.one([4, 8, 8, 16]);
  let h = draft.bind("stem", convolutionText(draw, image, { filters, bias }) + `(${x})`);
  if (draw.often(0.6)) {
    if (bias) draft.traits.add("convolution and its bias before batch norm");
    h = draft.bind("start", `relu(batchNorm()(${h}))`);
  }
  const blocks = draw.weighted([
    [4, 1],
    [3, 2],
    [1, 3],
  ] as const);
  for (let n = 0; n < blocks; n++) {
    const strides = n > 0 && image.side >= 6 ? draw.one([1, 2]) : 1;
    if (strides === 2) filters *= 2;
    h = residualBlock(draft, h, image, filters, strides, bias);
  }
  return classified(draft, name, draft.bind("features", `globalAveragePool2d()(${h})`), draw.one([3, 10, 10]), ["stem", "conv2d"].slice(1));
}

/** Depthwise, pointwise, each normalized, as MobileNet has them. */
export function separableNet(draft: Draft, name: string): string {
  const { draw } = draft;
  const image = pictures(draft);
  const { channels, side } = image;
  const layers = convolved(draft, image, draw.one([8, 8, 16]), "batch", side >= 16 ? 2 : 1);
  for (let n = draw.whole(1, 2); n > 0; n--) {
    const strides = image.side >= 6 ? draw.one([1, 2]) : 1;
    layers.push(depthwiseText(draw, image, strides), batchNormText(draw), `activation("relu")`);
    draft.traits.add("convolution and its bias before batch norm");
    layers.push(
      convolutionText(draw, image, { filters: image.channels * draw.one([1, 2]), kernel: 1 }),
      batchNormText(draw),
      `activation("relu")`,
    );
  }
  layers.push("globalAveragePool2d()");
  if (draw.often(0.4)) return sequentialText(draft, name, layers, `[${channels}, ${side}, ${side}]`, 10);
  const x = draft.leaf("input", "x", `[batch, ${channels}, ${side}, ${side}]`);
  return classified(draft, name, chain(draft, layers, x), draw.one([2, 10]));
}

export const batchNormNet = convolutional("batch");
export const groupNormNet = convolutional("group");
export const plainNet = convolutional("none");
