import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Of a process that compiles many models once, as compiler/cli/engine.ts has it. */
const LATER = "--interrupt-budget=528000";

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
  // a busy machine is no failure
  test: { execArgv: [LATER], include: ["test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 120_000 },
});
