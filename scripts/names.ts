/** What PyTorch, Keras and ONNX call what is here, name by name: the table docs/names.md (`npm run tables`) is made of this and of the code. */

import { ops } from "../compiler/ops/index.ts";
import { LAYERS, type Elsewhere } from "./layer-vocabulary.ts";
import { TABLES } from "./vocabulary.ts";

/** Files of the layer language whose public functions stand in the tables. */
export const IN_TABLES =
  /^compiler\/model\/(activations|attention|comparisons|constants|distances|einsum|elementwise|finite|formula|matrices|movements|noisy|padding|piecewise|products|reductions|repetition|rotary|scattering|sorting|tensors|layers\/.*|functions\/(resize|sampling|patches|bilinear|channels|indices)|losses\/.*|optimizers\/.*)\.ts$/;
/** What those files declare besides. */
const APART: ReadonlySet<string> = new Set(["grad"]);

/** What the language calls otherwise than the op that it is. */
const OPS: Readonly<Record<string, string>> = {
  maximum: "max",
  minimum: "min",
  less: "lt",
  lessEqual: "le",
  equal: "eq",
  logicalAnd: "and",
};
const OTHERS: Readonly<Record<string, string>> = {
  logicalOr: "or",
  logicalNot: "not",
  max: "reduceMax",
  concatenate: "concat",
  reversed: "reverse",
};
const MOVED: Readonly<Record<string, string>> = { expandDims: "reshape", squeeze: "reshape", matmul: "dot" };
/** Names that an op has, and a composition too. */
const COMPOSED: ReadonlySet<string> = new Set(["min", "pad", "slice", "greater", "constant", "scatterAdd"]);

const isPrimitive = (name: string): boolean => !COMPOSED.has(name) && ({ ...OPS, ...OTHERS, ...MOVED }[name] ?? name) in ops;

const cell = (text: string | undefined): string => (text === undefined ? "" : text.replaceAll("|", "\\|"));
const code = (text: string | undefined): string => (text === undefined ? "" : `\`${text}\``);

/** The page, of the public names with the files that declare them. Throws for a name that is in no table, or that nobody declares. */
export function namesPage(
  declared: readonly { readonly name: string; readonly path: string }[],
  /** What compiler/functions.ts exports. */ functions: readonly string[],
): string {
  const known = new Set(Object.values(TABLES).flatMap((table) => Object.keys(table)));
  const here = new Set(declared.map(({ name }) => name));
  const missing = declared.filter(({ name, path }) => IN_TABLES.test(path) && !APART.has(name) && !known.has(name) && name !== "reshape");
  const stale = [...known].filter((name) => !here.has(name));
  if (missing.length + stale.length > 0)
    throw new Error(
      `scripts/vocabulary.ts lacks ${missing.map(({ name }) => name).join(", ") || "none"}, and has beyond ${stale.join(", ") || "none"}`,
    );
  const parts = Object.entries(TABLES).map(([title, table]) => {
    const kinds = /^(Layers|Losses|Optimizers)/.test(title) ? [] : ["is"];
    const isLayers = table === LAYERS;
    // a layer without a word on functions is one, with the function under it or without
    const under = (name: string): readonly string[] => (isLayers ? [functions.includes(name) ? "`functions." + name + "`" : ""] : []);
    const rows = Object.entries<Elsewhere>(table)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, [torch, keras, onnx, differs]]) => [
        code(name),
        code(torch),
        code(keras),
        code(onnx),
        ...kinds.map(() => (isPrimitive(name) ? "a primitive" : "a composition")),
        ...under(name),
        cell(differs),
      ]);
    const head = ["here", "PyTorch", "Keras", "ONNX", ...kinds, ...(isLayers ? ["of given tensors"] : []), "what differs"];
    return `## ${title}\n\n${[head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")}`;
  });
  return `# Names here and elsewhere

Made by \`npm run tables\` from scripts/vocabulary.ts and the code. In PyTorch's column a name without a prefix is of \`torch\`, \`F\` is
\`torch.nn.functional\`; in Keras's it is of \`keras\`. Values, first and second gradients are held to PyTorch's, where it has the function, by
\`test/pytorch\`, whose cases \`interop/pytorch\` writes; those of what only Keras has to Keras's, by \`test/keras\`. A primitive is one node of the graph, with a gradient rule of its own; a composition
is several, and its gradient is theirs. Functions of given tensors are in \`adjoint/functions\`: of the names of layers, and
${functions
  .filter((name) => !(name in LAYERS))
  .map(code)
  .join(", ")}.

${parts.join("\n\n")}
`;
}
