/** What each operator of ONNX is in the layer language, one row an operator. What has no row is refused by name. */

import { sizeOf } from "../../graph/type.ts";
import type { FileNode, FileTensor } from "./proto.ts";
import { convolution, globalPool, pool, transposedConvolution } from "./spatial.ts";
import { concatenation, extents, gathered, reshaped, shapeOf, sliced, squeezed, transposed } from "./movements.ts";
import { options, type Dim, type Known, type Translation } from "./translation.ts";

export type Importer = (t: Translation, node: FileNode) => void;

const unary =
  (name: string): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    t.make(node, t.call(name, x.code), x.dims);
  };

/** A number where one stands for all elements. */
function scalarOf(known: Known): number | undefined {
  return known.kind === "held" && known.tensor.data.length === 1 ? known.tensor.data[0] : undefined;
}

export function joint(t: Translation, node: FileNode, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, n): Dim => {
    const [x, y] = [a[a.length - rank + n] ?? 1, b[b.length - rank + n] ?? 1];
    if (x !== y && x !== 1 && y !== 1)
      return t.fail(node, `has operands [${a.join(",")}] and [${b.join(",")}] that do not fit`, "fix open extents with --size");
    return x === 1 ? y : x;
  });
}

const binary =
  (name: string): Importer =>
  (t, node) => {
    const [a, b] = [t.input(node, 0), t.input(node, 1)];
    if (a.kind === "extents" || b.kind === "extents") return extents(t, node);
    const [p, q] = [scalarOf(a), scalarOf(b)];
    if (a.kind === "held" && b.kind === "held") return extents(t, node);
    if (q !== undefined && a.kind === "tensor") return t.make(node, t.call(name, a.code, String(q)), a.dims);
    if (p !== undefined && b.kind === "tensor") return t.make(node, t.call(name, String(p), b.code), b.dims);
    const [x, y] = [t.tensor(node, 0), t.tensor(node, 1)];
    t.make(node, t.call(name, x.code, y.code), joint(t, node, x.dims, y.dims));
  };

const transposedData = ({ dims, data }: FileTensor): Float32Array => {
  const [rows, columns] = dims as readonly [number, number];
  return Float32Array.from({ length: data.length }, (_, n) => data[(n % rows) * columns + Math.floor(n / rows)]!);
};

/** x·kernel + bias, named after the kernel. */
function dense(
  t: Translation,
  node: FileNode,
  x: Extract<Known, { kind: "tensor" }>,
  kernel: FileTensor,
  values: ArrayLike<number>,
  units: number,
  bias: ArrayLike<number> | undefined,
): void {
  const name = t.layer(kernel.name);
  t.hold(`${name}.kernel`, [values.length / units, units], values);
  if (bias !== undefined) t.hold(`${name}.bias`, [units], bias);
  const given = options({ name: JSON.stringify(name), useBias: bias === undefined ? "false" : undefined });
  t.make(node, `${t.call("dense", String(units), given)}(${x.code})`, [...x.dims.slice(0, -1), units]);
}

const gemm: Importer = (t, node) => {
  const x = t.tensor(node);
  const kernel = t.held(node, 1, "matrix");
  const [alpha, beta] = [t.number(node, "alpha", 1), t.number(node, "beta", 1)];
  if (t.number(node, "transA", 0) !== 0 || x.dims.length !== 2 || kernel.dims.length !== 2)
    t.fail(node, "multiplies what is no matrix of rows", "export it as MatMul");
  const turned = t.number(node, "transB", 0) !== 0;
  const units = kernel.dims[turned ? 0 : 1]!;
  const values = Array.from(turned ? transposedData(kernel) : kernel.data, (value) => alpha * value);
  const added = t.optional(node, 2) === undefined ? undefined : t.held(node, 2, "bias");
  if (added !== undefined && added.data.length !== units && added.data.length !== 1)
    t.fail(node, `adds [${added.dims.join(",")}]`, "export it as MatMul and Add");
  dense(
    t,
    node,
    x,
    kernel,
    values,
    units,
    added && Array.from({ length: units }, (_, n) => beta * added.data[added.data.length === 1 ? 0 : n]!),
  );
};

const matmul: Importer = (t, node) => {
  const [a, b] = [t.input(node, 0), t.input(node, 1)];
  if (a.kind === "tensor" && b.kind === "held" && b.tensor.dims.length === 2 && a.dims.length >= 2) {
    const units = b.tensor.dims[1]!;
    const next = t.onlyReader(node.outputs[0]!);
    const bias = next?.op === "Add" ? next.inputs.map((name) => t.values.get(name)).find((known) => known?.kind === "held") : undefined;
    const fits = bias?.kind === "held" && bias.tensor.data.length === units && bias.tensor.dims.at(-1) === units;
    dense(t, fits ? next! : node, a, b.tensor, b.tensor.data, units, fits ? bias.tensor.data : undefined);
    if (fits) t.done.add(next!);
    return;
  }
  const [x, y] = [t.tensor(node, 0), t.tensor(node, 1)];
  if (x.dims.length < 2 || y.dims.length < 2) t.fail(node, "multiplies a vector", "reshape it to a matrix before it is exported");
  const rank = Math.max(x.dims.length, y.dims.length);
  const letters = "abcdefgh".slice(0, rank - 2);
  const of = (dims: readonly Dim[]) => letters.slice(letters.length - (dims.length - 2));
  const equation = `${of(x.dims)}ij,${of(y.dims)}jk->${letters}ik`;
  const lead = joint(t, node, x.dims.slice(0, -2), y.dims.slice(0, -2));
  t.make(node, t.call("einsum", JSON.stringify(equation), x.code, y.code), [...lead, x.dims.at(-2)!, y.dims.at(-1)!]);
};

