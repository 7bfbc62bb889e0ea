/**
 * Vite's server with the plugin, seen from a page in Chromium: edits of a model, of what it imports, mistakes and what mends them, files
 * that are no model's, weights that stay, and that `build` afterwards leaves what the server wrote. `tsx dev.ts bundled`: a server that bundles.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { createServer } from "vite";
import { BUNDLERS } from "./bundlers.ts";
import { clean } from "./clean.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
if (CHROMIUM === undefined) {
  console.log("skipped: there is no Chromium here");
  process.exit(0);
}

const root = clean("dev");
writeFileSync(
  join(root, "index.html"),
  '<!doctype html><title>dev</title><p id="said"></p><script type="module" src="/src/page.ts"></script>',
);
writeFileSync(join(root, "src/other.ts"), "export const other = 1;\n");
// a page that takes new trainers as they come, and says which graph and weights it has
writeFileSync(
  join(root, "src/page.ts"),
  `import { createTrainer, GRAPH, PARAMETERS } from "../generated/xor/trainer.ts";
import { other } from "./other.ts";
const show = (module: { createTrainer: typeof createTrainer; GRAPH: string; PARAMETERS: typeof PARAMETERS }) => {
  const trainer = module.createTrainer({ seed: 1 });
  const first = trainer.parameters["dense.bias"][0];
  trainer.parameters["dense.bias"][0] = first + 1;
  document.querySelector("#said")!.textContent = JSON.stringify({ graph: module.GRAPH, shapes: module.PARAMETERS.map(({ shape }) => shape), first, other });
};
show({ createTrainer, GRAPH, PARAMETERS });
if (import.meta.hot) import.meta.hot.accept("../generated/xor/trainer.ts", (module) => module && show(module as never));
`,
);

const { default: adjoint } = (await import(new URL("../../dist/vite.js", import.meta.url).href)) as { default: (options: object) => any };
let loads = 0;
const server = await createServer({
  root,
  configFile: false,
  logLevel: "silent",
  server: { port: 0, host: "127.0.0.1" },
  experimental: { bundledDev: process.argv.includes("bundled") },
  plugins: [adjoint({ root })],
});
await server.listen();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const page = await browser.newPage();
page.on("load", () => loads++);
interface Said {
  readonly graph: string;
  readonly shapes: number[][];
  readonly first: number;
  readonly other: number;
}
const said = async (): Promise<Said> => JSON.parse((await page.textContent("#said")) || "{}") as Said;
const MODEL = join(root, "models/xor.ts");
const original = readFileSync(MODEL, "utf8");
const trainer = join(root, "generated/xor/trainer.ts");

/** Waits until what is asked holds, or says what did not come. */
async function until(what: string, holds: () => Promise<boolean> | boolean, milliseconds = 60_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never: ${what}; the page says ${await page.textContent("#said")}`);
    await new Promise((wait) => setTimeout(wait, 50));
  }
  console.log(`ok   ${what}`);
}
const overlay = (): Promise<string> =>
  page.evaluate(() => {
    const shown = document.querySelector("vite-error-overlay")?.shadowRoot;
    return shown === undefined || shown === null ? "" : (shown.textContent ?? "");
  });

try {
  await page.goto(server.resolvedUrls!.local[0]!);
  await until("the page has a trainer that was not there", async () => (await said()).shapes?.[0]?.[1] === 8);
  await until("it is checked while the page runs", () => /certificate: .*sha256/.test(readFileSync(trainer, "utf8")));
  const first = await said();
  writeFileSync(join(root, "src/width.ts"), "export const hidden = 6;\n");
  await until("an edit of what the model imports makes a new trainer", async () => (await said()).shapes[0]?.[1] === 6);
  writeFileSync(MODEL, original.replace("learningRate: 2", "learningRate: 1"));
  await until("an edit of the model keeps weights of equal names and shapes", async () => (await said()).first === 1);
  writeFileSync(MODEL, original.replace("mse(guess, y)", 'mse(guess, input("z", [batch, 3]))'));
  await until("a mistake is shown over the page, with its line", async () => /xor\.ts:8/.test(await overlay()));
  writeFileSync(MODEL, original.replace("learningRate: 2", "learningRate: 3"));
  await until("the overlay goes when it is mended", async () => (await overlay()) === "" && (await said()).graph !== undefined);
  await until("and is checked", () => /certificate: .*sha256/.test(readFileSync(trainer, "utf8")));
  const before = statSync(trainer).mtimeMs;
  const loadsBefore = loads;
  writeFileSync(join(root, "src/other.ts"), "export const other = 2;\n");
  await until("a file that is no model's changes the page", async () => (await said()).other === 2);
  if (statSync(trainer).mtimeMs !== before) throw new Error("an unrelated edit wrote the trainer");
  console.log("ok   and writes no trainer");
  await new Promise((wait) => setTimeout(wait, 3000));
  if (loads > loadsBefore + 1) throw new Error(`the page was loaded ${loads - loadsBefore} times after one edit`);
  console.log("ok   nor loads the page again and again");
  let told = 0;
  const info = console.info;
  console.info = (text: unknown) => void (String(text).startsWith("[adjoint]") && told++);
  const loadsThen = loads;
  let last = "";
  for (let edit = 0; edit < 100; edit++) {
    last = original.replace("learningRate: 2", `learningRate: ${edit + 3}`);
    writeFileSync(MODEL, last);
    await new Promise((wait) => setTimeout(wait, 30));
  }
  const hash = createHash("sha256").update(last).digest("hex").slice(0, 16);
  await until("after 100 edits the trainer is that of the last", () => readFileSync(trainer, "utf8").includes(`(sha256 ${hash})`));
  await until("and is checked", () => /certificate: .*sha256/.test(readFileSync(trainer, "utf8")));
  await new Promise((wait) => setTimeout(wait, 2000));
  console.info = info;
  // each compile is told once, and its check once more
  if (told > 200 || loads - loadsThen > 100) throw new Error(`100 edits made ${told} compiles and checks, and ${loads - loadsThen} loads`);
  console.log(`ok   100 edits made ${told} compiles and checks, and ${loads - loadsThen} loads of the page`);
  const served = readFileSync(trainer, "utf8");
  await server.close();
  await BUNDLERS["vite"]!({ root });
  if (readFileSync(trainer, "utf8") !== served) throw new Error("build writes another trainer than the server");
  console.log("ok   build leaves what the server wrote");
  if (first.graph === undefined) throw new Error("the first trainer had no graph");
} finally {
  await browser.close();
  await server.close();
}
process.exit(0);
