/** The form of levels 2 to 4: definitions in index notation, groups that share loops, kernels as loop nests, and a module with addresses. */

import type { DType, Shape } from "../graph/type.ts";
import type { Index } from "./index-expression.ts";

/**
 * What a target must be able to compute of scalars; everything else is composed from these. bitsOf reads a float32 as an integer and
 * floatOf an integer as a float32; shr keeps the sign.
 */
export const SCALAR_FNS = [
  ...["neg", "abs", "sign", "floor", "sqrt", "exp", "log", "tanh", "sin", "cos", "erf", "erfc", "atan"],
  ...["log1p", "expm1", "add", "sub", "mul", "div", "max", "min", "pow", "lt", "le", "eq"],
  ...["and", "or", "not", "cast", "randomBits", "bitsOf", "floatOf", "shl", "shr"],
] as const satisfies readonly string[];
export type ScalarFn =
  | "neg"
  | "abs"
  | "sign"
  | "floor"
  | "sqrt"
  | "exp"
  | "log"
  | "tanh"
  | "sin"
  | "cos"
  | "erf"
  | "erfc"
  | "atan"
  | "log1p"
  | "expm1"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "max"
  | "min"
  | "pow"
  | "lt"
  | "le"
  | "eq"
  | "and"
  | "or"
  | "not"
  | "cast"
  | "randomBits"
  | "bitsOf"
  | "floatOf"
  | "shl"
  | "shr";

export interface Axis {
  readonly name: string;
  readonly extent: number;
}

/**
 * How terms combine. The order is row-major over the axes, one term after the other; or, `inLanes`, in four sums side by side
 * (passes/graph/additions.ts). A sum `inMemory` is stored after every term, and rounded as storage rounds: places that the data tell are
 * added to one after the other. It is part of a reduction's meaning: no schedule may change it.
 */
export type ReduceBy = "add" | "max" | "argmax";

/** One scalar. Pure: evaluating it twice is the same as once. `select` evaluates only the branch it takes. */
export type Scalar =
  | { readonly kind: "literal"; readonly dtype: DType; readonly value: number }
  | { readonly kind: "local"; readonly dtype: DType; readonly name: string }
  | { readonly kind: "index"; readonly dtype: "i32"; readonly at: Index }
  /** In definitions one index a dimension; in kernels one flat index. `updated` asks for the value that this step stores there. */
  | { readonly kind: "load"; readonly dtype: DType; readonly buffer: string; readonly at: readonly Index[]; readonly updated?: true }
  | { readonly kind: "apply"; readonly dtype: DType; readonly fn: ScalarFn; readonly args: readonly Scalar[] }
  | { readonly kind: "select"; readonly dtype: DType; readonly when: Scalar; readonly then: Scalar; readonly otherwise: Scalar }
  /** To float32, ties to even: the only rounding besides stores. */
  | { readonly kind: "round"; readonly dtype: "f32"; readonly value: Scalar }
  /** argmax gives the first position of the largest term, counted row-major over the axes. */
  | {
      readonly kind: "reduce";
      readonly dtype: DType;
      readonly by: ReduceBy;
      readonly over: readonly Axis[];
      readonly term: Scalar;
      readonly inLanes?: true;
      readonly inMemory?: true;
    };

export type Literal = Extract<Scalar, { kind: "literal" }>;
export type Local = Extract<Scalar, { kind: "local" }>;
export type Load = Extract<Scalar, { kind: "load" }>;
export type Apply = Extract<Scalar, { kind: "apply" }>;
export type Select = Extract<Scalar, { kind: "select" }>;
export type Reduce = Extract<Scalar, { kind: "reduce" }>;

/** One graph node as loops keep it for whoever reads them: `maths    %node  role in composition, site`. */
export interface Doc {
  readonly maths: string;
  readonly node: string;
  readonly role: string;
  readonly site: string;
  /** Of a cotangent: the node in whose statement lies what it differentiates, and the law it came by. */
  readonly adjoint?: { readonly of: string; readonly law: string };
  /** The layer, function or update rule that the node, or what it differentiates, is a part of: `layerNorm_3: μ, σ², x̂·γ + β`. */
  readonly within?: string;
}

