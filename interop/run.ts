/**
 * Judges what goes to other engines, by these engines: `npm run interop [what…] [-- --models a,b] [--write]`. It needs Python with what
 * requirements.txt says (PYTHON names another interpreter); where that is missing, it says so and judges nothing.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const python = process.env["PYTHON"] ?? "python3";
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const JAX = ["jax", "numpy", "safetensors"] as const;
const ONNX = ["onnx", "onnxruntime", "numpy"] as const;

/** What is judged: what writes the files, which program reads them, the table that it prints, and what it needs of Python. */
const CHECKS = [
  { name: "jax", write: "jax/write.ts", check: "jax/check.py", table: "jax/models.md", needs: JAX },
  { name: "onnx", write: "onnx/write.ts", check: "onnx/check.py", table: "onnx/models.md", needs: ONNX },
  { name: "onnx-steps", write: "jax/write.ts", check: "onnx/steps.py", table: "onnx/steps.md", needs: ONNX },
  { name: "jax-random", write: "jax/fuzz.ts", check: "jax/fuzz.py", needs: JAX },
  { name: "onnx-random", write: "jax/fuzz.ts", check: "onnx/fuzz.py", needs: ONNX },
  { name: "jax-refusals", write: "jax/refusals.ts", check: "jax/refusals.py", needs: JAX },
] as const;

const words = process.argv.slice(2);
const models = words.includes("--models") ? (words.splice(words.indexOf("--models"), 2)[1] ?? "").split(",") : [];
const asked = words.filter((word) => word !== "--write");
const names: readonly string[] = CHECKS.map(({ name }) => name);
const unknown = asked.find((name) => !names.includes(name));
if (unknown !== undefined) throw new RangeError(`interop judges no ${unknown}; it judges ${names.join(", ")}`);

for (const { name, write, check, needs, ...rest } of CHECKS) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const missing = needs.find((module) => spawnSync(python, ["-c", `import ${module}`]).status !== 0);
  if (missing !== undefined) {
    console.log(`${name}: SKIPPED, ${python} has no ${missing}: pip install -r interop/requirements.txt`);
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), `adjoint-${name}-`));
  const run = (command: string, args: readonly string[]): string => {
    const env = { ...process.env, JAX_PLATFORMS: "cpu" };
    const { status, stdout } = spawnSync(command, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 1 << 28,
      env,
    });
    if (status !== 0) throw new Error(`${name}: ${[command, ...args].join(" ")} failed\n${stdout}`);
    return stdout;
  };
  try {
    run("npx", ["tsx", here(write), folder, ...models]);
    const text = run(python, [here(check), folder]);
    console.log(text);
    if (process.argv.includes("--write") && "table" in rest) writeFileSync(here(rest.table), text);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
