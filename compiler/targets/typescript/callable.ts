/** Entry points as functions that look at what they are given, feed it, run their statements and return: step, evaluate, predict. */

import type { Entry, Module } from "../../loop/loop.ts";
import type { Facts } from "../target.ts";
import type { Checks } from "./checking.ts";
import { printFeeds, printHypers, printResult, printStatements } from "./entry.ts";
import { recordType, recordValue } from "./record.ts";
import { property, quoted, type Scope } from "./scope.ts";
import { generatorOf, printSlicedPhases, printWholePhase } from "./slices.ts";

/** What entry points are printed with. */
export interface Printing {
  readonly module: Module;
  readonly facts: Facts;
  readonly scope: Scope;
  readonly checks: Checks;
  /** Mathematics that they call. */
  readonly needs: Set<string>;
}

export const entryNamed = (module: Module, name: string): Entry => module.entries.find((entry) => entry.name === name)!;

/** Feeds and statements of an entry whose arguments were looked at; `trains` where it has parts. */
function printBody(
  entry: Entry,
  rows: number,
  { module, facts, scope, checks, needs }: Printing,
  checked: readonly string[],
  { trains, finite, count = "count" }: { readonly trains: boolean; readonly finite: boolean; readonly count?: string },
): string {
  const given = [
    ...(facts.sliced === true && !trains ? ["checkIdle();"] : []),
    ...checked,
    ...printFeeds(module, entry, rows, scope, checks, { count, finite }),
    ...printHypers(module, entry, scope, checks),
  ];
  return `${given.join("\n    ")}

    ${printStatements(module, entry, scope, needs, trains).join("\n    ")}`;
}

/** The function of one training phase. */
export function printPhase(entry: Entry, name: string, printing: Printing): string {
  const { facts, scope, checks } = printing;
  const loss = printResult(entry, entry.results.find((result) => result.kind === "loss")!.value, scope);
  const rows = facts.batch.train;
  const checked = checks.of({ name, entries: [entry], rows, count: facts.meetings.train ?? "any", finite: true });
  const phase = facts.phases.length === 1 ? undefined : entry.name;
  const body = `    ${printBody(entry, rows, printing, checked, { trains: true, finite: true })}

    ${checks.loss(loss, phase)}
  }`;
  if (facts.sliced === true)
    return `/** The slices of one step on one batch. Their value is the loss before the update. */
  function* ${generatorOf(phase === undefined ? undefined : name)}(batch: TrainBatch, count: number = ${rows}, options?: StepOptions): Slices<number> {
${body}${phase === undefined ? "" : `\n\n  ${printWholePhase(name, rows)}`}`;
  return `/** One step on one batch. Returns the loss before the update. */
  function ${name}(batch: TrainBatch, count: number = ${rows}, options?: StepOptions): number {
${body}`;
}

/** All phases in order, each under its name. */
export function printStep(phaseFunction: ReadonlyMap<string, string>, { module, facts, checks }: Printing): string {
  const entries = facts.phases.map((phase) => entryNamed(module, phase));
  const checked = checks.of({ name: "step", entries, rows: facts.batch.train, count: facts.meetings.train ?? "any", finite: true });
  if (facts.sliced === true) return printSlicedPhases(phaseFunction, facts.batch.train, lossType(facts), checked);
  return `/** All phases in order, each seeing the weights that the earlier ones wrote. */
  function step(batch: TrainBatch, count: number = ${facts.batch.train}, options?: StepOptions): ${lossType(facts)} {
    ${checked.join("\n    ")}
    return { ${facts.phases.map((phase) => `${property(phase)}: ${phaseFunction.get(phase)}(batch, count, options)`).join(", ")} };
  }`;
}

/** What a step returns: a loss, or one a phase. */
export const lossType = ({ phases }: Facts): string =>
  phases.length === 1 ? "number" : `{ ${phases.map((phase) => `readonly ${property(phase)}: number`).join("; ")} }`;

/** The function, and the members of what it returns. */
interface Callable {
  readonly code: string;
  readonly type: string;
}

export function printEvaluate(printing: Printing): Callable {
  const { module, facts, scope, checks } = printing;
  const entry = entryNamed(module, "evaluate");
  const rows = facts.batch.evaluate;
  const type = `Readonly<Record<${[...entry.results.map(({ name }) => quoted(name)), '"count"'].join(" | ")}, number>>`;
  const values = entry.results.map(({ name, value }) => `${property(name)}: ${printResult(entry, value, scope)} * count`);
  const checked = checks.of({ name: "evaluate", entries: [entry], rows, count: facts.meetings.evaluate ?? "any", finite: false });
  const code = `/** Loss and metrics of one batch, each its mean times \`count\`, so that sums over batches divide by the sum of counts. */
  function evaluate(batch: EvaluateBatch, count: number = ${rows}): Evaluation {
    ${printBody(entry, rows, printing, checked, { trains: false, finite: false })}

    return { ${[...values, "count"].join(", ")} };
  }`;
  return { code, type };
}

/** With the record that it returns, which is made of views. */
export function printPredict(printing: Printing): Callable & { readonly outputs: string } {
  const { module, facts, scope, checks } = printing;
  const entry = entryNamed(module, "predict");
  const shown = entry.results.map(({ name, value }) => [name, module.buffers.find((b) => b.name === value)!] as const);
  const rows = facts.batch.predict;
  const checked = checks.of({ name: "predict", entries: [entry], rows, count: "none", finite: false });
  const code = `/** The model's outputs for one batch: views, valid until the next call. */
  function predict(batch: PredictBatch): Prediction {
    ${printBody(entry, rows, printing, checked, { trains: false, finite: false, count: `${rows}` })}

    return outputs;
  }`;
  return {
    code,
    type: recordType(shown),
    outputs: `const outputs = ${recordValue(shown.map(([name, buffer]) => [name, scope.view(buffer.name)]))};`,
  };
}

/** The function of gradients.ts. */
export function printGradientsFunction(entry: Entry, printing: Printing): string {
  const { facts, scope, checks } = printing;
  const loss = entry.results.find((result) => result.kind === "loss")!;
  const rows = facts.batch.train;
  const checked = checks.of({ name: "gradients", entries: [entry], rows, count: facts.meetings.train ?? "any", finite: false });
  return `/** The loss of a batch and its gradients. */
  function gradients(batch: Batch, count: number = ${rows}): Found {
    ${printBody(entry, rows, printing, checked, { trains: true, finite: false })}

    return { loss: ${printResult(entry, loss.value, scope)}, parameters: ofParameters, inputs: ofInputs };
  }`;
}
