/** The source of an ONNX file's model under construction: what each of its values is here, and what its nodes are told. */

import { printable } from "../../graph/printable.ts";
import { isOpen, type Dim, type Kind } from "../code.ts";
import { ImportError } from "../error.ts";
import { Source, type Computed } from "../source.ts";
import { where, type FileGraph, type FileNode, type FileTensor } from "./proto.ts";

/** Numbers that are known now: of the file, or folded. */
export interface Held {
  readonly kind: "held";
  readonly tensor: Omit<FileTensor, "data"> & { readonly data: ArrayLike<Dim> };
  /** Whether they are, or came of, weights: then a parameter; else a constant. */
  readonly isWeight: boolean;
  /** Weights that are not to be trained: numbers of a coarser kind, widened. */
  readonly isFrozen?: boolean;
}

/** What a value of the file is here. */
export type Known = Computed | Held;

/** Elements of one constant of the language, at most. */
const MOST_ELEMENTS = 4096;

export class Translation extends Source {
  readonly graph: FileGraph;
  readonly opset: number;
  readonly values: Map<string, Known>;
  /** Nodes that another one has taken along. */
  readonly done = new Set<FileNode>();
  /** A last dense layer that gets other classes: the node, and how many. */
  readonly head: { readonly node: FileNode; readonly units: number } | undefined;
  /** Whether weights that the file shares are one parameter. */
  readonly ties: boolean;
  readonly trainsNorms: boolean;
  readonly #readers = new Map<string, FileNode[]>();
  readonly #shared = new Map<string, Computed>();

  constructor(
    graph: FileGraph,
    opset: number,
    /** Names that no variable may take. */ taken: Iterable<string>,
    given: {
      readonly head?: { readonly node: FileNode; readonly units: number } | undefined;
      readonly ties: boolean;
      readonly trainsNorms: boolean;
    },
  ) {
    super(taken);
    this.graph = graph;
    this.opset = opset;
    this.head = given.head;
    this.ties = given.ties;
    this.trainsNorms = given.trainsNorms;
    this.values = new Map();
    this.enter(graph);
  }

  /** A graph whose nodes are read from now on: its readers and its initializers. */
  enter(graph: FileGraph): void {
    for (const node of graph.nodes) for (const input of node.inputs) this.#readers.set(input, [...(this.#readers.get(input) ?? []), node]);
    for (const tensor of graph.initializers.values()) this.values.set(tensor.name, heldOf(tensor));
  }

  fail(node: FileNode, what: string, remedy: string): never {
    throw new ImportError(`${where(node)} ${what}; ${remedy}`);
  }

  /** The one node that reads a value, if no output is it. */
  onlyReader(value: string): FileNode | undefined {
    const readers = this.#readers.get(value) ?? [];
    return readers.length === 1 && !this.isOutput(value) ? readers[0] : undefined;
  }

  /** Whether a value is an output of the whole. */
  isOutput(value: string): boolean {
    return this.graph.outputs.some(({ name }) => name === value);
  }

  /** The nodes that read a value. */
  readersOf(value: string): readonly FileNode[] {
    return this.#readers.get(value) ?? [];
  }

  /** A layer's name of its own, after its weights'. */
  override layer(weights: string): string {
    return super.layer(printable(weights).replace(/[./](weight|kernel|gamma|table|scale|w|W|weight_v)$/, "") || "layer");
  }

  /** What a node reads at a place; undefined where it leaves that out. */
  optional(node: FileNode, at: number): Known | undefined {
    const name = node.inputs[at];
    return name === undefined || name === "" ? undefined : this.values.get(name);
  }

  input(node: FileNode, at: number): Known {
    return this.optional(node, at) ?? this.fail(node, `lacks its operand ${at}`, "the file is damaged");
  }

  /** A value of any kind of elements, computed here. */
  any(node: FileNode, at = 0): Computed {
    const known = this.input(node, at);
    if (known.kind === "tensor") return known;
    if (known.isWeight && known.tensor.kind === "float") return this.parameter(this.plain(node, known), known.isFrozen);
    return this.constant(this.plain(node, known));
  }

