/** Guarantees that text from a model stays text in Markdown: neither markup nor another cell, heading, link or picture. */

import { printable } from "../graph/printable.ts";

/** What opens a tag, an entity, code, emphasis, a link, an address; a `<` or `_` that does none of it stays as it is. */
const MARKUP: readonly (readonly [RegExp, string])[] = [
  [/&(?=#?\w+;)/g, "&amp;"],
  [/\\(?=[!-/:-@[-`{-~])/g, "\\\\"],
  [/<(?=[A-Za-z/!?])/g, "&lt;"],
  [/[`*~]/g, "\\$&"],
  [/(?<![\p{L}\p{N}_])_|_(?![\p{L}\p{N}_])/gu, "\\_"],
  [/\](?=[([])/g, "\\]"],
  [/:(?=\/\/)/g, "\\:"],
];

/** One line of any text, printed as it is. */
export const inline = (text: string): string => MARKUP.reduce((escaped, [sign, by]) => escaped.replace(sign, by), printable(text));

/** A heading of that level. */
export const heading = (level: 1 | 2 | 3, text: string): string =>
  `${"#".repeat(level)} ${inline(text).replace(/#+$/, (signs) => "\\#".repeat(signs.length))}`;

/** A table of cells, none of which ends its cell or its row. */
export const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] => [
  `| ${head.join(" | ")} |`,
  `| ${head.map(() => "---").join(" | ")} |`,
  ...rows.map((row) => `| ${row.map((cell) => inline(String(cell)).replaceAll("|", "\\|")).join(" | ")} |`),
];
