/** Guarantees a workload's trainers as modules on disk, types removed, as the built compiler makes them now. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
let names = 0;

/** The model that a workload's file declares. */
async function declared(workload, folder, dist) {
  const file = join(folder, `${workload}.${names++}.model.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [`bench/workloads/${workload}.ts`],
    outfile: file,
    bundle: true,
    format: "esm",
    platform: "node",
    external: ["adjoint"],
    plugins: [
      {
        name: "adjoint",
        setup: (b) => b.onResolve({ filter: /^adjoint$/ }, () => ({ path: pathToFileURL(join(dist, "index.js")).href, external: true })),
      },
    ],
    logLevel: "error",
  });
  return (await import(pathToFileURL(file).href)).default;
}

const PLAIN = { loader: "ts", format: "esm", target: "es2022" };

/** Bytes of a trainer's text as it is shipped: minified, and after gzip. */
export async function shipped(text) {
  const { code } = await transform(text, { ...PLAIN, minify: true });
  return { minified: code.length, gzip: gzipSync(code, { level: 9 }).length };
}

/** Where the trainer lies; how long compiling took, without the check; how many bytes are shipped, minified and after gzip. */
export async function compiledTrainer(workload, target, folder, options = {}) {
  mkdirSync(folder, { recursive: true });
  const { compile } = await import(pathToFileURL(join(root, "dist/index.js")).href);
  const model = await declared(workload, folder, join(root, "dist"));
  const path = `bench/workloads/${workload}.ts`;
  const source = { path, text: readFileSync(join(root, path), "utf8") };
  const began = performance.now();
  const { files, lowered } = await compile(model, {
    source,
    target,
    effort: "none",
    ...options,
  });
  const milliseconds = performance.now() - began;
  const text = [...files].find(([name]) => /^trainer\..*ts$/.test(name))[1];
  const file = join(folder, `${[target, ...Object.keys(options)].join(".")}.mjs`);
  writeFileSync(file, (await transform(text, PLAIN)).code);
  const flops = lowered.module.kernels.reduce((sum, { flops }) => sum + flops, 0);
  return { file, milliseconds, ...(await shipped(text)), flops, arena: lowered.module.arenaBytes };
}

/** The module that a compiler (the folder of its build) makes of a workload; and a trainer with its kernels. */
export async function lowerWorkload(workload, target, folder, dist, options = {}) {
  mkdirSync(folder, { recursive: true });
  const { compile } = await import(pathToFileURL(join(dist, "index.js")).href);
  const model = await declared(workload, folder, dist);
  const { files, lowered } = await compile(model, { target, effort: "none", ...options });
  const { module } = lowered;
  const text = [...files].find(([name]) => /^trainer\..*ts$/.test(name))[1];
  const { code } = await transform(text, PLAIN);
  const file = join(folder, `${workload}.${target}.${names++}.mjs`);
  // WebAssembly: the exports of its instance; TypeScript: its kernels by kernel and arrays, in the order of the calls
  const reached =
    target === "wasm"
      ? code.replace(/return (new WebAssembly\.Instance\([^;]*)\.exports/, "return globalThis.kernelsOfBench = $1.exports")
      : code.replace(
          /^  const hyper = /m,
          `  globalThis.kernelsOfBench = [${[...code.matchAll(/^  const (\w+) = (\w+)\(/gm)].flatMap(([, name, kernel]) => (module.kernels.some((one) => one.name === kernel) ? [name] : [])).join(", ")}];\n$&`,
        );
  writeFileSync(file, reached);
  const { createTrainer } = await import(pathToFileURL(file).href);
  const trainer = createTrainer({ seed: 1 });
  return { module, trainer, functions: globalThis.kernelsOfBench };
}
