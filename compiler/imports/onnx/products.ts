/** Matrix products, dense layers and Einstein's sums of ONNX in the layer language. */

import type { Importer } from "./elementwise.ts";
import type { FileNode, FileTensor } from "./proto.ts";
import { jointOf } from "./shapes.ts";
import { fresh, numberText, options, placesOf, type Dim } from "../code.ts";
import type { Computed } from "../source.ts";
import type { Translation } from "./translation.ts";

/** A matrix with rows and columns the other way round. */
const turned = ({ dims, data }: FileTensor): Float32Array => Float32Array.from(placesOf(dims, [1, 0]).at, (at) => data[at]!);

/** x·kernel + bias, named after the kernel; the head is one of other units. */
function dense(
  t: Translation,
  node: FileNode,
  x: Computed,
  given: {
    readonly of: FileNode;
    readonly kernel: FileTensor;
    readonly values: () => ArrayLike<number>;
    readonly units: number;
    readonly bias?: ArrayLike<number> | undefined;
    /** Where the file shares them with others. */
    readonly tied?: { readonly kernel?: string | undefined; readonly bias?: string | undefined };
  },
): void {
  const { kernel, tied } = given;
  const isHead = t.head?.node === given.of;
  const units = isHead ? t.head!.units : given.units;
  const inputs = kernel.data.length / given.units;
  t.require(given.of, x.dims.at(-1) === inputs && kernel.dims.length === 2, "operands", x.dims, kernel.dims);
  const name = t.layer(kernel.name);
  if (tied?.kernel === undefined || isHead) t.hold(`${name}.kernel`, [inputs, units], isHead ? fresh(inputs, units) : given.values);
  if (given.bias !== undefined && (tied?.bias === undefined || isHead))
    t.hold(`${name}.bias`, [units], isHead ? new Float32Array(units) : given.bias);
  const own = options({
    name: JSON.stringify(name),
    useBias: given.bias === undefined ? "false" : undefined,
    kernel: isHead ? undefined : tied?.kernel,
    bias: isHead ? undefined : tied?.bias,
    trainable: frozen(t, given.of),
  });
  t.make(node, `${t.call("dense", String(units), own)}(${x.code})`, [...x.dims.slice(0, -1), units]);
}

/** Of weights that are widened from coarser numbers. */
export const frozen = (t: Translation, node: FileNode): string | undefined =>
  node.inputs.some((_, at) => {
    const known = t.optional(node, at);
    return known?.kind === "held" && known.isFrozen === true;
  })
    ? "false"
    : undefined;

export const gemm: Importer = (t, node) => {
  const x = t.tensor(node);
  const held = t.input(node, 1);
  const [alpha, beta] = [t.number(node, "alpha", 1), t.number(node, "beta", 1)];
  const isTurned = t.number(node, "transB", 0) !== 0;
  const added = t.optional(node, 2);
  const bias = added?.kind === "held" && added.isWeight ? t.plain(node, added) : undefined;
  const flat = added === undefined || (bias !== undefined && bias.dims.slice(0, -1).every((dim) => dim === 1));
  if (held.kind === "held" && held.isWeight && t.number(node, "transA", 0) === 0 && x.dims.length === 2 && flat) {
    const kernel = t.plain(node, held);
    if (kernel.dims.length !== 2) t.fail(node, "multiplies what is no matrix", "the file is damaged");
    const units = kernel.dims[isTurned ? 0 : 1]!;
    const plain = (): ArrayLike<number> => (isTurned ? turned(kernel) : kernel.data);
    const values = alpha === 1 ? plain : () => Float32Array.from(plain(), (value) => alpha * value);
    const scaled = bias && Array.from({ length: units }, (_, n) => beta * bias.data[bias.data.length === 1 ? 0 : n]!);
    const shared = alpha === 1 ? t.shared(node, 1) : undefined;
    const tied = {
      kernel: shared !== undefined && isTurned ? t.call("transpose", shared) : shared,
      bias: beta === 1 && bias?.data.length === units ? t.shared(node, 2) : undefined,
    };
    return dense(t, node, x, { of: node, kernel, values, units, bias: scaled, tied });
  }
  const turn = (operand: Computed, attribute: string): Computed =>
    t.number(node, attribute, 0) === 0 ? operand : { ...operand, code: t.call("transpose", operand.code), dims: operand.dims.toReversed() };
  const [a, b] = [turn(x, "transA"), turn(t.tensor(node, 1), "transB")];
  t.require(node, a.dims.length === 2 && b.dims.length === 2 && a.dims[1] === b.dims[0], "operands", a.dims, b.dims);
  const product = t.call("matmul", a.code, b.code);
  const dims = [a.dims[0]!, b.dims[1]!];
  const scaled = alpha === 1 ? product : t.call("mul", product, numberText(alpha));
  if (added === undefined) return t.make(node, scaled, dims);
  const c = t.tensor(node, 2);
  t.make(node, t.call("add", scaled, beta === 1 ? c.code : t.call("mul", c.code, numberText(beta))), jointOf(t, node, dims, c.dims));
};

