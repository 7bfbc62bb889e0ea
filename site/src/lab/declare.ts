/** Guarantees that a model's text becomes a model without a server: its imports of `adjoint` are this worker's own, and its lines keep their numbers. */

import { load, type Model } from "adjoint";
import * as adjoint from "adjoint";
import * as functions from "adjoint/functions";

/** What a model text may import. */
const MODULES: Readonly<Record<string, object>> = { adjoint, "adjoint/functions": functions };
const KEY = "adjointModules";
Object.assign(globalThis, { [KEY]: MODULES });

/** What a person can mend in a model's text, at its line. */
export class TextError extends Error {
  override readonly name = "TextError";
  readonly line: number | undefined;
  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

const IMPORT = /^([ \t]*)import\s+(type\s+)?(?:\{([^}]*)\}|\*\s+as\s+([\w$]+))\s+from\s+(["'])([^"'\n]+)\5[ \t]*;?/gm;
const ends = (text: string): string => "\n".repeat(text.split("\n").length - 1);
const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

/** The text with every import of a known module as a constant on the same lines. Throws a TextError for modules that a page does not have. */
export function withoutImports(text: string): string {
  return text.replace(
    IMPORT,
    (
      whole,
      space: string,
      type: string | undefined,
      names: string | undefined,
      all: string | undefined,
      _quote,
      from: string,
      offset: number,
    ) => {
      const module = MODULES[from];
      const line = lineAt(text, offset);
      if (module === undefined)
        throw new TextError(`a model in this page may import from ${Object.keys(MODULES).join(" and ")}, but not from ${from}`, line);
      if (type !== undefined) return ends(whole);
      const of = `globalThis.${KEY}[${JSON.stringify(from)}]`;
      if (all !== undefined) return `${space}const ${all} = ${of};${ends(whole)}`;
      const taken = names!
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "" && !name.startsWith("type "));
      for (const name of taken) {
        const asked = name.split(/\s+as\s+/)[0]!;
        if (!(asked in module) && !/^[A-Z]/.test(asked))
          throw new TextError(`${from} exports nothing of the name ${asked}; check the spelling`, line);
      }
      // names that begin with a capital may be types, which are nothing where the program runs
      const bound = taken.filter((name) => name.split(/\s+as\s+/)[0]! in module).map((name) => name.replace(/\s+as\s+/, ": "));
      return `${space}const { ${bound.join(", ")} } = ${of};${ends(whole)}`;
    },
  );
}

export interface Declared {
  readonly model: Model;
  readonly data: unknown;
}

/** Runs a model's text and takes what it exports. Frames of its stack lie in `/<path>`, where the compiler finds its lines. */
export async function declared(text: string, path: string): Promise<Declared> {
  const code = `${withoutImports(text)}\n//# sourceURL=/${path}\n`;
  const exports = await load<Readonly<Record<string, unknown>>>({ files: new Map([["model.ts", code]]) }, "model.ts").catch(
    (error: unknown) => {
      throw mended(error);
    },
  );
  const model = exports["default"];
  if (typeof model !== "object" || model === null || !("kind" in model) || model.kind !== "adjoint model")
    throw new TextError("the text exports no model; end it with export default model(…), where model comes from adjoint");
  return { model: model as Model, data: exports["data"] };
}

/** A syntax error says its place in words: `Unexpected token (5:12)`. */
function mended(error: unknown): unknown {
  if (!(error instanceof Error) || error.name === "ModelError") return error;
  const place = /\((\d+):\d+\)/.exec(error.message);
  if (place === null && !(error instanceof SyntaxError)) return error;
  return new TextError(
    error.message.replace(/^Error transforming [^:]*: /, "").replace(/\s*\(\d+:\d+\)/, ""),
    place === null ? undefined : Number(place[1]),
  );
}

/** The line of the model's text that was running when this was thrown. */
export function lineOf(error: Error, path: string): number | undefined {
  if (error instanceof TextError) return error.line;
  const at = new RegExp(`/${path.replace(/[.*+?^${"$"}{}()|[\]\\]/g, "\\$&")}:(\\d+)`).exec(error.stack ?? "");
  return at === null ? undefined : Number(at[1]);
}
