/** Guarantees that the contents of an emitted file say the lines on which its regions and functions begin, once it is formatted. */

const HOLE = /⟦([^⟧]*)⟧/g;

/** Where the line of a region, or else of a function, will stand. */
export const lineOf = (title: string): string => `⟦${title}⟧`;

/** The formatted text with its line numbers; they change no line's number. */
export function withLineNumbers(text: string): string {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  const starting = (title: string): number =>
    lines.findIndex((line) => line.trim() === `// #region ${title}`) + 1 ||
    lines.findIndex((line) => line.trimStart().startsWith(`function ${title}(`)) + 1;
  return lines.map((line, n) => (n < end ? line.replace(HOLE, (_, title: string) => String(starting(title))) : line)).join("\n");
}
