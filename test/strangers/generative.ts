/** Guarantees models whose output is as large as their input: U-Nets, autoencoders of every kind, and two nets that train against each other. */

import { batchText, modelText, type Draft } from "./draft.ts";
import { binaryHead, classesHead, numbersHead, returned } from "./heads.ts";
import { activationName, batchNormText, chain, convolutionText, denseText, doublingText, type Image, type LayerText } from "./layers.ts";
import { pictures } from "./images.ts";
import { optimizerText } from "./optimizers.ts";

const BIAS_BEFORE_NORM = "convolution and its bias before batch norm";

/** Convolution, perhaps batch norm, and relu. */
function layered(draft: Draft, image: Image, filters: number, norm: boolean, strides = 1): string {
  if (!norm) return convolutionText(draft.draw, image, { filters, strides, activation: "relu" });
  draft.traits.add(BIAS_BEFORE_NORM);
  const conv = convolutionText(draft.draw, image, { filters, strides });
  // applied to x by whoever asks
  return `relu(${batchNormText(draft.draw)}(${conv}(§)))`;
}

const on = (layer: string, x: string): string => (layer.includes("§") ? layer.replace("§", x) : `${layer}(${x})`);

/** Down, and up again beside what was seen on the way. */
export function uNet(draft: Draft, name: string): string {
  const { draw } = draft;
  const side = draw.one([8, 16, 16]);
  const image: Image = { channels: draw.one([1, 3]), side };
  const norm = draw.often(0.65);
  const filters = draw.one([4, 8]);
  const x = draft.leaf("input", "x", `[batch, ${image.channels}, ${side}, ${side}]`);
  const fine = draft.bind("fine", on(layered(draft, image, filters, norm), x));
  let h = draft.bind("down", `maxPool2d(2)(${fine})`);
  image.side /= 2;
  h = draft.bind("coarse", on(layered(draft, image, 2 * filters, norm), h));
  if (side >= 16 && draw.often(0.5)) {
    const middle = h;
    h = draft.bind("down", `maxPool2d(2)(${h})`);
    image.side /= 2;
    h = draft.bind("deep", on(layered(draft, image, 4 * filters, norm), h));
    h = draft.bind("up", on(doublingText(draw, image, 2 * filters), h));
    h = draft.bind("joined", `concatenate([${middle}, ${h}], 1)`);
    image.channels += 2 * filters;
    h = draft.bind("again", on(layered(draft, image, 2 * filters, norm), h));
  }
  image.side *= 2;
  const up = draw.often(0.5) ? `upsampling2d(2)` : `conv2dTranspose(${filters}, 2, { strides: 2 })`;
  h = draft.bind("joined", `concatenate([${fine}, ${up}(${h})], 1)`);
  h = draft.bind("last", on(layered(draft, image, filters, norm), h));
  const head = draw.weighted<() => ReturnType<typeof classesHead>>([
    [
      3,
      () => {
        const planes = draft.bind("planes", `conv2d(3, 1)(${h})`);
        return classesHead(draft, draft.bind("scores", `transpose(${planes}, [0, 2, 3, 1])`), `batch, ${side}, ${side}`, 3);
      },
    ],
    [2, () => binaryHead(draft, draft.bind("mask", `conv2d(1, 1)(${h})`), `[batch, 1, ${side}, ${side}]`)],
    [1, () => numbersHead(draft, draft.bind("picture", `conv2d(1, 1)(${h})`), `[batch, 1, ${side}, ${side}]`)],
  ])();
  return modelText(draft, name, batchText(draw, [2, 4, 8]), returned(head, optimizerText(draw)));
}

