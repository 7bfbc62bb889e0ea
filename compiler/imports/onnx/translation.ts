/** The source of a model under construction: a line for each value, names that are no code, and the weights that go with it. */

import { printable } from "../../graph/printable.ts";
import { ImportError } from "../error.ts";
import { where, type FileGraph, type FileNode, type FileTensor } from "./proto.ts";

/** An extent; the batch's own is open. */
export type Dim = number | "batch";

/** What a value of the file is here. */
export type Known =
  | { readonly kind: "tensor"; readonly code: string; readonly dims: readonly Dim[] }
  /** Numbers that the file holds. */
  | { readonly kind: "held"; readonly tensor: FileTensor }
  /** Extents that were computed of shapes. */
  | { readonly kind: "extents"; readonly dims: readonly Dim[] };

export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

const RESERVED = new Set(
  "batch break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield await model adjoint arguments eval undefined NaN Infinity".split(
    " ",
  ),
);

export class Translation {
  readonly graph: FileGraph;
  readonly opset: number;
  readonly lines: string[] = [];
  readonly weights: Weight[] = [];
  /** Functions of the language that the source calls. */
  readonly called = new Set<string>();
  readonly values = new Map<string, Known>();
  /** Nodes that another one has taken along. */
  readonly done = new Set<FileNode>();
  readonly #identifiers = new Set<string>();
  readonly #layers = new Set<string>();
  readonly #readers = new Map<string, FileNode[]>();

  constructor(graph: FileGraph, opset: number, /** Names that no variable may take. */ taken: Iterable<string>) {
    this.graph = graph;
    this.opset = opset;
    for (const name of taken) this.#identifiers.add(name);
    for (const node of graph.nodes) for (const input of node.inputs) this.#readers.set(input, [...(this.#readers.get(input) ?? []), node]);
    for (const tensor of graph.initializers.values()) this.values.set(tensor.name, { kind: "held", tensor });
  }

  fail(node: FileNode, what: string, remedy: string): never {
    throw new ImportError(`${where(node)} ${what}; ${remedy}`);
  }

  /** A function of the language. */
  call(name: string, ...args: readonly string[]): string {
    this.called.add(name);
    return `${name}(${args.join(", ")})`;
  }

  /** The one node that reads a value, if no output is it. */
  onlyReader(value: string): FileNode | undefined {
    const readers = this.#readers.get(value) ?? [];
    return readers.length === 1 && !this.graph.outputs.some(({ name }) => name === value) ? readers[0] : undefined;
  }

  /** An identifier of its own, as near to a name as one can be. */
  identifier(name: string): string {
    const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
    const joined = words.map((word, n) => (n === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join("");
    const base = /^[A-Za-z]/.test(joined) ? joined : `v${joined}`;
    for (let n = 1; ; n++) {
      const own = n === 1 ? base : `${base}_${n}`;
      if (RESERVED.has(own) || this.#identifiers.has(own)) continue;
      this.#identifiers.add(own);
      return own;
    }
  }

  /** A layer's name of its own, after its weights'. */
  layer(weights: string): string {
    const base = printable(weights).replace(/[./](weight|kernel|gamma|table|scale|w|W|weight_v)$/, "") || "layer";
    for (let n = 1; ; n++) {
      const own = n === 1 ? base : `${base}_${n}`;
      if (this.#layers.has(own)) continue;
      this.#layers.add(own);
      return own;
    }
  }

  /** Weights of a layer or of the model itself. */
  hold(name: string, shape: readonly number[], values: ArrayLike<number>): void {
    this.weights.push({ name, shape, values });
  }

  /** What a node reads at a place; undefined where it leaves that out. */
  optional(node: FileNode, at: number): Known | undefined {
    const name = node.inputs[at];
    return name === undefined || name === "" ? undefined : this.values.get(name);
  }

  input(node: FileNode, at: number): Known {
    return this.optional(node, at) ?? this.fail(node, `lacks its operand ${at}`, "the file is damaged");
  }

  /** A value that is computed here. */
  tensor(node: FileNode, at = 0): Extract<Known, { kind: "tensor" }> {
    const known = this.input(node, at);
    if (known.kind === "tensor") return known;
    if (known.kind === "extents")
      return this.fail(node, "computes with a shape", "fix its extents with --batch and --size, so that it folds away");
    return this.parameter(known.tensor);
  }

  /** Numbers of the file that are weights of no layer, as a parameter. */
  parameter(tensor: FileTensor): Extract<Known, { kind: "tensor" }> {
    const name = this.layer(tensor.name);
    const own = this.identifier(name);
    this.hold(name, tensor.dims, tensor.data);
    this.called.add("param");
    this.lines.push(`const ${own} = param(${JSON.stringify(name)}, [${tensor.dims.join(", ")}], ${this.call("zeros")});`);
    const known = { kind: "tensor", code: own, dims: tensor.dims } as const;
    this.values.set(tensor.name, known);
    return known;
  }

  /** Numbers that the file holds, of this many axes. */
  held(node: FileNode, at: number, what: string): FileTensor {
    const known = this.input(node, at);
    if (known.kind === "held") return known.tensor;
    return this.fail(
      node,
      `computes its ${what}`,
      "weights that are computed are not read: fold constants first, with onnxsim or ONNX Runtime",
    );
  }

  /** Whole numbers: an attribute, or an operand as newer opsets have it. */
  ints(node: FileNode, attribute: string, at: number): readonly number[] | undefined {
    const given = node.attributes.get(attribute);
    if (Array.isArray(given)) return given as readonly number[];
    const known = this.optional(node, at);
    if (known === undefined) return undefined;
    if (known.kind === "held") return [...known.tensor.data];
    if (known.kind === "extents" && known.dims.every((dim) => dim !== "batch")) return known.dims;
    return this.fail(node, `computes its ${attribute}`, "fix the extents that they depend on with --batch and --size");
  }

  number(node: FileNode, attribute: string, otherwise: number): number {
    const given = node.attributes.get(attribute);
    return typeof given === "number" ? given : otherwise;
  }

  /** A line that computes a node's result. */
  make(node: FileNode, code: string, dims: readonly Dim[], output: string = node.outputs[0]!): void {
    const own = this.identifier(output);
    this.lines.push(`const ${own} = ${code}; // ${shapeText(dims)}`);
    this.values.set(output, { kind: "tensor", code: own, dims });
  }

  /** A result that is another value. */
  alias(node: FileNode, known: Known): void {
    this.values.set(node.outputs[0]!, known);
  }
}

export const shapeText = (dims: readonly Dim[]): string => `[${dims.join(", ")}]`;

/** An object of options, without those that are undefined. */
export function options(given: Readonly<Record<string, string | undefined>>): string {
  const all = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]));
  return all.length === 0 ? "" : `{ ${all.join(", ")} }`;
}