/** What: one output element in index notation. Fusion is substitution of one definition into another. */
export interface Definition {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** One axis a dimension. */
  readonly axes: readonly Axis[];
  readonly value: Scalar;
  /** The storage this value replaces at the end of the step, for an update. */
  readonly target?: string;
  /** Where it is stored, if not at its own point of a buffer of its own: at a place in another, in its axes. */
  readonly segment?: { readonly of: string; readonly at: readonly Index[] };
  /** The op of the node and the rule it serves: kernels are named after them. */
  readonly op: string;
  readonly doc: readonly Doc[];
}

/**
 * Where a stage's value goes: memory, a local of the shared loops, or a sum over all of the shared loops; or memory of which only the places
 * hold it that a term is added to, for the stages after it: elsewhere it is 0.
 */
export type Storage = "buffer" | "local" | "total" | "places";

/** Whether a statement leaves a stage's value to others. */
export const isLeft = ({ storage }: Pick<Stage, "storage">): boolean => storage !== "local" && storage !== "places";

export interface Stage {
  readonly definition: Definition;
  readonly storage: Storage;
}

/** Stages share the outer axes and run in order at each point of them; a stage may have inner axes of its own. */
export interface Group {
  readonly axes: readonly Axis[];
  readonly stages: readonly Stage[];
}

/** Level 2, one entry point. `scalar` definitions are locals of the entry itself. */
export interface Definitions {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  readonly work: readonly Work[];
  /** Of the work what runs many times; none where that is left out. */
  readonly loops?: readonly Turns[] | undefined;
  /** Where there are loops, what is before, inside and between them, each by itself: the work is theirs in order. */
  readonly sections?: Sections<Definitions>;
  readonly results: readonly EntryResult[];
  readonly refusals: readonly Refusal[];
}

/** Statements of an entry, from the first to the last, that run once a turn; `turn` counts the slices, from the last one down where it goes in reverse. */
export interface Turns {
  /** The node of the graph that they are of. */
  readonly node: string;
  readonly turn: Axis;
  readonly reverse: boolean;
  readonly first: number;
  readonly last: number;
}

/** One part of an entry: the body of a loop, or what stands before, between and after loops. */
export interface Section<Of> {
  readonly of: Of;
  readonly turns?: Pick<Turns, "node" | "turn" | "reverse">;
}

/** The parts of an entry in order, and the storage by which they hand values to each other. */
export interface Sections<Of> {
  readonly all: readonly Section<Of>[];
  readonly shared: readonly Buffer[];
}

/** Why a value is not computed in the loops of what it reads. */
export type Apart =
  | "fusion is left out"
  | "it contracts"
  | "it is summed in memory"
  | "it is computed again for the backward pass"
  | "it belongs to another part of the batch"
  | "it reads what the other overwrites"
  | "it overwrites what the other reads elsewhere"
  | "it is no sum over the other's loops"
  | "it reads a sum that is whole only after the loops"
  | "it has another shape"
  | "it reads the other elsewhere than at its own point"
  | "it reduces, and the other's loops are tiled"
  | "the other's loops hold as much as a kernel may"
  | "it would wait for itself";

/** A value that stayed out of a group it reads from, whose values so far are named. */
export interface Refusal {
  readonly value: string;
  readonly from: readonly string[];
  readonly reason: Apart;
}

export type Work =
  | { readonly kind: "group"; readonly group: Group }
  | {
      readonly kind: "scalar";
      readonly definition: Definition;
      readonly storage: "buffer" | "local";
    };

/** How: the loop nest chosen for a group. */
export type Stmt =
  /**
   * `unrolled`: so many iterations are written in a row, each a block; the loop may end after any of them. `only`: of all iterations the
   * one runs whose number this is, or none where it lies outside; the ends are known, and it is evaluated once, before the loop.
   */
  | {
      readonly kind: "for";
      readonly index: string;
      readonly from: Index;
      readonly to: Index;
      readonly step: number;
      readonly form: "loop" | "vector";
      readonly unrolled?: number;
      readonly only?: Scalar;
      readonly body: readonly Stmt[];
    }
  | { readonly kind: "let"; readonly name: string; readonly dtype: DType; readonly value: Scalar; readonly mutable: boolean }
  | { readonly kind: "assign"; readonly name: string; readonly value: Scalar }
  | { readonly kind: "store"; readonly buffer: string; readonly at: Index; readonly value: Scalar }
  | { readonly kind: "if"; readonly when: Scalar; readonly then: readonly Stmt[] };

