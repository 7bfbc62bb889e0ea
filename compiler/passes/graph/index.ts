/** The passes on the graph of tensors, Graph → Graph, in the order of their first run. */

export { phases } from "./phases.ts";
export { inBodies, whereLoops } from "./in-bodies.ts";
export { prune } from "./prune.ts";
export { fold } from "./fold.ts";
export { algebra } from "./algebra.ts";
export { share } from "./share.ts";
export { stability } from "./stability.ts";
export { differentiate } from "./differentiate.ts";
export { gradients } from "./gradients.ts";
export { outOfLoops } from "./out-of-loops.ts";
export { winograd } from "./winograd.ts";
export { movement } from "./movement.ts";
export { numerics } from "./numerics.ts";
export { additions } from "./additions.ts";
export { loops } from "./loops.ts";
export { writeOut } from "./write-out.ts";
export { recompute, type Recomputed } from "./recompute.ts";
