// @ts-check
/**
 * Writes dist/: what package.json names, with mathjs bundled in and every chunk beside its entry, and the runtime in modules of its
 * own. `--types` adds declarations.
 * Plain JavaScript with its types in comments, since it runs wherever the package is installed from its repository: what runs
 * TypeScript would start in half a second, of which this whole build takes a part.
 */

import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
/** @type {{ dependencies: Record<string, string> }} */
const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

/** Each has a face of the plugin under its own name. */
const BUNDLERS = ["vite", "rollup", "rolldown", "webpack", "rspack", "rsbuild", "esbuild", "farm", "bun"];

/**
 * What may be imported of the compiler, by name.
 * @type {Readonly<Record<string, string>>}
 */
const FACES = {
  index: "compiler/index.ts",
  functions: "compiler/functions.ts",
  node: "compiler/node.ts",
  ...Object.fromEntries(BUNDLERS.map((name) => [name, `compiler/plugin/${name}.ts`])),
};

/** @type {import("esbuild").BuildOptions & { metafile: true, write: false }} */
const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external: Object.keys(dependencies),
  // builds that run in a browser, and in Node as well
  alias: { fflate: "fflate/browser", sucrase: "sucrase/dist/esm/index.js" },
  legalComments: "none",
  metafile: true,
  write: false,
};

/** The runtime stays in modules, so that bundlers of pages take those that are used; packages are bundled into the module that imports them. */
const runtime = await build({
  ...common,
  entryPoints: (await readdir(join(root, "runtime"), { recursive: true }))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
    .map((path) => join("runtime", path)),
  outdir: "dist/runtime",
  sourcemap: true,
  plugins: [leaveModules((path, importer) => (importer.startsWith(join(root, "runtime")) ? path.replace(/\.ts$/, ".js") : undefined))],
});

const compiler = await build({
  ...common,
  entryPoints: { ...FACES, cli: "compiler/cli/main.ts" },
  outdir: "dist",
  // flat: compiler/model/site.ts takes the folder it lies in for the package's own code
  chunkNames: "chunk-[hash]",
  splitting: true,
  // importing mathjs costs 600 ms from its own files, 16 ms from ours
  plugins: [
    leaveModules((path, importer) => {
      const found = join(dirname(importer), path);
      const inRuntime = importer.startsWith(join(root, "compiler")) && found.startsWith(join(root, "runtime"));
      return inRuntime ? `./${relative(root, found).replaceAll("\\", "/").replace(/\.ts$/, ".js")}` : undefined;
    }),
  ],
});

/** What the pages of `inspect --html` and `train --live` run: their own scripts and styles, which know nothing of Node. */
const pages = await build({
  absWorkingDir: root,
  entryPoints: {
    inspector: "inspector/page/main.ts",
    "inspector-style": "inspector/page/style.css",
    live: "inspector/page/live/main.ts",
    "live-style": "inspector/page/live/style.css",
  },
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  metafile: true,
  write: false,
});

for (const entry of ["index", "browser/index", "browser/train-worker"]) checkBrowserSafe(runtime.metafile, `dist/runtime/${entry}.js`);
for (const entry of ["index", "functions"]) checkBrowserSafe(compiler.metafile, `dist/${entry}.js`);
await writeAll([...runtime.outputFiles.map(besideItself), ...compiler.outputFiles, ...pages.outputFiles]);
await writeFile(join(dist, "THIRD-PARTY-LICENSES.txt"), await licences());
if (process.argv.includes("--types")) await emitTypes();

/**
 * Imports that are left as they are, by the path that the output has for them.
 * @param {(path: string, importer: string) => string | undefined} pathOf
 * @returns {import("esbuild").Plugin}
 */
function leaveModules(pathOf) {
  return {
    name: "modules of the runtime",
    setup({ onResolve }) {
      onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) => {
        const left = importer === "" ? undefined : pathOf(path, importer);
        return left === undefined ? undefined : { path: left, external: true };
      });
    },
  };
}

