/** Guarantees the trainer that is timed: the committed one, or, where there is none, what the built compiler makes now. */

import { existsSync, readFileSync } from "node:fs";

export async function loadTrainer(root, model) {
  const committed = new URL(`generated/${model}/trainer.ts`, root);
  if (existsSync(committed)) {
    const { transform } = await import("esbuild");
    const text = readFileSync(committed, "utf8");
    const { code } = await transform(text, { loader: "ts", format: "esm", target: "es2022" });
    const url = `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`;
    return { origin: "generated", ...(await import(url)) };
  }
  const path = `models/${model}.ts`;
  const built = new URL("dist/index.js", root);
  if (!existsSync(built)) throw new Error(`no generated/${model}/trainer.ts and no dist/: run npm run build first`);
  const { compile, load } = await import(built.href);
  const { tsImport } = await import("tsx/esm/api");
  const { default: declared } = await tsImport(`../${path}`, import.meta.url);
  const text = readFileSync(new URL(path, root), "utf8");
  const compiled = await compile(declared, { source: { path, text } });
  return { origin: "compiled", ...(await load(compiled)) };
}
