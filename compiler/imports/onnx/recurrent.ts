/**
 * LSTM, GRU and RNN of ONNX: layers where those compute the same, reversed in time for the other direction; else a scan that says each gate.
 * Gates stand in the language's order, PyTorch's: i, f, g, o and r, z, n.
 */

import type { Importer } from "./elementwise.ts";
import type { FileNode, FileTensor } from "./proto.ts";
import { isOpen, numberText, shapeText, type Dim } from "../code.ts";
import { scanned, stateNames } from "../recurrence.ts";
import type { Computed } from "../source.ts";
import type { Translation } from "./translation.ts";

interface Kind {
  readonly layer: "lstm" | "gru" | "simpleRnn";
  /** Where each gate of the language stands in the file. */
  readonly order: readonly number[];
  readonly activations: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  LSTM: { layer: "lstm", order: [0, 2, 3, 1], activations: ["Sigmoid", "Tanh", "Tanh"] },
  GRU: { layer: "gru", order: [1, 0, 2], activations: ["Sigmoid", "Tanh"] },
  RNN: { layer: "simpleRnn", order: [0], activations: ["Tanh"] },
};

/** One direction of a node. */
interface Direction {
  readonly index: number;
  readonly reverse: boolean;
  readonly activations: readonly string[];
}

/** Rows [gates·h, k] of one direction as a kernel [k, gates·h], its gates in the language's order. */
function kernelOf({ dims, data }: FileTensor, direction: number, order: readonly number[]): Float32Array {
  const [, rows, width] = dims as readonly [number, number, number];
  const h = rows / order.length;
  return Float32Array.from({ length: rows * width }, (_, n) => {
    const [k, column] = [Math.floor(n / rows), n % rows];
    const row = order[Math.floor(column / h)]! * h + (column % h);
    return data[(direction * rows + row) * width + k]!;
  });
}

/** The input's and the recurrence's bias of one direction. */
function biasesOf(
  tensor: FileTensor | undefined,
  direction: number,
  order: readonly number[],
  h: number,
): readonly [Float32Array, Float32Array] {
  const rows = order.length * h;
  const part = (offset: number): Float32Array =>
    Float32Array.from(
      { length: rows },
      (_, n) => tensor?.data[direction * 2 * rows + offset + order[Math.floor(n / h)]! * h + (n % h)] ?? 0,
    );
  return [part(0), part(rows)];
}

const FUNCTIONS: Readonly<Record<string, string>> = {
  sigmoid: "sigmoid",
  tanh: "tanh",
  relu: "relu",
  softsign: "softsign",
  softplus: "softplus",
};

function directionsOf(t: Translation, node: FileNode, { activations }: Kind): readonly Direction[] {
  const given = t.text(node, "direction", "forward");
  const all = node.attributes.get("activations");
  const named = (Array.isArray(all) && all.length > 0 ? (all as readonly string[]) : [...activations, ...activations]).map((name) =>
    name.toLowerCase(),
  );
  const unknown = named.find((name) => FUNCTIONS[name] === undefined);
  if (unknown !== undefined) t.fail(node, `has the activation ${unknown}`, "Sigmoid, Tanh, Relu, Softsign and Softplus are read");
  const of = (index: number): readonly string[] => named.slice(index * activations.length, (index + 1) * activations.length);
  if (given === "bidirectional") return [0, 1].map((index) => ({ index, reverse: index === 1, activations: of(index) }));
  return [{ index: 0, reverse: given === "reverse", activations: of(0) }];
}

/** What stands in one direction's place of an initial state [directions, n, h], or [n, directions, h]. */
function initialOf(t: Translation, node: FileNode, at: number, direction: number, dims: readonly [Dim, number], axis: 0 | 1): string {
  const known = t.optional(node, at);
  if (known === undefined || (known.kind === "held" && !known.isWeight && Array.from(known.tensor.data).every((value) => value === 0)))
    return t.call("broadcastTo", t.call("constant", "0", "[]"), shapeText(dims));
  const state = t.tensor(node, at);
  const one = state.dims[axis] === 1;
  const from = state.dims.map((_, n) => (n === axis ? direction : 0));
  const to = state.dims.map((_, n) => (n === axis ? direction + 1 : Infinity));
  return t.call("squeeze", one ? state.code : t.call("slice", state.code, `[${from.join(", ")}]`, `[${to.join(", ")}]`), String(axis));
}

