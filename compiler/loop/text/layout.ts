/** Lines of the canonical text: blocks in braces, two spaces a level. */

/** One level further in. */
export const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** A head and its lines in braces. */
export const block = (head: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [`${head} {}`] : [`${head} {`, ...indent(lines), "}"];

/** Lines as a text, the last one ended as well. */
export const text = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
