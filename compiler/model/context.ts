/** Guarantees that the layer language appends to the graph being declared, at the model's line and under the model's names. */

import { Builder } from "../graph/build.ts";
import { MOST_BYTES } from "../graph/bytes.ts";
import { ModelError, type Diagnostic, type Operand } from "../graph/error.ts";
import type { Attrs, Value } from "../graph/graph.ts";
import { sizeOf, type DType, type Float, type Shape, type TensorType } from "../graph/type.ts";
import { STEP_COUNT } from "../autodiff/update.ts";
import { callsOn, opOf, type Calls } from "../ops/index.ts";
import { Compositions } from "./compositions.ts";
import { Decoding, type Steps } from "./decoding.ts";
import { Extents, type ExtentMap } from "./extents.ts";
import type { LayerRecord } from "./record.ts";
import { NO_ROWS, type RowLaw } from "./rows.ts";
import { boundName, callSite, codeFrame, type Site } from "./site.ts";
import type { Tensor } from "./tensor.ts";
import { Turns } from "./turns.ts";

/** How a declaration is cited: the file's name and text as the header and the frames show them. */
export interface Citation {
  cite(file: string): string;
  textOf(file: string): string | undefined;
  /** The model's file, for what has no line. */
  readonly file?: string;
}

/** Storage that the compiler itself declares. */
export const LIVE_ROWS = "live rows";
export const RANDOM = "random";
export const RESERVED: ReadonlySet<string> = new Set([LIVE_ROWS, STEP_COUNT, RANDOM]);

/** Of an element as it ships: at float64, where only checks compute, it has twice as many. */
const LEAST_BYTES = 4;

export interface Mode {
  readonly training: boolean;
  readonly small: boolean;
  /** Rows of the batch. */
  readonly batch: number;
  /** What a small instance makes of the extents that are named; without it they stay. */
  readonly extents?: ExtentMap | undefined;
  /** Which call of which model's function this is, for tensors that outlive it. */
  readonly call?: Call;
  /** Where the rows of the batch lie. Default: nothing is one. */
  readonly law?: RowLaw;
  /** Over one step of a model that generates. */
  readonly decoding?: Steps | undefined;
  /** Declared to learn where rows lie, or which extents serve: no message of it is shown, so no line of the model is looked up. */
  readonly probing?: boolean;
}

/** One call of a model's function. */
export interface Call {
  readonly entry: string;
  /** The same for all calls of one model. */
  readonly of: object;
}

/** What a layer or a loss says of one of its values, for later layers to consider. */
export type Mark = "probabilities" | "logarithms" | "dropped";

export class Context {
  readonly builder: Builder;
  readonly g: Calls;
  readonly float: Float;
  readonly #citation: Citation;
  #depth = 0;
  #site: Site | undefined;
  #streams = 0;
  #regions = 0;
  readonly #marks = new Map<Value, Mark>();
  readonly advice: Diagnostic[] = [];
  #draws = 0;
  readonly #places: number[] = [];
  #random: Value | undefined;
  readonly storage = new Map<string, string>();
  /** Of what layers declared: the kind of the layer, by the name of the parameter or state. */
  readonly kinds = new Map<string, string>();
  readonly compositions: Compositions;
  /** Calls of layers, in order. */
  readonly layers: LayerRecord[] = [];
  readonly #layerNames = new Map<string, number>();
  readonly call: Call;
  /** Whether this is a training entry: dropout drops, batch norm takes the batch's statistics. */
  readonly training: boolean;
  /** Whether sizes take their `check` extents. */
  readonly small: boolean;
  /** The extents that the declaration names. */
  readonly extents: Extents;
  /** Sizes that were declared: where there are some the model itself says how small it is checked. */
  readonly sizes = new Map<string, { readonly extent: number; readonly check: number }>();
  /** Lengths of the scans that are written out: as many copies are in the graph. */
  readonly unrolled = new Set<number>();
  readonly turns = new Turns();
  /** Where the declaration is over one step of a model that generates. */
  readonly decoding: Decoding | undefined;
  /** Where the rows of the batch lie. */
  readonly rows: RowLaw;
  /** Inputs that are declared to have no rows. */
  readonly whole: Set<string> = new Set();
  readonly #probing: boolean;
  /** New values of states, written at the end of a training step. */
  readonly assignments = new Map<Value, Value>();

