/**
 * `npm run inspector`: pages of models as adjoint inspect writes them, seen in Chromium; those that are named, or six, from the smallest to the two
 * largest, of which every node, buffer and statement of every entry is chosen once.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { opened, PICTURES, seen, WIDTHS } from "./drive.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : ["circuit", "mnist-mlp", "lenet", "char-lstm", "char-transformer", "mini-resnet"];
/** Milliseconds in which a page stands. */
const OPENS_WITHIN = 2000;

const browser = await opened();
if (browser === undefined) throw new Error("there is no Chromium here; install one, and run npm run inspector again");
mkdirSync(PICTURES, { recursive: true });
let faulty = false;
for (const name of names) {
  const page = join(PICTURES, `${name}.html`);
  execFileSync(
    process.execPath,
    [join(root, "node_modules/tsx/dist/cli.mjs"), "compiler/cli/main.ts", "inspect", `models/${name}.ts`, "--html", page],
    { cwd: root },
  );
  for (const width of WIDTHS) {
    const amount = width === WIDTHS.at(-1) ? "all" : "some";
    const { milliseconds, toChoose, faults, chosen, links, perChoice, toScroll } = await seen(
      browser,
      page,
      width,
      join(PICTURES, `${name}-${width}.png`),
      amount,
    );
    const all = milliseconds <= OPENS_WITHIN ? faults : [...faults, `opens in ${Math.round(milliseconds)} ms`];
    faulty ||= all.length > 0;
    console.log(
      `${name} at ${width}: ${statSync(page).size} bytes, opens in ${Math.round(milliseconds)} ms, two choices take ${Math.round(toChoose)} ms; ${chosen} things chosen, ${links} links followed, each in ${perChoice[0].toFixed(1)} ms and at most ${perChoice[1].toFixed(1)}; the end of the code in ${toScroll.toFixed(1)} ms`,
    );
    for (const fault of all) console.log(`  ${fault}`);
  }
}
await browser.close();
process.exitCode = faulty ? 1 : 0;
