/** How PyTorch and Keras keep the weights of a layer: their names, the order of their axes and gates, and what they keep in one tensor. */

/** Whose names and axes a file has. */
export type Layout = "adjoint" | "pytorch" | "keras";

/** One tensor there, made of one or several here. */
export interface Foreign {
  /** After the layer's name: the first is written, all are read. */
  readonly names: readonly string[];
  /** Here, after the layer's name. */
  readonly of: readonly string[];
  /** Axes here, in the order there. Default: as they are. */
  readonly order?: readonly number[];
  /** Equal blocks of the last axis here, in the order there: gates. */
  readonly gates?: readonly number[];
  /** What several become: one after the other along the first axis, along a new one, or a sum, which is read as the first and zeros. */
  readonly join?: "rows" | "stack" | "sum";
  /** There the same elements may have other axes, [width, heads, width / heads] or [h, w, channels, multiplier]. */
  readonly split?: true;
}

/** What stands between the name of a layer and those of its tensors; the first is written, all are read. */
export const SEPARATORS: Readonly<Record<Exclude<Layout, "adjoint">, readonly string[]>> = { pytorch: ["."], keras: ["/", "."] };
/** What may follow a name there. */
export const ENDINGS: Readonly<Record<Exclude<Layout, "adjoint">, readonly string[]>> = { pytorch: [""], keras: ["", ":0"] };
/** Tensors there that mean nothing here. */
export const MEANINGLESS: Readonly<Record<Layout, RegExp>> = { adjoint: /^$/, pytorch: /(^|\.)num_batches_tracked$/, keras: /^$/ };

const one = (own: string, ...names: readonly string[]): Foreign => ({ names, of: [own] });
/** [in, out] here, [out, in] there. */
const turned = (own: string, ...names: readonly string[]): Foreign => ({ names, of: [own], order: [1, 0] });
const ordered = (order: readonly number[], ...names: readonly string[]): Foreign => ({ names, of: ["kernel"], order });
const bias = one("bias", "bias");

/** i, f, g, o and r, z, n, one after the other, as here. */
const torchCell: readonly Foreign[] = [
  turned("kernel", "weight_ih_l0", "weight_ih"),
  turned("recurrentKernel", "weight_hh_l0", "weight_hh"),
  one("bias", "bias_ih_l0", "bias_ih"),
  one("recurrentBias", "bias_hh_l0", "bias_hh"),
];
const torchConvolution = [one("kernel", "weight"), bias];
const torchNorm = [one("gamma", "weight", "gamma"), one("beta", "bias", "beta")];
const qkv = (what: string): readonly string[] => ["query", "key", "value"].map((which) => `${which}.${what}`);

/** One bias, where there are two here. */
const kerasCell = (cell: string): readonly Foreign[] => [
  one("kernel", `${cell}/kernel`, "kernel"),
  one("recurrentKernel", `${cell}/recurrent_kernel`, "recurrent_kernel"),
  { names: [`${cell}/bias`, "bias"], of: ["bias", "recurrentBias"], join: "sum" },
];
const kerasNorm = [one("gamma", "gamma"), one("beta", "beta")];
const kerasHeads = (here: string, there: string): readonly Foreign[] => [
  { ...one(`${here}.kernel`, `${there}/kernel`), split: true },
  { ...one(`${here}.bias`, `${there}/bias`), split: true },
];

/** By layout and kind of layer. What has no row is as it is here. */
export const LAYOUTS: Readonly<Record<Exclude<Layout, "adjoint">, Readonly<Record<string, readonly Foreign[]>>>> = {
  pytorch: {
    dense: [turned("kernel", "weight"), bias],
    conv1d: torchConvolution,
    conv2d: torchConvolution,
    depthwiseConv2d: torchConvolution,
    conv2dTranspose: torchConvolution,
    batchNorm: [...torchNorm, one("mean", "running_mean"), one("variance", "running_var")],
    layerNorm: torchNorm,
    groupNorm: torchNorm,
    rmsNorm: torchNorm,
    embedding: [one("table", "weight")],
    positionalEncoding: [one("table", "weight")],
    // PEFT's
    lora: [turned("loraA", "lora_A.weight"), turned("loraB", "lora_B.weight")],
    loraConvolution: [one("loraA", "lora_A.weight"), one("loraB", "lora_B.weight")],
    simpleRnn: torchCell,
    lstm: torchCell,
    gru: torchCell,
    multiHeadAttention: [
      { names: ["in_proj_weight"], of: qkv("kernel"), order: [1, 0], join: "rows" },
      { names: ["in_proj_bias"], of: qkv("bias"), join: "rows" },
      turned("output.kernel", "out_proj.weight"),
      one("output.bias", "out_proj.bias"),
    ],
  },
  keras: {
    dense: [one("kernel", "kernel"), bias],
    conv1d: [ordered([2, 1, 0], "kernel"), bias],
    conv2d: [ordered([2, 3, 1, 0], "kernel"), bias],
    depthwiseConv2d: [{ ...ordered([2, 3, 0, 1], "kernel", "depthwise_kernel"), split: true }, bias],
    conv2dTranspose: [ordered([2, 3, 1, 0], "kernel"), bias],
    batchNorm: [...kerasNorm, one("mean", "moving_mean"), one("variance", "moving_variance")],
    layerNorm: kerasNorm,
    groupNorm: kerasNorm,
    rmsNorm: [one("gamma", "scale")],
    embedding: [one("table", "embeddings")],
    positionalEncoding: [one("table", "embeddings")],
    simpleRnn: kerasCell("simple_rnn_cell"),
    lstm: kerasCell("lstm_cell"), // i, f, c, o, as here
    // z, r, h there (reset_after), r, z, n here
    gru: [
      { names: ["gru_cell/kernel", "kernel"], of: ["kernel"], gates: [1, 0, 2] },
      { names: ["gru_cell/recurrent_kernel", "recurrent_kernel"], of: ["recurrentKernel"], gates: [1, 0, 2] },
      { names: ["gru_cell/bias", "bias"], of: ["bias", "recurrentBias"], gates: [1, 0, 2], join: "stack" },
    ],
    multiHeadAttention: [
      ...["query", "key", "value"].flatMap((which) => kerasHeads(which, which)),
      ...kerasHeads("output", "attention_output"),
    ],
  },
};
