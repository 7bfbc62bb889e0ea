/** `import "adjoint"` in a page: nothing of Node is bundled, what a page loads has a bound, and it compiles, checks and trains as Node does. */

import { build, type Metafile } from "esbuild";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TrainerModule } from "../compiler/compile.ts";
import * as typescript from "../generated/mnist-mlp/trainer.ts";
import mlp from "../models/mnist-mlp.ts";
import { browserVersion, visit } from "./engines/browsers.ts";
import { compiledAndTrained, trained } from "./engines/compile-page.ts";
import { build as buildDist, root } from "./support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-page-"));
afterAll(() => rmSync(folder, { recursive: true }));
let metafile: Metafile;

const PAGE = `
import { compiledAndTrained } from "./test/engines/compile-page.ts";
import mlp from "./models/mnist-mlp.ts";
const say = (text) => fetch("/said", { method: "POST", body: text });
try {
  const checked = await compiledAndTrained(mlp, {});
  say(JSON.stringify([checked, await compiledAndTrained(mlp, { target: "wasm", effort: "none" })]));
} catch (error) {
  say(String(error.stack));
}`;

beforeAll(async () => {
  buildDist();
  ({ metafile } = await build({
    stdin: { contents: PAGE, resolveDir: root, sourcefile: "page.js" },
    alias: { adjoint: join(root, "dist/index.js") },
    absWorkingDir: root,
    outdir: folder,
    entryNames: "page",
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    metafile: true,
    logLevel: "error",
  }));
  writeFileSync(join(folder, "index.html"), '<!doctype html><script type="module" src="./page.js"></script>');
});

test("nothing of Node is imported, and a page loads at most 600 kB, compressed, until it has trained, on either target", () => {
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path));
  expect(imports.filter((path) => builtinModules.includes(path.replace(/^node:/, "")))).toEqual([]);
  const files = Object.keys(metafile.outputs);
  const sizes = files.map((file) => gzipSync(readFileSync(join(root, file))).length);
  expect(sizes.reduce((a, b) => a + b)).toBeLessThanOrEqual(600_000);
});

test.skipIf(browserVersion("chromium") === undefined)(
  "Chromium compiles, checks, loads and trains mnist-mlp, with the losses of Node's",
  async () => {
    let heard = "";
    await visit("chromium", folder, {
      page: "index.html",
      said(text) {
        heard = text;
        return true;
      },
      timeoutSeconds: 120,
    });
    expect(heard).toMatch(/^\[/);
    // known by its model's types; here its arrays are known by name
    const committed = typescript as unknown as TrainerModule;
    expect(JSON.parse(heard)).toEqual([trained(committed), await compiledAndTrained(mlp, { target: "wasm", effort: "none" })]);
  },
  180_000,
);
