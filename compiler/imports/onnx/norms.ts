/** Normalization of ONNX in the layer language. */

import type { Importer } from "./elementwise.ts";
import { frozen } from "./products.ts";
import type { FileNode, FileTensor } from "./proto.ts";
import { axisOf } from "./shapes.ts";
import { isOpen, lengthOf, numberText, options, type Dim } from "../code.ts";
import type { Translation } from "./translation.ts";

/** ε, where it is not the language's own. */
function epsilonOf(t: Translation, node: FileNode): string | undefined {
  const epsilon = t.number(node, "epsilon", 1e-5);
  return Math.fround(epsilon) === Math.fround(1e-5) ? undefined : numberText(epsilon);
}

/** As the file has it, the running statistics stay; `--train-norms`, or a file that was exported in training, makes them live. */
export const batchNorm: Importer = (t, node) => {
  const x = t.tensor(node);
  const all = ["scale", "shift", "mean", "variance"].map((what, n) => t.weights(node, n + 1, what)) as [
    FileTensor,
    FileTensor,
    FileTensor,
    FileTensor,
  ];
  const [gamma, beta, mean, variance] = all;
  t.require(
    node,
    all.every(({ data }) => data.length === x.dims[1]),
    "an input and statistics",
    x.dims,
    ...all.map(({ dims }) => dims),
  );
  const name = t.layer(gamma.name);
  const tied = { gamma: t.shared(node, 1), beta: t.shared(node, 2) };
  for (const [own, tensor] of Object.entries({ gamma, beta, mean, variance }))
    if (!(own in tied) || tied[own as keyof typeof tied] === undefined) t.hold(`${name}.${own}`, tensor.dims, tensor.data);
  const momentum = t.number(node, "momentum", 0.9);
  const live = t.trainsNorms || t.number(node, "training_mode", 0) !== 0;
  const given = options({
    name: JSON.stringify(name),
    epsilon: epsilonOf(t, node),
    momentum: !live || Math.abs(momentum - 0.9) < 1e-6 ? undefined : numberText(momentum),
    frozen: live ? undefined : "true",
    ...tied,
  });
  t.make(node, `${t.call("batchNorm", given)}(${x.code})`, x.dims);
};

/** γ and β of a layer of axes, held under its name. */
function scaled(
  t: Translation,
  node: FileNode,
  extents: readonly number[],
  withBeta: boolean,
): {
  readonly name: string;
  readonly beta: boolean;
  readonly tied: { readonly gamma?: string | undefined; readonly beta?: string | undefined };
} {
  const gamma = t.weights(node, 1, "scale");
  const beta = !withBeta || t.optional(node, 2) === undefined ? undefined : t.weights(node, 2, "shift");
  const name = t.layer(gamma.name);
  const spread = ({ data }: FileTensor): ArrayLike<number> => {
    const length = lengthOf(extents);
    return data.length === length ? data : Float32Array.from({ length }, (_, n) => data[n % data.length]!);
  };
  const fits = (tensor: FileTensor | undefined): boolean => String(tensor?.dims) === String(extents);
  const tied = { gamma: fits(gamma) ? t.shared(node, 1) : undefined, beta: fits(beta) ? t.shared(node, 2) : undefined };
  if (tied.gamma === undefined) t.hold(`${name}.gamma`, extents, spread(gamma));
  if (beta !== undefined && tied.beta === undefined) t.hold(`${name}.beta`, extents, spread(beta));
  return { name, beta: beta !== undefined, tied };
}

const known = (t: Translation, node: FileNode, dims: readonly Dim[]): readonly number[] =>
  dims.map((dim) => (isOpen(dim) ? t.fail(node, "normalizes over the batch", "export it over features") : dim));

const overFeatures =
  (layer: "layerNorm" | "rmsNorm"): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    const rank = x.dims.length;
    const first = axisOf(t, node, t.number(node, "axis", -1), rank);
    const axes = x.dims.slice(first).map((_, n) => first + n);
    if (first === 0) t.fail(node, "normalizes over the batch", "export it over features");
    const { name, beta, tied } = scaled(t, node, known(t, node, x.dims.slice(first)), layer === "layerNorm");
    const given = options({
      name: JSON.stringify(name),
      epsilon: epsilonOf(t, node),
      axis: axes.length === 1 ? undefined : `[${axes.join(", ")}]`,
      center: layer === "rmsNorm" || beta ? undefined : "false",
      ...tied,
      trainable: frozen(t, node),
    });
    t.make(node, `${t.call(layer, given)}(${x.code})`, x.dims);
  };

export const layerNorm = overFeatures("layerNorm");
export const rmsNorm = overFeatures("rmsNorm");

export const instanceNorm: Importer = (t, node) => {
  const x = t.tensor(node);
  const { name, tied } = scaled(t, node, known(t, node, x.dims.slice(1, 2)), true);
  t.make(
    node,
    `${t.call("instanceNorm", options({ name: JSON.stringify(name), epsilon: epsilonOf(t, node), ...tied, trainable: frozen(t, node) }))}(${x.code})`,
    x.dims,
  );
};

/** Of opset 21 with a scale a channel; before, one a group. */
export const groupNorm: Importer = (t, node) => {
  const x = t.tensor(node);
  const [channels] = known(t, node, x.dims.slice(1, 2)) as [number];
  const groups = t.number(node, "num_groups", 1);
  const scale = t.weights(node, 1, "scale");
  if (scale.data.length !== channels) t.fail(node, "has a scale a group", "convert it to opset 21, where there is one a channel");
  const { name, tied } = scaled(t, node, [channels], true);
  t.make(
    node,
    `${t.call("groupNorm", String(groups), options({ name: JSON.stringify(name), epsilon: epsilonOf(t, node), ...tied, trainable: frozen(t, node) }))}(${x.code})`,
    x.dims,
  );
};
