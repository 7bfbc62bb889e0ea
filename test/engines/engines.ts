/** Guarantees the engines of the matrix: each does the jobs of a folder and says who it is. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { browserVersion, visit, type BrowserName } from "./browsers.ts";
import type { Outcome } from "./job.ts";

export interface Engine {
  readonly name: string;
  /** Who it is, once it is there; undefined where it cannot be had here, with `remedy` saying how. */
  version(): Promise<string | undefined>;
  readonly remedy: string;
  /** Does the jobs of `folder`/jobs.json. */
  run(folder: string, said: (outcome: Outcome) => void): Promise<void>;
}

/** Long enough for the whole table on a busy machine. */
const TIMEOUT_SECONDS = 3600;

/** A package of npm's registry in a folder of its own, installed once. */
async function installed(name: string, version: string): Promise<string> {
  const folder = join(tmpdir(), "adjoint-engines", `${name}-${version}`);
  if (!existsSync(join(folder, "node_modules", name, "package.json"))) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.json"), '{ "private": true }');
    const { status, stderr } = spawnSync("npm", ["install", "--silent", `${name}@${version}`], { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`npm install ${name}@${version} failed: ${stderr}`);
  }
  return join(folder, "node_modules");
}

function ofNpm(name: string, version: string, program: string, shown: string): Engine {
  const path = async (): Promise<string> => join(await installed(name, version), program);
  return {
    name: shown,
    remedy: `npm has to reach its registry for the package ${name}`,
    async version() {
      const { status, stdout } = spawnSync(await path(), ["--version"], { encoding: "utf8" });
      return status === 0 ? `${name === "node" ? "Node" : "Bun"} ${stdout.trim().replace(/^v/, "")}` : undefined;
    },
    async run(folder, said) {
      const child = spawn(await path(), [join(folder, "process.js"), join(folder, "jobs.json")], { stdio: ["ignore", "pipe", "inherit"] });
      const code = new Promise((resolve) => child.on("close", resolve));
      for await (const line of createInterface({ input: child.stdout })) said(JSON.parse(line) as Outcome);
      if ((await code) !== 0) throw new Error(`${shown} ended with ${String(await code)}`);
    },
  };
}

const browser = (name: BrowserName): Engine => ({
  name,
  remedy: `install Debian's package ${name}`,
  version: async () => browserVersion(name),
  run: (folder, said) =>
    visit(name, folder, {
      page: "matrix.html",
      timeoutSeconds: TIMEOUT_SECONDS,
      said(text) {
        const what = JSON.parse(text) as Outcome | { readonly done: string }; // matrix-page.ts says no other
        if ("done" in what) return true;
        said(what);
        return false;
      },
    }),
});

export const engines: readonly Engine[] = [
  ...["20", "22", "24", "26"].map((major) => ofNpm("node", major, "node/bin/node", `node ${major}`)),
  browser("chromium"),
  browser("firefox-esr"),
  ofNpm("bun", "1", "bun/bin/bun.exe", "bun"),
];
