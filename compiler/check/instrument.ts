/** Emitted text that tells where it is: before every numbered statement, and before an entry returns. */

/** The text with a call of the probe before every numbered statement, and before the entry returns. */
export function instrument(text: string): string {
  let [functions, inside] = [-1, false];
  const lines = text.split("\n").flatMap((line) => {
    if (line === "  }") inside = false;
    const statement = /^(?: {4}| {6})\/\/ (\d+)\.(?: |$)/.exec(line)?.[1];
    if (statement !== undefined) {
      if (!inside) functions++;
      inside = true;
      return [`    $probe(${functions}, ${statement}, arena);`, line];
    }
    return inside && /^ {4}return\b/.test(line) ? [`    $probe(${functions}, 0, arena);`, line] : [line];
  });
  return `declare const $probe: (at: number, statement: number, arena: ArrayBuffer) => void;\n${lines.join("\n")}`;
}
