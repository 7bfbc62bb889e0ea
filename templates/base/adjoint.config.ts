import { defineConfig } from "adjoint";

export default defineConfig({
  models: "models",
  out: "generated",
  // by the stem of a model's file, in the words of the command line: { target: "wasm", memory: "1MiB" }
  options: {},
});
