/**
 * What ../onnx/write.ts wrote, in ONNX Runtime in Chromium: `tsx interop/page/models.ts <folder>` holds every output to what the trainer predicts.
 */

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inPage } from "./browser.ts";

const NEAR = 1e-5;
const [folder] = process.argv.slice(2) as [string];
writeFileSync(join(folder, "index.html"), '<!doctype html><title>models</title><link rel="icon" href="data:," />');
const names = readdirSync(folder).flatMap((file) => (file.endsWith(".onnx") ? [file.replace(".onnx", "")] : []));

// runs in the page: text, so that no build changes it
const JUDGED = `async (name) => {
  const { env, InferenceSession, Tensor } = await import("/ort/ort.wasm.min.mjs");
  env.wasm.numThreads = 1;
  const { fed, outputs } = await (await fetch("/" + name + ".json")).json();
  const session = await InferenceSession.create("/" + name + ".onnx");
  const feeds = {};
  for (const input of session.inputNames) {
    const { shape, integers, data } = fed[input];
    feeds[input] = integers ? new Tensor("int32", Int32Array.from(data), shape) : new Tensor("float32", Float32Array.from(data), shape);
  }
  const made = await session.run(feeds);
  let worst = 0;
  for (const [key, expected] of Object.entries(outputs)) {
    const values = made[key].data;
    if (values.length !== expected.length) throw new Error(key + " has " + values.length + " elements");
    const most = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    for (let n = 0; n < expected.length; n++) worst = Math.max(worst, Math.abs(values[n] - expected[n]) / most);
  }
  await session.release();
  return worst;
}`;

const found = await inPage(folder, async (page) => {
  const rows: (readonly [string, number])[] = [];
  for (const name of names.toSorted()) {
    const worst = (await page.evaluate(`(${JUDGED})(${JSON.stringify(name)})`)) as number;
    console.log(`${name}: ${worst.toExponential(1)}`);
    rows.push([name, worst]);
  }
  return rows;
});
if (found === undefined) console.log("not opened, as there is no Chromium");
else {
  const most = Math.max(...found.map(([, worst]) => worst));
  console.log(`${found.length} models in a page, within ${most.toExponential(1)} of the largest output`);
  if (!found.every(([, worst]) => worst <= NEAR)) process.exitCode = 1;
}
