/** Guarantees test/engines as plain JavaScript for the commands that drive engines: the driver with the models, and what runs on the engines. */

import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "/");

/** Stems of models/. */
export const modelStems = async () => (await readdir(join(root, "models"))).map((file) => file.replace(/\.ts$/, "")).sort();

/**
 * Builds in a folder that is removed afterwards, and hands on: `code`, the exports of test/engines/<driver>.ts and of what drives engines; `models`
 * by stem; `entries`, a folder of what pages, workers and processes load; `folder`, the rest of it free.
 */
export async function bundled(stems, driver, use) {
  // beside the packages that the bundle names
  await mkdir(join(root, "dist"), { recursive: true });
  const folder = await mkdtemp(join(root, "dist", "engines-"));
  try {
    const lines = [
      `export * from "./test/engines/${driver}.ts";`,
      ...["engines", "browsers", "entries"].map((name) => `export * from "./test/engines/${name}.ts";`),
      ...stems.map((stem, n) => `import model${n} from ${JSON.stringify(`./models/${stem}.ts`)};`),
      `export const models = new Map([${stems.map((stem, n) => `[${JSON.stringify(stem)}, model${n}]`).join(", ")}]);`,
    ];
    await build({
      bundle: true,
      format: "esm",
      target: "es2022",
      stdin: {
        contents: lines.join("\n"),
        resolveDir: root,
        sourcefile: "driver.ts",
        loader: "ts",
      },
      outfile: join(folder, "driver.mjs"),
      platform: "node",
      packages: "external",
      alias: { adjoint: join(root, "compiler", "index.ts") },
    });
    const entries = join(folder, "entries");
    const { models, buildEntries, ...code } = await import(pathToFileURL(join(folder, "driver.mjs")).href);
    await buildEntries(root, entries);
    await use({ code, models, entries, folder });
  } finally {
    await rm(folder, { recursive: true });
  }
}