  constructor(name: string, float: Float, citation: Citation, mode: Mode) {
    const { training, small, batch, extents, call, law = NO_ROWS, probing = false, decoding } = mode;
    this.builder = new Builder(name);
    this.compositions = new Compositions(this.builder);
    this.call = call ?? { entry: training ? "train" : "evaluate", of: this };
    this.g = callsOn(this.builder);
    this.float = float;
    this.#citation = citation;
    this.training = training;
    this.small = small;
    this.extents = new Extents(batch, extents);
    this.rows = law;
    this.#probing = probing;
    this.decoding = decoding && new Decoding(decoding);
  }

  /** The shape that a value has in the full declaration, where this is a small instance of it. */
  fullShape(value: Value): Shape | undefined {
    const { nodes } = this.builder;
    for (let n = this.#places.length; n <= value; n++)
      this.#places.push((this.#places[n - 1] ?? -1) + (nodes[n]!.op === "literal" ? 0 : 1));
    return this.extents.full(this.#places[value]!);
  }

  /** `dense`, `dense_2`, …: the n-th layer of that name. */
  layerName(base: string): string {
    const n = (this.#layerNames.get(base) ?? 0) + 1;
    this.#layerNames.set(base, n);
    return n === 1 ? base : `${base}_${n}`;
  }

  /** `file:line` of the model's call in progress. */
  get site(): string {
    return this.#site === undefined ? "" : this.cited(this.#site);
  }

  /** A place in the model's text as comments and messages show it. */
  cited({ file, line }: Site): string {
    return `${this.#citation.cite(file)}:${line}`;
  }

  /** Where the model's call in progress is written. */
  get writtenAt(): Site | undefined {
    return this.#site;
  }

  /** Where an error lies that no line of the model is in: its file, or its name. */
  get place(): string {
    return this.site || this.#citation.file || this.builder.name;
  }

  /** Streams of random numbers for initializers, in order of declaration. */
  nextStream(): number {
    return this.#streams++;
  }

  /** Says what a value is, for losses that would take it for something else. */
  mark(value: Value, mark: Mark): Value {
    this.#marks.set(value, mark);
    return value;
  }

  /** What a value was said to be, movements looked through. */
  markOf(value: Value): Mark | undefined {
    const { op, inputs } = this.builder.node(value);
    const own = this.#marks.get(value) ?? (op === "sigmoid" ? "probabilities" : undefined);
    if (own !== undefined || opOf(op).view !== true || inputs.length !== 1) return own;
    return this.markOf(inputs[0]!);
  }

  /** A warning at the model's line. */
  advise(code: string, law: string, remedy: string): void {
    this.advice.push({ code, severity: "warning", site: this.place, law, operands: [], remedy });
  }

  /** Names of checkpointed regions: `region1`, `region2`, … */
  nextRegion(): string {
    return `region${++this.#regions}`;
  }

  /**
   * Random 32-bit integers: a pure function of the seed, the step, this use's own stream and the position. The state behind them
   * moves on with every training step; evaluation and prediction draw from it and leave it alone. In the step of a scan they are others
   * at each time.
   */
  randomBits(shape: Shape): Value {
    this.#random ??= this.#declareRandom();
    const random = this.#random;
    return this.turns.each(shape, (all) => this.named("bits", this.g.randomBits(random, { stream: this.#draws++, shape: all })));
  }

  #declareRandom(): Value {
    const type: TensorType = { dtype: "i32", shape: [] };
    const random = this.builder.append(opOf("state"), [], { initial: ["seed"] }, RANDOM, type);
    const next = this.named(`${RANDOM}_next`, this.g.add(random, this.g.literal(1, "i32")));
    this.assignments.set(random, next);
    return random;
  }

  /** A state's next value, from the value it has so far in this step: a layer called twice updates twice. */
  update(state: Value, next: (current: Value) => Value): void {
    this.assignments.set(state, next(this.assignments.get(state) ?? state));
  }

  /** Runs one call of the layer language: the outermost one gives the site, and its result the bound name. */
  run<T>(given: () => T, /** Where it was written, if not where it runs. */ site?: Site): T {
    const body = this.compositions.begun(given);
    if (this.#depth > 0) return body();
    this.#site = this.#probing ? undefined : (site ?? callSite());
    this.builder.origin = { role: "primal", site: this.site };
    this.#depth++;
    const mark = this.builder.nodes.length;
    try {
      const result = body();
      this.#name(result, mark);
      return result;
    } catch (error) {
      throw this.#framed(error);
    } finally {
      this.#depth--;
      this.#site = undefined;
    }
  }

  /** An error of a typing law gains the lines of the model around the call. */
  #framed(error: unknown): unknown {
    if (!(error instanceof ModelError) || error.diagnostic.frame !== undefined || this.#site === undefined) return error;
    const text = this.#citation.textOf(this.#site.file);
    if (text === undefined) return error;
    return new ModelError({ ...error.diagnostic, frame: codeFrame(text, this.#site.line) });
  }

  /** Names an intermediate value of a composition, for the readers of the emitted code. */
  named(name: string, value: Value): Value {
    this.builder.rename(value, name);
    return value;
  }

  #name(result: unknown, mark: number): void {
    if (!isTensor(result) || result.value < mark || this.#site === undefined) return;
    const node = this.builder.node(result.value);
    if (opOf(node.op).leaf) return;
    const text = this.#citation.textOf(this.#site.file);
    const name = text === undefined ? undefined : boundName(text, this.#site);
    if (name !== undefined) this.builder.rename(result.value, name);
  }

  /** Declares storage. Names are data, but each belongs to one thing. */
  leaf(op: "input" | "param" | "state" | "hyper", name: string, type: TensorType, attrs: Attrs): Value {
    const other = RESERVED.has(name) ? "the compiler" : this.storage.get(name);
    if (other !== undefined)
      this.fail(
        "name/duplicate",
        `${op} ${JSON.stringify(name)}: the name is taken by ${other}`,
        "Give each input, parameter and state a name of its own.",
      );
    if (name === "") this.fail("name/empty", `${op}: needs a name, but got ""`, "Name it; the name appears in the trainer.");
    type.shape.forEach((extent, axis) => {
      if (!(Number.isInteger(extent) && extent > 0))
        this.fail(
          "shape/extent",
          `${op} ${JSON.stringify(name)}: axis ${axis} needs a whole number above 0, but got ${extent}`,
          "Change that dimension.",
        );
    });
    const bytes = sizeOf(type.shape) * LEAST_BYTES;
    if (bytes > MOST_BYTES)
      this.fail(
        "shape/bytes",
        `${op} ${JSON.stringify(name)}: [${type.shape.join(",")}] is ${bytes.toLocaleString("en-US")} bytes, and all memory of a trainer has at most ${MOST_BYTES.toLocaleString("en-US")}`,
        "Declare a smaller shape.",
      );
    this.storage.set(name, `${op}, ${this.site}`);
    // storage keeps its declared name: a computed value of that name gives way
    const computed = this.builder.nodes.findIndex((node) => node.name === name && node.op !== "literal");
    if (computed >= 0) this.builder.rename(computed as Value, `${name}_value`);
    return this.builder.append(opOf(op), [], attrs, name, type);
  }

  /** A value as a message shows it: name, type, and what made it where. */
  operand(label: string, value: Value): Operand {
    const { name, type, op, origin } = this.builder.node(value);
    return { label, name: `%${name}`, type, site: `from ${op}  ${origin.site}`.trimEnd() };
  }

  /** Throws a ModelError at the model's line. */
  fail(code: string, law: string, remedy: string, operands: readonly Operand[] = []): never {
    const text = this.#site === undefined ? undefined : this.#citation.textOf(this.#site.file);
    throw new ModelError({
      code,
      site: this.place,
      law,
      operands,
      remedy,
      ...(text === undefined || this.#site === undefined ? {} : { frame: codeFrame(text, this.#site.line) }),
    });
  }

  tensor(value: Value): Tensor {
    const { shape, dtype } = this.builder.typeOf(value);
    return { shape, dtype, value, [OWNER]: this, [Symbol.toStringTag]: "tensor" } as Tensor;
  }

  typeOf(value: Value): { readonly shape: readonly number[]; readonly dtype: DType } {
    return this.builder.typeOf(value);
  }
}

/** The declaration that a tensor belongs to: its number means another node in every other. Copies by spreading keep it. */
const OWNER = Symbol("declaration");

export const isTensor = (x: unknown): x is Tensor => ownerOf(x) !== undefined;

/** The declaration that made a tensor; undefined for what is none. */
export const ownerOf = (x: unknown): Context | undefined =>
  typeof x === "object" && x !== null && OWNER in x ? (x[OWNER] as Context) : undefined; // set by `tensor` alone

let current: Context | undefined;

/** The declaration in progress. Layer functions work only inside a model's function. */
export function context(): Context {
  if (current === undefined)
    throw new ModelError({
      code: "model/outside",
      site: "a layer was called outside a model",
      law: "layers append to the model being declared, and none is",
      operands: [],
      remedy: "Call it inside the function given to model(name, { batch }, (instance) => { … }).",
    });
  return current;
}

/** Runs a declaration with its context in force. */
export function within<T>(inner: Context, body: () => T): T {
  const outer = current;
  current = inner;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** The declaration in progress, for what may also be made before one, such as an optimizer. */
export const declaring = (): Context | undefined => current;
