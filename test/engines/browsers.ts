/** Guarantees pages in a browser without a window: a folder served on this machine alone, the browser on it, and what the page says. */

import { spawn, spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

export type BrowserName = "chromium" | "firefox-esr";

/** "Chromium 156.0.8078.79"; undefined where the browser is not installed. */
export function browserVersion(name: BrowserName): string | undefined {
  const { status, stdout } = spawnSync(name, ["--version"], { encoding: "utf8" });
  return status === 0 ? /\w+(?: \w+)? [\d.]+(?:esr)?/.exec(stdout)?.[0].replace("Mozilla ", "") : undefined;
}

/** Root may not use Chromium's sandbox; the rest keeps both from looking for hosts elsewhere and from asking questions. */
const CHROMIUM = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const FIREFOX = `user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("dom.ipc.processHangMonitor", false);
user_pref("dom.max_script_run_time", 0);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "http://localhost/none");
user_pref("toolkit.telemetry.enabled", false);
`;

/** Opens an address in a browser with a profile of its own; what it resolves to ends it. */
export async function open(name: BrowserName, address: string): Promise<() => Promise<void>> {
  const profile = await mkdtemp(join(tmpdir(), "adjoint-browser-"));
  await writeFile(join(profile, "user.js"), FIREFOX);
  const given = name === "chromium" ? [...CHROMIUM, `--user-data-dir=${profile}`] : ["--headless", "--no-remote", "--profile", profile];
  const child = spawn(name, [...given, address], { stdio: "ignore", detached: true, env: { ...process.env, HOME: profile } });
  const ended = new Promise((resolve) => child.on("close", resolve));
  return async () => {
    try {
      process.kill(-child.pid!, "SIGKILL"); // a browser is many processes, one group
    } catch {
      // it has ended by itself
    }
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface PageOptions {
  /** Of the folder; with a query if the page reads one. */
  readonly page: string;
  /** Content-Security-Policy of everything that is served. */
  readonly policy?: string;
  /** Hears what the page posts to `said`, or what it goes to as `said?…`; true ends the visit. */
  said(text: string): boolean;
  readonly timeoutSeconds: number;
}

/** Serves the folder, opens the page and returns when it has said its last. Throws where it does not in time. */
export async function visit(name: BrowserName, folder: string, { page, policy, said, timeoutSeconds }: PageOptions): Promise<void> {
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
    if (policy !== undefined) response.setHeader("Content-Security-Policy", policy);
    if (pathname === "/said") {
      let body = "";
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("end", () => {
        response.end();
        if (said(request.method === "POST" ? body : decodeURIComponent(search.slice(1)))) finish();
      });
      return;
    }
    const file = join(folder, normalize(pathname));
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return void response.writeHead(404).end();
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's
  const close = await open(name, `http://localhost:${port}/${page}`);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name}: ${page} has not ended in ${timeoutSeconds} seconds`)), timeoutSeconds * 1000);
  });
  try {
    await Promise.race([finished, late]);
  } finally {
    clearTimeout(timer);
    await close();
    server.closeAllConnections();
    server.close();
  }
}
