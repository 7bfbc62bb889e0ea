/** Guarantees the source of a model under construction: a line for each value, names that are no code, and the weights that go with it. */

import { printable } from "../../graph/printable.ts";
import { sizeOf } from "../../graph/type.ts";
import { ImportError } from "../error.ts";
import { where, type FileGraph, type FileNode, type FileTensor, type Kind } from "./proto.ts";

/** An extent; the batch's own is open. */
export type Dim = number | "batch";

/** A value that is computed when the model runs. */
export interface Computed {
  readonly kind: "tensor";
  readonly code: string;
  readonly dims: readonly Dim[];
  readonly of: Kind;
}

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

export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** What a weight of a layer is: its numbers, and the file's tensor that they came of. */
export interface Part {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** A statement of the source, left out where nobody reads what it makes. */
interface Line {
  readonly makes: readonly string[];
  readonly text: string;
  readonly weights: readonly Weight[];
}

/** A layer with weights, or a parameter, in the file's order. */
export interface Unit {
  readonly name: string;
  readonly weights: readonly string[];
}

const RESERVED = new Set(
  "batch break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield await model adjoint arguments eval undefined NaN Infinity".split(
    " ",
  ),
);

/** Elements of one constant of the language, at most. */
const MOST_ELEMENTS = 4096;

export class Translation {
  readonly graph: FileGraph;
  readonly opset: number;
  readonly values: Map<string, Known>;
  /** Functions of the language that were called. */
  readonly called = new Set<string>();
  /** Nodes that another one has taken along. */
  readonly done = new Set<FileNode>();
  /** A last dense layer that gets other classes: the node, and how many. */
  readonly head: { readonly node: FileNode; readonly units: number } | undefined;
  /** Whether weights that the file shares are one parameter. */
  readonly ties: boolean;
  readonly trainsNorms: boolean;
  readonly #lines: Line[] = [];
  readonly #identifiers = new Set<string>();
  readonly #layers = new Set<string>();
  readonly #readers = new Map<string, FileNode[]>();
  readonly #shared = new Map<string, Computed>();
  #pending: Weight[] = [];
  #lifted: Line[] | undefined;

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
    this.graph = graph;
    this.opset = opset;
    this.head = given.head;
    this.ties = given.ties;
    this.trainsNorms = given.trainsNorms;
    this.values = new Map();
    for (const name of taken) this.#identifiers.add(name);
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

