/**
 * Guarantees that a declaration knows where the rows of its batch lie, by having been declared before at a batch that is prime to its
 * other extents: what is as long as that batch, or a multiple of it, is made of rows (ops/rows.ts). Declarations at other batches have
 * the same nodes in the same order, literals apart, and look up there what each is.
 */

import type { Node, Value } from "../graph/graph.ts";
import type { TensorType } from "../graph/type.ts";
import { reachableFrom } from "../graph/walk.ts";
import { rowsIn, type Rows } from "../ops/rows.ts";

/** Position i of the axis belongs to row ⌊i / per⌋ mod batch. */
export interface RowAxis {
  readonly axis: number;
  readonly per: number;
  readonly batch: number;
}

/** Where rows meet, so that only a full batch is right: the value, its line, and why. */
export interface Meeting {
  readonly value: string;
  readonly site: string;
  readonly why: string;
}

/** What was declared so far. */
interface Declared {
  readonly builder: { readonly nodes: readonly Node[] };
  /** Inputs that are declared to have no rows. */
  readonly whole: ReadonlySet<string>;
}

/** What a declaration may ask of the rows of its batch. */
export interface RowLaw {
  /** Whether a value is known to hold no row of the batch. */
  isRowless(c: Declared, value: Value): boolean;
  /** The axis along which a value's rows lie; undefined where there is none, or where they meet. */
  along(c: Declared, value: Value): RowAxis | undefined;
}

/** Nothing is known to be a row: outside any model, in a batch of one, and where the declaration could not be followed to another batch. */
export const NO_ROWS: RowLaw = { isRowless: () => false, along: () => undefined };

/** Batches to declare at, one after the other, until one is prime to all other extents. */
export const PRIMES = [61, 53, 71] as const;

function axisOf(rows: Rows, shape: readonly number[], batch: number): RowAxis | undefined {
  if (rows.kind === "rows") return { axis: rows.axis, per: rows.per, batch };
  const [axis, other] = rows.kind === "even" ? rows.axes : [];
  // the same for all rows: whichever order they lie in
  return axis === undefined || other !== undefined ? undefined : { axis, per: shape[axis]! / batch, batch };
}

/** Numbers that nodes have where literals are not counted: equal literals are one node, and which are equal may depend on the batch. */
class Ordinals {
  readonly #known: number[] = [];
  #next = 0;

  of(nodes: readonly Node[], at: number): number {
    for (let n = this.#known.length; n <= at; n++) this.#known.push(nodes[n]!.op === "literal" ? -1 : this.#next++);
    return this.#known[at]!;
  }
}

/** A node as its twins at other batches have it. */
interface Twin {
  readonly op: string;
  readonly name: string;
  readonly shape: readonly number[];
  /** By ordinal; −1 for literals. */
  readonly inputs: readonly number[];
  /** The numbers that it reads or is. */
  readonly numbers: string;
}

/** Results of a node that has several are nodes, with shapes of their own. */
const shapeOf = ({ shape, parts }: TensorType): readonly number[] => (parts === undefined ? shape : []);

function twinsOf(nodes: readonly Node[], ordinals: Ordinals): Twin[] {
  const numberOf = ({ op, attrs }: Node) => (op === "literal" || op === "hyper" ? attrs["value"]! : null);
  return nodes.flatMap((node): Twin | [] => {
    if (node.op === "literal") return [];
    const { op, name, type, inputs } = node;
    const shape = shapeOf(type);
    const numbers = [node, ...inputs.map((input) => nodes[input]!)].map(numberOf);
    return { op, name, shape, inputs: inputs.map((input) => ordinals.of(nodes, input)), numbers: JSON.stringify(numbers) };
  });
}

/** A declaration at a prime batch, which reads off its own nodes where rows lie. */
export class Probe implements RowLaw {
  readonly batch: number;
  readonly #known: Rows[] = [];
  /** Nodes but literals, in order, and where the rows of each lie; where they meet, at which ordinal. */
  twins: readonly Twin[] = [];
  rows: readonly Rows[] = [];

  constructor(batch: number) {
    this.batch = batch;
  }

  #rowsOf(c: Declared, value: number): Rows {
    for (let at = this.#known.length; at <= value; at++) this.#known.push(this.#found(c, at));
    return this.#known[value]!;
  }

  #found({ builder: { nodes }, whole }: Declared, at: number): Rows {
    const rows = rowsIn(nodes, at, (input) => this.#known[input]!, this.batch);
    const { op, name } = nodes[at]!;
    if (op !== "input" || rows.kind !== "rows" || !whole.has(name)) return rows;
    return { kind: "met", node: at, why: "it was declared without rows, but is as long as the batch" };
  }

  isRowless(c: Declared, value: Value): boolean {
    return this.#rowsOf(c, value).kind === "none";
  }

