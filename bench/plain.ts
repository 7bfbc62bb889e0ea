/**
 * A file of this folder as plain JavaScript, for processes of Node alone: where a start, memory or a step is timed, nothing else may
 * run. It lies in bench/dist, from where packages of bench/ and files of the repository are found as from a folder of bench/ itself.
 */

import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../scripts/compiler.ts";

/** The path of what was built of `bench/<file>`, its own imports bundled in, packages left where they are. */
export async function plain(file: string): Promise<string> {
  const outfile = join(root, "bench", "dist", `${file.replace(/\.ts$/, "").replaceAll("/", "-")}.mjs`);
  await build({
    entryPoints: [join(root, "bench", file)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  return outfile;
}
