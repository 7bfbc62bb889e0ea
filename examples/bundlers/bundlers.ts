/** One build of src/main.ts for each bundler: what its users write in its configuration, in one place. */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The plugin of the package as it is built, under the name that users import: `adjoint/vite`. What it is to a bundler, only that one's types know. */
const pluginFor = async (bundler: string, root: string): Promise<never> => {
  const dist = new URL(`../../dist/${bundler}.js`, import.meta.url);
  return ((await import(dist.href)) as { default: (options: { root: string }) => never }).default({ root });
};

const STRIP = createRequire(import.meta.url).resolve("./strip-types.cjs");
const RULES = [{ test: /\.ts$/, use: [{ loader: STRIP }] }];
const webpackLike = (root: string, plugin: never) => ({
  mode: "production" as const,
  context: root,
  target: "node",
  entry: join(root, "src/main.ts"),
  output: { path: join(root, "dist"), filename: "main.mjs", module: true, chunkFormat: "module" as const },
  experiments: { outputModule: true },
  module: { rules: RULES },
  plugins: [plugin],
});

interface Stats {
  hasErrors(): boolean;
  toString(options: object): string;
}
const finished = (run: (done: (error: Error | null | undefined, stats: Stats | undefined) => void) => void): Promise<void> =>
  new Promise((resolve, reject) =>
    run((error, stats) => {
      if (error || stats?.hasErrors()) reject(error ?? new Error(stats!.toString({ all: false, errors: true })));
      else resolve();
    }),
  );

/** Builds the example in a folder; gives back the file that runs. Rejects with what the bundler says where the build fails. */
export const BUNDLERS: Readonly<Record<string, (root: string) => Promise<string>>> = {
  async vite(root) {
    const { build } = await import("vite");
    await build({
      root,
      configFile: false,
      logLevel: "silent",
      plugins: [await pluginFor("vite", root)],
      build: { ssr: "src/main.ts", outDir: "dist", minify: false },
    });
    return join(root, "dist/main.js");
  },
  async rollup(root) {
    const [{ rollup }, { transform }] = [await import("rollup"), await import("esbuild")];
    const typescript = {
      name: "strip types",
      async transform(code: string, id: string) {
        return id.endsWith(".ts") ? (await transform(code, { loader: "ts", target: "es2023" })).code : undefined;
      },
    };
    const bundle = await rollup({ input: join(root, "src/main.ts"), plugins: [await pluginFor("rollup", root), typescript] });
    await bundle.write({ file: join(root, "dist/main.mjs"), format: "es" });
    return join(root, "dist/main.mjs");
  },
  async rolldown(root) {
    const { rolldown } = await import("rolldown");
    const bundle = await rolldown({ cwd: root, input: "src/main.ts", plugins: [await pluginFor("rolldown", root)] });
    await bundle.write({ dir: join(root, "dist"), format: "esm", entryFileNames: "main.mjs" });
    await bundle.close();
    return join(root, "dist/main.mjs");
  },
  async webpack(root) {
    const { default: webpack } = await import("webpack");
    const compiler = webpack(webpackLike(root, await pluginFor("webpack", root)))!;
    await finished((done) => compiler.run(done as never));
    return join(root, "dist/main.mjs");
  },
  async rspack(root) {
    const { rspack } = await import("@rspack/core");
    const compiler = rspack(webpackLike(root, await pluginFor("rspack", root)));
    await finished((done) => compiler.run(done as never));
    return join(root, "dist/main.mjs");
  },
  async rsbuild(root) {
    const { createRsbuild } = await import("@rsbuild/core");
    const rsbuild = await createRsbuild({
      cwd: root,
      rsbuildConfig: {
        logLevel: "error",
        plugins: [await pluginFor("rsbuild", root)],
        source: { entry: { main: "./src/main.ts" } },
        output: { target: "node", distPath: { root: "dist" }, filename: { js: "main.mjs" }, module: true },
      },
    } as never);
    await rsbuild.build();
    return join(root, "dist/main.mjs");
  },
  async esbuild(root) {
    const { build } = await import("esbuild");
    await build({
      absWorkingDir: root,
      entryPoints: ["src/main.ts"],
      outfile: "dist/main.mjs",
      bundle: true,
      format: "esm",
      logLevel: "silent",
      plugins: [await pluginFor("esbuild", root)],
    });
    return join(root, "dist/main.mjs");
  },
  async farm(root) {
    const { build } = await import("@farmfe/core");
    await build({
      root,
      configPath: "",
      compilation: {
        input: { main: "./src/main.ts" },
        output: { path: "dist", targetEnv: "node", format: "esm", entryFilename: "main.mjs" },
        persistentCache: false,
        minify: false,
      },
      plugins: [await pluginFor("farm", root)],
    } as never);
    return join(root, "dist/main.mjs");
  },
  /** Runs within Bun, whose plugins are its own. */
  async bun(root) {
    const plugin = pathToFileURL(new URL("../../dist/bun.js", import.meta.url).pathname).href;
    const script = [
      `import plugin from ${JSON.stringify(plugin)};`,
      `const made = await Bun.build({ entrypoints: ["./src/main.ts"], outdir: "./dist", naming: "main.mjs", plugins: [plugin({ root: "." })] });`,
      `if (!made.success) throw new AggregateError(made.logs, "build failed");`,
    ].join("\n");
    const [{ execFileSync }, { writeFileSync }] = [await import("node:child_process"), await import("node:fs")];
    writeFileSync(join(root, "build.mjs"), script);
    execFileSync(new URL("./node_modules/.bin/bun", import.meta.url).pathname, ["build.mjs"], { cwd: root, stdio: "pipe" });
    return join(root, "dist/main.mjs");
  },
};
