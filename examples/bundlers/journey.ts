/**
 * What a new user does: `npx adjoint init` in an empty folder, with the package as it is published, `npm install`, `npm start`; each
 * template, timed. Pages are opened in each browser that there is, Chromium and Firefox. `tsx journey.ts vite` for one of them.
 */

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { browserVersion, open, type BrowserName } from "../../test/engines/browsers.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const SECONDS = 120;
const run = (cwd: string, command: string, ...args: string[]): string => execFileSync(command, args, { cwd, encoding: "utf8" });

/** A page that shows the one that `npm start` serves, as it is, and tells what it says once it has trained, or what it throws. */
const watching = (to: string): string => `<!doctype html>
<title>watching</title>
<iframe src="/" style="width: 100%; height: 90vh"></iframe>
<script>
  const page = document.querySelector("iframe");
  const tell = (text) => fetch("${to}", { method: "POST", mode: "no-cors", body: text });
  page.addEventListener("load", () => {
    page.contentWindow.addEventListener("error", ({ message }) => tell("threw " + message));
    page.contentWindow.addEventListener("unhandledrejection", ({ reason }) => tell("threw " + reason));
  });
  const timer = setInterval(() => {
    const text = page.contentDocument?.querySelector("#said")?.textContent ?? "";
    if (!/trained$/.test(text)) return;
    clearInterval(timer);
    tell(text);
  }, 50);
</script>
`;

/** Where `npm start` serves a page. */
async function addressOf(server: ReturnType<typeof spawn>): Promise<string> {
  let printed = "";
  return new Promise((resolve, reject) => {
    for (const stream of [server.stdout!, server.stderr!])
      stream.on("data", (text) => {
        printed += String(text);
        // eslint-disable-next-line no-control-regex
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed.replace(/\x1b\[[0-9;]*m/g, ""));
        if (found !== null) resolve(found[0]);
      });
    server.on("close", () => reject(new Error(printed)));
  });
}

/** Opens the page that `npm start` serves; resolves to what it says once it has trained. */
async function trainsInPage(browser: BrowserName, folder: string): Promise<string> {
  let hear = (_text: string): void => {};
  const heard = new Promise<string>((resolve) => (hear = resolve));
  const listener = createServer((request, response) => {
    let body = "";
    request.on("data", (text) => (body += String(text)));
    request.on("end", () => hear(body));
    response.end();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo; // a TCP server's
  writeFileSync(join(folder, "watching.html"), watching(`http://127.0.0.1:${port}`));
  const server = spawn("npx", ["vite", "--port", "0", "--host", "127.0.0.1"], { cwd: folder, detached: true });
  const close = await open(browser, `${await addressOf(server)}/watching.html`);
  const late = setTimeout(() => hear(`said nothing for ${SECONDS} seconds`), SECONDS * 1000);
  try {
    return await heard;
  } finally {
    clearTimeout(late);
    await close();
    process.kill(-server.pid!);
    listener.closeAllConnections();
    listener.close();
    rmSync(join(folder, "watching.html"));
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
  const ran = `${template}  init ${wrote}, install ${installed}`;
  if (template !== "vite" && template !== "worker") {
    const starting = performance.now();
    told(ran, starting, run(folder, "npm", "start", "--silent"));
    continue;
  }
  for (const browser of ["chromium", "firefox-esr"] as const) {
    const version = browserVersion(browser);
    const starting = performance.now();
    if (version === undefined) console.log(`skipped: there is no ${browser} here`);
    else told(`${ran}, ${version}`, starting, await trainsInPage(browser, folder));
  }
}

/** What `npm start` said, and how long it took. */
function told(what: string, starting: number, said: string): void {
  const last = said.trim().split("\n").at(-1)!;
  const trains = /100\.0 %|trained$|"loss":0\.0/.test(last);
  if (!trains) process.exitCode = 1;
  console.log(`${trains ? "ok  " : "FAIL"} ${what}, start ${seconds(starting)}: ${trains ? last : said}`);
}
