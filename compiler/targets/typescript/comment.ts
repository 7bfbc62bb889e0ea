/** Guarantees that text from a model stays inside its comment. */

import type { Doc } from "../../loop/loop.ts";

const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** `\\u2028` for the character itself. */
export const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** One line of any text: line ends and other control characters become visible escapes. */
export const line = (text: string): string => text.replace(INVISIBLE, escaped);

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
