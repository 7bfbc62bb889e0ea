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

/** A program that runs JavaScript, from npm's registry. */
export interface Program {
  readonly name: string;
  /** Who it is; undefined where it does not start. */
  version(): Promise<string | undefined>;
  /** The command that runs a script: what stands before the script's path. */
  command(): Promise<readonly [program: string, ...args: string[]]>;
  readonly remedy: string;
}

function ofNpm(name: string, shown: string, version: string, path: string, ...args: readonly string[]): Program {
  const command = async () => [join(await installed(name, version), path), ...args] as const;
  return {
    name: shown,
    command,
    remedy: `npm has to reach its registry for the package ${name}`,
    async version() {
      const { status, stdout } = spawnSync((await command())[0], ["--version"], { encoding: "utf8" });
      const found = /\d+(?:\.\d+)+/.exec(stdout)?.[0];
      return status === 0 && found !== undefined ? `${name[0]!.toUpperCase()}${name.slice(1)} ${found}` : undefined;
    },
  };
}

const nodes = ["20", "22", "24", "26"].map((major) => ofNpm("node", `node ${major}`, major, "node/bin/node"));
const bun = ofNpm("bun", "bun", "1", "bun/bin/bun.exe");

/** Programs that run the command line. */
export const programs: readonly Program[] = [...nodes, bun, ofNpm("deno", "deno", "2", ".bin/deno", "run", "--allow-all", "--quiet")];

const running = (program: Program): Engine => ({
  ...program,
  async run(folder, said) {
    const [path, ...args] = await program.command();
    const child = spawn(path, [...args, join(folder, "process.js"), join(folder, "jobs.json")], { stdio: ["ignore", "pipe", "inherit"] });
    const code = new Promise((resolve) => child.on("close", resolve));
    for await (const line of createInterface({ input: child.stdout })) said(JSON.parse(line) as Outcome);
    if ((await code) !== 0) throw new Error(`${program.name} ended with ${String(await code)}`);
  },
});

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

export const engines: readonly Engine[] = [...nodes.map(running), browser("chromium"), browser("firefox-esr"), running(bun)];
