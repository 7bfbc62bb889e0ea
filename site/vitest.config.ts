import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/*.test.ts"],
    // one browser at a time: what pages take is measured
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
