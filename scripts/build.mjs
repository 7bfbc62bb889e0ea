// @ts-check
/**
 * Guarantees dist/: what package.json names, with mathjs bundled in and every chunk beside its entry. `--types` adds declarations.
 * Plain JavaScript with its types in comments, since it runs wherever the package is installed from its repository: what runs
 * TypeScript would start in half a second, of which this whole build takes a part.
 */

import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
/** @type {{ dependencies: Record<string, string> }} */
const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

/** Each has a face of the plugin under its own name. */
const BUNDLERS = ["vite", "rollup", "rolldown", "webpack", "rspack", "rsbuild", "esbuild", "farm", "bun"];

const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    index: "compiler/index.ts",
    runtime: "runtime/index.ts",
    "runtime-node": "runtime/node/index.ts",
    "thread-worker": "runtime/node/thread-worker.ts",
    cli: "compiler/cli/main.ts",
    ...Object.fromEntries(BUNDLERS.map((name) => [name, `compiler/plugin/${name}.ts`])),
  },
  outdir: "dist",
  // flat: compiler/model/site.ts takes the folder it lies in for the package's own code
  chunkNames: "chunk-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external: Object.keys(dependencies),
  // the build that runs in a browser, and in Node as well
  alias: { fflate: "fflate/browser" },
  // importing mathjs costs 600 ms from its own files, 16 ms from ours
  legalComments: "none",
  metafile: true,
  write: false,
});

checkBrowserSafe("dist/runtime.js");
await writeAll();
await writeFile(join(dist, "THIRD-PARTY-LICENSES.txt"), await licences());
if (process.argv.includes("--types")) emitTypes();

/** Chunks first, so that an entry never names one that is not there; what this build did not make goes last. */
async function writeAll() {
  await mkdir(dist, { recursive: true });
  /** @param {{ path: string }} file */
  const isChunk = ({ path }) => basename(path).startsWith("chunk-");
  const ordered = [...outputFiles.filter(isChunk), ...outputFiles.filter((file) => !isChunk(file))];
  for (const { path, contents } of ordered) {
    await writeFile(`${path}.${process.pid}.tmp`, contents);
    if (basename(path) === "cli.js") await chmod(`${path}.${process.pid}.tmp`, 0o755);
    await rename(`${path}.${process.pid}.tmp`, path);
  }
  const made = new Set(ordered.map(({ path }) => basename(path)));
  for (const name of await readdir(dist)) if (name.endsWith(".js") && !made.has(name)) await rm(join(dist, name));
}

/** The texts of the licences of all that was bundled in. */
async function licences() {
  const packages = Object.keys(metafile.inputs).flatMap((path) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
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
 * Follows the imports of an entry: none may be Node's or a package's.
 * @param {string} entry
 * @param {Set<string>} [seen]
 */
function checkBrowserSafe(entry, seen = new Set()) {
  if (seen.has(entry)) return;
  seen.add(entry);
  for (const { path, external } of metafile.outputs[entry]?.imports ?? []) {
    if (external) throw new Error(`${entry} imports ${path}, so it would not run in a browser`);
    checkBrowserSafe(path, seen);
  }
}

function emitTypes() {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
}
