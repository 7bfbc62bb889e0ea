/** In a browser itself, where there is one: real workers, databases and files, ended at random moments. */

import { build } from "esbuild";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { stripTypes } from "../../compiler/targets/strip.ts";
import { browserVersion, visit, type BrowserName } from "../engines/browsers.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A store; `PAGE_KILLS=50 npx vitest run test/runtime/browser.test.ts` for more than a suite has time for. */
const KILLS = Number(process.env["PAGE_KILLS"] ?? 12);

/** Chromium, or what is named: `PAGE_BROWSER=firefox-esr`. */
const BROWSER = (process.env["PAGE_BROWSER"] ?? "chromium") as BrowserName;

test.skipIf(browserVersion(BROWSER) === undefined)(
  "a run whose worker is ended at random moments goes on from IndexedDB and OPFS with the same bits",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "adjoint-page-"));
    try {
      await build({
        entryPoints: { page: "test/runtime/browser-page.ts", "train-worker": "runtime/browser/train-worker.ts" },
        absWorkingDir: root,
        outdir: folder,
        bundle: true,
        format: "esm",
        target: "es2022",
        logLevel: "error",
      });
      writeFileSync(join(folder, "trainer.js"), await stripTypes(readFileSync(`${root}generated/linear-softmax/trainer.ts`, "utf8")));
      writeFileSync(
        join(folder, "index.html"),
        `<!doctype html><script>const say = (text) => fetch("/said", { method: "POST", body: text });
onerror = (text) => say(String(text)); onunhandledrejection = ({ reason }) => say(String(reason?.stack ?? reason));</script>
<script type="module" src="./page.js"></script>`,
      );
      let heard = "";
      await visit(BROWSER, folder, {
        page: `index.html?kills=${KILLS}`,
        said(text) {
          heard = text;
          return true;
        },
        timeoutSeconds: 150 + 10 * KILLS,
      });
      expect(heard).toMatch(/^\{/);
      expect(JSON.parse(heard)).toEqual({
        weights: true,
        IndexedDB: { same: true, stored: true },
        OPFS: { same: true, stored: true },
        fetched: { whole: true, from: 0 },
        missing: expect.stringMatching(
          /^WorkerError: the worker for none\.js failed \(.*\); check that the address is that of an emitted trainer/,
        ),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  180_000 + 10_000 * KILLS,
);
