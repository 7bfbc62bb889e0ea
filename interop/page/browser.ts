/** Guarantees a page in the system's Chromium, over files of one folder and ONNX Runtime below /ort/, whose errors are errors here. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";

const RUNTIME = fileURLToPath(new URL("../node_modules/onnxruntime-web/dist", import.meta.url));
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

export interface Served {
  readonly address: string;
  close(): void;
}

/** A folder at /, on this machine alone. */
export async function served(folder: string): Promise<Served> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = normalize(pathname === "/" ? "/index.html" : decodeURIComponent(pathname));
    const file = path.startsWith("/ort/") ? join(RUNTIME, path.slice(5)) : join(folder, path);
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return void response.writeHead(404).end();
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's
  return {
    address: `http://127.0.0.1:${port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What `act` makes of the folder's page; undefined where there is no Chromium. Throws for errors of the page. */
export async function inPage<T>(folder: string, act: (page: Page) => Promise<T>): Promise<T | undefined> {
  if (CHROMIUM === undefined) return undefined;
  const { address, close } = await served(folder);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
  const errors: string[] = [];
  try {
    const page = await browser.newPage();
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(address);
    const made = await act(page).catch((cause: unknown) => {
      throw new Error([String(cause), ...errors].join("; "), { cause });
    });
    if (errors.length > 0) throw new Error(errors.join("; "));
    return made;
  } finally {
    await browser.close();
    close();
  }
}
