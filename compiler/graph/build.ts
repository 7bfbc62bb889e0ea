/** Guarantees that every node enters a graph through its op's typing law, with a unique name and an origin. */

import { ModelError, ShapeError, type Operand } from "./error.ts";
import { nodeOf, type Alias, type Attrs, type Graph, type Node, type Origin, type Result, type Value } from "./graph.ts";
import { sizeOf, type DType, type TensorType } from "./type.ts";

/** Of a tensor. Positions and costs, some of them products of several, stay below 2^53, where every whole number is a double. */
const MOST_ELEMENTS = 2 ** 50;

/** What the builder needs of an op. */
export interface TypingLaw {
  readonly name: string;
  infer(inputs: readonly TensorType[], attrs: Attrs, declared?: TensorType): TensorType;
}

/** A graph under construction: the one mutable object of the graph level. */
export class Builder {
  readonly name: string;
  readonly nodes: Node[] = [];
  readonly results: Result[] = [];
  readonly aliases: Alias[] = [];
  /** Given to the nodes appended from now on. */
  origin: Origin = { role: "primal", site: "" };
  readonly #taken = new Set<string>();
  /** Below this number no `name_n` is free. */
  readonly #next = new Map<string, number>();
  readonly #literals = new Map<string, Value>();
  readonly #named = new Map<string, Value>();

  constructor(name: string) {
    this.name = name;
  }

  node(value: Value): Node {
    return nodeOf(this, value);
  }

  /** The node of a name, unless it is a number. */
  valueNamed(name: string): Value | undefined {
    return this.#named.get(name);
  }

  #push(node: Node): Value {
    this.nodes.push(node);
    const value = (this.nodes.length - 1) as Value;
    this.#named.set(node.name, value);
    return value;
  }

  #renamed(value: Value, name: string): void {
    const node = this.node(value);
    if (this.#named.get(node.name) === value) this.#named.delete(node.name);
    this.#named.set(name, value);
    this.nodes[value] = { ...node, name };
  }

  typeOf(value: Value): TensorType {
    return this.node(value).type;
  }

  /** The first of `name`, `name_2`, `name_3`, … that no node or alias has. */
  unique(name: string): string {
    let candidate = name;
    let n = this.#next.get(name) ?? 2;
    for (; this.#taken.has(candidate); n++) candidate = `${name}_${n}`;
    if (candidate !== name) this.#next.set(name, n);
    this.#taken.add(candidate);
    return candidate;
  }

  #free(name: string): void {
    this.#taken.delete(name);
    const [, base, n] = /^(.*)_(\d+)$/s.exec(name) ?? [];
    if (base !== undefined && Number(n) < (this.#next.get(base) ?? 2)) this.#next.set(base, Math.max(2, Number(n)));
  }

  /** Appends one node. `declared` is the type of leaves, which nothing infers. */
  append(law: TypingLaw, inputs: readonly Value[], attrs: Attrs, name = law.name, declared?: TensorType): Value {
    const type = this.#infer(law, inputs, attrs, declared);
    const unique = this.unique(name);
    return this.#push({ op: law.name, name: unique, inputs, attrs, type, origin: this.origin });
  }

  /** A rank-0 constant, one node for each value and dtype. */
  literal(value: number, dtype: DType): Value {
    const key = `${Object.is(value, -0) ? "-0" : value}${dtype}`;
    const known = this.#literals.get(key);
    if (known !== undefined) return known;
    const origin: Origin = { role: "primal", site: "" };
    this.nodes.push({ op: "literal", name: key, inputs: [], attrs: { value }, type: { dtype, shape: [] }, origin });
    const made = (this.nodes.length - 1) as Value;
    this.#literals.set(key, made);
    return made;
  }

  /** Reserves names for nodes that `keep` brings in later. */
  reserve(names: Iterable<string>): void {
    for (const name of names) this.#taken.add(name);
  }

  /** Brings a node over from another graph, under its reserved name. */
  keep(node: Node, inputs: readonly Value[]): Value {
    if (node.op === "literal") return this.literal(node.attrs["value"] as number, node.type.dtype);
    return this.#push({ ...node, inputs });
  }

  /** Gives a node the reserved name of one it replaces. */
  replaceName(value: Value, name: string): void {
    const node = this.node(value);
    this.#free(node.name);
    this.#taken.add(name);
    this.#renamed(value, name);
  }

  /** Gives a node other attributes, by which it may have more results. */
  extend(law: TypingLaw, value: Value, attrs: Attrs): void {
    const node = this.node(value);
    this.nodes[value] = { ...node, attrs, type: this.#infer(law, node.inputs, attrs) };
  }

  /** Gives a node another name, for instance the one its variable has in the model. */
  rename(value: Value, name: string): void {
    const node = this.node(value);
    if (node.name === name) return;
    this.#free(node.name);
    this.#renamed(value, this.unique(name));
  }

  alias(name: string, value: Value, maths: string): void {
    this.aliases.push({ name: this.unique(name), value, maths, origin: this.origin });
  }

  graph(): Graph {
    return { name: this.name, nodes: this.nodes, results: this.results, aliases: this.aliases };
  }

  #infer(law: TypingLaw, inputs: readonly Value[], attrs: Attrs, declared?: TensorType): TensorType {
    try {
      const types = inputs.map((input) => this.typeOf(input));
      const type = law.infer(types, attrs, declared);
      if (sizeOf(type.shape) > MOST_ELEMENTS)
        throw new ShapeError(
          law.name,
          `its result [${type.shape.join(",")}] has more elements than positions can be counted exactly`,
          types.map((one, n) => ({ label: String.fromCharCode(97 + n), type: one })),
          "Declare smaller shapes.",
        );
      return type;
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      const operands = error.operands.map((operand, n): Operand => {
        const input = inputs[n];
        if (input === undefined) return operand;
        const node = this.node(input);
        return { ...operand, name: `%${node.name}`, site: `from ${node.op}  ${node.origin.site}`.trimEnd() };
      });
      throw new ModelError({
        code: `shape/${error.op}`,
        site: `${this.origin.site || this.name}  ${error.op}`,
        law: `${error.op}: ${error.law}`,
        operands,
        remedy: error.remedy,
      });
    }
  }
}
