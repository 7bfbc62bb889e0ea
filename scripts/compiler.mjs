/** Guarantees the compiler, and models of models/, from their sources as one module of this process, in which `adjoint` is the source beside it. */

import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, transform } from "esbuild";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Names of the models: the stems of their files. */
export const modelNames = (await readdir(join(root, "models"))).map((file) => file.replace(/\.ts$/, "")).sort();

/** The chosen names, all where none is given; throws an Error that names one that is no model. */
export function chosenModels(names) {
  const unknown = names.find((name) => !modelNames.includes(name));
  if (unknown !== undefined) throw new Error(`there is no model ${unknown} in models/: there are ${modelNames.join(", ")}`);
  return names.length > 0 ? names : modelNames;
}

/**
 * `models` by name, the public face as `adjoint`, `lower(model, options)`, `format(text)` and `printTrainer(lowered)` of its target,
 * a promise.
 */
export async function loadCompiler(names) {
  const imports = names.map((name, n) => `import model${n} from "./models/${name}.ts";`);
  const contents = [
    ...imports,
    `export const models = { ${names.map((name, n) => `${JSON.stringify(name)}: model${n}`).join(", ")} };`,
    `export * as adjoint from "./compiler/index.ts";`,
    `export { lower } from "./compiler/driver/lower.ts";`,
    `export { format } from "./compiler/driver/emit.ts";`,
    `export const printTrainer = async ({ module, facts, target }) => (await target.emit(module, facts)).text;`,
  ].join("\n");
  // beside the packages that the bundle names
  await mkdir(join(root, "dist"), { recursive: true });
  const folder = await mkdtemp(join(root, "dist", "compiler-"));
  try {
    const outfile = join(folder, "compiler.mjs");
    await build({
      stdin: { contents, resolveDir: root, sourcefile: "compiler.js", loader: "js" },
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["esbuild", "prettier", "wabt"],
      alias: { adjoint: join(root, "compiler", "index.ts") },
      // picocolors is CommonJS and asks for Node's own modules
      banner: { js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);` },
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** TypeScript without its types. */
export const stripped = async (text) => (await transform(text, { loader: "ts", format: "esm", target: "es2022" })).code;

/** What a text of TypeScript exports. */
export const imported = async (text) => import(`data:text/javascript;base64,${Buffer.from(await stripped(text)).toString("base64")}`);
