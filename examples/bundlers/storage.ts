/**
 * A page whose storage is full while it trains, in Chromium: it is told so once, what was stored is still there and the weights are those that
 * were reached; with more room the run goes on to the bits of a run that never was interrupted. And a page without IndexedDB.
 */

import { createServer } from "node:http";
import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
if (CHROMIUM === undefined) {
  console.log("skipped: there is no Chromium here");
  process.exit(0);
}

/** What a run came to. */
interface Came {
  /** Empty where it came to its end. */
  readonly error: string;
  /** Of trainer.bytes(). */
  readonly weights: string;
  readonly steps: number;
  readonly stored: number;
}

const PAGE = `
import { fit } from "./runtime/index.ts";
import { checkpointIndexedDB } from "./runtime/browser/index.ts";
import * as softmax from "./generated/linear-softmax/trainer.ts";

const y = Int32Array.from({ length: 640 }, (_, row) => row % 10);
const x = Float32Array.from({ length: 640 * 784 }, (_, n) => (n % 251) / 251);
const hex = async (bytes) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].join();

// as the database itself has them
const stored = () => new Promise((resolve, reject) => {
  const request = indexedDB.open("run");
  request.onerror = reject;
  request.onsuccess = () => {
    const keys = request.result.transaction("checkpoints").objectStore("checkpoints").count();
    keys.onerror = reject;
    keys.onsuccess = () => (request.result.close(), resolve(keys.result));
  };
});

window.train = async (kept) => {
  const trainer = softmax.createTrainer({ seed: 1 });
  let [steps, error] = [0, ""];
  try {
    const checkpoint = kept && { store: await checkpointIndexedDB("run"), tables: softmax, every: { steps: 1 }, keep: 1000 };
    await fit(trainer, { x, y }, { epochs: 30, shuffle: { seed: 1 }, callbacks: { onStep: () => void steps++ }, ...(kept && { checkpoint }) });
  } catch (cause) {
    error = cause.name + ": " + cause.message;
  }
  return { error, weights: await hex(trainer.bytes()), steps, stored: kept && globalThis.indexedDB ? await stored() : 0 };
};
`;

const { outputFiles } = await build({
  stdin: { contents: PAGE, resolveDir: fileURLToPath(new URL("../..", import.meta.url)), sourcefile: "page.ts", loader: "ts" },
  bundle: true,
  format: "esm",
  target: "es2022",
  write: false,
});
const server = createServer((request, response) => {
  const isScript = request.url === "/page.js";
  response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
  response.end(isScript ? outputFiles[0]!.text : '<!doctype html><script type="module" src="/page.js"></script>');
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });

function expect(what: string, holds: boolean, seen: unknown): void {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}${holds ? "" : `: ${JSON.stringify(seen)}`}`);
  if (!holds) process.exitCode = 1;
}

try {
  const page = await browser.newPage();
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", ({ message }) => said.push(message));
  await page.goto(origin);
  await page.waitForFunction(() => "train" in window);
  const train = (kept: boolean): Promise<Came> =>
    page.evaluate((kept) => (window as unknown as { train(kept: boolean): Promise<Came> }).train(kept), kept);
  const straight = await train(false);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 4_000_000 });
  const full = await train(true);
  const SENTENCE =
    /^DataError: checkpoint-\d+\.safetensors could not be written \(the browser's storage for this page is full; remove what is not needed, or keep fewer checkpoints\); the checkpoints before it are as they were: /;
  expect("a full storage ends the run with one sentence", SENTENCE.test(full.error) && said.length === 0, { full, said });
  expect("what was stored is still there", full.stored === full.steps - 1 && full.stored > 1, full);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin });
  await page.reload();
  await page.waitForFunction(() => "train" in window);
  const resumed = await train(true);
  expect("with more room the run goes on, to the same bits", resumed.weights === straight.weights && resumed.steps < straight.steps, {
    resumed,
    straight,
  });

  const without = await browser.newPage();
  await without.addInitScript("delete Window.prototype.indexedDB; delete window.indexedDB;");
  await without.goto(origin);
  await without.waitForFunction(() => "train" in window);
  const refused = await without.evaluate(() => (window as unknown as { train(kept: boolean): Promise<Came> }).train(true));
  expect(
    "a page without IndexedDB is told so",
    refused.error ===
      "DataError: checkpoints cannot be kept in the database run: there is no IndexedDB here; use checkpointOPFS, or train without checkpoints",
    refused,
  );
} finally {
  await browser.close();
  server.close();
}
