/** Code in colours: enough for TypeScript that is read, not written. */

import { h } from "../dom.ts";

const TOKEN =
  /(\/\/.*|\/\*[^]*?\*\/)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\b(const|let|function|return|for|if|else|break|new|import|export|from|default|readonly|interface|type|throw|void|number|string|boolean)\b|\b(\d[\d_.]*(?:e[+-]?\d+)?)\b/g;
const CLASSES = ["comment", "text", "word", "number"] as const;

/** The text as nodes, each token of a kind in a span. */
export function highlighted(text: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const found of text.matchAll(TOKEN)) {
    if (found.index > at) parts.push(text.slice(at, found.index));
    const kind = CLASSES[found.slice(1).findIndex((group) => group !== undefined)]!;
    parts.push(h("span", { class: `t-${kind}` }, found[0]));
    at = found.index + found[0].length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** A block of code that scrolls by itself and can be reached by the keyboard. */
export const codeBlock = (text: string, label: string): HTMLPreElement =>
  h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": label }, h("code", {}, ...highlighted(text)));
