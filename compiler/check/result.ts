/** The form of what a check found: one row a tensor, its worst error beside the bound that it was held to. */

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
  /** Of a tensor that was judged beside measured rounding (rounding.ts): how far that moves it, relative to its scale. */
  readonly rounding?: number;
  /** Rounding decides it in float32, so that the same code was judged in float64. */
  readonly inDouble?: true;
  /** Why it was not judged; `worst` then says nothing. */
  readonly unjudged?: string;
}

/** Only what is wrong refuses a trainer; what was not judged is told with its reason. */
export type Verdict = "holds" | "wrong" | "not judged";

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
/** What rounding may move an element of a kernel by, relative to the magnitudes of its terms. */
export const ROUNDED = { double: KERNEL_BOUND, single: singleBound(0) } as const;

export const verdictOf = ({ worst, bound, unjudged }: TensorCheck): Verdict =>
  unjudged !== undefined ? "not judged" : worst <= bound ? "holds" : "wrong"; // NaN is wrong

/** Judged, and in order. */
export const withinBound = (tensor: TensorCheck): boolean => verdictOf(tensor) === "holds";
export const isWrong = (tensor: TensorCheck): boolean => verdictOf(tensor) === "wrong";

/** How gradients are judged: by name, as certificate.json has it. */
export const CENTRAL_DIFFERENCES = "central differences";
export const FORWARD_MODE = "forward mode";
export const FLOAT32 = "float32 against float64";

/** What a leaf is called whose gradient was compared. */
export const roleOf = ({ op }: { readonly op: string }): CheckRole => (op === "param" ? "parameter" : "input");

export const resultOf = (model: string, tensors: readonly TensorCheck[], instance?: string): CheckResult => ({
  model,
  ...(instance === undefined ? {} : { instance }),
  holds: !tensors.some(isWrong),
  tensors,
});

/** The larger of two errors; not-a-number beats everything. */
export const worse = (a: number, b: number): number => (a > b || Number.isNaN(a) ? a : b);

/** Whether an error is the new worst; once something was not a number, it stays the worst. */
export const beats = (error: number, worst: number): boolean => error > worst || (Number.isNaN(error) && !Number.isNaN(worst));

/** Two rows of the same tensor, judged the same way, as one: what one of them judged is judged. */
export function merged(a: TensorCheck, b: TensorCheck): TensorCheck {
  if (a.unjudged === undefined && b.unjudged !== undefined) return { ...a, kinks: a.kinks + b.kinks };
  if (b.unjudged === undefined && a.unjudged !== undefined) return { ...b, kinks: a.kinks + b.kinks };
  const { zero: _, estimate: __, ...top } = beats(b.worst, a.worst) ? b : a;
  return {
    ...top,
    coordinates: a.coordinates + b.coordinates,
    kinks: a.kinks + b.kinks,
    ...(a.estimate === undefined || b.estimate === undefined ? {} : { estimate: worse(a.estimate, b.estimate) }),
    ...(a.zero === true && b.zero === true ? { zero: true } : {}),
  };
}
