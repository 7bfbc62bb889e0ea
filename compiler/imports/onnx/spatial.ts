/** Convolutions and pools of ONNX in the layer language: windows, strides and margins as both mean them. */

import type { FileNode } from "./proto.ts";
import { options, type Dim, type Translation } from "./translation.ts";

interface Windows {
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

const list = (node: FileNode, key: string): readonly number[] | undefined => {
  const given = node.attributes.get(key);
  return Array.isArray(given) ? (given as readonly number[]) : undefined;
};

/** Positions of a window along each axis; undefined extents are refused. */
function extentsOf(t: Translation, node: FileNode, dims: readonly Dim[]): readonly number[] {
  return dims.slice(2).map((dim) => (dim === "batch" ? t.fail(node, "has windows over the batch", "put the batch first") : dim));
}

function windowsOf(t: Translation, node: FileNode, extents: readonly number[], window: readonly number[]): Windows {
  const ones = window.map(() => 1);
  const [strides, dilations] = [list(node, "strides") ?? ones, list(node, "dilations") ?? ones];
  const mode = node.attributes.get("auto_pad") ?? "NOTSET";
  const pads = list(node, "pads") ?? window.flatMap(() => [0, 0]);
  let [low, high] = [pads.slice(0, window.length), pads.slice(window.length)];
  if (mode === "SAME_UPPER" || mode === "SAME_LOWER") {
    const total = window.map((extent, axis) => {
      const outputs = Math.ceil(extents[axis]! / strides[axis]!);
      return Math.max(0, (outputs - 1) * strides[axis]! + (extent - 1) * dilations[axis]! + 1 - extents[axis]!);
    });
    const [less, more] = [total.map((n) => Math.floor(n / 2)), total.map((n) => Math.ceil(n / 2))];
    [low, high] = mode === "SAME_UPPER" ? [less, more] : [more, less];
  } else if (mode === "VALID") [low, high] = [ones.map(() => 0), ones.map(() => 0)];
  if ([...low, ...high].some((n) => n < 0)) t.fail(node, "cuts its input by margins below 0", "slice it before");
  return { window, strides, dilations, low, high };
}

const outputs = ({ window, strides, dilations, low, high }: Windows, extents: readonly number[]): readonly number[] =>
  extents.map(
    (extent, axis) => Math.floor((extent + low[axis]! + high[axis]! - (window[axis]! - 1) * dilations[axis]! - 1) / strides[axis]!) + 1,
  );

const perAxis = (values: readonly number[]): string =>
  values.every((value) => value === values[0]) ? String(values[0]) : `[${values.join(", ")}]`;
const unless = (values: readonly number[], usual: number): string | undefined =>
  values.every((value) => value === usual) ? undefined : perAxis(values);

/** As the language says it: none, one number, or a number or both ends an axis. */
function padding({ low, high }: Pick<Windows, "low" | "high">): string | undefined {
  if ([...low, ...high].every((n) => n === 0)) return undefined;
  if (low.every((n, axis) => n === high[axis])) return perAxis(low);
  return `[${low.map((n, axis) => `[${n}, ${high[axis]}]`).join(", ")}]`;
}

export const convolution = (t: Translation, node: FileNode): void => {
  const x = t.tensor(node);
  const kernel = t.held(node, 1, "filters");
  const spatial = kernel.dims.length - 2;
  if (spatial !== 1 && spatial !== 2) t.fail(node, `is over ${spatial} axes`, "convolutions over one and two axes are read");
  const bias = t.optional(node, 2) === undefined ? undefined : t.held(node, 2, "bias");
  const windows = windowsOf(t, node, extentsOf(t, node, x.dims), kernel.dims.slice(2));
  const [filters, depth] = kernel.dims as readonly [number, number];
  const groups = t.number(node, "group", 1);
  const name = t.layer(kernel.name);
  t.hold(`${name}.kernel`, kernel.dims, kernel.data);
  if (bias !== undefined) t.hold(`${name}.bias`, bias.dims, bias.data);
  const depthwise = spatial === 2 && depth === 1 && groups === x.dims[1] && groups > 1;
  const given = options({
    name: JSON.stringify(name),
    strides: unless(windows.strides, 1),
    padding: padding(windows),
    dilation: unless(windows.dilations, 1),
    groups: depthwise || groups === 1 ? undefined : String(groups),
    depthMultiplier: depthwise && filters > groups ? String(filters / groups) : undefined,
    useBias: bias === undefined ? "false" : undefined,
  });
  const size = perAxis(windows.window);
  const called = depthwise ? t.call("depthwiseConv2d", size, given) : t.call(`conv${spatial}d`, String(filters), size, given);
  t.make(node, `${called}(${x.code})`, [x.dims[0]!, filters, ...outputs(windows, extentsOf(t, node, x.dims))]);
};

export const transposedConvolution = (t: Translation, node: FileNode): void => {
  const x = t.tensor(node);
  const kernel = t.held(node, 1, "filters");
  if (kernel.dims.length !== 4) t.fail(node, `is over ${kernel.dims.length - 2} axes`, "transposed convolutions over two axes are read");
  if (node.attributes.has("output_shape") || !["NOTSET", "VALID"].includes(String(node.attributes.get("auto_pad") ?? "NOTSET")))
    t.fail(node, "finds its margins from the shape of its result", "export it with pads and output_padding");
  const bias = t.optional(node, 2) === undefined ? undefined : t.held(node, 2, "bias");
  const extents = extentsOf(t, node, x.dims);
  const { window, strides, dilations, low, high } = windowsOf(t, node, extents, kernel.dims.slice(2));
  const more = list(node, "output_padding") ?? window.map(() => 0);
  const groups = t.number(node, "group", 1);
  const filters = kernel.dims[1]! * groups;
  const name = t.layer(kernel.name);
  t.hold(`${name}.kernel`, kernel.dims, kernel.data);
  if (bias !== undefined) t.hold(`${name}.bias`, bias.dims, bias.data);
  const given = options({
    name: JSON.stringify(name),
    strides: unless(strides, 1),
    padding: padding({ low, high }),
    dilation: unless(dilations, 1),
    outputPadding: unless(more, 0),
    groups: groups === 1 ? undefined : String(groups),
    useBias: bias === undefined ? "false" : undefined,
  });
  const out = extents.map(
    (extent, axis) => (extent - 1) * strides[axis]! + more[axis]! + (window[axis]! - 1) * dilations[axis]! + 1 - low[axis]! - high[axis]!,
  );
  t.make(node, `${t.call("conv2dTranspose", String(filters), perAxis(window), given)}(${x.code})`, [x.dims[0]!, filters, ...out]);
};

export const pool = (t: Translation, node: FileNode): void => {
  const x = t.tensor(node);
  const window = list(node, "kernel_shape") ?? t.fail(node, "has no kernel_shape", "the file is damaged");
  if (window.length > 2) t.fail(node, `is over ${window.length} axes`, "pools over one and two axes are read");
  const extents = extentsOf(t, node, x.dims);
  const windows = windowsOf(t, node, extents, window);
  if (windows.dilations.some((n) => n !== 1)) t.fail(node, "has gaps in its windows", "pools without dilations are read");
  const largest = node.op === "MaxPool";
  const given = t.number(node, "ceil_mode", 0) === 0 ? windows : rounded(t, node, windows, extents, largest);
  const counted = !largest && t.number(node, "count_include_pad", 0) !== 0 && padding(given) !== undefined;
  const own = options({
    strides: String(given.strides) === String(window) ? undefined : perAxis(given.strides),
    padding: padding(given),
    paddedZeros: counted ? '"counted"' : undefined,
  });
  const called = t.call(`${largest ? "max" : "avg"}Pool${window.length}d`, perAxis(window), ...(own === "" ? [] : [own]));
  t.make(node, `${called}(${x.code})`, [x.dims[0]!, x.dims[1]!, ...outputs(given, extents)]);
};

/** A last window that is cut is one: the margin grows at the end, where nothing in it counts. */
function rounded(t: Translation, node: FileNode, windows: Windows, extents: readonly number[], largest: boolean): Windows {
  const { window, strides, low, high } = windows;
  const more = extents.map((extent, axis) => {
    const covered = extent + low[axis]! + high[axis]! - window[axis]!;
    const missing = Math.ceil(covered / strides[axis]!) * strides[axis]! - covered;
    // a window that begins beyond the input and its first margin is none
    return Math.ceil(covered / strides[axis]!) * strides[axis]! >= extent + low[axis]! ? 0 : missing;
  });
  if (!largest && more.some((n) => n > 0) && t.number(node, "count_include_pad", 0) !== 0)
    t.fail(node, "counts margins that ceil_mode adds", "export it with ceil_mode=False");
  return { ...windows, high: high.map((n, axis) => n + more[axis]!) };
}

export const globalPool =
  (name: "mean" | "max") =>
  (t: Translation, node: FileNode): void => {
    const x = t.tensor(node);
    const axes = x.dims.flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    t.make(node, t.call(name, x.code, `[${axes.join(", ")}]`, "{ keepDims: true }"), [...x.dims.slice(0, 2), ...axes.map(() => 1)]);
  };
