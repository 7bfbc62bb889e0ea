/** Trains in pages and workers of Chromium and Firefox under strict content security policies and writes what became of them to test/snapshots/pages.md (`npm run pages`). */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { browserVersion } from "../test/engines/browsers.ts";
import { verdicts, writeTrainers } from "../test/engines/policies.ts";
import { modelFile, root } from "./compiler.ts";
import { withEntries } from "./engine-entries.ts";
import { markdown } from "./markdown.ts";

const MODEL = "linear-softmax";

await withEntries(async (entries) => {
  const jobOf = await writeTrainers(root, entries, MODEL, (await modelFile(MODEL)).default);
  const rows: string[][] = [];
  let failed = false;
  for (const browser of ["chromium", "firefox-esr"] as const) {
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
  const text = `# Trainers under a content security policy

npm run pages: ${MODEL}, 100 steps; in each page \`eval\` is seen to be refused. Weights are those of bits.md. The page of
wasm-external fetches its bytes, hence connect-src.

${markdown(head, rows)}
`;
  process.stdout.write(text);
  if (failed) process.exitCode = 1;
  else await writeFile(join(root, "test", "snapshots", "pages.md"), text);
});
