/** The site is static: one page an idea, each a file of its own; the compiler comes from dist/, and is loaded by the workers that compile. */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { footer, navigation } from "./src/pages.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const pages = readdirSync(at(".")).filter((file) => file.endsWith(".html"));

/** Every page says only what is its own; where it stands among the others is written here. */
const withShell: Plugin = {
  name: "navigation of every page",
  transformIndexHtml(html, { path }) {
    const file = path.split("/").at(-1) || "index.html";
    return html.replace("<!--navigation-->", navigation(file)).replace("<!--footer-->", footer(file));
  },
};

export default defineConfig({
  root: at("."),
  // a folder of files that may lie anywhere
  base: "./",
  resolve: {
    alias: [
      { find: /^adjoint$/, replacement: at("../dist/index.js") },
      { find: /^adjoint\/functions$/, replacement: at("../dist/functions.js") },
      { find: /^adjoint\/runtime$/, replacement: at("../dist/runtime/index.js") },
    ],
  },
  // pages and workers load modules that were made already: there is nothing to make ready
  optimizeDeps: { noDiscovery: true, include: [] },
  server: { fs: { allow: [at("..")] } },
  worker: { format: "es" },
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: Object.fromEntries(pages.map((file) => [file.replace(/\.html$/, ""), at(file)])) },
  },
  plugins: [withShell],
});