export type Loop = Extract<Stmt, { kind: "for" }>;

export interface Param {
  readonly name: string;
  readonly dtype: DType;
  readonly length: number;
  readonly access: "read" | "write" | "update";
}

export interface Kernel {
  readonly name: string;
  /** What it computes, in index notation, one line each. */
  readonly doc: readonly string[];
  readonly params: readonly Param[];
  readonly body: readonly Stmt[];
  readonly flops: number;
}

export type Role = "input" | "output" | "constant" | "parameter" | "state" | "hyper" | "residual" | "scratch";

export interface Buffer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly role: Role;
  /** For labels: values must lie in 0 ≤ y < classes. */
  readonly classes?: number;
  /** Of an input, where the batch's rows lie: `per` positions of an axis each, or nowhere. Default: along a leading axis as long as the batch. */
  readonly rows?: { readonly axis: number; readonly per: number } | "none";
  readonly trainable?: boolean;
  readonly initial?: Initial;
  /** Of a buffer that is a part of another: at which of its elements it begins, which may be another at each turn of a loop. */
  readonly window?: { readonly of: string; readonly at: Index };
}

/** First contents of a parameter or state. Streams are numbered, so that each draws its own numbers. */
export type Initial =
  | { readonly kind: "constant"; readonly value: number }
  /** A number that each seed makes its own. */
  | { readonly kind: "seed" }
  | { readonly kind: "data"; readonly values: readonly number[] }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number; readonly stream: number }
  | { readonly kind: "normal"; readonly mean: number; readonly deviation: number; readonly stream: number };

/** One statement of an entry. Scalar statements load at flat indices that are numbers. */
export type Call =
  | {
      readonly kind: "call";
      readonly kernel: string;
      readonly args: readonly string[];
      readonly group: Group;
      readonly doc: readonly Doc[];
    }
  | { readonly kind: "let"; readonly name: string; readonly dtype: DType; readonly value: Scalar; readonly doc: readonly Doc[] }
  | {
      readonly kind: "store";
      readonly buffer: string;
      readonly dtype: DType;
      readonly value: Scalar;
      readonly definition: Definition;
      readonly doc: readonly Doc[];
    };

/** What an entry returns: a local or a buffer. */
export interface EntryResult {
  readonly kind: "loss" | "output";
  readonly name: string;
  readonly value: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Level 3: one entry point as calls over named buffers, in a straight line but for loops around some of them. */
export interface Program {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  readonly kernels: readonly Kernel[];
  readonly calls: readonly Call[];
  /** Of the calls what runs many times; none where that is left out. */
  readonly loops?: readonly Turns[] | undefined;
  readonly results: readonly EntryResult[];
}

/** Address and life of a buffer (of a window at the first slice): bytes from the arena's start, first and last call of its entry that touches it. */
export interface Slot {
  readonly buffer: string;
  readonly offset: number;
  readonly bytes: number;
  readonly live: readonly [first: number, last: number] | "always";
  /** Of a window the buffer that it is a part of, whose bytes these are. */
  readonly of?: string;
  /** The buffer whose place it takes: the call that stores it first is the last that reads that one. */
  readonly over?: string;
}

export interface Entry extends Omit<Program, "kernels" | "buffers"> {
  /** Names of the buffers of this entry that are not pinned. */
  readonly buffers: readonly string[];
  /** Largest sum of live bytes over the calls, pinned storage included; where one takes another's place, both count once. */
  readonly lowerBound: number;
}

/** Level 4: all entry points over one arena. */
export interface Module {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly buffers: readonly Buffer[];
  readonly kernels: readonly Kernel[];
  readonly slots: readonly Slot[];
  readonly arenaBytes: number;
}
