/** Places in a bundled file are found in what it was made of, as Node's own reader of source maps finds them. */

import { build } from "esbuild";
import { SourceMap } from "node:module";
import { expect, test } from "vitest";
import { followMap, followed } from "../../compiler/model/source-map.ts";

test("every word of a bundle leads to the place that Node's reader names", async () => {
  const { outputFiles } = await build({
    entryPoints: ["models/mini-resnet.ts", "compiler/graph/nearest.ts"],
    outdir: "out",
    bundle: true,
    packages: "external",
    format: "esm",
    sourcemap: "external",
    write: false,
  });
  const text = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))!.text;
  for (const name of ["mini-resnet", "nearest"]) {
    const map = JSON.parse(text(`${name}.js.map`)) as { version: number; sources: string[]; mappings: string };
    const judge = new SourceMap({ file: "", sourcesContent: [], names: [], sourceRoot: "", ...map, version: 3 });
    followMap(`/tmp/${name}.mjs`, map);
    const places = text(`${name}.js`)
      .split("\n")
      .flatMap((line, row) => [...line.matchAll(/\w+/g)].map(({ index }) => ({ line: row + 1, column: index + 1 })));
    expect(places.length).toBeGreaterThan(100);
    for (const { line, column } of places) {
      const entry = judge.findEntry(line - 1, column - 1);
      if (!("originalLine" in entry) || entry.generatedLine !== line - 1) continue;
      expect(followed({ file: `/tmp/${name}.mjs`, line, column })).toEqual({
        file: entry.originalSource,
        line: entry.originalLine + 1,
        column: entry.originalColumn + 1,
      });
    }
  }
  expect(followed({ file: "/tmp/other.mjs", line: 1, column: 2 })).toEqual({ file: "/tmp/other.mjs", line: 1, column: 2 });
});
