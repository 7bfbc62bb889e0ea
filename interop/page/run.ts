/**
 * Fine-tuning in a page: builds it from what finetune.ts imports, opens it in Chromium and presses its button; `--serve` leaves it open for a person.
 * Chromium is the system's, ONNX Runtime onnxruntime-web.
 */

import { build } from "esbuild";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, load, type Model } from "../../compiler/index.ts";
import { exportModel } from "../../compiler/export.ts";
import type { Imported } from "../../compiler/imports/written.ts";
import { writeSafetensors } from "../../runtime/index.ts";
import { onnxTemplate } from "../../runtime/weights/onnx.ts";
import { inPage, served } from "./browser.ts";
import type { Judged } from "./judged.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const OUT = here("../.work/page");

/** Writes the page: the trainer, the file's weights, and the template that is filled in when it has trained. */
async function built(model: Model, { weights }: Imported): Promise<void> {
  const compiled = await compile(model, { target: "wasm", batch: 32, effort: "none" });
  const module = await load(compiled);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, "trainer.wasm.ts"), compiled.files.get("trainer.wasm.ts")!);
  const tensors = weights.map(({ name, shape, values }) => {
    const floats = Float32Array.from(values);
    return { name, dtype: "F32", shape, bytes: new Uint8Array(floats.buffer) };
  });
  writeFileSync(join(OUT, "rnet.safetensors"), writeSafetensors({ tensors, metadata: {} }));
  const { parameters, state, tables } = module.createTrainer({ seed: 1 });
  const whole = exportModel(model, { to: "onnx", weights: { ...parameters, ...state }, metadata: { graph: tables.GRAPH } });
  const names = [...tables.PARAMETERS, ...tables.STATE].map(({ name }) => name);
  writeFileSync(join(OUT, "rnet.template.onnx"), onnxTemplate(whole.bytes, new Set(names)));
  copyFileSync(here("index.html"), join(OUT, "index.html"));
  await build({
    entryPoints: [here("main.ts")],
    outfile: join(OUT, "main.js"),
    bundle: true,
    format: "esm",
    alias: { "adjoint/runtime": here("../../runtime/index.ts") },
    logLevel: "error",
  });
}

/** Opens the page and fine-tunes there. Throws for an error of the page; undefined where there is no Chromium, or a person was asked to look. */
export async function tunedInPage(model: Model, imported: Imported): Promise<Judged | undefined> {
  await built(model, imported);
  if (process.argv.includes("--serve")) {
    const { address } = await served(OUT);
    return void console.log(`open ${address}; Ctrl-C ends it`);
  }
  return inPage(OUT, async (page) => {
    await page.click("#begin:enabled");
    await page.waitForSelector("body[data-judged]", { timeout: 300_000 });
    await page.screenshot({ path: join(OUT, "page.png") });
    return JSON.parse((await page.getAttribute("body", "data-judged"))!) as Judged;
  });
}
