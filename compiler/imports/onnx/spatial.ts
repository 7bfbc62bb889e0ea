/** Convolutions and pools of ONNX in the layer language: windows, strides and margins as both mean them. */

import type { FileNode } from "./proto.ts";
import { frozen } from "./products.ts";
import { allOf, partOf, type Taken } from "./movements.ts";
import { isOpen, options, type Dim } from "../code.ts";
import type { Computed } from "../source.ts";
import type { Translation } from "./translation.ts";

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
  return dims.slice(2).map((dim) => (isOpen(dim) ? t.fail(node, "has windows over the batch", "put the batch first") : dim));
}

function windowsOf(node: FileNode, extents: readonly number[], window: readonly number[]): Windows {
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

/** Margins below 0 cut the input before. */
function cut(t: Translation, x: Computed, windows: Windows): { readonly x: Computed; readonly windows: Windows } {
  const { low, high } = windows;
  if ([...low, ...high].every((n) => n >= 0)) return { x, windows };
  const ranges = x.dims.map((dim, axis): Taken => {
    const [less, more] = [Math.max(0, -(low[axis - 2] ?? 0)), Math.max(0, -(high[axis - 2] ?? 0))];
    return isOpen(dim) || less + more === 0 ? allOf(dim) : { from: less, step: 1, length: dim - less - more, whole: false };
  });
  const dims = x.dims.map((dim, axis) => (ranges[axis]!.whole ? dim : ranges[axis]!.length));
  const positive = (ends: readonly number[]): readonly number[] => ends.map((n) => Math.max(0, n));
  return { x: { ...x, code: partOf(t, x.code, ranges), dims }, windows: { ...windows, low: positive(low), high: positive(high) } };
}

export const convolution = (t: Translation, node: FileNode): void => {
  const given = t.tensor(node);
  const kernel = t.weights(node, 1, "filters");
  const spatial = kernel.dims.length - 2;
  if (spatial < 1 || spatial > 3) t.fail(node, `is over ${spatial} axes`, "convolutions over one to three axes are read");
  const bias = t.optional(node, 2) === undefined ? undefined : t.weights(node, 2, "bias");
  const { x, windows } = cut(t, given, windowsOf(node, extentsOf(t, node, given.dims), kernel.dims.slice(2)));
  const [filters, depth] = kernel.dims as readonly [number, number];
  const groups = t.number(node, "group", 1);
  t.require(
    node,
    x.dims.length === spatial + 2 && x.dims[1] === depth * groups && filters % groups === 0,
    "an input and filters",
    x.dims,
    kernel.dims,
  );
  t.require(node, bias === undefined || bias.data.length === filters, "filters and a bias", kernel.dims, bias?.dims ?? []);
  const name = t.layer(kernel.name);
  const tied = { kernel: t.shared(node, 1), bias: bias === undefined ? undefined : t.shared(node, 2) };
  if (tied.kernel === undefined) t.hold(`${name}.kernel`, kernel.dims, kernel.data);
  if (bias !== undefined && tied.bias === undefined) t.hold(`${name}.bias`, bias.dims, bias.data);
  const depthwise = spatial === 2 && depth === 1 && groups === x.dims[1] && groups > 1;
  const said = options({
    name: JSON.stringify(name),
    strides: unless(windows.strides, 1),
    padding: padding(windows),
    dilation: unless(windows.dilations, 1),
    groups: depthwise || groups === 1 ? undefined : String(groups),
    depthMultiplier: depthwise && filters > groups ? String(filters / groups) : undefined,
    useBias: bias === undefined ? "false" : undefined,
    ...tied,
    trainable: frozen(t, node),
  });
  const size = perAxis(windows.window);
  const called = depthwise ? t.call("depthwiseConv2d", size, said) : t.call(`conv${spatial}d`, String(filters), size, said);
  t.make(node, `${called}(${x.code})`, [x.dims[0]!, filters, ...outputs(windows, extentsOf(t, node, x.dims))]);
};

/** The margins of a transposed convolution whose result has a shape that is asked for, or SAME's. */
function margins(
  t: Translation,
  node: FileNode,
  extents: readonly number[],
  windows: Windows,
  more: readonly number[],
): Pick<Windows, "low" | "high"> {
  const { window, strides, dilations } = windows;
  const shape = list(node, "output_shape");
  const mode = t.text(node, "auto_pad", "NOTSET");
  if (shape === undefined && mode !== "SAME_UPPER" && mode !== "SAME_LOWER") return windows;
  const asked = shape?.slice(-extents.length) ?? extents.map((extent, axis) => extent * strides[axis]!);
  const total = extents.map(
    (extent, axis) => (extent - 1) * strides[axis]! + more[axis]! + (window[axis]! - 1) * dilations[axis]! + 1 - asked[axis]!,
  );
  const least = total.map((n) => Math.floor(Math.max(0, n) / 2));
  const rest = total.map((n, axis) => Math.max(0, n) - least[axis]!);
  // what is lacking is added at the end: the language calls that outputPadding
  return mode === "SAME_UPPER" ? { low: least, high: rest } : { low: rest, high: least };
}

export const transposedConvolution = (t: Translation, node: FileNode): void => {
  const x = t.tensor(node);
  const kernel = t.weights(node, 1, "filters");
  const spatial = kernel.dims.length - 2;
  if (spatial < 1 || spatial > 3) t.fail(node, `is over ${spatial} axes`, "transposed convolutions over one to three axes are read");
  const bias = t.optional(node, 2) === undefined ? undefined : t.weights(node, 2, "bias");
  t.require(node, x.dims.length === spatial + 2 && x.dims[1] === kernel.dims[0], "an input and filters", x.dims, kernel.dims);
  const extents = extentsOf(t, node, x.dims);
  const mode = t.text(node, "auto_pad", "NOTSET");
  const windows = windowsOf(
    mode.startsWith("SAME") ? { ...node, attributes: new Map([...node.attributes].filter(([key]) => key !== "auto_pad")) } : node,
    extents,
    kernel.dims.slice(2),
  );
  const { window, strides, dilations } = windows;
  const given = list(node, "output_padding") ?? window.map(() => 0);
  const { low, high } = margins(t, node, extents, windows, given);
  const shape =
    list(node, "output_shape")?.slice(-spatial) ??
    (mode.startsWith("SAME") ? extents.map((extent, axis) => extent * strides[axis]!) : undefined);
  const covered = extents.map(
    (extent, axis) => (extent - 1) * strides[axis]! + (window[axis]! - 1) * dilations[axis]! + 1 - low[axis]! - high[axis]!,
  );
  const more = shape === undefined ? given : shape.map((extent, axis) => extent - covered[axis]!);
  if (more.some((n) => n < 0) || [...low, ...high].some((n) => n < 0)) t.fail(node, "has margins below 0", "slice its result after it");
  const groups = t.number(node, "group", 1);
  const filters = kernel.dims[1]! * groups;
  const name = t.layer(kernel.name);
  const tied = { kernel: t.shared(node, 1), bias: bias === undefined ? undefined : t.shared(node, 2) };
  if (tied.kernel === undefined) t.hold(`${name}.kernel`, kernel.dims, kernel.data);
  if (bias !== undefined && tied.bias === undefined) t.hold(`${name}.bias`, bias.dims, bias.data);
  const said = options({
    name: JSON.stringify(name),
    strides: unless(strides, 1),
    padding: padding({ low, high }),
    dilation: unless(dilations, 1),
    outputPadding: unless(more, 0),
    groups: groups === 1 ? undefined : String(groups),
    useBias: bias === undefined ? "false" : undefined,
    ...tied,
    trainable: frozen(t, node),
  });
  t.make(node, `${t.call(`conv${spatial}dTranspose`, String(filters), perAxis(window), said)}(${x.code})`, [
    x.dims[0]!,
    filters,
    ...covered.map((n, axis) => n + more[axis]!),
  ]);
};

export const pool = (t: Translation, node: FileNode): void => {
  const given = t.tensor(node);
  const window = list(node, "kernel_shape") ?? t.fail(node, "has no kernel_shape", "the file is damaged");
  if (window.length > 3) t.fail(node, `is over ${window.length} axes`, "pools over one to three axes are read");
  const largest = node.op === "MaxPool";
  const own = windowsOf(node, extentsOf(t, node, given.dims), window);
  const { x, windows } = cut(t, given, own);
  const extents = extentsOf(t, node, x.dims);
  if (!largest && windows.dilations.some((n) => n !== 1))
    t.fail(node, "has gaps in its windows", "means of windows without dilations are read");
  const ceils = t.number(node, "ceil_mode", 0) !== 0;
  const counted = !largest && t.number(node, "count_include_pad", 0) !== 0 && (ceils || padding(windows) !== undefined);
  const said = options({
    strides: String(windows.strides) === String(window) ? undefined : perAxis(windows.strides),
    padding: padding(windows),
    dilation: unless(windows.dilations, 1),
    ceilMode: ceils ? "true" : undefined,
    paddedZeros: counted ? '"counted"' : undefined,
  });
  const called = t.call(`${largest ? "max" : "avg"}Pool${window.length}d`, perAxis(window), ...(said === "" ? [] : [said]));
  t.make(node, `${called}(${x.code})`, [x.dims[0]!, x.dims[1]!, ...(ceils ? rounded(windows, extents) : outputs(windows, extents))]);
};

/** With ceil_mode one more window, if it begins in the input or the margin before it. */
const rounded = (windows: Windows, extents: readonly number[]): readonly number[] =>
  outputs(windows, extents).map((out, axis) => {
    const { window, strides, dilations, low, high } = windows;
    const left = extents[axis]! + low[axis]! + high[axis]! - ((window[axis]! - 1) * dilations[axis]! + 1) - (out - 1) * strides[axis]!;
    return left > 0 && out * strides[axis]! < extents[axis]! + low[axis]! ? out + 1 : out;
  });

export const globalPool =
  (name: "mean" | "max") =>
  (t: Translation, node: FileNode): void => {
    const x = t.tensor(node);
    const axes = x.dims.flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    t.make(node, t.call(name, x.code, `[${axes.join(", ")}]`, "{ keepDims: true }"), [...x.dims.slice(0, 2), ...axes.map(() => 1)]);
  };
