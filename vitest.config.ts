import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Of a process that compiles many models once, as compiler/cli/engine.ts has it. */
const LATER = "--interrupt-budget=528000";

/**
 * Tests that leave nothing behind share what was loaded, and optimized, for the one before: a file that loads the compiler anew takes a second and a half
 * of processor time for that. Those that put another module in place of one of the compiler's own have theirs for themselves.
 */
const FOLDERS = ["check", "graph", "loop", "passes"];
const MOCKED = ["fuse", "in-place", "segments"].map((name) => `test/passes/${name}.test.ts`);
const TOGETHER = FOLDERS.map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  resolve: {
    alias: [
      { find: /^adjoint\/runtime\/node$/, replacement: at("./runtime/node/index.ts") },
      { find: /^adjoint\/runtime\/browser$/, replacement: at("./runtime/browser/index.ts") },
      { find: /^adjoint\/functions$/, replacement: at("./compiler/functions.ts") },
      { find: /^adjoint\/node$/, replacement: at("./compiler/node.ts") },
      { find: /^adjoint\/runtime$/, replacement: at("./runtime/index.ts") },
      { find: /^adjoint$/, replacement: at("./compiler/index.ts") },
    ],
  },
  test: {
    execArgv: [LATER],
    // of two processors vitest would leave one to itself, which does next to nothing
    maxWorkers: "100%",
    // a busy machine is no failure
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: "together", include: TOGETHER, exclude: MOCKED, isolate: false } },
      { extends: true, test: { name: "apart", include: [`test/!(${FOLDERS.join("|")})/**/*.test.ts`, "test/*.test.ts", ...MOCKED] } },
    ],
  },
});
