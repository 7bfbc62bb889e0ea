/** Firefox loads every page and the inspector, compiles and trains there, and has nothing to complain of. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { FIREFOX, loadedInFirefox, type Loaded } from "./support/firefox.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const text = (id: string): string => `document.querySelector("${id}")?.textContent`;

/** What shows that a page has done its work. */
const PAGES: readonly Loaded[] = [
  { path: "index.html", until: 'document.querySelectorAll(".cards a").length === 8' },
  { path: "chain-rule.html", until: `${text("#returned")} === "Run now, it came to f = −12 and ∂f/∂x = −4, ∂f/∂y = −4, ∂f/∂z = 3."` },
  { path: "linear.html", until: `Number(${text("#steps")}.replace(/\\D/g, "")) > 100` },
  { path: "templates.html", until: 'document.querySelector("#net-weights")?.style.width' },
  { path: "convolution.html", until: 'document.querySelector("#filters")?.dataset.sum' },
  { path: "hyperparameters.html", until: 'document.querySelectorAll("#loss polyline").length === 2' },
  { path: "memory.html", until: 'Number(document.querySelector("#arena")?.dataset.bytes) > 0' },
  { path: "dreams.html", until: 'document.querySelector("#style-loss")?.dataset.loss' },
  {
    path: "playground.html",
    until: `${text("#said")}.startsWith("mnist-mlp: an arena of") && document.querySelector(".cm-content") !== null`,
  },
];

test.skipIf(!FIREFOX)(
  "Firefox loads all pages and an inspector without an error",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "adjoint-firefox-"));
    const written = join(folder, "lenet.html");
    execFileSync(process.execPath, ["dist/cli.js", "inspect", "models/lenet.ts", "--html", written], { cwd: at("../../") });
    const page = readFileSync(written, "utf8");
    rmSync(folder, { recursive: true });
    const inspector: Loaded = {
      path: "inspector.html",
      text: page,
      until: `(() => {
        document.querySelector("#detail .link")?.click();
        const grid = getComputedStyle(document.querySelector("#inspector")).display === "grid";
        return grid && document.querySelectorAll("#code .l.lit, #code .l.dim-lit").length > 0 && ${text("#detail .title strong")};
      })()`,
    };
    const seen = await loadedInFirefox(at("../dist"), [inspector, ...PAGES], 280);
    for (const { path, errors, reached, overflow } of seen) {
      expect(errors, path).toEqual([]);
      expect(reached, path).toBeTruthy();
      expect(overflow, path).toBeLessThanOrEqual(0);
    }
    expect(seen[0]!.reached).toBe("c1.kernel");
    expect(seen).toHaveLength(1 + PAGES.length);
  },
  300_000,
);
