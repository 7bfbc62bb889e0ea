/** Guarantees the form of what a check found: one row a tensor, its worst error beside the bound that it was held to. */

import type { FirstLosses } from "../targets/report.ts";

/** What was compared: gradients of leaves, storage after steps, what entries return, what statements write. */
export type CheckRole = "parameter" | "input" | "state" | "output" | "kernel";

export interface TensorCheck {
  readonly name: string;
  readonly role: CheckRole;
  /** How it was judged, e.g. `central differences`. */
  readonly method: string;
  /** Coordinates, directions or elements compared. */
  readonly coordinates: number;
  /** Largest relative error; NaN where something compared was not a number. */
  readonly worst: number;
  /** Of differences: the largest estimate of their own error, relative as `worst` is. */
  readonly estimate?: number;
  /** What `worst` may be at most. */
  readonly bound: number;
  /** Where the worst was found. */
  readonly at: string;
  /** Coordinates redrawn, because a comparison changed its outcome within the step. */
  readonly kinks: number;
  /** No scale of its own: both gradients vanish beside those of the other tensors. */
  readonly zero?: true;
}

export interface CheckResult {
  readonly model: string;
  readonly holds: boolean;
  /** The small instance that was found, such as `checked at 6×6 of 32×32`; without it, extents were the model's own. */
  readonly instance?: string;
  /** The losses that training starts from, where the check met them on its way. */
  readonly first?: FirstLosses;
  readonly tensors: readonly TensorCheck[];
}

/** How thoroughly: a few coordinates, more, or all of them. */
export type Effort = "quick" | "more" | "exhaustive";

/** Gradients of the float64 interpreter against central differences. */
export const GRADIENT_BOUND = 1e-6;
/** The same against forward mode, where only sums in another order differ. */
export const FORWARD_BOUND = 1e-9;
/** A float32 step against the float64 interpreter. */
export const STEP_BOUND = 1e-4;
/** An element of a kernel against its definition, in units of the magnitudes that were rounded. */
export const KERNEL_BOUND = 1e-6;
/** The same of kernels that compute in float32: half a unit in the last place for every term of their sums, twice, and for what follows. */
export const singleBound = (terms: number): number => (64 + 2 * terms) * 2 ** -24;
/** Share of coordinates that may be redrawn for a kink, in percent. */
export const KINK_PERCENT = 10;

export const withinBound = ({ worst, bound }: TensorCheck): boolean => worst <= bound; // NaN is not

/** Kinks may be redrawn up to the stated share, or twice in small samples. */
export function fewKinks(tensors: readonly TensorCheck[]): boolean {
  const kinks = tensors.reduce((n, tensor) => n + tensor.kinks, 0);
  const tried = tensors.reduce((n, tensor) => n + tensor.coordinates + tensor.kinks, 0);
  return kinks <= Math.max(2, (tried * KINK_PERCENT) / 100);
}

const probed = (tensors: readonly TensorCheck[]): readonly TensorCheck[] =>
  tensors.filter(({ method }) => method === CENTRAL_DIFFERENCES || method === FORWARD_MODE);
/** How gradients are judged: by name, as certificate.json has it. */
export const CENTRAL_DIFFERENCES = "central differences";
export const FORWARD_MODE = "forward mode";
export const FLOAT32 = "float32 against float64";

/** What a leaf is called whose gradient was compared. */
export const roleOf = ({ op }: { readonly op: string }): CheckRole =>
  op === "param" ? "parameter" : "input";

export const resultOf = (
  model: string,
  tensors: readonly TensorCheck[],
  instance?: string,
): CheckResult => ({
  model,
  ...(instance === undefined ? {} : { instance }),
  holds: tensors.every(withinBound) && fewKinks(probed(tensors)),
  tensors,
});

/** The larger of two errors; not-a-number beats everything. */
export const worse = (a: number, b: number): number => (a > b || Number.isNaN(a) ? a : b);

/** Whether an error is the new worst; once something was not a number, it stays the worst. */
export const beats = (error: number, worst: number): boolean =>
  error > worst || (Number.isNaN(error) && !Number.isNaN(worst));

/** Two rows of the same tensor, judged the same way, as one. */
export function merged(a: TensorCheck, b: TensorCheck): TensorCheck {
  const { zero: _, estimate: __, ...top } = beats(b.worst, a.worst) ? b : a;
  return {
    ...top,
    coordinates: a.coordinates + b.coordinates,
    kinks: a.kinks + b.kinks,
    ...(a.estimate === undefined || b.estimate === undefined
      ? {}
      : { estimate: worse(a.estimate, b.estimate) }),
    ...(a.zero === true && b.zero === true ? { zero: true } : {}),
  };
}
