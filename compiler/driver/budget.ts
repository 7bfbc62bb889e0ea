/**
 * Guarantees a trainer whose arena fits a memory budget, or an error that says which tensors bind and which budget is possible.
 * Each entry takes the plan of least work that fits (memory.ts makes them): what its backward pass computes again, and in how many parts its batch goes.
 */

import { asBudget, type Budget } from "../graph/bytes.ts";
import { EntryPlans, peakOf, pinnedBytes, type Choice } from "./memory.ts";
import type { Traced } from "../model/declaration.ts";
import { fromRounded, place, toRounded, type Purpose, type Road } from "../passes/index.ts";
import { aligned, isPinned, sizeInBytes } from "../passes/placement/place.ts";
import type { Recomputed } from "../passes/graph/recompute.ts";
import type { MemoryFacts } from "../targets/target.ts";

/** A budget that nothing fits: exit code 1. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";
}

interface Declared {
  readonly name: string;
  readonly purpose: Purpose;
  readonly traced: Traced;
  /** Of its batch. */
  readonly rows: number;
}

const SILENT = { after: () => undefined };
const NOTHING: Recomputed = { again: new Set(), kept: new Set() };

/** What each entry chooses, and facts about it. Throws a BudgetError. */
export function withinBudget(
  model: string,
  declared: readonly Declared[],
  budget: Budget,
  choice: Road,
): { readonly choices: ReadonlyMap<string, Choice>; readonly facts: MemoryFacts } {
  const road = { ...choice, nests: new Map() };
  const graphs = declared.map(({ purpose, traced }) => toRounded(purpose, road).run(traced.graph, SILENT));
  const programs = graphs.map((graph) => fromRounded({ ...road, recomputed: NOTHING }).run(graph, SILENT));
  const pinned = pinnedBytes(place(model, road).run(programs));
  const room = budget.bytes - pinned;
  const plans = declared.map(({ purpose, rows }, n) => new EntryPlans(graphs[n]!, road, rows, purpose.kind === "train"));
  const chosen = plans.map((own) => own.fitting(room));
  if (chosen.includes(undefined)) throw new BudgetError(refusal(model, declared, plans, pinned, budget));
  const fit = chosen.map((plan) => plan!);
  const changed = declared.flatMap(({ name, rows }, n) =>
    fit[n]!.chosen.again.size > 0 || fit[n]!.parts > 1 ? [{ name, rows, before: plans[n]!.whole[0]!, after: fit[n]! }] : [],
  );
  return {
    choices: new Map(changed.map(({ name, after }) => [name, { recomputed: after.chosen, parts: after.parts }])),
    facts: {
      budget: budget.text,
      bytes: budget.bytes,
      entries: changed.map(({ name, rows, before, after }) => ({
        name,
        again: before.module.buffers
          .filter((buffer) => after.chosen.again.has(buffer.name))
          .map((buffer) => ({ name: buffer.name, bytes: sizeInBytes(buffer) })),
        parts: after.parts,
        rows: rows / after.parts,
        flops: [before.flops, after.flops],
        bytes: [before.bytes, after.bytes],
      })),
    },
  };
}

/** Tensors named in a refusal. */
const SHOWN = 8;
const group = (n: number): string => n.toLocaleString("en-US");

/** The entry that binds, what is alive where it is fullest, and the nearest budget that is possible. */
function refusal(model: string, declared: readonly Declared[], plans: readonly EntryPlans[], pinned: number, budget: Budget): string {
  const least = plans.map((own) => own.smallest());
  const at = least.reduce((most, plan, n) => (plan.bytes > least[most]!.bytes ? n : most), 0);
  const { module, bytes } = least[at]!;
  const { statement, alive } = peakOf(module);
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const bound = module.buffers
    .filter((buffer) => isPinned(buffer) || alive.includes(buffer.name))
    .map((buffer) => ({ name: buffer.name, bytes: aligned(sizeInBytes(buffer)), why: whyAlive(buffer.role, slots.get(buffer.name)!.live) }))
    .sort((a, b) => b.bytes - a.bytes);
  const rest = bound.slice(SHOWN).reduce((n, one) => n + one.bytes, 0);
  const rows = [
    ...bound.slice(0, SHOWN).map((one) => [one.name, group(one.bytes), one.why] as const),
    ...(rest === 0 ? [] : [[`${bound.length - SHOWN} more`, group(rest), ""] as const]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const call = module.entries[0]!.calls[statement]!;
  const doc = call.kind === "call" ? call.group.stages.at(-1)!.definition.doc : call.doc;
  const { meeting } = plans[at]!;
  const whole =
    meeting === undefined ? "" : ` The batch cannot go in parts, because of ${meeting.value} (${meeting.site}): ${meeting.why}.`;
  const nearest = asBudget(pinned + bytes);
  return [
    `the trainer of ${JSON.stringify(model)} does not fit ${budget.text}: the smallest arena found has ${group(pinned + bytes)} bytes, and ${budget.text} are ${group(budget.bytes)}. Its entry ${declared[at]!.name} binds; most is alive at statement ${statement + 1}, ${doc.at(-1)?.maths ?? "which computes a scalar"}:`,
    "",
    ...rows.map(([name, size, why]) => `    ${name.padEnd(widths[0]!)}  ${size.padStart(widths[1]!)} bytes  ${why}`.trimEnd()),
    "",
    `The nearest budget that is possible is ${nearest}: ask for that with --memory ${nearest}, declare fewer rows a batch, or a smaller model.${whole} No trainer was written`,
  ].join("\n");
}

function whyAlive(role: string, live: "always" | readonly [first: number, last: number]): string {
  if (live === "always") return `${role}, there from step to step`;
  const [first, last] = [live[0] + 1, live[1] + 1];
  if (role === "input") return `input, read until statement ${last}`;
  if (role === "residual") return `made by statement ${first}, kept for the backward pass until ${last}`;
  return first === last ? "made and read by this statement" : `${role}, made by statement ${first}, read until ${last}`;
}
