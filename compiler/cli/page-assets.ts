/** The inspector's own script and style: built beside the command line, and of its sources where that runs from these. */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Assets } from "../inspector/page.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What `inspectorPage` puts into its pages. */
export async function pageAssets(): Promise<Assets> {
  if (!import.meta.url.endsWith("/cli/page-assets.ts")) {
    const [script, style] = await Promise.all(["./inspector.js", "./inspector-style.css"].map((file) => readFile(at(file), "utf8")));
    return { script: script!, style: style! };
  }
  const { build } = await import("esbuild");
  const built = async (file: string): Promise<string> => {
    const { outputFiles } = await build({
      entryPoints: [at(`../../inspector/page/${file}`)],
      bundle: true,
      minify: true,
      format: "iife",
      target: "es2022",
      write: false,
      logLevel: "error",
    });
    return outputFiles[0]!.text.trimEnd();
  };
  const [script, style] = await Promise.all([built("main.ts"), built("style.css")]);
  return { script, style };
}
