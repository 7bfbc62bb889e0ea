/** Guarantees the colours of TypeScript texts as short strings, found when a page is made, so that no page has to find them. */

/** Kinds by the scopes of highlight.js. */
const LETTERS: Readonly<Record<string, string>> = {
  comment: "c",
  doctag: "c",
  keyword: "k",
  number: "n",
  literal: "n",
  string: "s",
  regexp: "s",
  title: "f",
  built_in: "t",
  type: "t",
  "title.class": "t",
  variable: "t",
};

/** The colours of each line of a text, as `data.ts` says. The highlighter is loaded when it is first needed. */
export async function coloursOf(text: string): Promise<string> {
  const [{ default: highlight }, { default: typescript }] = await Promise.all([
    import("highlight.js/lib/core"),
    import("highlight.js/lib/languages/typescript"),
  ]);
  if (highlight.getLanguage("ts") === undefined) highlight.registerLanguage("ts", typescript);
  const { value } = highlight.highlight(text, { language: "ts", ignoreIllegals: true });
  const lines: string[] = [];
  let runs: { letter: string; length: number }[] = [];
  const open: string[] = [];
  for (const [, begins, ends, entity, plain] of value.matchAll(/<span class="([^"]*)">|(<\/span>)|&(\w+|#x\w+);|([^<&]+)/g)) {
    if (begins !== undefined) open.push(letterOf(begins) ?? open.at(-1) ?? ".");
    else if (ends !== undefined) open.pop();
    else
      (entity === undefined ? plain! : " ").split("\n").forEach((part, n) => {
        if (n > 0) {
          lines.push(shortOf(runs));
          runs = [];
        }
        const letter = open.at(-1) ?? ".";
        const last = runs.at(-1);
        if (last?.letter === letter) last.length += part.length;
        else if (part.length > 0) runs.push({ letter, length: part.length });
      });
  }
  lines.push(shortOf(runs));
  return lines.join("\n");
}

/** `hljs-title class_` is a class's name. */
function letterOf(classes: string): string | undefined {
  const [scope = "", ...rest] = classes.replace("hljs-", "").split(" ");
  const sub = rest.map((one) => one.replace(/_+$/, "")).join(".");
  return LETTERS[`${scope}.${sub}`] ?? LETTERS[scope];
}

const shortOf = (runs: readonly { readonly letter: string; readonly length: number }[]): string =>
  runs.map(({ letter, length }, n) => (n === runs.length - 1 ? (letter === "." ? "" : letter) : `${letter}${length}`)).join("");