  /** A function of the language. */
  call(name: string, ...args: readonly string[]): string {
    this.called.add(name);
    return `${name}(${args.join(", ")})`;
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

  /** Whether a layer or a parameter is called that. */
  hasLayer(name: string): boolean {
    return this.#layers.has(name);
  }

  /** Weights of the layer whose line comes next. */
  hold(name: string, shape: readonly number[], values: ArrayLike<number>): void {
    this.#pending.push({ name, shape, values });
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

  /** Numbers none of which is the batch's extent. */
  plain(node: FileNode, { tensor }: Held): FileTensor {
    if (Array.prototype.includes.call(tensor.data, "batch")) this.fail(node, "computes with the batch", "fix it with --batch");
    return tensor as FileTensor;
  }

  /** Numbers of the file that are weights of no layer, as a parameter. */
  parameter(tensor: FileTensor, isFrozen = false): Computed {
    const name = this.layer(tensor.name);
    const own = this.identifier(name);
    const more = isFrozen ? ["{ trainable: false }"] : [];
    const code = this.call("param", JSON.stringify(name), `[${tensor.dims.join(", ")}]`, this.call("zeros"), ...more);
    this.#add({ makes: [own], text: `const ${own} = ${code};`, weights: [{ name, shape: tensor.dims, values: tensor.data }] });
    const known: Computed = { kind: "tensor", code: own, dims: tensor.dims, of: "float" };
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
    const own = this.identifier(tensor.name);
    const dtype = { float: undefined, integer: '{ dtype: "i32" }', truth: '{ dtype: "bool" }' }[tensor.kind];
    // of 64 bits only the ends are beyond 32: "all of it"
    const of = (value: number): string =>
      tensor.kind === "integer" ? String(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value))) : numberText(value);
    const given = equal ? of(all[0]!) : `[${all.map(of).join(", ")}]`;
    const code = this.call("constant", given, `[${dims.join(", ")}]`, ...(dtype === undefined ? [] : [dtype]));
    this.#add({ makes: [own], text: `const ${own} = ${code};`, weights: [] });
    const known: Computed = { kind: "tensor", code: own, dims, of: tensor.kind };
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

  /** A line of its own for a value. */
  named(name: string, code: string, dims: readonly Dim[], of: Kind = "float"): Computed {
    const own = this.identifier(name);
    this.statement([own], `const ${own} = ${code}; // ${shapeText(dims)}`);
    return { kind: "tensor", code: own, dims, of };
  }

  /** A statement that makes variables, with the weights that were held for it. */
  statement(makes: readonly string[], text: string): void {
    this.#add({ makes, text, weights: this.#pending });
    this.#pending = [];
  }

  /** A result that is another value. */
  alias(node: FileNode, known: Known): void {
    this.values.set(node.outputs[0]!, known);
  }

  /** The lines that `run` makes, apart: the body of a function. Parameters stay before it. */
  inside(run: () => void): readonly string[] {
    const before = this.#lifted;
    const own: Line[] = [];
    this.#lifted = own;
    run();
    this.#lifted = before;
    return own.map(({ text }) => text);
  }

  #add(line: Line): void {
    const inner = line.weights.length === 0 && !/= (param|constant)\(/.test(line.text);
    (inner ? (this.#lifted ?? this.#lines) : this.#lines).push(line);
  }

  /** The lines that somebody reads, with their weights; `read` are what stands after them. */
  finished(read: readonly string[]): {
    readonly lines: readonly string[];
    readonly weights: readonly Weight[];
    readonly units: readonly Unit[];
  } {
    const wanted = new Set(read.flatMap(wordsIn));
    const kept: Line[] = [];
    for (const line of this.#lines.toReversed()) {
      if (!line.makes.some((own) => wanted.has(own))) continue;
      kept.unshift(line);
      for (const word of wordsIn(line.text)) wanted.add(word);
    }
    const units = kept.flatMap(({ weights }) => {
      const names = new Set(weights.map(({ name }) => name.replace(/\.[^.]*$/, "")));
      return [...names].map((name) => ({
        name,
        weights: weights.filter((one) => one.name.replace(/\.[^.]*$/, "") === name).map((one) => one.name),
      }));
    });
    return { lines: kept.map(({ text }) => text), weights: kept.flatMap(({ weights }) => weights), units };
  }
}

/** A tensor of the file: floats are weights. */
export const heldOf = (tensor: FileTensor): Held => ({ kind: "held", tensor, isWeight: tensor.kind === "float" });

/** The identifiers in a text, without those in its strings. */
export const wordsIn = (text: string): readonly string[] => text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").match(/[A-Za-z_$][\w$]*/g) ?? [];

/** Elements of a shape without the batch. */
export const lengthOf = (dims: readonly number[]): number => sizeOf(dims);

export const shapeText = (dims: readonly Dim[]): string => `[${dims.join(", ")}]`;

/** A float32 in the digits that it has. */
export function numberText(value: number): string {
  for (let digits = 1; digits < 9; digits++)
    if (Math.fround(Number(value.toPrecision(digits))) === Math.fround(value)) return String(Number(value.toPrecision(digits)));
  return String(value);
}

/** An object of options, without those that are undefined. */
export function options(given: Readonly<Record<string, string | undefined>>): string {
  const all = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]));
  return all.length === 0 ? "" : `{ ${all.join(", ")} }`;
}
