/** What the header of an emitted file says, and no module knows. */

import { isLiteral, printGraph } from "../graph/print.ts";
import type { Graph } from "../graph/graph.ts";
import type { Model, Traced } from "../model/declaration.ts";
import { RESERVED } from "../model/context.ts";
import type { Purpose } from "../passes/index.ts";
import { opOf } from "../ops/index.ts";
import { withoutOrder } from "../passes/graph/terms.ts";
import type { Facts } from "../targets/target.ts";
import { VERSION } from "../version.ts";
import { batchSizes } from "./entries.ts";
import { sha256, textHash } from "./hash.ts";
import { commandOf, type CompileOptions } from "./options.ts";

interface Declared {
  readonly name: string;
  readonly purpose: Purpose;
  readonly traced: Traced;
}

/** What the passes found out, and what was chosen. */
type Found = Pick<Facts, "graph" | "approximations" | "memory"> & { readonly scheduled: boolean };

export async function factsOf(model: Model, options: CompileOptions, declared: readonly Declared[], found: Found): Promise<Facts> {
  const { source, schedules, threads, sliced, relaxed } = options;
  const { scheduled, ...own } = found;
  const cited = async ({ path, text }: { path: string; text: string }) => ({ path, hash: (await textHash(text)).slice(0, 16) });
  return {
    version: VERSION,
    ...(source === undefined ? {} : { source: await cited(source) }),
    command: commandOf(options),
    batch: batchSizes(model, options.batch),
    phases: declared.filter(({ purpose }) => purpose.kind === "train").map(({ name }) => name),
    meetings: meetingsOf(declared),
    wholeOutputs: declared.at(-1)!.traced.wholeOutputs,
    ...generating(declared.at(-1)!.traced),
    inputs: [...new Set(declared.flatMap(({ traced }) => traced.graph.nodes.flatMap(({ op, name }) => (op === "input" ? [name] : []))))],
    declaredBy: declaredBy(declared),
    ...(threads === undefined ? {} : { threads }),
    ...(sliced === true ? { sliced } : {}),
    ...(relaxed === true ? { relaxed } : {}),
    ...own,
    ...(scheduled ? { schedules: await cited(schedules!) } : {}),
  };
}

const generating = ({ generation }: Traced): Pick<Facts, "generation"> => (generation === undefined ? {} : { generation });

/** Who declared what a trainer keeps: before differentiation nothing of an optimizer's is there. */
function declaredBy(declared: readonly Declared[]): ReadonlyMap<string, string> {
  const kept = declared.flatMap(({ traced: { graph, kinds } }) =>
    graph.nodes.flatMap(({ op, name }) =>
      op === "param" || (op === "state" && !RESERVED.has(name)) ? [[name, kinds.get(name) ?? "model"] as const] : [],
    ),
  );
  return new Map(kept);
}

/** Where rows meet, by kind of entry. */
function meetingsOf(declared: readonly Declared[]): Facts["meetings"] {
  return Object.fromEntries(
    declared.flatMap(({ name, purpose, traced: { meeting } }) =>
      meeting === undefined ? [] : [[purpose.kind === "forward" ? name : "train", meeting]],
    ),
  );
}

/** The hash by which checkpoints and schedules know the graph they belong to: of its structure and of the names that are declared. */
export async function graphHash(entries: readonly { readonly purpose: Purpose; readonly graph: Graph }[]): Promise<string> {
  const trained = entries.filter(({ purpose }) => purpose.kind === "train");
  const text = trained.map(({ graph }) => printGraph(structureOf(graph))).join("");
  return (await sha256(text)).slice(0, 16);
}

/**
 * What is computed, without whose lines it came from, what its author called it there, or in which order a target's sums add: moving a line
 * of the model or renaming a variable in it changes no graph. Storage keeps its name, which is declared and stands in every checkpoint.
 */
function structureOf(graph: Graph): Graph {
  let at = 0;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => {
      if (isLiteral(node)) return node; // printed where it is read
      const attrs = withoutOrder(node.attrs);
      const declared = opOf(node.op).uncalled === true ? { declared: node.name } : {};
      return { ...node, name: String(at++), attrs: { ...attrs, ...declared }, origin: { role: "primal", site: "" } };
    }),
    aliases: [],
  };
}
