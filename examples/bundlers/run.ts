/**
 * Builds the example with each bundler from a clean folder and runs the result; then with an import that asks for the trainer, `?trainer`, and
 * its types; then with a model that does not compile, which has to fail with its line. `npm test -- vite rollup` for some of them.
 */

import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BUNDLERS } from "./bundlers.ts";
import { clean } from "./clean.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");

/** All that a build prints; the file that it made, where it ends well. */
function build(name: string, root: string, ...more: readonly string[]): { readonly printed: string; readonly file?: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", join(here, "build.ts"), name, root, ...more], {
    cwd: here,
    encoding: "utf8",
  });
  const file = /^built (.*)$/m.exec(stdout)?.[1];
  return { printed: `${stdout}${stderr}`, ...(status === 0 && file !== undefined && { file }) };
}

/** Runs what was built, which has to have learned what it should. */
function requireTrains({ printed, file }: ReturnType<typeof build>): void {
  if (file === undefined) throw new Error(`it does not build: ${printed}`);
  const ran = execFileSync(process.execPath, [file], { encoding: "utf8" });
  const { loss, guess } = JSON.parse(ran) as { loss: number; guess: number[] };
  if (!(loss < 0.05) || guess.join() !== "0,1,1,0") throw new Error(`it does not train: ${ran}`);
}

/** The trainer's text, once what was built has trained. */
function trains(name: string): string {
  const root = clean(name);
  requireTrains(build(name, root));
  if (!existsSync(join(root, "generated/xor/certificate.json"))) throw new Error("its trainer has no certificate");
  return readFileSync(join(root, "generated/xor/trainer.ts"), "utf8");
}

/** The types of a trainer that an import asks for, which has no files among one's own. */
function asks(name: string): string {
  const root = clean(`${name}-asked`);
  const main = join(root, "src/main.ts");
  writeFileSync(main, readFileSync(main, "utf8").replace("../generated/xor/trainer.ts", "../models/xor.ts?trainer"));
  requireTrains(build(name, root, "no-files"));
  if (existsSync(join(root, "generated"))) throw new Error("it has files of a trainer that nobody asked for");
  const flags = ["--noEmit", "--strict", "--target", "es2023", "--module", "esnext", "--moduleResolution", "bundler", "--ignoreConfig"];
  const checked = spawnSync(process.execPath, [TSC, ...flags, "src/main.ts", "adjoint-trainers.d.ts"], { cwd: root, encoding: "utf8" });
  if (checked.status !== 0) throw new Error(`its types do not hold: ${checked.stdout}`);
  return readFileSync(join(root, "adjoint-trainers.d.ts"), "utf8");
}

function refuses(name: string): void {
  const root = clean(`${name}-refused`);
  const path = join(root, "models/xor.ts");
  writeFileSync(path, readFileSync(path, "utf8").replace("mse(guess, y)", 'mse(guess, input("z", [batch, 3]))'));
  const { printed, file } = build(name, root);
  if (file !== undefined || !/xor\.ts:8/.test(printed))
    throw new Error(`it does not fail with the line of the mistake: ${printed.slice(0, 2000)}`);
}

/** Two builds of one folder at once make the same files, whole; an output folder that cannot be written is told with its path. */
async function together(names: readonly string[]): Promise<void> {
  const root = clean("together");
  const run = promisify(execFile);
  await Promise.all(names.map((name) => run(process.execPath, ["--import", "tsx", join(here, "build.ts"), name, root], { cwd: here })));
  texts.add(readFileSync(join(root, "generated/xor/trainer.ts"), "utf8"));
  const left = readdirSync(join(root, "generated/xor")).filter((file) => file.endsWith(".tmp"));
  if (left.length > 0) throw new Error(`two builds at once leave ${left.join(", ")}`);
  rmSync(join(root, "generated"), { recursive: true });
  writeFileSync(join(root, "generated"), "");
  const { printed, file } = build(names[0]!, root);
  if (file !== undefined || !/generated\/xor cannot be used: part of the path is a file, where a folder was needed/.test(printed))
    throw new Error(`an output that cannot be written is not told: ${printed}`);
}

const asked = process.argv.slice(2);
const [texts, types] = [new Set<string>(), new Set<string>()];
let failed = 0;
for (const name of Object.keys(BUNDLERS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const began = performance.now();
  try {
    texts.add(trains(name));
    types.add(asks(name));
    refuses(name);
    console.log(`ok   ${name}  ${((performance.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}  ${error instanceof Error ? error.stack : String(error)}`);
  }
}
try {
  if (asked.length === 0 || asked.includes("together")) {
    await together(["vite", "rollup"]);
    console.log("ok   two at once, and an output folder that cannot be written");
  }
} catch (error) {
  failed++;
  console.log(`FAIL two at once  ${error instanceof Error ? error.message : String(error)}`);
}
const differ = texts.size > 1 || types.size > 1;
if (differ) console.log(`FAIL the trainers or their types differ between bundlers`);
process.exitCode = failed > 0 || differ ? 1 : 0;
