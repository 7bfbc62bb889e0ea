/** One build of src/main.ts for each bundler: what its users write in its configuration, in one place. */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A project to build, with what its configuration says to the plugin. */
export interface Built {
  readonly root: string;
  /** Default: true. */
  readonly files?: boolean;
}

/** The plugin of the package as it is built, under the name that users import: `adjoint/vite`. What it is to a bundler, only that one's types know. */
export const pluginFor = async (bundler: string, of: Built): Promise<never> => {
  const dist = new URL(`../../dist/${bundler}.js`, import.meta.url);
  return ((await import(dist.href)) as { default: (options: Built) => never }).default(of);
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
export const BUNDLERS: Readonly<Record<string, (of: Built) => Promise<string>>> = {
  async vite(of) {
    const { root } = of;
    const { build } = await import("vite");
    await build({
      root,
      configFile: false,
      logLevel: "silent",
      plugins: [await pluginFor("vite", of)],
      build: { ssr: "src/main.ts", outDir: "dist", minify: false },
    });
    return join(root, "dist/main.js");
  },
  async rollup(of) {
    const { root } = of;
    const [{ rollup }, { transform }] = [await import("rollup"), await import("esbuild")];
    const typescript = {
      name: "strip types",
      async transform(code: string, id: string) {
        return id.endsWith(".ts") ? (await transform(code, { loader: "ts", target: "es2023" })).code : undefined;
      },
    };
    const bundle = await rollup({ input: join(root, "src/main.ts"), plugins: [await pluginFor("rollup", of), typescript] });
    await bundle.write({ file: join(root, "dist/main.mjs"), format: "es" });
    return join(root, "dist/main.mjs");
  },
  async rolldown(of) {
    const { root } = of;
    const { rolldown } = await import("rolldown");
    const bundle = await rolldown({ cwd: root, input: "src/main.ts", plugins: [await pluginFor("rolldown", of)] });
    await bundle.write({ dir: join(root, "dist"), format: "esm", entryFileNames: "main.mjs" });
    await bundle.close();
    return join(root, "dist/main.mjs");
  },
  async webpack(of) {
    const { root } = of;
    const { default: webpack } = await import("webpack");
    const compiler = webpack(webpackLike(root, await pluginFor("webpack", of)))!;
    await finished((done) => compiler.run(done as never));
    return join(root, "dist/main.mjs");
  },
  async rspack(of) {
    const { root } = of;
    const { rspack } = await import("@rspack/core");
    const compiler = rspack(webpackLike(root, await pluginFor("rspack", of)));
    await finished((done) => compiler.run(done as never));
    return join(root, "dist/main.mjs");
  },
  async rsbuild(of) {
    const { root } = of;
    const { createRsbuild } = await import("@rsbuild/core");
    const rsbuild = await createRsbuild({
      cwd: root,
      rsbuildConfig: {
        logLevel: "error",
        plugins: [await pluginFor("rsbuild", of)],
        source: { entry: { main: "./src/main.ts" } },
        output: { target: "node", distPath: { root: "dist" }, filename: { js: "main.mjs" }, module: true },
      },
    } as never);
    await rsbuild.build();
    return join(root, "dist/main.mjs");
  },
  async esbuild(of) {
    const { root } = of;
    const { build } = await import("esbuild");
    await build({
      absWorkingDir: root,
      entryPoints: ["src/main.ts"],
      outfile: "dist/main.mjs",
      bundle: true,
      format: "esm",
      logLevel: "silent",
      plugins: [await pluginFor("esbuild", of)],
    });
    return join(root, "dist/main.mjs");
  },
  async farm(of) {
    const { root } = of;
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
      plugins: [await pluginFor("farm", of)],
    } as never);
    return join(root, "dist/main.mjs");
  },
  /** Runs within Bun, whose plugins are its own. */
  async bun(of) {
    const { root } = of;
    const plugin = pathToFileURL(new URL("../../dist/bun.js", import.meta.url).pathname).href;
    const script = [
      `import plugin from ${JSON.stringify(plugin)};`,
      `const made = await Bun.build({ entrypoints: ["./src/main.ts"], outdir: "./dist", naming: "main.mjs", plugins: [plugin(${JSON.stringify({ ...of, root: "." })})] });`,
      `if (!made.success) throw new AggregateError(made.logs, "build failed");`,
    ].join("\n");
    const [{ execFileSync }, { writeFileSync }] = [await import("node:child_process"), await import("node:fs")];
    writeFileSync(join(root, "build.mjs"), script);
    execFileSync(new URL("./node_modules/.bin/bun", import.meta.url).pathname, ["build.mjs"], { cwd: root, stdio: "pipe" });
    return join(root, "dist/main.mjs");
  },
};
