/** What a model is declared with, and what each declaration of it comes to. */

import type { Phase, UpdateRule } from "../autodiff/update.ts";
import type { Diagnostic } from "../graph/error.ts";
import type { Generation } from "../graph/generation.ts";
import type { Graph } from "../graph/graph.ts";
import type { Float } from "../graph/type.ts";
import type { Citation } from "./context.ts";
import type { ExtentKind, ExtentMap } from "./extents.ts";
import type { LayerRecord } from "./record.ts";
import type { Meeting } from "./rows.ts";
import type { FloatTensor, Scalar, Tensor } from "./tensor.ts";

/** What a declaration may depend on. */
export interface Instance {
  readonly batch: number;
  readonly training: boolean;
}

export interface BatchSizes {
  readonly train: number;
  readonly evaluate: number;
  readonly predict: number;
}

/** One of several losses that a step descends in turn, each with parameters and an optimizer of its own, as a GAN's two. */
export interface PhaseDeclaration {
  readonly name: string;
  readonly loss: Scalar;
  /** Tensors made by param, names of parameters, or names of layers. Default: every trainable parameter that the loss reaches. */
  readonly parameters?: readonly (FloatTensor | string)[];
  readonly optimizer: UpdateRule;
}

interface Shown {
  readonly outputs?: Readonly<Record<string, Tensor>>;
  readonly metrics?: Readonly<Record<string, Scalar>>;
  /** For models of sequences that go on by themselves: `predict` is then one step, with carries in and out, and `generate` of the runtime takes them. */
  readonly generate?: Generated;
}

/** What is generated from what. */
export interface Generated {
  /** Labels [n, steps]: what each step is given. */
  readonly tokens: Tensor;
  /** The output [n, steps, classes] that scores the next token at each step. */
  readonly scores: FloatTensor;
}

/** `loss` and `optimizer` are short for one phase. */
export type Declaration = Shown &
  ({ readonly loss: Scalar; readonly optimizer: UpdateRule } | { readonly phases: readonly PhaseDeclaration[] });

export type EntryKind = "train" | "evaluate" | "predict";

export interface TraceRequest {
  readonly entry: EntryKind;
  readonly batch: number;
  readonly float: Float;
  /** The small instance, where the compiler validates itself. */
  readonly small: boolean;
  /** What the small instance makes of the extents that the declaration names, where no size(…) says so. */
  readonly extents?: ExtentMap | undefined;
  readonly citation: Citation;
  /** Prediction over all steps at once, also of a model that generates. */
  readonly whole?: true;
  /** Declared to be compared with others that are: no line of the model is looked up, nor what a value is called there. */
  readonly withoutLines?: true;
}

/** One declared graph; its losses are one a phase, in order. */
export interface Traced {
  readonly graph: Graph;
  /** Calls of layers, in order, for summary. */
  readonly layers: readonly LayerRecord[];
  /** The kind of the layer that declared a parameter or state, by name; what the model declared itself is not in it. */
  readonly kinds: ReadonlyMap<string, string>;
  /** Warnings of the declaration. */
  readonly advice: readonly Diagnostic[];
  /** Where the rows of the batch meet in what the entry computes (batch norm): a short batch must then be refused. */
  readonly meeting?: Meeting;
  /** Outputs without rows along their leading axis. */
  readonly wholeOutputs: readonly string[];
  /** What the declaration named, of which a small instance may be made; a graph that was not declared has none. */
  readonly named?: NamedExtents;
  readonly phases: readonly Phase[];
  /** Of prediction, where the model generates. */
  readonly generation?: Generation;
}

/** The extents that a declaration names, in full. */
export interface NamedExtents extends Readonly<Record<ExtentKind, ReadonlySet<number>>> {
  /** Lengths of scans. */
  readonly unrolled: ReadonlySet<number>;
  /** Whether a size(…) was declared. */
  readonly sized: boolean;
}

/** A declared model, as `model` and `sequential(…).compile` give it: what `compile` makes a trainer of. */
export interface Model {
  readonly kind: "adjoint model";
  readonly name: string;
  readonly batch: BatchSizes;
  /** The trainer's arena, at most. */
  readonly memory?: string;
  trace(request: TraceRequest): Traced;
}

/** What a model may say beside its declaration. */
export interface ModelOptions {
  /** Rows of a batch, by entry point; a number n is short for train n, evaluate n, predict 1. */
  readonly batch?: number | BatchSizes;
  /** The trainer's arena, at most, such as 512KB (1000 bytes each) or 512KiB (1024): the backward pass computes again what does not fit. */
  readonly memory?: string;
  /**
   * Patterns of the parameters that train, such as ["layer4.*", "fc"]: names of parameters or layers, in which * stands for any letters; what
   * follows a ! does not train. The last that fits counts. Default: all that are declared to. What does not train costs no gradient, no
   * residual and no optimizer state.
   */
  readonly trainable?: readonly string[];
}