/** What an autoencoder is told by: pixels as numbers, or as probabilities. */
function reconstruction(draft: Draft, raw: string, x: string): ReturnType<typeof numbersHead> {
  const { draw } = draft;
  return draw.weighted<() => ReturnType<typeof numbersHead>>([
    [3, () => numbersHead(draft, draft.bind("image", `sigmoid(${raw})`), "", x)],
    [2, () => numbersHead(draft, raw, "", x)],
    [2, () => ({ loss: `bceWithLogits(${raw}, ${x})`, outputs: `{ image: sigmoid(${raw}) }`, metrics: [] })],
    [
      3,
      () => {
        draft.traits.add("loss of probabilities");
        const image = draft.bind("image", `sigmoid(${raw})`);
        return { loss: `binaryCrossentropy(${image}, ${x})`, outputs: `{ ${image} }`, metrics: [] };
      },
    ],
  ])();
}

export function denseAutoencoder(draft: Draft, name: string): string {
  const { draw } = draft;
  const width = draw.one([16, 64, 196, 784]);
  const hidden = draw.one([16, 32, 64]);
  const code = draw.one([2, 4, 8]);
  const x = draft.leaf("input", "x", `[batch, ${width}]`);
  const encoded = draft.bind("encoded", `${denseText(draw, hidden, activationName(draw))}(${x})`);
  const isVariational = draw.often(0.35);
  if (!isVariational) {
    const z = draft.bind("code", `dense(${code}${draw.often(0.3) ? ', { activation: "relu" }' : ""})(${encoded})`);
    const raw = draft.bind("decoded", `dense(${width})(${denseText(draw, hidden, "relu")}(${z}))`);
    const head = reconstruction(draft, raw, x);
    const loss = draw.often(0.15) ? `add(${head.loss}, mul(mean(square(${z})), 1e-3))` : head.loss;
    return modelText(draft, name, batchText(draw, [8, 16, 32]), returned({ ...head, loss }, optimizerText(draw)));
  }
  const mu = draft.bind("mu", `dense(${code})(${encoded})`);
  const logVariance = draft.bind("logVariance", `dense(${code})(${encoded})`);
  const z = draft.bind("z", `add(${mu}, mul(exp(mul(${logVariance}, 0.5)), randomNormal([batch, ${code}])))`);
  const raw = draft.bind("logits", `dense(${width})(${denseText(draw, hidden, "relu")}(${z}))`);
  const surprise = draft.bind("surprise", `sub(add(exp(${logVariance}), square(${mu})), add(${logVariance}, 1))`);
  const divergence = draft.bind("divergence", `batchMean(mul(sum(${surprise}, [1]), 0.5))`);
  const head = reconstruction(draft, raw, x);
  return modelText(
    draft,
    name,
    batchText(draw, [8, 16, 32]),
    returned({ ...head, loss: `add(mul(${head.loss}, ${width}), ${divergence})` }, optimizerText(draw)),
  );
}

export function convolutionalAutoencoder(draft: Draft, name: string): string {
  const { draw } = draft;
  const side = draw.one([8, 16, 28]);
  const image: Image = { channels: draw.one([1, 1, 3]), side };
  const { channels } = image;
  const filters = draw.one([4, 8]);
  const norm = draw.often(0.6);
  const x = draft.leaf("input", "x", `[batch, ${channels}, ${side}, ${side}]`);
  const normed = (conv: LayerText): LayerText[] => {
    draft.traits.add(BIAS_BEFORE_NORM);
    return [conv, batchNormText(draw), 'activation("relu")'];
  };
  const active = (choice: { readonly filters: number }): LayerText[] =>
    norm
      ? normed(convolutionText(draw, image, { ...choice, strides: 2 }))
      : [convolutionText(draw, image, { ...choice, strides: 2, activation: "relu" })];
  const layers = [...active({ filters }), ...active({ filters: 2 * filters })];
  layers.push(...(norm ? normed(doublingText(draw, image, filters)) : [doublingText(draw, image, filters, "relu")]));
  const raw = chain(draft, [...layers, doublingText(draw, image, channels)], x);
  const head = reconstruction(draft, raw, x);
  return modelText(draft, name, batchText(draw, [4, 8, 16]), returned(head, optimizerText(draw)));
}

