/** The order of the passes: read this first. */

import type { Phase } from "../autodiff/update.ts";
import type { Graph } from "../graph/graph.ts";
import type { Definitions, Program } from "../loop/loop.ts";
import { define, fuse, inSections, segments, separate, split, type Parts } from "./definitions/index.ts";
import type { Machine } from "../loop/machine.ts";
import {
  additions,
  algebra,
  differentiate,
  fold,
  gradients,
  inBodies,
  movement,
  numerics,
  outOfLoops,
  phases,
  prune,
  recompute,
  share,
  stability,
  whereLoops,
  winograd,
  loops,
  writeOut,
  type Recomputed,
} from "./graph/index.ts";
import { pack, pitch, schedule, unroll, type Nests } from "./loops/index.ts";
import { start, type Pipeline } from "./pass.ts";
import { EVERY, type PassChoice } from "./selection.ts";

export { place } from "./placement/index.ts";

/** What one entry point is compiled for. */
export type Purpose =
  | { readonly kind: "train"; readonly phase: Phase; readonly counts: boolean }
  | { readonly kind: "gradients"; readonly phase: Phase }
  | { readonly kind: "forward" };

/** For which machine the loops are made, which passes run, and what a memory budget chose. */
export interface Road {
  readonly machine: Machine;
  readonly choice?: PassChoice;
  readonly recomputed?: Recomputed | undefined;
  readonly parts?: Parts | undefined;
  /** 3×3 convolutions by Winograd's algorithm: other bits, and larger errors. */
  readonly winograd?: boolean;
  /** No copies that save nothing but time: memory is short. */
  readonly sparing?: boolean;
  /** Those that share kernels, if any do. */
  readonly threads?: number | undefined;
  /** Loops made before for the same machine: what a memory budget tries differs in a few of them. */
  readonly nests?: Nests;
}

/** From a declared graph to the loops of one entry point; `place` then gives all of them addresses. */
export function pipeline(purpose: Purpose, road: Road): Pipeline<Graph, Program> {
  const own = purpose.kind === "train" ? road : { ...road, sparing: true }; // only steps are worth memory
  return toGroups(toRounded(purpose, road), own).then(schedule(road.machine, undefined, road.nests)); // definitions → loop nests
}

/** What a model is differentiated and simplified to, before anything of machines: what goes to other engines, too. */
// prettier-ignore
export const toSimplified = (purpose: Purpose, road: Pick<Road, "choice" | "winograd" | "machine">): Pipeline<Graph, Graph> =>
  start<Graph>(runsOf(road))
    .optional(inBodies(prune))                        // drop what no result needs
    .optional(inBodies(fold)).optional(inBodies(algebra)) // constants; x + 0 → x, and cousins
    .optional(inBodies(share))                        // equal nodes become one
    .optional(inBodies(stability))                    // log(softmax(x)) → x − logsumexp(x), and cousins: approximate
    .then(derivatives(purpose))                       // append cotangents and updates
    .optional(whereLoops(fold)).optional(whereLoops(algebra)).optional(whereLoops(share))
    .optional(whereLoops(outOfLoops))                 // what needs no carry leaves its loop, both ways: approximate
    .optional(inBodies(fold)).optional(inBodies(algebra))
    .optional(inBodies(winograd))                     // 3×3 convolutions in tiles, where asked for: approximate
    .optional(inBodies(phases))                       // convolutions over dilated inputs without the zeros
    .optional(inBodies(movement))                     // transpose of transpose, reshape of reshape
    .optional(inBodies(share)).optional(inBodies(prune));

/** The graph passes, up to the one after which no schedule and no budget changes a bit. */
// prettier-ignore
export const toRounded = (purpose: Purpose, road: Road): Pipeline<Graph, Graph> =>
  toSimplified(purpose, road)
    .then(inBodies(numerics))                         // which values are rounded, once and for all
    .then(inBodies(additions(road.machine)))          // in which order sums add, likewise
    .optional(loops(areWritten(road) ? "none" : "all")) // which loops stay loops
    .then(writeOut); // the bodies of the others once a turn

/** Where memory is short, and a budget chooses among values of all turns, and where threads share kernels, no loop stays. */
const areWritten = ({ sparing, recomputed, parts, threads }: Road): boolean =>
  sparing === true || recomputed !== undefined || parts !== undefined || threads !== undefined;

// prettier-ignore
const toGroups = (rounded: Pipeline<Graph, Graph>, road: Road): Pipeline<Graph, Definitions> =>
  rounded
    .then(recompute(road.recomputed))                 // forward values that the backward pass computes again
    .then(define)                                     // Graph → definitions
    .then(split(road.parts))                          // the batch in parts, gradients summed over them
    .then(inSections((road.choice ?? EVERY).runs(fuse.name) ? fuse : separate)) // producers into consumers; groups that share loops, in order
    .optional(inSections(segments))                   // what is only copied into a larger value is stored there
    .optional(inSections(pitch(road.machine, road.sparing))) // maps whose lines would meet in a cache, a row further apart
    .optional(inSections(pack(road.machine, road.sparing))) // guards out of contractions, operands in the order they are read
    .optional(inSections(unroll)); // short sums against known numbers

/** The same from a graph whose roundings are fixed: what a memory budget tries out. */
export const fromRounded = (road: Road): Pipeline<Graph, Program> =>
  toGroups(start<Graph>(runsOf(road)), road).then(schedule(road.machine, undefined, road.nests));

/** What only serves speed. */
const ARRANGING: readonly string[] = [segments.name, "pitch", "pack", unroll.name];

/** Those chosen; what only a flag asks for runs with it alone, and what only serves speed where loops are scheduled. */
function runsOf(road: Pick<Road, "choice" | "winograd" | "machine">): (pass: string) => boolean {
  const { choice = EVERY, winograd: asked = false } = road;
  return (pass) => {
    if (pass === winograd.name) return asked;
    return ARRANGING.includes(pass) ? road.machine.scheduled : choice.runs(pass);
  };
}

const derivatives = (purpose: Purpose) =>
  purpose.kind === "gradients"
    ? gradients(purpose.phase)
    : differentiate(purpose.kind === "train" ? purpose.phase : undefined, { counts: purpose.kind === "train" && purpose.counts });
