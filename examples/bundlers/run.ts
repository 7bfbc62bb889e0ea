/**
 * Builds the example with each bundler from a clean folder and runs the result; then with a model that does not compile, which has to
 * fail with its line. `npm test -- vite rollup` for some of them.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUNDLERS } from "./bundlers.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The example in a folder of its own, where nothing is generated. */
function clean(name: string): string {
  const root = join(here, ".work", name);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  for (const folder of ["models", "src"]) cpSync(join(here, folder), join(root, folder), { recursive: true });
  writeFileSync(join(root, "package.json"), '{ "name": "example", "private": true, "type": "module" }\n');
  return root;
}

/** All that a build prints; the file that it made, where it ends well. */
function build(name: string, root: string): { readonly printed: string; readonly file?: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", join(here, "build.ts"), name, root], {
    cwd: here,
    encoding: "utf8",
  });
  const file = /^built (.*)$/m.exec(stdout)?.[1];
  return { printed: `${stdout}${stderr}`, ...(status === 0 && file !== undefined && { file }) };
}

/** The trainer's text, once what was built has trained. */
function trains(name: string): string {
  const root = clean(name);
  const { printed, file } = build(name, root);
  if (file === undefined) throw new Error(`it does not build: ${printed}`);
  const ran = execFileSync(process.execPath, [file], { encoding: "utf8" });
  const { loss, guess } = JSON.parse(ran) as { loss: number; guess: number[] };
  if (!(loss < 0.05) || guess.join() !== "0,1,1,0") throw new Error(`it does not train: ${ran}`);
  if (!existsSync(join(root, "generated/xor/certificate.json"))) throw new Error("its trainer has no certificate");
  return readFileSync(join(root, "generated/xor/trainer.ts"), "utf8");
}

function refuses(name: string): void {
  const root = clean(`${name}-refused`);
  const path = join(root, "models/xor.ts");
  writeFileSync(path, readFileSync(path, "utf8").replace("mse(guess, y)", 'mse(guess, input("z", [batch, 3]))'));
  const { printed, file } = build(name, root);
  if (file !== undefined || !/xor\.ts:8/.test(printed))
    throw new Error(`it does not fail with the line of the mistake: ${printed.slice(0, 2000)}`);
}

const asked = process.argv.slice(2);
const texts = new Set<string>();
let failed = 0;
for (const name of Object.keys(BUNDLERS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const began = performance.now();
  try {
    texts.add(trains(name));
    refuses(name);
    console.log(`ok   ${name}  ${((performance.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}  ${error instanceof Error ? error.stack : String(error)}`);
  }
}
if (texts.size > 1) console.log(`FAIL the trainers differ between bundlers`);
process.exitCode = failed > 0 || texts.size > 1 ? 1 : 0;
