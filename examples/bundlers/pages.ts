/**
 * The example as a page, in each browser that there is, Chromium and Firefox: what Vite's server serves and what its build makes train, on the
 * page's own thread and in a worker. `tsx pages.ts firefox-esr` for one of them.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, createServer, type InlineConfig } from "vite";
import { browserVersion, open, visit, type BrowserName } from "../../test/engines/browsers.ts";
import { pluginFor } from "./bundlers.ts";
import { clean } from "./clean.ts";

const SECONDS = 60;
const repository = fileURLToPath(new URL("../..", import.meta.url));
const root = clean("pages");
writeFileSync(join(root, "index.html"), '<!doctype html><title>page</title><script type="module" src="/src/page.ts"></script>');
writeFileSync(
  join(root, "src/page.ts"),
  `import { fit } from "adjoint/runtime";
import { trainInWorker } from "adjoint/runtime/browser";
import { createTrainer } from "../generated/xor/trainer.ts";

const x = new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]);
const y = new Float32Array([0, 1, 1, 0]);
const said: unknown[] = [];
try {
  const trainer = createTrainer({ seed: 1 });
  const { epochs } = await fit(trainer, { x, y }, { epochs: 2000 });
  said.push(epochs.at(-1)!.loss, [...trainer.predict({ x }).guess].map((one) => Math.round(one)));
  const worker = new Worker(new URL("./xor.worker.ts", import.meta.url), { type: "module" });
  const training = trainInWorker(worker, { x, y }, { epochs: 2000, create: { seed: 1 } });
  said.push((await training.history).epochs.at(-1)!.loss === epochs.at(-1)!.loss);
  training.terminate();
  await training.weights().catch((error: Error) => said.push(error.message));
} catch (error) {
  said.push(String((error as Error).stack));
}
await fetch("/said", { method: "POST", body: JSON.stringify(said) });
`,
);
writeFileSync(
  join(root, "src/xor.worker.ts"),
  'import { serveTrainer } from "adjoint/runtime/browser";\nimport * as trainer from "../generated/xor/trainer.ts";\nserveTrainer(trainer);\n',
);
const EXPECTED = /^\[0\.0\d*,\[0,1,1,0\],true,"weights was asked of a worker that was terminated; start another with trainInWorker"\]$/;

const config = async (): Promise<InlineConfig> => ({
  root,
  configFile: false,
  logLevel: "silent",
  plugins: [await pluginFor("vite", { root })],
  resolve: {
    alias: ["runtime/browser", "runtime"].map((name) => ({
      find: `adjoint/${name}`,
      replacement: join(repository, "dist", name, "index.js"),
    })),
  },
  worker: { format: "es" },
});

/** What the page says that the server serves. */
async function served(browser: BrowserName): Promise<string> {
  let hear = (_text: string): void => {};
  const heard = new Promise<string>((resolve) => (hear = resolve));
  const shared = await config();
  const server = await createServer({
    ...shared,
    server: { port: 0, host: "127.0.0.1", fs: { allow: [repository] } },
    plugins: [
      ...shared.plugins!,
      {
        name: "hears",
        configureServer: ({ middlewares }) =>
          void middlewares.use("/said", (request, response) => {
            let body = "";
            request.on("data", (text) => (body += String(text)));
            request.on("end", () => hear(body));
            response.end();
          }),
      },
    ],
  });
  await server.listen();
  const close = await open(browser, server.resolvedUrls!.local[0]!);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([heard, new Promise<string>((late) => (timer = setTimeout(late, SECONDS * 1000, "nothing")))]);
  } finally {
    clearTimeout(timer);
    await close();
    await server.close();
  }
}

/** What the page says that was built. */
async function built(browser: BrowserName): Promise<string> {
  let text = "";
  await visit(browser, join(root, "dist"), { page: "index.html", said: (body) => ((text = body), true), timeoutSeconds: SECONDS });
  return text;
}

await build(await config());
const asked = process.argv.slice(2);
for (const browser of ["chromium", "firefox-esr"] as const) {
  if (asked.length > 0 && !asked.includes(browser)) continue;
  const version = browserVersion(browser);
  if (version === undefined) console.log(`skipped: there is no ${browser} here`);
  else
    for (const [how, said] of Object.entries({ served, built })) {
      const text = await said(browser);
      console.log(`${EXPECTED.test(text) ? "ok  " : "FAIL"} ${version}, ${how}: ${text}`);
      if (!EXPECTED.test(text)) process.exitCode = 1;
    }
}
process.exit();