export const matmul: Importer = (t, node) => {
  const [a, b] = [t.input(node, 0), t.input(node, 1)];
  if (a.kind === "tensor" && b.kind === "held" && b.isWeight && b.tensor.dims.length === 2 && a.dims.length >= 2) {
    const kernel = t.plain(node, b);
    const units = kernel.dims[1]!;
    const next = t.onlyReader(node.outputs[0]!);
    const at = next?.op === "Add" ? next.inputs.findIndex((name) => t.values.get(name)?.kind === "held") : -1;
    const known = at < 0 ? undefined : t.optional(next!, at);
    const bias = known?.kind === "held" && known.isWeight ? t.plain(next!, known) : undefined;
    const fits = bias !== undefined && bias.data.length === units && bias.dims.at(-1) === units && bias.dims.length <= a.dims.length;
    const tied = { kernel: t.shared(node, 1), bias: fits && bias.dims.length === 1 ? t.shared(next!, at) : undefined };
    dense(t, fits ? next! : node, t.tensor(node), {
      of: node,
      kernel,
      values: () => kernel.data,
      units,
      bias: fits ? bias.data : undefined,
      tied,
    });
    if (fits) t.done.add(next!);
    return;
  }
  const [x, y] = [t.tensor(node, 0), t.tensor(node, 1)];
  const [p, q] = [x.dims, y.dims];
  const rows = p.length > 1 ? [p.at(-2)!] : [];
  const columns = q.length > 1 ? [q.at(-1)!] : [];
  t.require(node, p.length > 0 && q.length > 0 && p.at(-1) === q.at(q.length > 1 ? -2 : -1), "operands", p, q);
  const lead = jointOf(t, node, p.slice(0, -2), q.slice(0, -2));
  t.make(node, t.call("matmul", x.code, y.code), [...lead, ...rows, ...columns]);
};

export const einsum: Importer = (t, node) => {
  const all = node.inputs.map((_, at) => t.tensor(node, at));
  const equation = t.text(node, "equation", "").replaceAll(/\s/g, "");
  const [inputs, result] = equation.split("->") as [string, string?];
  const terms = inputs.split(",");
  const extents = new Map<string, Dim>();
  let spread: readonly Dim[] = [];
  terms.forEach((term, n) => {
    const dims = all[n]?.dims ?? [];
    const [before = "", after] = term.split("...") as [string, string?];
    const tail = after ?? "";
    [...before].forEach((letter, axis) => extents.set(letter, wider(extents.get(letter), dims[axis])));
    [...tail].forEach((letter, axis) => extents.set(letter, wider(extents.get(letter), dims[dims.length - tail.length + axis])));
    if (after !== undefined) spread = jointOf(t, node, spread, dims.slice(before.length, dims.length - tail.length));
  });
  const letters = [...inputs.replaceAll(/[.,]/g, "")];
  const once = [...new Set(letters)].filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).toSorted();
  const output = result ?? `${inputs.includes("...") ? "..." : ""}${once.join("")}`;
  const dims = output
    .replace("...", "\0")
    .split("")
    .flatMap((letter) =>
      letter === "\0" ? spread : [extents.get(letter) ?? t.fail(node, `names the axis ${letter}`, "the file is damaged")],
    );
  t.make(node, t.call("einsum", JSON.stringify(equation), `[${all.map(({ code }) => code).join(", ")}]`), dims);
};

const wider = (a: Dim | undefined, b: Dim | undefined): Dim => (a === undefined || a === 1 ? (b ?? 1) : a);
