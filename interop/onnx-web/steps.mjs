/**
 * Five steps of what ../jax/write.ts wrote, by the driver that is exported beside a step and onnxruntime-web, in Node and, where a Chromium is there,
 * in a page: its losses are the trainer's.
 *   npm ci && npx tsx ../jax/write.ts /tmp/jax mnist-mlp lenet && npx tsx steps.mjs /tmp/jax mnist-mlp lenet
 */

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ort from "onnxruntime-web";
import { chromium } from "playwright-core";
import { JAVASCRIPT } from "../../compiler/exports/onnx-step/drivers.ts";
import { readSafetensors, writeSafetensors } from "../../runtime/safetensors.ts";
import { lossesOf } from "./run.mjs";

const NEAR = 1e-4;
const STEPS = 5;
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const KINDS = { F32: ["float32", Float32Array], I32: ["int32", Int32Array], F64: ["float64", Float64Array] };
const [folder, ...names] = process.argv.slice(2);
const { openStep } = await import(`data:text/javascript,${encodeURIComponent(JAVASCRIPT)}`);
const text = (bytes) => Buffer.from(bytes).toString("base64");

/** What a run is given, as JSON, and the losses that the trainer had. */
async function caseOf(name) {
  const model = readFileSync(join(folder, `${name}.onnx`));
  const { tensors } = readSafetensors(readFileSync(join(folder, `${name}.safetensors`)), name);
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  const metadata = new Map(session.inputMetadata.map((one) => [one.name, one]));
  const of = (start) =>
    tensors.flatMap((one) =>
      one.name.startsWith(start) && metadata.has(one.name.slice(start.length)) ? [{ ...one, name: one.name.slice(start.length) }] : [],
    );
  // what write.ts kept of the state is flat
  const first = of("f32 first ").map((one) => ({ ...one, shape: metadata.get(one.name).shape }));
  const numbers = ({ dtype, bytes }) => [...new KINDS[dtype][1](Uint8Array.from(bytes).buffer)];
  const batches = Array.from({ length: STEPS }, (_, n) =>
    Object.fromEntries(of(`batch ${n} `).map((one) => [one.name, { type: KINDS[one.dtype][0], shape: one.shape, data: numbers(one) }])),
  );
  const recorded = tensors.find((one) => one.name === "f32 losses");
  return {
    given: { model: text(model), state: text(writeSafetensors({ tensors: first, metadata: {} })), batches },
    expected: numbers(recorded),
  };
}

/** The same in a page, which this machine alone serves. */
async function inPage(given) {
  const dist = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web")));
  const page = `<!doctype html><script type="module">
    import * as ort from "/ort.wasm.min.mjs";
    import { openStep } from "/step.mjs";
    import { lossesOf } from "/run.mjs";
    ort.env.wasm.numThreads = 1;
    window.losses = (given) => lossesOf(ort, openStep, given);
  </script>`;
  const own = { "/": page, "/step.mjs": JAVASCRIPT, "/run.mjs": readFileSync(new URL("run.mjs", import.meta.url)) };
  const server = createServer(({ url = "/" }, response) => {
    const file = join(dist, url);
    const content = own[url] ?? (existsSync(file) ? readFileSync(file) : undefined);
    const type = url === "/" ? "text/html" : url.endsWith(".wasm") ? "application/wasm" : "text/javascript";
    response.writeHead(content === undefined ? 404 : 200, { "Content-Type": type }).end(content);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
  try {
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    await tab.waitForFunction(() => window.losses !== undefined);
    return await tab.evaluate((all) => window.losses(all), given);
  } finally {
    await browser.close();
    server.close();
  }
}

for (const name of names) {
  const { given, expected } = await caseOf(name);
  const judge = (where, losses) => {
    const far = Math.max(...losses.flat().map((loss, n) => Math.abs(loss - expected[n]) / Math.abs(expected[n])));
    console.log(`${name}, ${where}: losses of ${STEPS} steps within ${far.toExponential(1)} of the trainer's`);
    if (!(far <= NEAR)) process.exitCode = 1;
  };
  judge("Node", await lossesOf(ort, openStep, given));
  if (CHROMIUM === undefined) console.log(`${name}, Chromium: SKIPPED, there is none`);
  else judge("Chromium", await inPage(given));
}
