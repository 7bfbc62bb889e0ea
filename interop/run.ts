/**
 * Judges what goes to other engines, by these engines: `npm run interop [folder…]`, of the folders beside this file. It needs Python with what
 * a folder's requirements.txt says (PYTHON names another interpreter); where that is missing, it says so and judges nothing.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const python = process.env["PYTHON"] ?? "python3";
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** What a folder needs of Python, and which table its check writes; `write` makes what it judges. */
const FOLDERS = {
  jax: { modules: ["jax", "numpy", "safetensors"], table: "models.md" },
  onnx: { modules: ["onnx", "onnxruntime", "numpy"], table: "models.md" },
} as const;

const asked = process.argv.slice(2).filter((word) => word !== "--write");
const unknown = asked.find((name) => !Object.hasOwn(FOLDERS, name));
if (unknown !== undefined) throw new RangeError(`interop has no folder ${unknown}; it has ${Object.keys(FOLDERS).join(", ")}`);

for (const [name, { modules, table }] of Object.entries(FOLDERS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const missing = modules.find((module) => spawnSync(python, ["-c", `import ${module}`]).status !== 0);
  if (missing !== undefined) {
    console.log(`${name}: SKIPPED, ${python} has no ${missing}: pip install -r interop/${name}/requirements.txt`);
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), `adjoint-${name}-`));
  const run = (command: string, args: readonly string[]): string => {
    const { status, stdout } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 28 });
    if (status !== 0) throw new Error(`${name}: ${[command, ...args].join(" ")} failed\n${stdout}`);
    return stdout;
  };
  try {
    run("npx", ["tsx", here(`${name}/write.ts`), folder]);
    const text = run(python, [here(`${name}/check.py`), folder]);
    console.log(text);
    if (process.argv.includes("--write")) writeFileSync(here(`${name}/${table}`), text);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
