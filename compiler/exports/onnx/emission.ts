/** The nodes and initializers of one ONNX graph under construction: each value once, with the shape that it really has there. */

import type { Node, Value } from "../../graph/graph.ts";
import type { DType } from "../../graph/type.ts";
import type { Twins } from "../twin.ts";
import type { Attribute, Dim, OnnxNode, OnnxTensor } from "./proto.ts";

/** A value there. Along some axes it may be 1, or they may be missing in front, where it is the same for all positions. */
export interface Emitted {
  readonly name: string;
  /** Of as many axes as here; 1 where it is spread later. */
  readonly dims: readonly Dim[];
  /** How many axes it has there: the last ones. */
  readonly rank: number;
}

export const sameDim = (a: Dim, b: Dim): boolean => (typeof a === "number" || typeof b === "number" ? a === b : a.batch === b.batch);

/** Names and constants that a graph shares with the bodies in it. */
export interface Shared {
  readonly taken: Set<string>;
  readonly initializers: OnnxTensor[];
  readonly constants: Map<string, string>;
  /** Emits what values of a graph need: how a body is emitted as its outside is. */
  emit(e: Emission, wanted: readonly Value[]): void;
}

/** Where the batch's extent is to be had when it runs. */
export interface BatchSource {
  readonly input: string;
  readonly axis: number;
  readonly per: number;
}

export class Emission {
  readonly nodes: OnnxNode[] = [];
  readonly twins: Twins;
  readonly shared: Shared;
  readonly source: BatchSource | undefined;
  /** The results of nodes that have several. */
  readonly parts = new Map<Value, readonly string[]>();
  readonly #values = new Map<Value, Emitted>();
  #batch: string | undefined;

  constructor(twins: Twins, shared: Shared, source: BatchSource | undefined) {
    this.twins = twins;
    this.shared = shared;
    this.source = source;
  }

  node(value: Value): Node {
    return this.twins.graph.nodes[value]!;
  }

  /** Numbers of a node as extents: multiples of the batch where the twin has others. */
  dims(value: Value, of: (node: Node) => readonly number[]): readonly Dim[] {
    const own = of(this.node(value));
    const { other, batch } = this.twins;
    if (other === undefined) return own;
    const twin = of(other.graph.nodes[value]!);
    return own.map((extent, n) => (extent === twin[n] ? extent : { batch: extent / batch }));
  }

  shape(value: Value): readonly Dim[] {
    return this.dims(value, ({ type }) => type.shape);
  }

  /** Whether anything of a node grows with the batch. */
  grows(value: Value): boolean {
    return this.shape(value).some((dim) => typeof dim !== "number");
  }

  /** A name that nothing has yet. */
  unique(name: string): string {
    let own = name;
    for (let n = 2; this.shared.taken.has(own); n++) own = `${name}_${n}`;
    this.shared.taken.add(own);
    return own;
  }

  /** Appends a node of one result. */
  op(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}, name = op.toLowerCase()): string {
    const own = this.unique(name);
    this.nodes.push({ op, name: own, inputs, outputs: [own], attributes });
    return own;
  }

  initializer(name: string, dtype: OnnxTensor["dtype"], dims: readonly number[], values: ArrayLike<number>): string {
    const own = this.unique(name);
    this.shared.initializers.push({ name: own, dtype, dims, values });
    return own;
  }

  /** A constant, once for each content. */
  constant(dtype: OnnxTensor["dtype"], dims: readonly number[], values: readonly number[], name = "constant"): string {
    const key = `${dtype} ${dims.join()} ${values.map((value) => (Object.is(value, -0) ? "-0" : value)).join()}`;
    const known = this.shared.constants.get(key);
    if (known !== undefined) return known;
    const own = this.initializer(name, dtype, dims, values);
    this.shared.constants.set(key, own);
    return own;
  }

  ints(values: readonly number[]): string {
    return this.constant("i64", [values.length], values, `axes_${values.join("_").replaceAll("-", "m")}`.slice(0, 40));
  }

  scalar(value: number, dtype: DType): string {
    return this.constant(dtype, [], [value], `value_${String(value)}`);
  }

  /** Extents as a vector there: known, or computed from the batch of an input. */
  vector(dims: readonly Dim[]): string {
    if (dims.every((dim) => typeof dim === "number")) return this.ints(dims);
    const parts = dims.map((dim) => (typeof dim === "number" ? this.ints([dim]) : this.rows(dim.batch)));
    return parts.length === 1 ? parts[0]! : this.op("Concat", parts, { axis: 0 }, "shape");
  }

  rows(per: number): string {
    const { source } = this;
    if (source === undefined) throw new RangeError("no input has rows");
    if (this.#batch === undefined) {
      const shape = this.op("Shape", [source.input], { start: source.axis, end: source.axis + 1 }, "rows");
      this.#batch = source.per === 1 ? shape : this.op("Div", [shape, this.ints([source.per])], {}, "rows");
    }
    return per === 1 ? this.#batch : this.op("Mul", [this.#batch, this.ints([per])], {}, "rows");
  }

  set(value: Value, name: string, dims: readonly Dim[] = this.shape(value), rank = dims.length): Emitted {
    const emitted = { name, dims, rank };
    this.#values.set(value, emitted);
    return emitted;
  }

  /** As it is, for ops that spread by themselves. */
  loose(value: Value): Emitted {
    const found = this.#values.get(value);
    if (found === undefined) throw new RangeError(`%${this.node(value).name} is read before it is emitted`);
    return found;
  }

  has(value: Value): boolean {
    return this.#values.has(value);
  }

  /** With all its elements. */
  full(value: Value): string {
    const { name, dims, rank } = this.loose(value);
    const shape = this.shape(value);
    if (rank === shape.length && dims.every((dim, n) => sameDim(dim, shape[n]!))) return name;
    const all = this.op("Expand", [name, this.vector(shape)], {}, `${name}_spread`);
    this.set(value, all);
    return all;
  }

  /** Under another shape; at most one extent of it is the batch's, which −1 stands for. */
  reshape(name: string, dims: readonly Dim[], called?: string): string {
    const growing = dims.filter((dim) => typeof dim !== "number").length;
    const shape = growing === 1 ? this.ints(dims.map((dim) => (typeof dim === "number" ? dim : -1))) : this.vector(dims);
    return this.op("Reshape", [name, shape], {}, called ?? `${name}_reshaped`);
  }
}
