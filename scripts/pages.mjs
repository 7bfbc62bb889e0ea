/** Trains in pages and workers of Chromium and Firefox under strict content security policies and writes what became of them to test/snapshots/pages.md (`npm run pages`). */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundled, root } from "./engine-bundle.mjs";

const MODEL = "linear-softmax";

await bundled([MODEL], "policies", async ({ code, models, entries }) => {
  const { browserVersion, verdicts, writeTrainers } = code;
  const jobOf = await writeTrainers(root, entries, MODEL, models.get(MODEL));
  const rows = [];
  let failed = false;
  for (const browser of ["chromium", "firefox-esr"]) {
    const version = browserVersion(browser);
    if (version === undefined) {
      process.stdout.write(`${browser} did not run: install Debian's package ${browser}\n`);
      failed = true;
      continue;
    }
    for (const { trainer, where, policy, came, holds } of await verdicts(browser, root, entries, jobOf)) {
      rows.push([version, trainer, where, `\`${policy}\``, came, holds ? "yes" : "**no**"]);
      failed ||= !holds;
    }
  }
  const head = ["browser", "trainer", "in a", "policy of page and worker", "came to", "as wanted"];
  const widths = head.map((_, n) => Math.max(...[head, ...rows].map((row) => row[n].length)));
  const line = (row) => `| ${row.map((cell, n) => cell.padEnd(widths[n])).join(" | ")} |\n`;
  const text = `# Trainers under a content security policy

npm run pages: ${MODEL}, 100 steps; in each page \`eval\` is seen to be refused. Weights are those of bits.md. The page of
wasm-external fetches its bytes, hence connect-src.

${[head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("")}`;
  process.stdout.write(text);
  if (failed) process.exitCode = 1;
  else await writeFile(join(root, "test", "snapshots", "pages.md"), text);
});
