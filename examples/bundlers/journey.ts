/**
 * What a new user does: `npx adjoint init` in an empty folder, with the package as it is published, `npm install`, `npm start`; each
 * template, timed. Pages are opened in Chromium, if there is one. `tsx journey.ts vite` for one of them.
 */

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const run = (cwd: string, command: string, ...args: string[]): string => execFileSync(command, args, { cwd, encoding: "utf8" });

/** Opens the page that `npm start` serves; resolves to what it says once it has trained. */
async function trainsInPage(folder: string): Promise<string> {
  if (CHROMIUM === undefined) return "not opened, as there is no Chromium";
  const server = spawn("npx", ["vite", "--port", "0", "--host", "127.0.0.1"], { cwd: folder, detached: true });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    let printed = "";
    const address = await new Promise<string>((resolve, reject) => {
      for (const stream of [server.stdout, server.stderr])
        stream.on("data", (text) => {
          printed += String(text);
          // eslint-disable-next-line no-control-regex
          const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed.replace(/\x1b\[[0-9;]*m/g, ""));
          if (found !== null) resolve(found[0]);
        });
      server.on("close", () => reject(new Error(printed)));
    });
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(address);
    await page.waitForFunction(() => /trained$/.test(document.querySelector("#said")!.textContent!), undefined, { timeout: 120_000 });
    if (errors.length > 0) throw new Error(errors.join("\n"));
    return (await page.textContent("#said"))!;
  } finally {
    await browser.close();
    process.kill(-server.pid!);
  }
}

const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;
const asked = process.argv.slice(2);
mkdirSync(join(here, ".work"), { recursive: true });
const tarball = join(
  here,
  ".work",
  run(root, "npm", "pack", "--silent", "--pack-destination", join(here, ".work")).trim().split("\n").at(-1)!,
);
for (const template of ["node", "vite", "worker", "edge"]) {
  if (asked.length > 0 && !asked.includes(template)) continue;
  const folder = join(here, ".work", `journey-${template}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run(folder, "npm", "init", "-y");
  run(folder, "npm", "install", "--silent", tarball);
  const began = performance.now();
  run(folder, "npx", "adjoint", "init", "--template", template);
  const wrote = seconds(began);
  const installing = performance.now();
  run(folder, "npm", "install", "--silent");
  const installed = seconds(installing);
  const starting = performance.now();
  const isPage = template === "vite" || template === "worker";
  const said = isPage ? await trainsInPage(folder) : run(folder, "npm", "start", "--silent");
  const last = said.trim().split("\n").at(-1)!;
  if (!/100\.0 %|trained|"loss":0\.0/.test(last)) throw new Error(`${template} does not train: ${said}`);
  console.log(`ok   ${template}  init ${wrote}, install ${installed}, start ${seconds(starting)}: ${last}`);
}
