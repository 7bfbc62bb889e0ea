/** Guarantees that the text of an einsum is read as NumPy reads it, and that every way to be wrong names the character and its place. */

import type { Context } from "./context.ts";
import type { FloatTensor } from "./tensor.ts";

export interface Equation {
  /** A name for each axis of each operand; axes of an ellipsis are `.0`, `.1`, … counted from the last. */
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly extents: ReadonlyMap<string, number>;
}

const REMEDY = 'Write letters for axes, a comma between operands and -> before the result, as in "bij,bjk->bik".';

/** A letter, or the ellipsis, and where it stands. */
interface Sign {
  readonly text: string;
  readonly at: number;
}

export function parseEinsum(c: Context, equation: string, operands: readonly FloatTensor[]): Equation {
  const said = `einsum cannot read ${JSON.stringify(equation)}`;
  const fail = (why: string, remedy = REMEDY): never => c.fail("einsum/text", `${said}: ${why}`, remedy);
  const terms: Sign[][] = [[]];
  let result: Sign[] | undefined;
  for (let at = 0; at < equation.length; at++) {
    const sign = equation[at]!;
    const here = `character ${at + 1}, ${JSON.stringify(sign)},`;
    const into = result ?? terms.at(-1)!;
    if (sign === " ") continue;
    if (/[A-Za-z]/.test(sign)) {
      if (result?.some(({ text }) => text === sign)) fail(`${here} stands twice in the result`);
      into.push({ text: sign, at });
    } else if (sign === ".") {
      if (equation.slice(at, at + 3) !== "...") fail(`${here} is no ellipsis, which is three dots`);
      if (into.some(({ text }) => text === "...")) fail(`${here} begins a second ellipsis of one operand`);
      into.push({ text: "...", at });
      at += 2;
    } else if (sign === "-") {
      if (equation[at + 1] !== ">") fail(`${here} is no arrow, which is ->`);
      if (result !== undefined) fail(`${here} begins a second arrow`);
      result = [];
      at++;
    } else if (sign === ",") {
      if (result !== undefined) fail(`${here} divides the result, which is one`);
      terms.push([]);
    } else fail(`${here} is no letter, comma, arrow or ellipsis`);
  }
  if (terms.length !== operands.length)
    fail(`it has ${terms.length} operand${terms.length === 1 ? "" : "s"}, but ${operands.length} given`, "Give a tensor for each.");
  const extents = new Map<string, number>();
  const first = new Map<string, string>();
  const inputs = terms.map((term, n) => {
    const { shape } = operands[n]!;
    const letters = term.filter(({ text }) => text !== "...").length;
    const dotted = term.length > letters;
    if (dotted ? letters > shape.length : letters !== shape.length)
      fail(
        `operand ${n + 1}, ${JSON.stringify(term.map(({ text }) => text).join(""))}, names ${letters} axes, but its tensor [${shape.join(",")}] has ${shape.length}`,
        "Name each axis of the tensor by a letter, or several by ...",
      );
    const labels = term.flatMap(({ text }) => (text === "..." ? ellipsis(shape.length - letters) : [text]));
    labels.forEach((label, axis) => {
      const [known, own] = [extents.get(label) ?? 1, shape[axis]!];
      const broadcasts = label.startsWith(".");
      if (extents.has(label) && known !== own && !(broadcasts && (known === 1 || own === 1))) {
        const at = term.find(({ text }) => text === label)?.at;
        const where = at === undefined ? `the ellipsis of operand ${n + 1}` : `character ${at + 1}, ${JSON.stringify(label)},`;
        fail(`${where} has extent ${own} in operand ${n + 1}, but ${known} in ${first.get(label)}`, "Extents of one letter must be equal.");
      }
      if (!extents.has(label) || known === 1) extents.set(label, Math.max(known, own));
      if (!first.has(label)) first.set(label, `operand ${n + 1}`);
    });
    return labels;
  });
  const dots = ellipsis(Math.max(...inputs.map((labels) => labels.filter((label) => label.startsWith(".")).length)));
  const unknown = result?.find(({ text }) => text !== "..." && !extents.has(text));
  if (unknown !== undefined) fail(`character ${unknown.at + 1}, ${JSON.stringify(unknown.text)}, of the result stands in no operand`);
  return { inputs, output: result?.flatMap(({ text }) => (text === "..." ? dots : [text])) ?? implied(inputs, dots), extents };
}

/** Names of so many axes, counted from the last: those of several operands align there. */
const ellipsis = (count: number): string[] => Array.from({ length: count }, (_, n) => `.${count - 1 - n}`);

/** Without an arrow: the ellipsis, and the letters that stand once, in the order of the alphabet. */
function implied(inputs: readonly (readonly string[])[], dots: readonly string[]): string[] {
  const all = inputs.flat().filter((label) => !label.startsWith("."));
  return [...dots, ...all.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort()];
}
