/** Guarantees the built site in a browser without a window: served on this machine alone, with everything that was asked for and said counted. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium, type Browser, type Page } from "playwright-core";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
export const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

export interface Opened {
  readonly page: Page;
  /** Errors of the console and of the page, and requests that failed. */
  readonly errors: string[];
  /** Bytes of all that was asked for so far, compressed as a server would send it; or of the files with this in their names. */
  bytes(of?: string): number;
}

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** A script that runs before the page's own. */
  readonly before?: string;
}

export interface Site {
  /** Milliseconds of processor time of the page's longest task while `act` goes on: what else the machine does is not counted. */
  longestTask(page: Page, act: () => Promise<void>): Promise<number>;
  open(path: string, options?: OpenOptions): Promise<Opened>;
  close(): Promise<void>;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of processor time. */
  readonly tdur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Starts the server and the browser. */
export async function openSite(): Promise<Site> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const file = join(dist, normalize(pathname === "/" ? "/index.html" : pathname));
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return void response.writeHead(404).end();
    asked.push(file);
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's
  const browser: Browser = await chromium.launch({
    executablePath: CHROMIUM!,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
  return {
    async open(path, { width = 1440, height = 900, dark = false, before } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
      if (before !== undefined) await context.addInitScript(before);
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
      page.on("requestfailed", (request) => errors.push(`${request.url()} failed`));
      page.on("request", (request) => {
        if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) errors.push(`${request.url()} was asked for`);
      });
      const from = asked.length;
      await page.goto(`http://127.0.0.1:${port}/${path}`);
      return {
        page,
        errors,
        bytes: (of = "") =>
          [...new Set(asked.slice(from))]
            .filter((file) => file.includes(of))
            .reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0),
      };
    },
    async longestTask(page, act) {
      await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] });
      await act();
      const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { readonly traceEvents: readonly TraceEvent[] };
      const main = new Set(
        traceEvents
          .filter(({ name, args }) => name === "thread_name" && args?.["name"] === "CrRendererMain")
          .map(({ pid, tid }) => `${pid} ${tid}`),
      );
      const tasks = traceEvents.filter(
        ({ name, pid, tid, tdur }) => /RunTask/.test(name) && tdur !== undefined && main.has(`${pid} ${tid}`),
      );
      if (tasks.length === 0) throw new Error("the trace has no tasks");
      return Math.max(...tasks.map(({ tdur }) => tdur! / 1000));
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      server.close();
    },
  };
}
