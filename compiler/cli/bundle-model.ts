/** Guarantees that a model file runs as it was written, TypeScript or not, whatever its package says of modules; and that stack lines are its own. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildFailure, BuildOptions, Message, OutputFile, Plugin } from "esbuild";
import { framesOf, siteOf } from "../model/site.ts";
import { followMap, type SourceMap } from "../model/source-map.ts";
import { InputError } from "./errors.ts";
import { settled } from "./stray.ts";

const here = import.meta.url;
/** What `adjoint` and its subpaths mean in a model: this very package. */
const OWN: Readonly<Record<string, readonly [source: string, bundle: string]>> = {
  adjoint: ["../index.ts", "./index.js"],
  "adjoint/functions": ["../functions.ts", "./functions.js"],
  "adjoint/node": ["../node.ts", "./node.js"],
  "adjoint/runtime": ["../../runtime/index.ts", "./runtime/index.js"],
  "adjoint/runtime/browser": ["../../runtime/browser/index.ts", "./runtime/browser/index.js"],
  "adjoint/runtime/node": ["../../runtime/node/index.ts", "./runtime/node/index.js"],
};

/** Marks our own question to esbuild, which would otherwise ask us again. */
const ASKED = { asked: true };

/** Packages stay where they are, named by URL; files of the model's own are bundled. */
const packagesByUrl: Plugin = {
  name: "packages by URL",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind === "entry-point" || pluginData === ASKED) return undefined;
      const own = OWN[path]?.[here.endsWith("/cli/bundle-model.ts") ? 0 : 1];
      if (own !== undefined) return { path: new URL(own, here).href, external: true };
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: ASKED });
      if (found.external || found.errors.length > 0 || !/[\\/]node_modules[\\/]/.test(found.path)) return found;
      return { path: pathToFileURL(found.path).href, external: true };
    });
  },
};

/** The exports of a model file. Messages name it as `shown`. */
export async function importModel(file: string, shown: string): Promise<Record<string, unknown>> {
  const { code, map } = await bundle(file, shown);
  process.setSourceMapsEnabled(true);
  const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const path = join(folder, "model.mjs");
    writeFileSync(path, [code, importOf(removalOf(folder)), commentOf(map), ""].join("\n"), { flag: "wx" });
    followMap(path, map);
    const exports = import(pathToFileURL(path).href) as Promise<Record<string, unknown>>; // a module's exports
    return await settled(
      exports,
      () =>
        new InputError(
          `${shown} never finishes loading: its top-level await waits for what never comes; await only what settles, or leave it out`,
        ),
    );
  } finally {
    remove();
    process.off("exit", remove);
  }
}

/** Runs when all is read and before the model does: whatever ends the process from then on, no folder is left. */
const removalOf = (folder: string): string =>
  `import { rmSync } from "node:fs"; rmSync(${JSON.stringify(folder)}, { recursive: true, force: true });`;

const importOf = (code: string): string => `import "data:text/javascript;base64,${Buffer.from(code).toString("base64")}";`;

/** How a model file is bundled. */
const optionsFor = (file: string) =>
  ({
    entryPoints: [file],
    outfile: join(dirname(file), "model.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    write: false,
    logLevel: "silent",
    plugins: [packagesByUrl],
    define: {
      "import.meta.url": JSON.stringify(pathToFileURL(file).href),
      "import.meta.filename": JSON.stringify(file),
      "import.meta.dirname": JSON.stringify(dirname(file)),
    },
  }) as const satisfies BuildOptions;

/** One module of the file and all that it imports of its own, with a source map inside. esbuild is loaded when first needed. */
async function bundle(file: string, shown: string): Promise<{ readonly code: string; readonly map: SourceMap }> {
  const { build } = await import("esbuild");
  try {
    const { outputFiles } = await build({ ...optionsFor(file), sourcemap: "external" });
    return withMap(outputFiles, dirname(file));
  } catch (error) {
    const [first] = (error as Partial<BuildFailure>).errors ?? [];
    if (first === undefined) throw error;
    throw new InputError(syntaxError(first, shown));
  }
}

/**
 * The files that a model file is made of: itself and what it imports of its own. Of a file that does not parse, what esbuild saw of it
 * before; never fails, since whoever compiles it says what is wrong.
 */
export async function filesOf(file: string): Promise<string[]> {
  const { build } = await import("esbuild");
  const named = (paths: readonly string[]): string[] => [...new Set([file, ...paths.map((path) => resolve(path))])];
  try {
    const { metafile } = await build({ ...optionsFor(file), metafile: true, absWorkingDir: process.cwd() });
    return named(Object.keys(metafile.inputs));
  } catch (error) {
    return named(((error as Partial<BuildFailure>).errors ?? []).flatMap(({ location }) => location?.file ?? []));
  }
}

function withMap(files: readonly OutputFile[], folder: string): { readonly code: string; readonly map: SourceMap } {
  const text = (ending: string): string => files.find(({ path }) => path.endsWith(ending))!.text;
  const map = JSON.parse(text(".map")) as SourceMap; // esbuild's own
  const sources = map.sources.map((source) => pathToFileURL(resolve(folder, source)).href);
  return { code: text(".mjs"), map: { ...map, sources } };
}

/** For engines that follow maps themselves, as Node does. */
const commentOf = (map: SourceMap): string =>
  `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;

/** What esbuild says of a trainer that is not there. */
const NOT_MADE = /^Could not resolve "[^"]*\b(?:trainer|gradients)\b[^"]*"/;

/** `models/x.ts:2:18  Unexpected "="`, and the line it is in. */
function syntaxError({ text, location }: Message, shown: string): string {
  if (location === null) return `${shown} cannot be compiled: ${text}`;
  const { line, column, lineText, length } = location;
  const file = location.file.startsWith("..") || !shown.endsWith(location.file.split("/").at(-1)!) ? location.file : shown;
  const mark = `${lineText.slice(0, column).replace(/\S/g, " ")}${"^".repeat(Math.max(1, length))}`;
  return [
    `${file}:${line}:${column + 1}  ${text}`,
    "",
    `    ${lineText}`,
    `    ${mark}`,
    "",
    NOT_MADE.test(text)
      ? "Compile that model first; a model is not made of a trainer of its own."
      : "Mend that line and run the command again.",
  ].join("\n");
}

/** The first place in a stack that lies in the given file: `line:column`. */
export function placeIn(file: string, error: Error): string | undefined {
  const names = [file, pathToFileURL(file).href];
  for (const line of framesOf(error.stack ?? "")) {
    const site = siteOf(line);
    if (site?.file === file) return `${site.line}:${site.column}`;
    for (const name of names) {
      const at = line.lastIndexOf(name);
      const match = at === -1 ? null : /^:(\d+(?::\d+)?)/.exec(line.slice(at + name.length));
      if (match !== null) return match[1];
    }
  }
  return undefined;
}
