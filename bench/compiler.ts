/**
 * The compiler, from its sources, as one module like the one that ships: what runs TypeScript in these scripts gives every function a
 * name as it is made, which takes time that is not the compiler's.
 */

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type * as adjoint from "../compiler/index.ts";
import type { format } from "../compiler/driver/emit.ts";
import type { lower } from "../compiler/driver/lower.ts";
import type { Model } from "../compiler/index.ts";
import { root, type printTrainer } from "../scripts/compiler.ts";

/** The public face. */
export type Adjoint = typeof adjoint;

export interface Bundled {
  readonly models: Readonly<Record<string, Model>>;
  readonly adjoint: Adjoint;
  readonly lower: typeof lower;
  readonly format: typeof format;
  readonly printTrainer: typeof printTrainer;
}

/** The compiler and the models of these names, which import it. */
export async function loadCompiler(names: readonly string[]): Promise<Bundled> {
  const contents = [
    ...names.map((name, n) => `import model${n} from "./models/${name}.ts";`),
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
      external: ["esbuild", "prettier"],
      alias: { adjoint: join(root, "compiler", "index.ts") },
      // picocolors is CommonJS and asks for Node's own modules
      banner: { js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);` },
    });
    return (await import(pathToFileURL(outfile).href)) as Bundled; // what its text exports
  } finally {
    await rm(folder, { recursive: true });
  }
}
