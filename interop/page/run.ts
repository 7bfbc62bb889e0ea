/**
 * Fine-tuning in a page: builds it from what finetune.ts imports, opens it in Chromium and presses its button; `--serve` leaves it open for a person.
 * Chromium is the system's, ONNX Runtime onnxruntime-web.
 */

import { build } from "esbuild";
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { compile, load, type Model } from "../../compiler/index.ts";
import { exportModel } from "../../compiler/export.ts";
import type { Imported } from "../../compiler/imports/written.ts";
import { writeSafetensors } from "../../runtime/index.ts";
import { onnxTemplate } from "../../runtime/weights/onnx.ts";
import type { Judged } from "./judged.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const OUT = here("../.work/page");
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

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

/** The page at /, ONNX Runtime below /ort/. */
async function served(): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = normalize(pathname === "/" ? "/index.html" : pathname);
    const file = path.startsWith("/ort/") ? join(here("../node_modules/onnxruntime-web/dist"), path.slice(5)) : join(OUT, path);
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return void response.writeHead(404).end();
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Opens the page and fine-tunes there. Throws for an error of the page; undefined where there is no Chromium, or a person was asked to look. */
export async function tunedInPage(model: Model, imported: Imported): Promise<Judged | undefined> {
  await built(model, imported);
  const server = await served();
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`; // a TCP server's
  if (process.argv.includes("--serve")) return void console.log(`open ${address}; Ctrl-C ends it`);
  if (CHROMIUM === undefined) return void server.close();
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(address);
    await page.click("#begin:enabled");
    await page
      .waitForFunction(() => document.body.dataset["judged"] !== undefined, undefined, { timeout: 300_000 })
      .catch(async (cause) => {
        throw new Error(`the page says: ${await page.textContent("#said")}; ${errors.join("; ")}`, { cause });
      });
    await page.screenshot({ path: join(OUT, "page.png") });
    if (errors.length > 0) throw new Error(errors.join("; "));
    return JSON.parse((await page.evaluate(() => document.body.dataset["judged"]))!) as Judged;
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}