/** Two phases: one net judges, the other paints. */
export function adversarial(draft: Draft, name: string): string {
  const { draw } = draft;
  const latents = draw.one([4, 8, 16]);
  const convolutional = draw.often(0.5);
  const width = convolutional ? 64 : draw.one([8, 32, 64]);
  const hidden = draw.one([16, 32]);
  const noise = draft.bind("noise", `randomNormal([batch, ${latents}])`);
  const norm = draw.often(0.6);
  if (norm && convolutional) draft.traits.add(BIAS_BEFORE_NORM);
  const spread = draft.bind("spread", `dense(${convolutional ? 64 : hidden}, { name: "generator.spread" })(${noise})`);
  const started = convolutional ? draft.bind("coarse", `reshape(${spread}, [batch, 4, 4, 4])`) : spread;
  const active = draft.bind("active", norm ? `relu(batchNorm({ name: "generator.norm" })(${started}))` : `leakyRelu(${started}, 0.2)`);
  const paint = convolutional
    ? `conv2dTranspose(1, 4, { name: "generator.paint", strides: 2, padding: "same" })`
    : `dense(${width}, { name: "generator.paint" })`;
  const fakes = draft.bind("fakes", `${draw.one(["sigmoid", "tanh"])}(${paint}(${active}))`);
  const shape = convolutional ? "[batch, 1, 8, 8]" : `[batch, ${width}]`;
  const x = draft.leaf("input", "x", shape);
  const look = draft.bind(
    "look",
    convolutional
      ? `conv2d(8, 3, { name: "discriminator.look", strides: 2, padding: "same" })`
      : `dense(${hidden}, { name: "discriminator.look" })`,
  );
  const judge = draft.bind("judge", `dense(1, { name: "discriminator.judge" })`);
  const scoreOf = (of: string): string =>
    `${judge}(${convolutional ? `flatten()(leakyRelu(${look}(${of}), 0.2))` : `leakyRelu(${look}(${of}), 0.2)`})`;
  const real = draft.bind("real", scoreOf(x));
  const fake = draft.bind("fake", scoreOf(fakes));
  const [judging, painting] = draw.weighted([
    [3, [`add(batchMean(softplus(neg(${real}))), batchMean(softplus(${fake})))`, `batchMean(softplus(neg(${fake})))`]],
    [1, [`sub(batchMean(${fake}), batchMean(${real}))`, `neg(batchMean(${fake}))`]],
    [1, [`add(batchMean(square(sub(${real}, 1))), batchMean(square(${fake})))`, `batchMean(square(sub(${fake}, 1)))`]],
  ] as const);
  const optimizer = draft.bind("optimizer", optimizerText(draw));
  return modelText(draft, name, batchText(draw, [8, 16]), [
    `phases: [{ name: "discriminator", loss: ${judging}, parameters: ["discriminator"], optimizer: ${optimizer} }, { name: "generator", loss: ${painting}, parameters: ["generator"], optimizer: ${optimizer} }]`,
    `outputs: { images: ${fakes} }`,
  ]);
}

/** Noise that a small net learns to take away. */
export function denoiser(draft: Draft, name: string): string {
  const { draw } = draft;
  const image = pictures(draft);
  const { channels, side } = image;
  const x = draft.leaf("input", "x", `[batch, ${channels}, ${side}, ${side}]`);
  const noisy = draft.bind("noisy", `add(${x}, mul(randomNormal([batch, ${channels}, ${side}, ${side}]), 0.3))`);
  const norm = draw.often(0.6);
  const h = draft.bind("hidden", on(layered(draft, image, draw.one([4, 8]), norm), noisy));
  const clean = draft.bind("clean", `conv2d(${channels}, 3, { padding: "same" })(${h})`);
  return modelText(draft, name, batchText(draw, [4, 8]), returned(numbersHead(draft, clean, "", x), optimizerText(draw)));
}
