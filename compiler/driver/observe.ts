/** One observer around every pass: it verifies, times, and keeps the text of what was asked for. */

import { CompilerFault, VerifyError } from "../graph/error.ts";
import type { Graph } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import { verifyGraph } from "../graph/verify.ts";
import { verifyModule, verifyProgram } from "../loop/verify/index.ts";
import { printDefinition, printDefinitions, printModule, printProgram } from "../loop/text/index.ts";
import type { Definitions, Module, Program } from "../loop/loop.ts";
import { opOf } from "../ops/index.ts";
import type { Defined } from "../passes/definitions/define.ts";
import type { Observer } from "../passes/pass.ts";

export interface Timing {
  readonly stage: string;
  readonly milliseconds: number;
}

/** Text of one stage, by entry and pass. */
export interface Stage {
  readonly entry: string;
  readonly pass: string;
  readonly before: string;
  readonly after: string;
}

export interface Observation {
  readonly timings: Timing[];
  readonly stages: Stage[];
}

/** What a pass is given or makes. */
export type Level = Graph | Defined | Definitions | Program | Module | readonly Program[];
export const isGraph = (level: unknown): level is Graph => typeof level === "object" && level !== null && "nodes" in level;
const isModule = (level: object): level is Module => "arenaBytes" in level;
export const isDefinitions = (level: object): level is Definitions => "work" in level;
export const isProgram = (level: object): level is Program => "calls" in level && "kernels" in level;

/** The text of any level. */
export function printLevel(level: object): string {
  if (isGraph(level)) return printGraph(level);
  if (isModule(level)) return printModule(level);
  if (isDefinitions(level)) return printDefinitions(level);
  if (isProgram(level)) return printProgram(level);
  if (Array.isArray(level)) return (level as readonly Level[]).map(printLevel).join("\n");
  return (level as Defined).definitions.map((term) => printDefinition(term.definition)).join("\n");
}

/** An observer for one entry; `keep` says which passes' text to keep, `reproduce` what verifies a level again, where it is verified. */
export function observe(entry: string, into: Observation, keep: (pass: string) => boolean, reproduce: string | undefined): Observer {
  const passes = new Map<string, number>();
  return {
    after(pass, input, output, milliseconds) {
      into.timings.push({ stage: `${entry}: ${pass.name}`, milliseconds });
      const round = (passes.get(pass.name) ?? 0) + 1;
      passes.set(pass.name, round);
      // what a pass gives is an object of one of the levels: pipelines begin at Graph
      const [before, after] = [input as object, output as object];
      const name = round === 1 ? pass.name : `${pass.name}-${round}`;
      if (keep(pass.name)) into.stages.push({ entry, pass: name, before: printLevel(before), after: printLevel(after) });
      if (before !== after && reproduce !== undefined) verifyLevel(pass.name, after, reproduce);
    },
  };
}

function verifyLevel(pass: string, level: object, reproduce: string): void {
  try {
    if (isGraph(level)) verifyGraph(level, opOf);
    else if (isModule(level)) verifyModule(level);
    else if (isProgram(level)) verifyProgram(level);
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    throw new CompilerFault(
      pass,
      `${error.message}\n\n${around(printLevel(level), error.culprit)}\n\nreproduce: ${reproduce} --print ${pass}`,
    );
  }
}

/** Seven lines of text around the first mention of a name. */
function around(text: string, name: string): string {
  const lines = text.split("\n");
  const at = Math.max(
    0,
    lines.findIndex((line) => line.includes(name)),
  );
  return lines
    .slice(Math.max(0, at - 3), at + 4)
    .map((line) => `    ${line}`)
    .join("\n");
}
