/** Guarantees that text from a model stays inside its comment. */

import { escaped, printable } from "../../graph/printable.ts";
import type { Doc } from "../../loop/loop.ts";

/** One line of any text: line ends and other control characters become visible escapes. */
export const line = printable;

/** A path as `line` shows it, but so that `pathIn` finds it again: what looks like an escape is escaped itself. */
export const pathLine = (path: string): string =>
  line(path.replace(/\\(?=u[0-9a-f]{4})/g, escaped));

/** The path that `pathLine` shows. */
export const pathIn = (shown: string): string =>
  shown.replace(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));

export const lineComment = (text: string): string => `// ${line(text)}`.trimEnd();

export const blockComment = (lines: readonly string[]): string => {
  const safe = lines.map((text) => line(text).replace(/\*\//g, "*\\/"));
  return safe.length === 1
    ? `/** ${safe[0]} */`
    : ["/**", ...safe.map((text) => ` * ${text}`), " */"].join("\n");
};

/** `// <mathematics>    %<node>  <role and rule>, <file>:<line>`. */
export const docComment = ({ maths, node, role, site }: Doc): string =>
  lineComment(`${maths}    %${node}  ${role}, ${site}`);