const batchNorm: Importer = (t, node) => {
  const x = t.tensor(node);
  const [gamma, beta, mean, variance] = ["scale", "shift", "mean", "variance"].map((what, n) => t.held(node, n + 1, what)) as [
    FileTensor,
    FileTensor,
    FileTensor,
    FileTensor,
  ];
  const name = t.layer(gamma.name);
  for (const [own, tensor] of Object.entries({ gamma, beta, mean, variance })) t.hold(`${name}.${own}`, tensor.dims, tensor.data);
  const epsilon = t.number(node, "epsilon", 1e-5);
  const momentum = t.number(node, "momentum", 0.9);
  const given = options({
    name: JSON.stringify(name),
    epsilon: Math.fround(1e-5) === Math.fround(epsilon) ? undefined : short(epsilon),
    momentum: Math.abs(momentum - 0.9) < 1e-6 ? undefined : short(momentum),
  });
  t.make(node, `${t.call("batchNorm", given)}(${x.code})`, x.dims);
};

/** A float32 in the digits that it has. */
export const short = (value: number): string => {
  for (let digits = 1; digits < 9; digits++)
    if (Math.fround(Number(value.toPrecision(digits))) === Math.fround(value)) return String(Number(value.toPrecision(digits)));
  return String(value);
};

const layerNorm: Importer = (t, node) => {
  const x = t.tensor(node);
  const [gamma, beta] = [t.held(node, 1, "scale"), t.optional(node, 2) === undefined ? undefined : t.held(node, 2, "shift")];
  const axis = t.number(node, "axis", -1);
  if (axis !== -1 && axis !== x.dims.length - 1)
    t.fail(node, `normalizes from axis ${axis} on`, "layerNorm here is along the last axis: flatten those axes");
  const name = t.layer(gamma.name);
  t.hold(`${name}.gamma`, gamma.dims, gamma.data);
  t.hold(`${name}.beta`, gamma.dims, beta?.data ?? new Float32Array(gamma.data.length));
  const epsilon = t.number(node, "epsilon", 1e-5);
  const given = options({ name: JSON.stringify(name), epsilon: Math.fround(epsilon) === Math.fround(1e-5) ? undefined : short(epsilon) });
  t.make(node, `${t.call("layerNorm", given)}(${x.code})`, x.dims);
};

const alongAxis =
  (name: string): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    const axis = t.number(node, "axis", t.opset < 13 ? 1 : -1);
    const own = axis < 0 ? axis + x.dims.length : axis;
    // below opset 13 all axes from this one on are one
    if (t.opset < 13 && own !== x.dims.length - 1) t.fail(node, `is over all axes from ${own} on`, "export it with opset 13 or newer");
    t.make(node, own === x.dims.length - 1 ? t.call(name, x.code) : t.call(name, x.code, String(own)), x.dims);
  };

const reduction =
  (name: string): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    const axes = (t.ints(node, "axes", 1) ?? x.dims.map((_, axis) => axis))
      .map((axis) => (axis < 0 ? axis + x.dims.length : axis))
      .toSorted((a, b) => a - b);
    const keeps = t.number(node, "keepdims", 1) !== 0;
    const dims = x.dims.flatMap((dim, axis): readonly Dim[] => (!axes.includes(axis) ? [dim] : keeps ? [1] : []));
    t.make(node, t.call(name, x.code, `[${axes.join(", ")}]`, ...(keeps ? ["{ keepDims: true }"] : [])), dims);
  };

const same: Importer = (t, node) => t.alias(node, t.input(node, 0));

const clip: Importer = (t, node) => {
  const x = t.tensor(node);
  const bound = (attribute: string, at: number, otherwise: number): number => {
    const known = t.optional(node, at);
    return known === undefined
      ? t.number(node, attribute, otherwise)
      : (scalarOf(known) ?? t.fail(node, "computes its bounds", "give them as numbers"));
  };
  const [least, most] = [bound("min", 1, -Infinity), bound("max", 2, Infinity)];
  t.make(node, least === 0 && most === 6 ? t.call("relu6", x.code) : t.call("clip", x.code, short(least), short(most)), x.dims);
};

const withAlpha =
  (name: string, otherwise: number): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    t.make(node, t.call(name, x.code, short(t.number(node, "alpha", otherwise))), x.dims);
  };

