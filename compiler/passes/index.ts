/** Guarantees the order of the passes: read this first. */

import type { Phase } from "../autodiff/update.ts";
import type { Graph } from "../graph/graph.ts";
import type { Program } from "../loop/loop.ts";
import { algebra } from "./algebra.ts";
import { define } from "./define.ts";
import { differentiate } from "./differentiate.ts";
import { fold } from "./fold.ts";
import { fuse, separate } from "./fuse.ts";
import { gradients } from "./gradients.ts";
import { machines } from "./machine.ts";
import { movement } from "./movement.ts";
import { numerics } from "./numerics.ts";
import { pack } from "./pack.ts";
import { start, type Pipeline } from "./pass.ts";
import { prune } from "./prune.ts";
import { schedule } from "./schedule.ts";
import { EVERY, type PassChoice } from "./selection.ts";
import { share } from "./share.ts";
import { stability } from "./stability.ts";

export { place } from "./place.ts";

/** What one entry point is compiled for. */
export type Purpose =
  | { readonly kind: "train"; readonly phase: Phase; readonly counts: boolean }
  | { readonly kind: "gradients"; readonly phase: Phase }
  | { readonly kind: "forward" };

/** Which passes run, and for which machine the loops are made. */
export interface Road {
  readonly choice?: PassChoice;
  readonly target?: keyof typeof machines;
}

/** From a declared graph to the loops of one entry point; `place` then gives all of them addresses. */
// prettier-ignore
export const pipeline = (purpose: Purpose, { choice: { runs } = EVERY, target = "typescript" }: Road = {}): Pipeline<Graph, Program> =>
  start<Graph>(runs)
    .optional(prune).optional(fold).optional(algebra) // drop what no result needs; constants; x + 0 → x, and cousins
    .optional(share)                                  // equal nodes become one
    .optional(stability)                              // log(softmax(x)) → x − logsumexp(x), and cousins: approximate
    .then(derivatives(purpose))                       // append cotangents and updates
    .optional(fold).optional(algebra)
    .optional(movement)                               // transpose of transpose, reshape of reshape
    .optional(share).optional(prune)
    .then(numerics)                                   // which values are rounded, once and for all
    .then(define)                                     // Graph → definitions
    .then(runs(fuse.name) ? fuse : separate)          // producers into consumers; groups that share loops, in order
    .then(pack(machines[target]))                     // guards out of contractions, operands in the order they are read
    .then(schedule(machines[target])); // definitions → loop nests

const derivatives = (purpose: Purpose) =>
  purpose.kind === "gradients"
    ? gradients(purpose.phase)
    : differentiate(purpose.kind === "train" ? purpose.phase : undefined, { counts: purpose.kind === "train" && purpose.counts }); // prettier-ignore