const isRead = (t: Translation, output: string | undefined): boolean =>
  output !== undefined && output !== "" && (t.readersOf(output).length > 0 || t.isOutput(output));

export const recurrent: Importer = (t, node) => {
  const kind = KINDS[node.op]!;
  const given = t.tensor(node);
  const [weights, recurrence] = [t.weights(node, 1, "weights"), t.weights(node, 2, "recurrence")];
  const bias = t.optional(node, 3) === undefined ? undefined : t.weights(node, 3, "bias");
  const h = recurrence.dims[2]!;
  const batchFirst = t.number(node, "layout", 0) !== 0;
  const [steps, rows] = (batchFirst ? [given.dims[1], given.dims[0]] : given.dims) as readonly [Dim, Dim];
  if (isOpen(steps)) t.fail(node, "runs along the batch", "fix the number of steps with --size");
  const lengths = t.optional(node, 4);
  if (lengths !== undefined && !(lengths.kind === "held" && Array.from(lengths.tensor.data).every((length) => length === steps)))
    t.fail(node, "has sequences of their own lengths", "give it sequences of one length");
  if (t.number(node, "input_forget", 0) !== 0) t.fail(node, "couples its gates", "export it with a forget gate of its own");
  const x = batchFirst
    ? given
    : t.named(`${node.outputs.find((one) => one !== "")!}_x`, t.call("transpose", given.code, "[1, 0, 2]"), [rows, steps, given.dims[2]!]);
  const [all, last, cells] = [0, 1, 2].map((n) => isRead(t, node.outputs[n])) as [boolean, boolean, boolean];
  const made = directionsOf(t, node, kind).map((direction) =>
    oneDirection(t, node, kind, direction, { x, weights, recurrence, bias, h, rows, steps: steps as number, batchFirst, all, cells }),
  );
  const joined = (codes: readonly string[], axis: number): string => {
    const raised = codes.map((code) => t.call("expandDims", code, String(axis)));
    return raised.length === 1 ? raised[0]! : t.call("concatenate", `[${raised.join(", ")}]`, String(axis));
  };
  const count = made.length;
  // [n, t, h] of each direction as [t, directions, n, h], or [n, t, directions, h]
  if (all) {
    const parts = joined(
      made.map(({ ys }) => (batchFirst ? ys! : t.call("transpose", ys!, "[1, 0, 2]"))),
      batchFirst ? 2 : 1,
    );
    t.make(node, parts, batchFirst ? [rows, steps, count, h] : [steps, count, rows, h]);
  }
  const ends = batchFirst ? [rows, count, h] : [count, rows, h];
  if (last)
    t.make(
      node,
      joined(
        made.map((one) => one.h),
        batchFirst ? 1 : 0,
      ),
      ends,
      node.outputs[1]!,
    );
  if (cells)
    t.make(
      node,
      joined(
        made.map((one) => one.c!),
        batchFirst ? 1 : 0,
      ),
      ends,
      node.outputs[2]!,
    );
};

interface Given {
  readonly x: Computed;
  readonly weights: FileTensor;
  readonly recurrence: FileTensor;
  readonly bias: FileTensor | undefined;
  readonly h: number;
  readonly rows: Dim;
  readonly steps: number;
  readonly batchFirst: boolean;
  readonly all: boolean;
  readonly cells: boolean;
}

interface Made {
  /** [n, t, h], where it is read. */
  readonly ys?: string;
  readonly h: string;
  readonly c?: string;
}

