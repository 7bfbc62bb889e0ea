/** Guarantees layers as text that fit what they are given: extents are followed, so that a drawn model is one that its author could train. */

import { moreOptions, type Draw } from "./draw.ts";
import type { Draft } from "./draft.ts";

/** An image in the making: [n, channels, side, side]. */
export interface Image {
  channels: number;
  side: number;
}

/** A layer as `sequential` lists it; an activation is a function elsewhere. */
export type LayerText = string;

const HIDDEN = ["relu", "relu", "relu", "relu", "gelu", "silu", "leakyRelu", "elu", "selu", "tanh", "softplus"] as const;
export const activationName = (draw: Draw): string => draw.one(HIDDEN);

const INITIALIZERS = ["he()", "he()", "heUniform()", "glorotNormal()", "glorot()", "normal(0, 0.02)", "uniform(-0.05, 0.05)"] as const;
export const initializers = (draw: Draw): readonly string[] => [
  ...draw.maybe(0.15, `kernelInitializer: ${draw.one(INITIALIZERS)}`),
  ...draw.maybe(0.04, `biasInitializer: ${draw.one(["constant(0.1)", "zeros()", "ones()"])}`),
];

export const denseText = (draw: Draw, units: number, activation?: string): LayerText =>
  `dense(${units}${moreOptions([...(activation === undefined ? [] : [`activation: "${activation}"`]), ...initializers(draw)])})`;

export interface ConvolutionChoice {
  readonly filters: number;
  readonly kernel?: number;
  readonly strides?: number;
  readonly same?: boolean;
  readonly bias?: boolean;
  readonly activation?: string | undefined;
}

/** A convolution of an image, which becomes what it makes of it. */
export function convolutionText(draw: Draw, image: Image, choice: ConvolutionChoice): LayerText {
  const { filters, kernel = 3, strides = 1, same = true, bias = true, activation } = choice;
  const options = [
    ...(strides === 1 ? [] : [`strides: ${strides}`]),
    ...(same ? ['padding: "same"'] : []),
    ...(bias ? [] : ["useBias: false"]),
    ...(activation === undefined ? [] : [`activation: "${activation}"`]),
    ...initializers(draw),
  ];
  image.channels = filters;
  image.side = same ? Math.ceil(image.side / strides) : Math.floor((image.side - kernel) / strides) + 1;
  return `conv2d(${filters}, ${kernel}${moreOptions(options)})`;
}

/** A transposed convolution that doubles an image. */
export function doublingText(draw: Draw, image: Image, filters: number, activation?: string): LayerText {
  image.channels = filters;
  image.side *= 2;
  const [kernel, padding] = draw.one<readonly [number, readonly string[]]>([
    [2, []],
    [4, ['padding: "same"']],
    [3, ['padding: "same"']],
    [4, ["padding: 1"]],
  ]);
  const options = ["strides: 2", ...padding, ...(activation === undefined ? [] : [`activation: "${activation}"`])];
  return `conv2dTranspose(${filters}, ${kernel}${moreOptions(options)})`;
}

export function depthwiseText(draw: Draw, image: Image, strides: number): LayerText {
  image.side = Math.ceil(image.side / strides);
  const options = [...(strides === 1 ? [] : [`strides: ${strides}`]), 'padding: "same"', ...draw.maybe(0.15, "useBias: false")];
  return `depthwiseConv2d(3${moreOptions(options)})`;
}

export const batchNormText = (draw: Draw): LayerText => {
  const options = [...draw.maybe(0.08, "momentum: 0.99"), ...draw.maybe(0.08, "epsilon: 1e-3")];
  return `batchNorm(${options.length === 0 ? "" : `{ ${options.join(", ")} }`})`;
};

/** A pool that halves an image. */
export function poolText(draw: Draw, image: Image): LayerText {
  const kind = draw.weighted([
    [4, "maxPool2d"],
    [1, "avgPool2d"],
  ] as const);
  if (image.side >= 5 && draw.often(0.15)) {
    image.side = Math.ceil(image.side / 2);
    return `${kind}(3, { strides: 2, padding: "same" })`;
  }
  image.side = Math.floor(image.side / 2);
  return `${kind}(2)`;
}

/** A normalization of channels other than over the batch. */
export const channelNormText = (draw: Draw, channels: number): LayerText =>
  `groupNorm(${draw.one([1, 2, 4].filter((n) => channels % n === 0) as [number, ...number[]])})`;

/** `relu(x)` of `activation("relu")`, `dense(10)(x)` of `dense(10)`. */
export const applied = (layer: LayerText, to: string): string => layer.replace(/^activation\("(\w+)"\)$/, "$1") + `(${to})`;

/** Applies layers to a value in one of the ways in which people write that; gives the local that holds the result. */
export function chain(draft: Draft, layers: readonly LayerText[], from: string): string {
  if (layers.length === 0) return from;
  return draft.draw.weighted<() => string>([
    // a local a layer
    [3, () => layers.reduce((value, layer) => draft.bind(localFor(layer), applied(layer, value)), from)],
    // one local, assigned again and again
    [
      2,
      () => {
        const local = draft.local("h");
        draft.lines.push(`let ${local} = ${applied(layers[0]!, from)};`);
        for (const layer of layers.slice(1)) draft.lines.push(`${local} = ${applied(layer, local)};`);
        return local;
      },
    ],
    // a few layers a line
    [
      3,
      () => {
        let value = from;
        for (let at = 0; at < layers.length; at += 3)
          value = draft.bind(
            "hidden",
            layers.slice(at, at + 3).reduce((inner, layer) => applied(layer, inner), value),
          );
        return value;
      },
    ],
  ])();
}

const LOCALS: readonly (readonly [RegExp, string])[] = [
  [/^conv|^depthwise/, "conv"],
  [/Norm/, "normed"],
  [/Pool/, "pooled"],
  [/^flatten/, "flat"],
  [/^dropout/, "dropped"],
  [/^activation/, "active"],
];
const localFor = (layer: LayerText): string => LOCALS.find(([pattern]) => pattern.test(layer))?.[1] ?? "hidden";
