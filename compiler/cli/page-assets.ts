/** Script and style of a page: built beside the command line, and of its sources where that runs from these. */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Assets } from "../inspector/page.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where the sources of each page's script and style lie, in inspector/page/. */
const SOURCES = { inspector: "", live: "live/" } as const;

/** What goes into a page of `inspect --html`, and into that of `train --live`. */
export async function pageAssets(page: keyof typeof SOURCES): Promise<Assets> {
  if (!import.meta.url.endsWith("/cli/page-assets.ts")) {
    const [script, style] = await Promise.all([`./${page}.js`, `./${page}-style.css`].map((file) => readFile(at(file), "utf8")));
    return { script: script!, style: style! };
  }
  const { build } = await import("esbuild");
  const built = async (file: string): Promise<string> => {
    const { outputFiles } = await build({
      entryPoints: [at(`../../inspector/page/${SOURCES[page]}${file}`)],
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