  /** Floats, computed here. */
  tensor(node: FileNode, at = 0): Computed {
    const known = this.any(node, at);
    return known.of === "float" ? known : this.fail(node, "computes with whole numbers", "cast them to floats before it");
  }

  /** Refuses an operand whose extents do not fit the others'. */
  require(node: FileNode, fits: boolean, what: string, ...dims: readonly (readonly Dim[])[]): void {
    if (!fits)
      this.fail(node, `has ${what} ${dims.map((own) => `[${own.join(",")}]`).join(" and ")} that do not fit`, "the file is damaged");
  }

  /** Numbers none of which is the batch's extent. */
  plain(node: FileNode, { tensor }: Held): FileTensor {
    if (Array.prototype.some.call(tensor.data, isOpen)) this.fail(node, "computes with the batch", "fix it with --batch");
    return tensor as FileTensor;
  }

  /** Numbers of the file that are weights of no layer, as a parameter. */
  parameter(tensor: FileTensor, isFrozen = false): Computed {
    const known = this.weight(this.layer(tensor.name), tensor.dims, tensor.data, isFrozen);
    this.values.set(tensor.name, known);
    return known;
  }

  /** Numbers that are no weights. */
  constant(tensor: FileTensor): Computed {
    const { dims, data } = tensor;
    const all = Array.from(data);
    const equal = all.every((value) => value === all[0]);
    if (!equal && all.length > MOST_ELEMENTS) {
      if (tensor.kind === "float") return this.parameter(tensor, true);
      throw new ImportError(`the constant ${JSON.stringify(tensor.name)} has ${all.length} whole numbers; ${MOST_ELEMENTS} are read`);
    }
    const known = this.numbers(tensor.name, dims, all, tensor.kind);
    this.values.set(tensor.name, known);
    return known;
  }

  /** Weights of a layer, which the file holds. */
  weights(node: FileNode, at: number, what: string): FileTensor {
    const known = this.input(node, at);
    if (known.kind === "held") return this.plain(node, known);
    return this.fail(
      node,
      `computes its ${what}`,
      "weights that are computed are not read: fold constants first, with onnxsim or ONNX Runtime",
    );
  }

  /** With `--tie`, weights that several nodes read are one parameter, which layers are given; undefined where they are a layer's own. */
  shared(node: FileNode, at: number): string | undefined {
    const known = this.optional(node, at);
    if (!this.ties || known?.kind !== "held" || this.readersOf(known.tensor.name).length < 2) return undefined;
    const { name } = known.tensor;
    const found = this.#shared.get(name) ?? this.parameter(this.plain(node, known), known.isFrozen);
    this.#shared.set(name, found);
    this.values.set(name, known);
    return found.code;
  }

  /** Whole numbers: an attribute, or an operand as newer opsets have it. */
  ints(node: FileNode, attribute: string, at: number): readonly number[] | undefined {
    const given = node.attributes.get(attribute);
    if (Array.isArray(given)) return given as readonly number[];
    const known = this.optional(node, at);
    if (known === undefined) return undefined;
    if (known.kind === "held") return Array.from(this.plain(node, known).data);
    return this.fail(node, `computes its ${attribute}`, "fix the extents that they depend on with --batch and --size");
  }

  number(node: FileNode, attribute: string, otherwise: number): number {
    const given = node.attributes.get(attribute);
    return typeof given === "number" ? given : otherwise;
  }

  text(node: FileNode, attribute: string, otherwise: string): string {
    const given = node.attributes.get(attribute);
    return typeof given === "string" ? given : otherwise;
  }

  /** A line that computes a node's result. */
  make(node: FileNode, code: string, dims: readonly Dim[], output: string = node.outputs[0]!, of: Kind = "float"): void {
    this.values.set(output, this.named(output, code, dims, of));
  }

  /** A result that is another value. */
  alias(node: FileNode, known: Known): void {
    this.values.set(node.outputs[0]!, known);
  }
}

/** A tensor of the file: floats are weights. */
export const heldOf = (tensor: FileTensor): Held => ({ kind: "held", tensor, isWeight: tensor.kind === "float" });
