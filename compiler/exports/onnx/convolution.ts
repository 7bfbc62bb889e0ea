/** Convolutions in ONNX: Conv, or ConvTranspose where the input has zeros between its elements or the filters are a transposed kernel. */

import { ModelError } from "../../graph/error.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { numbers } from "../../ops/op.ts";
import type { Attribute } from "./proto.ts";
import type { Emission } from "./emission.ts";

/** A convolution, and the bias a channel that follows it, if one does. */
export function emitConvolution(e: Emission, at: Value, node: Node, bias?: Value): string {
  const [x, w] = node.inputs as unknown as readonly [Value, Value];
  const kernel = transposedKernel(e, w);
  const of = (key: string): readonly number[] => numbers(node.attrs, key);
  if (kernel === undefined && of("lhsDilation").every((n) => n === 1)) return emitPlain(e, at, node, bias);
  const filters = kernel ?? flipped(e, node);
  const window = e.node(w).type.shape.slice(2);
  const reach = window.map((extent, axis) => (extent - 1) * of("rhsDilation")[axis]!);
  const low = reach.map((n, axis) => n - of("low")[axis]!);
  const high = reach.map((n, axis) => n - of("high")[axis]!);
  // what no padding cuts is added at the end
  const added = high.map((n) => Math.max(0, -n));
  const fits = low.every((n) => n >= 0) && of("stride").every((n) => n === 1);
  if (!fits) return refuse(node);
  const attributes: Record<string, Attribute> = {
    kernel_shape: window,
    strides: of("lhsDilation"),
    dilations: of("rhsDilation"),
    pads: [...low, ...high.map((n) => Math.max(0, n))],
    group: node.attrs["featureGroups"] as number,
    ...(added.some((n) => n > 0) ? { output_padding: added } : {}),
  };
  const inputs = [e.full(x), filters, ...(bias === undefined ? [] : [e.full(bias)])];
  return e.op("ConvTranspose", inputs, attributes, e.node(at).name);
}

export const convolution = (e: Emission, value: Value, node: Node): void => void e.set(value, emitConvolution(e, value, node));

function emitPlain(e: Emission, at: Value, node: Node, bias?: Value): string {
  const [x, w] = node.inputs as unknown as readonly [Value, Value];
  const of = (key: string): readonly number[] => numbers(node.attrs, key);
  const [low, high] = [of("low"), of("high")];
  if (node.attrs["batchGroups"] !== 1 || [...low, ...high].some((n) => n < 0)) return refuse(node);
  const attributes = {
    kernel_shape: e.node(w).type.shape.slice(2),
    strides: of("stride"),
    dilations: of("rhsDilation"),
    pads: [...low, ...high],
    group: node.attrs["featureGroups"] as number,
  };
  return e.op("Conv", [e.full(x), e.full(w), ...(bias === undefined ? [] : [e.full(bias)])], attributes, e.node(at).name);
}

function refuse(node: Node): never {
  throw new ModelError({
    code: "export/form",
    site: node.origin.site,
    law: `%${node.name}: ONNX has no convolution with these strides, dilations and groups, such as the gradient of one`,
    operands: [],
    remedy: "Leave this output out of what is exported.",
  });
}

/** The kernel that a transposed convolution turns and reverses into filters, if these are such. */
export function transposedParts(e: Pick<Emission, "node">, w: Value): Value | undefined {
  const reversed = e.node(w);
  if (reversed.op !== "reverse" || numbers(reversed.attrs, "axes").some((axis) => axis < 2)) return undefined;
  let inner = reversed.inputs[0]!;
  const joined = e.node(inner).op === "reshape" ? e.node(inner).inputs[0]! : undefined;
  if (joined !== undefined) inner = joined;
  const turned = e.node(inner);
  const order = turned.op === "transpose" ? numbers(turned.attrs, "order") : [];
  const swaps = joined === undefined ? order[0] === 1 && order[1] === 0 : order[1] === 2 && order[2] === 1 && order[0] === 0;
  if (!swaps || numbers(reversed.attrs, "axes").length !== e.node(w).type.shape.length - 2) return undefined;
  const from = turned.inputs[0]!;
  if (joined === undefined) return from;
  return e.node(from).op === "reshape" ? e.node(from).inputs[0] : undefined;
}

function transposedKernel(e: Emission, w: Value): string | undefined {
  const kernel = transposedParts(e, w);
  return kernel === undefined ? undefined : e.full(kernel);
}

/** Filters [out, in, …] as the kernel [in, out, …] of a transposed convolution. */
function flipped(e: Emission, node: Node): string {
  const w = node.inputs[1]!;
  if (node.attrs["featureGroups"] !== 1 || node.attrs["batchGroups"] !== 1) return refuse(node);
  const axes = e.node(w).type.shape.flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const each = (n: number): string => e.ints(axes.map(() => n));
  const reversed = e.op("Slice", [e.full(w), each(-1), each(-(2 ** 31)), e.ints(axes), each(-1)]);
  return e.op("Transpose", [reversed], { perm: [1, 0, ...axes] });
}
