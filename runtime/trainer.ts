/**
 * What the runtime relies on, and no more: every emitted trainer satisfies `Trainer` by its structure,
 * so this folder imports nothing generated and a generated file imports nothing from here.
 */

/** The values of one input: f32 data, or i32 labels and indices. Row-major, rows along the leading axis. */
export type Values = Float32Array | Int32Array;

/** The losses of one step: a number with one phase, a number for each phase with several. */
export type Loss = number | Readonly<Record<string, number>>;

/** What a step may be asked for. */
export interface StepOptions {
  /** Refuses inputs that hold NaN or infinity before anything changes, and a loss that became so. */
  readonly finite?: boolean;
}

/** What `predict` of a model that generates takes and gives, a step at a time. */
export interface Generation {
  /** The input of tokens, one a row. */
  readonly tokens: string;
  /** The output that scores the next token. */
  readonly scores: string;
  /** How many steps it can see; any number where that is left out. */
  readonly steps?: number;
  /** Whether it takes the number of the step, as `position`. */
  readonly position: boolean;
  /** What goes in and comes out under one name, zeros at first, and its length for the whole batch. */
  readonly carries: Readonly<Record<string, number>>;
}

/**
 * A compiled training program.
 *
 * Batches are typed `object` here because an emitted trainer names its inputs exactly; parameters of
 * methods are bivariant, so `step(batch: { x: Float32Array; y: Int32Array })` satisfies this interface.
 */
export interface Trainer {
  /** One update on one batch; returns the loss before it. Rows at or past `count` weigh nothing. */
  step(batch: object, count?: number, options?: StepOptions): Loss;
  /** Present where the trainer was compiled with --sliced: the same step, which gives way after each call of `next()`. */
  stepInSlices?(batch: object, count?: number, options?: StepOptions): Iterator<undefined, Loss>;
  /** Loss and metrics of one batch, each the batch mean times `count`, so that Σ/Σcount is the mean. */
  evaluate(batch: object, count?: number): { readonly count: number };
  /** Outputs of one batch, as views that the next call overwrites. */
  predict(batch: object): object;
  /** Rows that each entry point was compiled for. */
  readonly batch: { readonly train: number; readonly evaluate: number; readonly predict: number };
  /** Live views by name; an input's length is `batch.train` rows. */
  readonly inputs: object;
  readonly parameters: object;
  readonly state: object;
  readonly hyper: object;
  /** Steps taken since creation, or since the state that was restored. */
  readonly stepCount: number;
  /** Present where rows interact (as in batch norm): `step` throws `RangeError` unless the batch is full. */
  readonly shortBatch?: "refuse";
  /** The same of `evaluate`. */
  readonly shortEvaluation?: "refuse";
  /** Present where rows interact in outputs: a batch of `predict` filled up with other rows would change them. */
  readonly shortPrediction?: "refuse";
  /** Inputs that are not one row after the other: null where they have no rows and are given whole, or the axis of their rows. */
  readonly inputRows?: object;
  /** Outputs that are not one row after the other. */
  readonly wholeOutputs?: readonly string[];
  /** Present where the model generates: `predict` is then one step. */
  readonly generation?: Generation;
  /** Parameters, then state, packed and little-endian. */
  bytes(): Uint8Array;
  /** Takes back what `bytes` gave; refuses anything else, and NaN, before anything changes. */
  restore(bytes: Uint8Array): void;
}

/** The record of arrays that `fit` takes: that of one batch of `T`, with any number of rows. */
export type TrainingData<T extends Trainer> = NonNullable<Parameters<T["step"]>[0]>;

/** The record of arrays that `evaluate` takes, likewise. */
export type EvaluationData<T extends Trainer> = NonNullable<Parameters<T["evaluate"]>[0]>;

/** What `T` measures, by name: `loss`, its metrics, and `count`, the rows they were taken over. */
export type Means<T extends Trainer> = { readonly [K in keyof ReturnType<T["evaluate"]>]: number };
