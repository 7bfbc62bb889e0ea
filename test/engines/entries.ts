/** Guarantees what engines load, built: one script for a process, a worker and each page, and the pages. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const SCRIPTS = ["process", "worker", "matrix-page", "policy-page"] as const;

/** Builds into a folder: process.js, worker.js, matrix.html and policy.html with their scripts. */
export async function buildEntries(root: string, folder: string): Promise<void> {
  await build({
    entryPoints: SCRIPTS.map((name) => join(root, "test", "engines", `${name}.ts`)),
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["node:*"],
  });
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  for (const page of ["matrix", "policy"])
    await writeFile(
      join(folder, `${page}.html`),
      `<!doctype html><meta charset="utf-8"><script type="module" src="${page}-page.js"></script>`,
    );
}
