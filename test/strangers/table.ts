/** Guarantees the table of a campaign as Markdown: what was drawn, what was refused, and what it cost. */

import type { Trait } from "./draft.ts";
import { KINDS, refused, type Row } from "./campaign.ts";

/** The least share of each trait that the drawn models must have. */
export const SHARES: Readonly<Record<Trait, number>> = {
  "convolution and its bias before batch norm": 0.3,
  attention: 0.15,
  recurrent: 0.15,
  "loss of probabilities": 0.15,
};

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, n) => (n === 0 ? "---" : "--:")), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** How many rows have each of what they are counted by, the most frequent first. */
function histogram(rows: readonly Row[], of: (row: Row) => readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const row of rows) for (const one of new Set(of(row))) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
}

/** Share of the rows that have a trait. */
export const shareOf = (rows: readonly Row[], trait: Trait): number =>
  rows.filter(({ traits }) => traits.includes(trait)).length / Math.max(1, rows.length);

function outcomeTable(rows: readonly Row[]): string {
  const targets = [...new Set(rows.flatMap(({ outcomes }) => outcomes.map(({ target }) => target)))];
  const of = (target: string) => rows.flatMap(({ outcomes }) => outcomes.filter((one) => one.target === target));
  const line = (title: string, cell: (outcomes: ReturnType<typeof of>) => string): string[] => [
    title,
    ...targets.map((target) => cell(of(target))),
  ];
  const seconds = (outcomes: ReturnType<typeof of>): number[] => outcomes.map((one) => one.seconds).sort((a, b) => a - b);
  const tensors = (outcomes: ReturnType<typeof of>): number => outcomes.reduce((n, one) => n + one.tensors, 0);
  const open = (outcomes: ReturnType<typeof of>): number => outcomes.reduce((n, one) => n + one.notJudged, 0);
  return table(
    ["", ...targets],
    [
      line("models", (all) => String(all.length)),
      ...KINDS.map((kind) => line(`refused: ${kind}`, (all) => String(all.filter(({ refusal }) => refusal === kind).length))),
      line("tensors judged", (all) => String(tensors(all) - open(all))),
      line("tensors not judged", (all) => `${open(all)} (${percent(open(all), tensors(all))})`),
    ].concat([
      line("seconds of processor time a model, mean", (all) =>
        (seconds(all).reduce((a, b) => a + b, 0) / Math.max(1, all.length)).toFixed(1),
      ),
      line("the same, at most", (all) => (seconds(all).at(-1) ?? 0).toFixed(0)),
    ]),
  );
}

/** The committed text. Times are of the machine it was made on. */
export function report(rows: readonly Row[], command: string): string {
  const seeds = [...new Set(rows.map(({ seed }) => seed))].sort((a, b) => a - b);
  const bad = refused(rows);
  const counted = (title: string, of: (row: Row) => readonly string[]): string =>
    table(
      [title, "models"],
      histogram(rows, of).map(([name, n]) => [name, String(n)]),
    );
  return `# Ordinary models, compiled with the default check

Made by \`${command}\`: ${rows.length} models of ${seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds.join(", ")}`}, drawn as people write them
(test/strangers), none with a \`size\`. A model is refused where either target refuses it, for whatever reason.

**${bad.length} of ${rows.length} models are refused.**

${outcomeTable(rows)}

${
  bad.length === 0
    ? ""
    : `${table(
        ["refused", "why"],
        bad.map(({ seed, n, family, outcomes }) => [
          `${family}, seed ${seed}, model ${n}`,
          outcomes.flatMap(({ target, refusal }) => (refusal === undefined ? [] : [`${target}: ${refusal}`])).join(", "),
        ]),
      )}\n\n`
}## What was drawn

${table(
  ["", "models", "of all", "at least"],
  Object.entries(SHARES).map(([trait, least]) => [
    trait,
    String(Math.round(shareOf(rows, trait as Trait) * rows.length)),
    percent(shareOf(rows, trait as Trait), 1),
    percent(least, 1),
  ]),
)}

${counted("family", ({ family }) => [family])}

${counted("call", ({ calls }) => calls)}

${counted("activation by name", ({ words }) => words.activation)}

${counted("loss of `sequential`", ({ words }) => words.loss)}

${counted("optimizer of `sequential`", ({ words }) => words.optimizer)}

${counted("shape of an input", ({ words }) => words.shape.map((shape) => `\`${shape}\``))}

${counted("rows of a batch", ({ words }) => words.rows)}
`;
}