  along(c: Declared, value: Value): RowAxis | undefined {
    return axisOf(this.#rowsOf(c, value), c.builder.nodes[value]!.type.shape, this.batch);
  }

  /** Once everything is declared. */
  finish(c: Declared): void {
    const { nodes } = c.builder;
    const ordinals = new Ordinals();
    this.twins = twinsOf(nodes, ordinals);
    this.rows = nodes.flatMap(({ op }, at): Rows | [] => {
      if (op === "literal") return [];
      const rows = this.#rowsOf(c, at);
      return rows.kind === "met" ? { ...rows, node: ordinals.of(nodes, rows.node) } : rows;
    });
  }

  /** Where an input's rows lie; undefined where it has none. */
  input(name: string): Pick<RowAxis, "axis" | "per"> | undefined {
    const rows = this.rows[this.twins.findIndex((twin) => twin.op === "input" && twin.name === name)];
    return rows?.kind === "rows" ? rows : undefined;
  }
}

/** A declaration at the batch that is asked for, by what the probe found. */
export class Known implements RowLaw {
  readonly #probe: Probe;
  readonly #batch: number;
  /** Whether other extents may be others too, as in a small instance: then those that are the batch's are still so. */
  readonly #resized: boolean;
  readonly #ordinals = new Ordinals();
  #agrees = true;

  constructor(probe: Probe, batch: number, resized = false) {
    this.#probe = probe;
    this.#batch = batch;
    this.#resized = resized;
  }

  #rowsOf({ builder: { nodes } }: Declared, value: Value): Rows | undefined {
    const { op, type } = nodes[value]!;
    if (op === "literal") return { kind: "none", vanishes: false };
    const at = this.#ordinals.of(nodes, value);
    this.#agrees &&= this.#isTwin({ op, shape: shapeOf(type) }, at);
    return this.#agrees ? this.#here(at, type.shape) : undefined;
  }

  /** What the probe found, with the positions that a row has here. */
  #here(at: number, shape: readonly number[]): Rows {
    const rows = this.#probe.rows[at]!;
    if (rows.kind !== "rows") return rows;
    const [each, own] = [this.#probe.twins[at]!.shape[rows.axis]! / this.#probe.batch, shape[rows.axis]! / this.#batch];
    if (each === own || rows.per === 1) return rows;
    if (rows.per === each) return { ...rows, per: own };
    return { kind: "met", node: at, why: "its positions lie on both sides of its rows" };
  }

  isRowless(c: Declared, value: Value): boolean {
    return this.#rowsOf(c, value)?.kind === "none";
  }

  along(c: Declared, value: Value): RowAxis | undefined {
    const rows = this.#rowsOf(c, value);
    return rows && axisOf(rows, c.builder.nodes[value]!.type.shape, this.#batch);
  }

  /** Whether a node is the probe's at another batch: what was a multiple of that is the same multiple of this. */
  #isTwin({ op, shape }: Pick<Twin, "op" | "shape">, at: number): boolean {
    const { batch, twins, rows } = this.#probe;
    const twin = twins[at];
    const isHere = (extent: number, own: number): boolean => {
      if (this.#resized) return extent % batch !== 0 || own % this.#batch === 0;
      if (extent % batch === 0) return own === (extent / batch) * this.#batch;
      // a row more or less, as where a batch is cut or padded: known to be where rows meet
      return own === extent || (rows[at]!.kind === "met" && (extent - own) % (batch - this.#batch) === 0);
    };
    return twin?.op === op && twin.shape.length === shape.length && twin.shape.every((extent, axis) => isHere(extent, shape[axis]!));
  }

  /** Whether the whole declaration is the probe's at another batch. */
  agrees({ builder: { nodes } }: Declared): boolean {
    const own = twinsOf(nodes, this.#ordinals);
    const theirs = this.#probe.twins;
    const same = (node: Twin, n: number): boolean => this.#isTwin(node, n) && String(node.inputs) === String(theirs[n]!.inputs);
    return this.#agrees && own.length === theirs.length && own.every(same);
  }

  /** Where the rows of what is declared meet, if that goes into `values`. */
  meeting({ builder: { nodes } }: Declared, values: readonly Value[]): Meeting | undefined {
    const { twins, rows } = this.#probe;
    const own = nodes.filter(({ op }) => op !== "literal");
    const shown = ({ name, origin }: Node, why: string): Meeting => ({ value: name, site: origin.site, why });
    for (const value of values) {
      const found = nodes[value]!.op === "literal" ? undefined : rows[this.#ordinals.of(nodes, value)];
      if (found?.kind === "met") return shown(own[found.node]!, found.why);
    }
    if (this.#resized) return undefined;
    const numbers = twinsOf(nodes, this.#ordinals).map((twin) => twin.numbers);
    const reached = reachableFrom(nodes, values);
    const sized = own.find((_, n) => numbers[n] !== twins[n]!.numbers && reached[nodes.indexOf(own[n]!)]);
    return sized && shown(sized, "it reads a number that depends on the rows of a batch");
  }
}
