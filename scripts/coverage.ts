/**
 * Which functions of torch.nn.functional, and which layers, losses and optimizers of Keras 3, are here under what name, and which are not, for
 * what reason: docs/coverage.md is made of this (`npm run tables`), of scripts/vocabulary.ts and of the names that interop/names wrote down.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./compiler.ts";
import { TABLES } from "./vocabulary.ts";

type Reasons = Readonly<Record<string, string>>;

const IN_PLACE = "in place: values of a graph do not change";
const QUANTISED = "quantised: of float8 operands with scales";
const FOREIGN = "a wrapper of another framework's module";
const STRINGS = "of strings, which are no tensors here";

/** What a list has under a name that the tables of scripts/vocabulary.ts do not say, and what is not here. */
interface Rest {
  readonly here: Reasons;
  readonly missing: Reasons;
}

export const LISTS: Readonly<Record<string, Rest & { readonly prefix: string }>> = {
  "torch.nn.functional": {
    prefix: "F.",
    here: {
      feature_alpha_dropout: "functions.alphaDropout",
      linear_cross_entropy: "softmaxCrossEntropy",
      multi_head_attention_forward: "multiHeadAttention",
      native_channel_shuffle: "channelShuffle",
      sigmoid: "sigmoid",
      tanh: "tanh",
      upsample: "resize",
      upsample_bilinear: "resize",
      upsample_nearest: "resize",
    },
    missing: {
      celu_: IN_PLACE,
      elu_: IN_PLACE,
      hardtanh_: IN_PLACE,
      leaky_relu_: IN_PLACE,
      relu_: IN_PLACE,
      rrelu_: IN_PLACE,
      scaled_addmm_: IN_PLACE,
      selu_: IN_PLACE,
      threshold_: IN_PLACE,
      scaled_addmm: QUANTISED,
      scaled_grouped_mm: QUANTISED,
      scaled_mm: QUANTISED,
      grouped_mm: "sparse: groups of rows whose lengths are data",
      conv_tbc: "deprecated layout: conv1d of a transposed input",
    },
  },
  "keras.layers": {
    prefix: "layers.",
    here: {
      ActivityRegularization: "l2",
      Add: "add",
      Concatenate: "concatenate",
      ELU: "elu",
      GRUCell: "functions.gruCell",
      GroupNormalization: "groupNorm",
      GroupQueryAttention: "multiHeadAttention",
      InputLayer: "input",
      LSTMCell: "functions.lstmCell",
      Lambda: "activation",
      LeakyReLU: "leakyRelu",
      Maximum: "maximum",
      Minimum: "minimum",
      Multiply: "mul",
      PReLU: "prelu",
      RNN: "scan",
      ReLU: "relu",
      Reshape: "reshape",
      SimpleRNNCell: "scan",
      Softmax: "softmax",
      StackedRNNCells: "scan",
      Subtract: "sub",
    },
    missing: {
      FlaxLayer: FOREIGN,
      JaxLayer: FOREIGN,
      TFSMLayer: FOREIGN,
      TorchModuleWrapper: FOREIGN,
      HashedCrossing: STRINGS,
      Hashing: STRINGS,
      StringLookup: STRINGS,
      TextVectorization: STRINGS,
      AugMix: "randomised: chains of other layers of random length",
      RandAugment: "randomised: a random choice of other layers",
      RandomPerspective: "randomised",
      ContrastLimitedAdaptiveHistogramEqualization: "of histograms a tile, for pictures before training",
      MaxNumBoundingBoxes: "of ragged lists of boxes",
      MelSpectrogram: "of waveforms, before training",
      STFTSpectrogram: "of waveforms, before training",
    },
  },
  "keras.losses": { prefix: "losses.", here: {}, missing: {} },
  "keras.optimizers": {
    prefix: "optimizers.",
    here: { MultiOptimizer: "groups" },
    missing: {
      LossScaleOptimizer: "quantised: of float16 gradients",
    },
  },
};

/** The names of the lists, and the versions that they are of. */
export const elsewhere = JSON.parse(readFileSync(join(root, "interop", "names", "elsewhere.json"), "utf8")) as Readonly<
  Record<string, readonly string[] & string>
>; // lists, and versions under the names of the libraries

/** Names of one list, each with what it is here. */
export function coverageOf(list: string): { readonly here: ReadonlyMap<string, readonly string[]>; readonly missing: Reasons } {
  const { prefix, here: more, missing } = LISTS[list]!;
  const here = new Map<string, string[]>(Object.entries(more).map(([name, own]) => [name, [own]]));
  for (const table of Object.values(TABLES))
    for (const [own, columns] of Object.entries(table))
      for (const column of columns.slice(0, 2))
        for (const found of (column ?? "").matchAll(/\b(F|layers|losses|optimizers)\.(\w+)/g)) {
          const [, of, name] = found as unknown as [string, string, string]; // two groups
          if (`${of}.` === prefix) here.set(name, [...(here.get(name) ?? []), own]);
        }
  return { here, missing };
}

/** The page. Throws for a name that is said to be neither here nor missing, or both, or that the list does not have. */
export function coveragePage(): string {
  const parts = Object.keys(LISTS).map((list) => {
    const names = elsewhere[list]!;
    const { here, missing } = coverageOf(list);
    const unsaid = names.filter((name) => !here.has(name) && missing[name] === undefined);
    const both = names.filter((name) => here.has(name) && missing[name] !== undefined);
    const stale = Object.keys({ ...LISTS[list]!.here, ...missing }).filter((name) => !names.includes(name));
    if (unsaid.length + both.length + stale.length > 0)
      throw new Error(
        `${list}: neither here nor missing: ${unsaid.join(", ")}; both: ${both.join(", ")}; not of the list: ${stale.join(", ")}`,
      );
    const rows = names.map(
      (name) =>
        `| \`${name}\` | ${
          here
            .get(name)
            ?.map((own) => `\`${own}\``)
            .join(", ") ?? ""
        } | ${missing[name] ?? ""} |`,
    );
    const count = Object.keys(missing).length;
    return `## ${list} (${names.length - count} of ${names.length})\n\n| there | here | not here, because |\n| --- | --- | --- |\n${rows.join("\n")}`;
  });
  return `# What there is elsewhere, and here

Made by \`npm run tables\`: every function of \`torch.nn.functional\` (PyTorch ${elsewhere["torch"]}) and every layer, loss and optimizer of Keras
${elsewhere["keras"]}, under what name it is here, or for what reason it is not. \`interop/names/names.py\` writes the lists down. What differs is said in
[names.md](names.md).

${parts.join("\n\n")}
`;
}