function oneDirection(t: Translation, node: FileNode, kind: Kind, direction: Direction, given: Given): Made {
  const { x, weights, recurrence, bias, h, rows, steps, all, cells } = given;
  const { layer, order } = kind;
  const name = t.layer(weights.name);
  const [input, recurrentBias] = biasesOf(bias, direction.index, order, h);
  const width = order.length * h;
  const parts: readonly (readonly [string, readonly number[], Float32Array])[] = [
    ["kernel", [weights.dims[2]!, width], kernelOf(weights, direction.index, order)],
    ["recurrentKernel", [h, width], kernelOf(recurrence, direction.index, order)],
    ["bias", [width], input],
    ["recurrentBias", [width], recurrentBias],
  ];
  if (isLayer(t, node, kind, direction) && !cells) {
    for (const [own, shape, values] of parts) t.hold(`${name}.${own}`, shape, values);
    const activation = direction.activations[0]!;
    const more = `${all ? ", returnSequences: true" : ""}${layer === "simpleRnn" && activation !== "tanh" ? `, activation: "${activation}"` : ""}`;
    const run = `${t.call(layer, String(h), `{ name: ${JSON.stringify(name)}${more} }`)}(${direction.reverse ? t.call("reversed", x.code, "[1]") : x.code})`;
    const ys = t.named(name, all && direction.reverse ? t.call("reversed", run, "[1]") : run, all ? [rows, steps, h] : [rows, h]).code;
    if (!all) return { h: ys };
    const at = direction.reverse ? 0 : steps - 1;
    return { ys, h: t.call("squeeze", t.call("slice", ys, `[0, ${at}, 0]`, `[Infinity, ${at + 1}, Infinity]`), "1") };
  }
  const params = parts.map(([own, dims, data]) => t.parameter({ name: `${name}.${own}`, dims, kind: "float", data }, false).code) as [
    string,
    string,
    string,
    string,
  ];
  return writtenOut(t, node, kind, direction, given, name, params);
}

/** Whether the language's layer is what the node computes. */
function isLayer(t: Translation, node: FileNode, { layer, activations }: Kind, direction: Direction): boolean {
  const plain = layer === "simpleRnn" || direction.activations.every((name, n) => name === activations[n]!.toLowerCase());
  const unstarted = [5, 6].every((at) => {
    const known = t.optional(node, at);
    return known === undefined || (known.kind === "held" && !known.isWeight && Array.from(known.tensor.data).every((value) => value === 0));
  });
  const inside = layer !== "gru" || t.number(node, "linear_before_reset", 0) !== 0;
  return plain && unstarted && inside && t.optional(node, 7) === undefined && !node.attributes.has("clip");
}

/** The step of each kind, written out. */
function writtenOut(
  t: Translation,
  node: FileNode,
  { layer }: Kind,
  { index, reverse, activations }: Direction,
  { x, h, rows, steps, batchFirst }: Given,
  name: string,
  [kernel, recurrentKernel, bias, recurrentBias]: readonly [string, string, string, string],
): Made {
  const axis = batchFirst ? 1 : 0;
  const limit = node.attributes.get("clip");
  const clipped = (code: string): string =>
    typeof limit === "number" ? t.call("clip", code, numberText(-limit), numberText(limit)) : code;
  const width = { lstm: 4, gru: 3, simpleRnn: 1 }[layer] * h;
  const inputs = t.named(`${name}_inputs`, t.call("add", t.call("matmul", x.code, kernel), bias), [rows, steps, width]).code;
  const peephole = t.optional(node, 7) === undefined ? undefined : t.weights(node, 7, "peepholes");
  // of the file: i, o, f
  const peeps =
    peephole &&
    [0, 1, 2].map(
      (n) =>
        t.parameter({
          name: `${name}.peephole_${"iof"[n]}`,
          dims: [h],
          kind: "float",
          data: Array.from(peephole.data).slice((3 * index + n) * h, (3 * index + n + 1) * h),
        }).code,
    );
  const { ys, states } = scanned(
    t,
    name,
    {
      layer,
      h,
      recurrentKernel,
      recurrentBias,
      activation: (n, code) => t.call(FUNCTIONS[activations[n]!]!, n === 2 ? code : clipped(code)),
      resetAfter: t.number(node, "linear_before_reset", 0) !== 0,
      peeped: (n, cell, code) => (peeps === undefined ? code : t.call("add", code, t.call("mul", peeps[n]!, cell))),
    },
    inputs,
    stateNames(layer).map((_, n) => initialOf(t, node, 5 + n, index, [rows, h], axis)),
    reverse,
  );
  const [last, cell] = states as [string, string?];
  return { ys, h: last, ...(cell === undefined ? {} : { c: cell }) };
}
