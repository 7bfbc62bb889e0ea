/** Guarantees an inspection: every level of a lowered model and the text that was emitted of it, as data whose parts name each other both ways. */

import type { Source } from "../../driver/options.ts";
import type { Lowered } from "../../driver/lower.ts";
import { flopsOfCalls } from "../../loop/flops.ts";
import { VERSION } from "../../version.ts";
import { explainKernels, explainModel } from "../model.ts";
import { buffersOf } from "./buffers.ts";
import { linesIn } from "./lines.ts";
import { nodesOf } from "./nodes.ts";
import { passesOf } from "./passes.ts";
import { callFacts, statementsOf } from "./statements.ts";
import type { InspectedKernel, Inspection } from "./types.ts";

export type * from "./types.ts";

/** What was emitted of a lowered model: the name of the file, and its text. */
export interface EmittedFile {
  readonly name: string;
  readonly text: string;
}

/**
 * The inspection of a lowered model and the trainer that was emitted of it; `source` is the model's file, where it has one, `seconds` how long a
 * call of each kernel takes, where that was measured.
 */
export function inspectionOf(
  lowered: Lowered,
  file: EmittedFile,
  source?: Source,
  seconds: ReadonlyMap<string, number> = new Map(),
): Inspection {
  const { model, module, target } = lowered;
  const lines = linesIn(file.text, module);
  const explained = explainKernels(lowered);
  const facts = callFacts(explained);
  const ends = explainModel(lowered).entries;
  const passes = passesOf(lowered);
  const entries = lowered.entries.map((compiled, n) => {
    const entry = module.entries[n]!;
    const { nodes, known } = nodesOf(module, compiled, n, source?.path);
    const { graph } = compiled;
    const nameOf = (value: number): string => graph.nodes[value]!.name;
    return {
      name: entry.name,
      kind: compiled.purpose.kind,
      nodes,
      results: graph.results.flatMap((result) => {
        const node = known(nameOf(result.value));
        // a number that is shown is no node
        return node === undefined ? [] : [{ kind: result.kind, name: result.kind === "write" ? nameOf(result.target) : result.name, node }];
      }),
      statements: statementsOf(lowered, compiled, n, known, facts, lines.statements[n]!),
      passes: passes[n]!,
      flops: flopsOfCalls(entry, module.kernels),
      arenaBytes: ends[n]!.arenaBytes,
      lowerBound: ends[n]!.lowerBound,
    };
  });
  const kernels = explained.map(({ kernel, unscheduled, loops, schedule, insteadOf, flops, calls }, n): InspectedKernel => {
    const where = lines.kernels.get(kernel);
    const measured = seconds.get(kernel);
    return {
      id: kernel,
      definition: module.kernels[n]!.doc,
      before: unscheduled,
      after: loops,
      schedule,
      ...(insteadOf === undefined ? {} : { insteadOf }),
      flops,
      ...(measured === undefined ? {} : { seconds: measured }),
      statements: calls.map(({ entry, statement }) => ({ entry, number: statement })),
      ...(where === undefined ? {} : { lines: where }),
    };
  });
  return {
    version: VERSION,
    model: model.name,
    target: target.name,
    ...(source === undefined ? {} : { source: { path: source.path, text: source.text } }),
    file: { name: file.name, text: file.text },
    arenaBytes: module.arenaBytes,
    entries,
    kernels,
    buffers: buffersOf(module, entries, lines),
  };
}
