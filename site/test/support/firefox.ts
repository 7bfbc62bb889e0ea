/** Guarantees pages that are loaded in Firefox, one after the other: what each came to, and every error that its script, its policy or its requests met. */

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { browserVersion, open } from "../../../test/engines/browsers.ts";

export const FIREFOX = browserVersion("firefox-esr") !== undefined;

/** A page, and what holds of its document once it is there. */
export interface Loaded {
  readonly path: string;
  /** An expression over `document`. */
  readonly until: string;
  /** Instead of the file of that path. */
  readonly text?: string;
}

export interface Seen {
  readonly path: string;
  readonly errors: readonly string[];
  /** What `until` came to. */
  readonly reached: unknown;
  /** How far the page is wider than the window. */
  readonly overflow: number;
}

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** Hears of errors before the page's own script runs, waits, says what it saw, and goes to the page that it is told. */
const watching = (until: string): string => `(() => {
  const errors = [];
  const said = console.error;
  console.error = (...all) => { errors.push(all.join(" ")); said(...all); };
  addEventListener("error", (event) => errors.push(event.message || "could not load " + (event.target.src || event.target.href)), true);
  addEventListener("unhandledrejection", ({ reason }) => errors.push(String(reason)));
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => errors.push(violatedDirective + " forbids " + blockedURI));
  const until = performance.now() + 90000;
  const ask = async () => {
    const reached = document.readyState === "complete" ? ${until} : undefined;
    if (!reached && performance.now() < until) return void setTimeout(ask, 200);
    const overflow = document.documentElement.scrollWidth - innerWidth;
    const answer = await fetch("/said", { method: "POST", body: JSON.stringify({ errors, reached: reached || null, overflow }) });
    const next = await answer.text();
    if (next !== "") location.href = next;
  };
  ask();
})();`;

/** Loads pages of a folder in order. Throws where Firefox does not come to their end in time. */
export async function loadedInFirefox(folder: string, pages: readonly Loaded[], timeoutSeconds: number): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/said") {
      let body = "";
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("end", () => {
        seen.push({ path: pages[seen.length]!.path, ...(JSON.parse(body) as Omit<Seen, "path">) });
        const next = pages[seen.length];
        response.end(next === undefined ? "" : `/${next.path}`);
        if (next === undefined) finish();
      });
      return;
    }
    const page = pages.find(({ path }) => `/${path}` === pathname);
    const file = join(folder, normalize(pathname));
    if (page?.text === undefined && statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return void response.writeHead(404).end();
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    response.end(page === undefined ? readFileSync(file) : watched(page.text ?? readFileSync(file, "utf8"), watching(page.until)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's
  const close = await open("firefox-esr", `http://127.0.0.1:${port}/${pages[0]!.path}`);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Firefox has not come to the end of ${pages[seen.length]!.path} in ${timeoutSeconds} seconds`)),
      timeoutSeconds * 1000,
    );
  });
  try {
    await Promise.race([finished, late]);
    return seen;
  } finally {
    clearTimeout(timer);
    await close();
    server.closeAllConnections();
    server.close();
  }
}

/** The page with the script in its head; a policy of its own lets that script in, and nothing else. */
function watched(text: string, script: string): string {
  const hash = `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
  return text
    .replace(/(http-equiv="Content-Security-Policy" content="[^"]*)"/, '$1; connect-src &#39;self&#39;"')
    .replace("script-src ", () => `script-src ${hash} `)
    .replace(/<link rel="icon"/, () => `<script>${script}</script>\n<link rel="icon"`);
}
