/** Guarantees the order of the passes: read this first. */

import type { Phase } from "../autodiff/update.ts";
import type { Graph } from "../graph/graph.ts";
import type { Definitions, Program } from "../loop/loop.ts";
import { algebra } from "./algebra.ts";
import { define } from "./define.ts";
import { differentiate } from "./differentiate.ts";
import { fold } from "./fold.ts";
import { fuse } from "./fuse.ts";
import { gradients } from "./gradients.ts";
import { movement } from "./movement.ts";
import { numerics } from "./numerics.ts";
import { outline } from "./outline.ts";
import { start, type Pipeline } from "./pass.ts";
import { prune } from "./prune.ts";
import { recompute, type Recomputed } from "./recompute.ts";
import { schedule } from "./schedule.ts";
import { share } from "./share.ts";
import { stability } from "./stability.ts";

export { place } from "./place.ts";

/** What one entry point is compiled for. */
export type Purpose =
  | { readonly kind: "train"; readonly phase: Phase; readonly counts: boolean }
  | { readonly kind: "gradients"; readonly phase: Phase }
  | { readonly kind: "forward" };

/** From a declared graph to the loops of one entry point; `place` then gives all of them addresses. `chosen`: what a memory budget asks for. */
export const pipeline = (purpose: Purpose, chosen?: Recomputed): Pipeline<Graph, Program> =>
  toGroups(toRounded(purpose), chosen).then(schedule); // definitions → loop nests

/** The graph passes. */
// prettier-ignore
export const toRounded = (purpose: Purpose): Pipeline<Graph, Graph> =>
  start<Graph>()
    .then(prune).then(fold).then(algebra)   // drop what no result needs; constants; x + 0 → x, and cousins
    .then(share)                            // equal nodes become one
    .then(stability)                        // log(softmax(x)) → x − logsumexp(x), and cousins: approximate
    .then(derivatives(purpose))             // append cotangents and updates
    .then(fold).then(algebra)
    .then(movement)                         // transpose of transpose, reshape of reshape
    .then(share).then(prune)
    .then(numerics); // which values are rounded, once and for all

// prettier-ignore
const toGroups = (rounded: Pipeline<Graph, Graph>, chosen?: Recomputed): Pipeline<Graph, Definitions> =>
  rounded
    .then(recompute(chosen))                // forward values that the backward pass computes again
    .then(define)                           // Graph → definitions
    .then(fuse); // producers into consumers; groups that share loops, in order

/** The statements of a graph whose roundings are fixed, without loops: what a memory budget tries out. */
export const outlined = (chosen: Recomputed): Pipeline<Graph, Program> => toGroups(start<Graph>(), chosen).then(outline); // prettier-ignore

const derivatives = (purpose: Purpose) =>
  purpose.kind === "gradients"
    ? gradients(purpose.phase)
    : differentiate(purpose.kind === "train" ? purpose.phase : undefined, { counts: purpose.kind === "train" && purpose.counts }); // prettier-ignore
