/** Guarantees the text of a model: the lines of its declaration, its imports, and its name; and what is known of it besides. */

import * as library from "adjoint";
import type { Draw } from "./draw.ts";

/** What the table counts beside the calls. */
export type Trait = "convolution and its bias before batch norm" | "attention" | "recurrent" | "loss of probabilities";

/** A model as its author would have written it. */
export interface Stranger {
  readonly name: string;
  readonly family: string;
  readonly traits: ReadonlySet<Trait>;
  /** A model file. */
  readonly text: string;
}

const NAMES: readonly string[] = Object.keys(library).sort();

/** Which functions of the library a text calls. */
export const callsIn = (text: string): readonly string[] => NAMES.filter((name) => new RegExp(`(?<![.\\w])${name}\\(`).test(text));

/** What is being written: lines of the body of a declaration, and locals that are not taken yet. */
export class Draft {
  readonly draw: Draw;
  readonly lines: string[] = [];
  readonly traits = new Set<Trait>();
  /** What comes before the declaration: helpers that the author wrote. */
  readonly helpers: string[] = [];
  readonly #taken = new Set(["batch", ...NAMES]);

  constructor(draw: Draw) {
    this.draw = draw;
  }

  /** A local of that name, or with a number after it. */
  local(base: string): string {
    let name = base;
    for (let n = 2; this.#taken.has(name); n++) name = `${base}${n}`;
    this.#taken.add(name);
    return name;
  }

  /** `const name = text;` */
  bind(base: string, text: string): string {
    const name = this.local(base);
    this.lines.push(`const ${name} = ${text};`);
    return name;
  }

  /** `const name = kind("name", …);` for leaves, whose names are data. */
  leaf(kind: string, base: string, rest: string): string {
    const name = this.local(base);
    this.lines.push(`const ${name} = ${kind}("${name}", ${rest});`);
    return name;
  }
}

/** A whole model file around what it exports. */
export function fileText(draft: Draft, exported: string): string {
  const body = [...draft.helpers, ...(draft.helpers.length > 0 ? [""] : []), exported].join("\n");
  return `import { ${callsIn(body).join(", ")} } from "adjoint";\n\n${body}\n`;
}

/** `export default model(…)` with the lines of the draft and what they return. */
export function modelText(draft: Draft, name: string, batch: string, returned: readonly string[]): string {
  const lines = [...draft.lines, "return {", ...returned.map((line) => `  ${line},`), "};"];
  return fileText(
    draft,
    `export default model("${name}", { batch: ${batch} }, ({ batch }) => {\n${lines.map((line) => `  ${line}`).join("\n")}\n});`,
  );
}

/** Rows of a batch: one number, or one a use. */
export function batchText(draw: Draw, sizes: readonly [number, ...number[]]): string {
  const rows = draw.one(sizes);
  return draw.often(0.25) ? `{ train: ${rows}, evaluate: ${2 * rows}, predict: 1 }` : String(rows);
}