/**
 * A source map names its sources as if they lay beside the output: their text is inside, and frames of the package's own code stay in dist/,
 * where compiler/model/site.ts knows them.
 * @param {import("esbuild").OutputFile} file
 * @returns {{ path: string, contents: string | Uint8Array }}
 */
function besideItself({ path, contents, text }) {
  if (!path.endsWith(".map")) return { path, contents };
  const map = JSON.parse(text);
  return { path, contents: JSON.stringify({ ...map, sources: map.sources.map((/** @type {string} */ source) => basename(source)) }) };
}

/**
 * What others import first, so that no file names one that is not there; what this build did not make goes last.
 * @param {readonly { path: string, contents: string | Uint8Array }[]} files
 */
async function writeAll(files) {
  /** @param {{ path: string }} file */
  const isChunk = ({ path }) => basename(path).startsWith("chunk-");
  for (const { path, contents } of [...files.filter(isChunk), ...files.filter((file) => !isChunk(file))]) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.${process.pid}.tmp`, contents);
    if (basename(path) === "cli.js") await chmod(`${path}.${process.pid}.tmp`, 0o755);
    await rename(`${path}.${process.pid}.tmp`, path);
  }
  const made = new Set(files.map(({ path }) => relative(dist, path)));
  for (const name of await readdir(dist, { recursive: true })) {
    if (/\.js(\.map)?$/.test(name) && !made.has(name)) await rm(join(dist, name));
  }
}

/** The texts of the licences of all that was bundled in. */
async function licences() {
  const inputs = [runtime, compiler].flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const packages = inputs.flatMap((path) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const texts = [...new Set(packages)].sort().map(async (name) => {
    const folder = join(root, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? "" : await readFile(join(folder, file), "utf8");
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  const rule = `\n${"-".repeat(80)}\n\n`;
  return `dist/ contains code of these packages.\n${rule}${(await Promise.all(texts)).join(rule)}`;
}

/**
 * Follows the imports of a module, those that are loaded when needed as well: none may be Node's, or of a package that is made for Node.
 * @param {import("esbuild").Metafile} metafile
 * @param {string} entry
 * @param {Set<string>} [seen]
 */
function checkBrowserSafe(metafile, entry, seen = new Set()) {
  if (seen.has(entry)) return;
  seen.add(entry);
  for (const { path } of metafile.outputs[entry]?.imports ?? []) {
    if (/^prettier\/(standalone|plugins\/\w+)$/.test(path)) continue; // made for browsers
    const next = metafile.outputs[path] === undefined ? join(dirname(entry), path) : path;
    if (!path.startsWith(".") && next !== path) throw new Error(`${entry} imports ${path}, so it would not run in a browser`);
    checkBrowserSafe(metafile, next, seen);
  }
}

/** One declaration file for each entry, and what several of them declare once beside them: types of one name are one type wherever they come from. */
async function emitTypes() {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const types = join(dist, "types");
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  const [{ rolldown }, { dts }] = await Promise.all([import("rolldown"), import("rolldown-plugin-dts")]);
  const faces = {
    ...FACES,
    ...Object.fromEntries(["index", "browser/index", "node/index"].map((name) => [`runtime/${name}`, `runtime/${name}.ts`])),
  };
  const rolled = await rolldown({
    input: Object.fromEntries(Object.entries(faces).map(([name, source]) => [name, join(types, source.replace(/\.ts$/, ".d.ts"))])),
    external: /^[^./]/,
    plugins: [dts({ dtsInput: true, emitDtsOnly: true, tsconfig: false, sourcemap: false })],
    // a table that is put together of many files says so of its module; no entry shows it
    onLog: (level, log, told) => (/declare module/.test(log.message) ? undefined : told(level, log)),
    checks: { pluginTimings: false },
  });
  for (const name of await readdir(dist)) if (/^types-.*\.d\.ts$/.test(name)) await rm(join(dist, name));
  await rolled.write({ dir: dist, format: "es", entryFileNames: "[name].d.ts", chunkFileNames: "types-[hash].d.ts" });
  await rolled.close();
  await rm(types, { recursive: true });
}