const hardSigmoid: Importer = (t, node) => {
  const x = t.tensor(node);
  const [alpha, beta] = [t.number(node, "alpha", 0.2), t.number(node, "beta", 0.5)];
  if (Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5) return t.make(node, t.call("hardSigmoid", x.code), x.dims);
  t.make(node, t.call("clip", t.call("add", t.call("mul", x.code, short(alpha)), short(beta)), "0", "1"), x.dims);
};

const prelu: Importer = (t, node) => {
  const x = t.tensor(node);
  const slope = t.held(node, 1, "slope");
  const channels = x.dims[1];
  if (slope.data.length !== 1 && (slope.data.length !== channels || slope.dims[slope.dims.length - x.dims.length + 1] !== channels))
    t.fail(node, `has slopes [${slope.dims.join(",")}]`, "one for all or one a channel is read");
  const own = t.parameter({ ...slope, dims: [slope.data.length] });
  t.make(node, t.call("prelu", x.code, own.code), x.dims);
};

const several =
  (name: string): Importer =>
  (t, node) => {
    const all = node.inputs.map((_, at) => t.tensor(node, at));
    const [first, ...rest] = all;
    const made = rest.reduce(
      (sum, one) => ({ kind: "tensor", code: t.call(name, sum.code, one.code), dims: joint(t, node, sum.dims, one.dims) }),
      first!,
    );
    if (rest.length === 0) return t.alias(node, made);
    t.make(node, made.code, made.dims);
  };

const constant: Importer = (t, node) => {
  const value = node.attributes.get("value");
  const known = typeof value === "object" && "data" in value ? value : undefined;
  const [one, ones] = [
    node.attributes.get("value_float") ?? node.attributes.get("value_int"),
    node.attributes.get("value_ints") ?? node.attributes.get("value_floats"),
  ];
  const given = typeof one === "number" ? [one] : Array.isArray(ones) ? (ones as readonly number[]) : undefined;
  if (known === undefined && given === undefined) t.fail(node, "holds what is no tensor of numbers", "convert it to float32");
  const dims = typeof one === "number" ? [] : [given?.length ?? 0];
  const integers = node.attributes.has("value_int") || node.attributes.has("value_ints");
  const name = node.outputs[0]!;
  t.values.set(name, {
    kind: "held",
    tensor: known === undefined ? { name, dims, integers, data: Float64Array.from(given!) } : { ...known, name },
  });
};

const upsampled: Importer = (t, node) => {
  const x = t.tensor(node);
  const scales = t.optional(node, node.op === "Upsample" ? 1 : 2);
  const factors = scales?.kind === "held" ? [...scales.tensor.data] : [];
  const mode = node.attributes.get("mode") ?? "nearest";
  const [n, c, h, w] = factors;
  if (mode !== "nearest" || x.dims.length !== 4 || n !== 1 || c !== 1 || h !== w || !Number.isInteger(h))
    t.fail(
      node,
      `resizes by ${factors.length === 0 ? "sizes" : factors.join("×")} in the mode ${String(mode)}`,
      "one whole factor of nearest neighbours is read",
    );
  t.make(
    node,
    `${t.call("upsampling2d", String(h))}(${x.code})`,
    x.dims.map((dim, axis) => (axis < 2 || dim === "batch" ? dim : dim * h!)),
  );
};

/** Elements of held numbers. */
export const lengthOf = ({ dims }: FileTensor): number => sizeOf(dims);

export const OPERATORS: Readonly<Record<string, Importer>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  Gemm: gemm,
  MatMul: matmul,
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool("mean"),
  GlobalMaxPool: globalPool("max"),
  Softmax: alongAxis("softmax"),
  LogSoftmax: alongAxis("logSoftmax"),
  Add: binary("add"),
  Sub: binary("sub"),
  Mul: binary("mul"),
  Div: binary("div"),
  Pow: binary("pow"),
  Max: several("maximum"),
  Min: several("minimum"),
  Sum: several("add"),
  Relu: unary("relu"),
  Sigmoid: unary("sigmoid"),
  Tanh: unary("tanh"),
  Softplus: unary("softplus"),
  Softsign: unary("softsign"),
  HardSwish: unary("hardSwish"),
  HardSigmoid: hardSigmoid,
  LeakyRelu: withAlpha("leakyRelu", 0.01),
  Elu: withAlpha("elu", 1),
  PRelu: prelu,
  Clip: clip,
  Erf: unary("erf"),
  Exp: unary("exp"),
  Log: unary("log"),
  Sqrt: unary("sqrt"),
  Neg: unary("neg"),
  Abs: unary("abs"),
  Reciprocal: unary("recip"),
  Sin: unary("sin"),
  Cos: unary("cos"),
  Floor: unary("floor"),
  Ceil: unary("ceil"),
  ReduceMean: reduction("mean"),
  ReduceSum: reduction("sum"),
  ReduceMax: reduction("max"),
  Flatten: reshaped,
  Reshape: reshaped,
  Squeeze: squeezed,
  Unsqueeze: squeezed,
  Transpose: transposed,
  Concat: concatenation,
  Slice: sliced,
  Gather: gathered,
  Shape: shapeOf,
  Constant: constant,
  Resize: upsampled,
  Upsample: upsampled,
  Identity: same,
  Dropout: same,
  Cast: same,
};
