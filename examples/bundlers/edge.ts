/**
 * The example at the edge, in workerd as miniflare runs it: the TypeScript trainer trains as it is, the WebAssembly one with its module imported,
 * and the one with its bytes inside says what to do, since bytes may not be compiled there.
 */

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { clean } from "./clean.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** What a request to a worker of that trainer is answered: the loss and guesses of the example, or the message of what went wrong. */
async function answered(root: string, trainer: string, module: boolean): Promise<string> {
  writeFileSync(
    join(root, "src/handler.ts"),
    `${module ? 'import module from "./trainer.wasm";' : ""}
import { createTrainer } from "../generated/xor/${trainer}";
export default {
  async fetch(): Promise<Response> {
    try {
      const trainer = createTrainer({ seed: 1${module ? ", module" : ""} });
      const [x, y] = [new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]), new Float32Array([0, 1, 1, 0])];
      let loss = 1;
      for (let n = 0; n < 2000; n++) loss = trainer.step({ x, y });
      return Response.json({ loss, guess: [...trainer.predict({ x }).guess].map((one) => Math.round(one)) });
    } catch (error) {
      return new Response((error as Error).message);
    }
  },
};
`,
  );
  const outfile = join(root, "dist/handler.js");
  await build({ entryPoints: [join(root, "src/handler.ts")], outfile, bundle: true, format: "esm", external: ["./trainer.wasm"] });
  const edge = new Miniflare({
    compatibilityDate: "2025-01-01",
    modules: [
      { type: "ESModule", path: "handler.js", contents: readFileSync(outfile, "utf8") },
      ...(module
        ? [{ type: "CompiledWasm" as const, path: "trainer.wasm", contents: readFileSync(join(root, "generated/xor/trainer.wasm")) }]
        : []),
    ],
  });
  try {
    return await (await edge.dispatchFetch("http://localhost/")).text();
  } finally {
    await edge.dispose();
  }
}

const root = clean("edge");
const compiled = (...flags: readonly string[]): void =>
  void execFileSync(process.execPath, [CLI, "compile", "models/xor.ts", "--unchecked", ...flags], { cwd: root, stdio: "pipe" });
const TRAINED = /^\{"loss":0\.0\d*,"guess":\[0,1,1,0\]\}$/;
for (const { name, flags, trainer, module, expected } of [
  { name: "TypeScript", flags: [], trainer: "trainer.ts", module: false, expected: TRAINED },
  {
    name: "WebAssembly beside",
    flags: ["--target", "wasm", "--wasm", "external"],
    trainer: "trainer.wasm.ts",
    module: true,
    expected: TRAINED,
  },
  {
    name: "WebAssembly inside",
    flags: ["--target", "wasm"],
    trainer: "trainer.wasm.ts",
    module: false,
    expected: /compile with --wasm external/,
  },
]) {
  rmSync(join(root, "generated"), { recursive: true, force: true });
  compiled(...flags);
  const answer = await answered(root, trainer, module);
  if (!expected.test(answer)) {
    console.log(`FAIL ${name}  ${answer}`);
    process.exitCode = 1;
  } else console.log(`ok   ${name}  ${answer}`);
}
