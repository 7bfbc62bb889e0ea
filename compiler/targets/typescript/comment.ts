/** Guarantees that text from a model stays inside its comment. */

import { escaped, printable } from "../../graph/printable.ts";

/** One line of any text: line ends and other control characters become visible escapes. */
export const line = printable;

/** A path as `line` shows it, but so that `pathIn` finds it again: what looks like an escape is escaped itself. */
export const pathLine = (path: string): string => line(path.replace(/\\(?=u[0-9a-f]{4})/g, escaped));

/** The path that `pathLine` shows. */
export const pathIn = (shown: string): string =>
  shown.replace(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));

/** The widest comment, its indentation included. */
export const WIDTH = 140;

/** Text in lines that fit, the first of another width than the rest, broken at blanks; a word that does not fit has a line of its own. */
export function wrapped(text: string, first: number, others: number): string[] {
  const lines: string[] = [];
  let rest = text;
  for (;;) {
    const width = lines.length === 0 ? first : others;
    if (rest.length <= width) break;
    const back = rest.lastIndexOf(" ", width);
    const at = back > 0 && rest.slice(0, back).trim() !== "" ? back : rest.indexOf(" ", width);
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** One comment, in as many lines as it takes at an indentation: those after the first stand further in. */
export const lineComments = (text: string, indentation: number): string[] =>
  wrapped(line(text), WIDTH - indentation - "// ".length, WIDTH - indentation - "//     ".length).map((part, n) =>
    `//${n === 0 ? " " : "     "}${part}`.trimEnd(),
  );

export const blockComment = (lines: readonly string[]): string => {
  const safe = lines.map((text) => line(text).replace(/\*\//g, "*\\/"));
  if (safe.length === 1 && safe[0]!.length <= WIDTH - "/**  */".length) return `/** ${safe[0]} */`;
  const parts = safe.flatMap((text) =>
    wrapped(text, WIDTH - " * ".length, WIDTH - " *     ".length).map((part, n) => (n === 0 ? part : `    ${part}`)),
  );
  return ["/**", ...parts.map((text) => ` * ${text}`.trimEnd()), " */"].join("\n");
};
