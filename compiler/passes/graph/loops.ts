/**
 * Guarantees that a loop which is to stay one down to the emitted code says so; write-out.ts writes out the others.
 *   %s = scan %h0 %xs {steps=16 …}   →   %s = scan %h0 %xs {stays=true steps=16 …}
 */

import { bodyOf, type Graph, type Node } from "../../graph/graph.ts";
import type { ScanAttrs } from "../../ops/scan-attrs.ts";
import type { Pass } from "../pass.ts";

/** Turns of a loop that is as short when it is written out. */
const FEW = 2;

/** `none`: where values of all turns are chosen among one by one, or threads share kernels. */
export const loops = (which: "all" | "none"): Pass<Graph> => ({
  name: "loops",
  why: "which loops stay loops in the emitted code",
  run: (graph) =>
    which === "all" && graph.nodes.some(mayStay)
      ? { ...graph, nodes: graph.nodes.map((node) => (mayStay(node) ? { ...node, attrs: { ...node.attrs, stays: true } } : node)) }
      : graph,
});

/** More than a few turns, and no region of its own that is computed again (recompute.ts). */
const mayStay = (node: Node): boolean =>
  bodyOf(node) !== undefined && !stays(node) && node.attrs["checkpoint"] === undefined && (node.attrs as unknown as ScanAttrs).steps > FEW; // scan alone has a body

/** Whether a loop stays one. */
export const stays = ({ attrs }: Node): boolean => attrs["stays"] === true;
