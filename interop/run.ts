/**
 * Judges what goes to other engines, by these engines: `npm run interop [what…] [-- --write]`. It needs Python with what a
 * folder's requirements.txt says (PYTHON names another interpreter); where that is missing, it says so and judges nothing.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const python = process.env["PYTHON"] ?? "python3";
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const ONNX = { needs: ["onnx", "onnxruntime", "numpy"], requirements: "onnx" } as const;

/** What is judged: what writes the files, which program reads them, the table that it prints, and what it needs of Python. */
const CHECKS = [
  {
    name: "jax",
    write: "jax/write.ts",
    check: "jax/check.py",
    table: "jax/models.md",
    needs: ["jax", "numpy", "safetensors"],
    requirements: "jax",
  },
  { name: "onnx", write: "onnx/write.ts", check: "onnx/check.py", table: "onnx/models.md", ...ONNX },
  { name: "onnx-steps", write: "jax/write.ts", check: "onnx/steps.py", table: "onnx/steps.md", ...ONNX },
] as const;

const asked = process.argv.slice(2).filter((word) => word !== "--write");
const names: readonly string[] = CHECKS.map(({ name }) => name);
const unknown = asked.find((name) => !names.includes(name));
if (unknown !== undefined) throw new RangeError(`interop judges no ${unknown}; it judges ${names.join(", ")}`);

for (const { name, write, check, table, needs, requirements } of CHECKS) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const missing = needs.find((module) => spawnSync(python, ["-c", `import ${module}`]).status !== 0);
  if (missing !== undefined) {
    console.log(`${name}: SKIPPED, ${python} has no ${missing}: pip install -r interop/${requirements}/requirements.txt`);
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), `adjoint-${name}-`));
  const run = (command: string, args: readonly string[]): string => {
    const { status, stdout } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 28 });
    if (status !== 0) throw new Error(`${name}: ${[command, ...args].join(" ")} failed\n${stdout}`);
    return stdout;
  };
  try {
    run("npx", ["tsx", here(write), folder]);
    const text = run(python, [here(check), folder]);
    console.log(text);
    if (process.argv.includes("--write")) writeFileSync(here(table), text);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
