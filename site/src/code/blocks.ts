/** Statements of an emitted function as people read them: what is computed, by which law, and the code. */

import { h } from "../dom.ts";
import { highlighted } from "./highlight.ts";
import type { Statement } from "./statements.ts";

/** Each statement under its region's name; those in `lit` stand out. */
export function statementBlocks(statements: readonly Statement[], lit?: ReadonlySet<number>): HTMLElement[] {
  let region = "";
  return statements.flatMap(({ region: own, number, comments, code }) => {
    const head = own === region ? [] : [h("h3", { class: own }, own)];
    region = own;
    const isLit = lit?.has(number) === true;
    return [
      ...head,
      h(
        "div",
        { class: `statement ${own}${isLit ? " lit" : ""}`, "data-statement": number, ...(isLit && { "aria-current": "step" }) },
        ...comments.map((comment, n) => said(comment, n === 0 ? number : undefined)),
        h("code", {}, ...highlighted(code.join("\n"))),
      ),
    ];
  });
}

/** `maths    %nodes  law, models/x.ts:8`: the mathematics first, the law and the model's line as what explains it. */
function said(comment: string, number: number | undefined): HTMLElement {
  const [maths = "", ...rest] = comment.split(/\s{2,}/);
  const law = rest
    .filter((part) => !part.startsWith("%"))
    .join(" ")
    .replace(/,? *[\w./-]*\.ts:([\d, ]+)$/, ", model line $1");
  return h("p", {}, number === undefined ? null : `${number}. `, h("b", {}, maths), law === "" ? null : `  ${law.replace(/^, /, "")}`);
}
