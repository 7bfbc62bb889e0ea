/**
 * A part of what `npm run interop` judges, small enough for every run of the tests: three minutes at most, the packages of Python included. Where they
 * cannot be had, it says so and judges nothing.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LIMIT = 180;
const MODELS = ["circuit", "mnist-mlp", "lenet", "char-lstm"];
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const ends = performance.now() + LIMIT * 1000;
const folder = mkdtempSync(join(tmpdir(), "adjoint-python-"));

/** Runs a command for as long as is left. */
const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(command, args, {
    stdio: ["ignore", "inherit", "pipe"],
    encoding: "utf8",
    env,
    timeout: Math.max(1, Math.round(ends - performance.now())),
  });

function judge(): string | undefined {
  const venv = run("python3", ["-m", "venv", folder]);
  if (venv.status !== 0) return "python3 makes no environment here";
  const python = join(folder, "bin", "python");
  const install = run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", here("requirements.txt")]);
  if (install.error !== undefined) return `its packages did not come in ${LIMIT} seconds`;
  if (install.status !== 0) return `its packages cannot be had: ${install.stderr.trim().split("\n").at(-1) ?? ""}`;
  const judged = run("npx", ["tsx", here("run.ts"), "jax", "onnx-steps", "--models", MODELS.join()], { ...process.env, PYTHON: python });
  if (judged.error !== undefined) return `${LIMIT} seconds were not enough for all of it`;
  process.stderr.write(judged.stderr);
  process.exitCode = judged.status ?? 1;
  return undefined;
}

try {
  const skipped = judge();
  if (skipped !== undefined) console.log(`interop: SKIPPED, ${skipped}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
