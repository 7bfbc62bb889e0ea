/** The pages that list what there is are those of the code: nothing that exists is left out, and a stale cell fails. */

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import * as adjoint from "../compiler/index.ts";
import { optimizers } from "../compiler/model/optimizers/index.ts";
import { root } from "./support/command.ts";
import { modelNames } from "./support/models.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const contents = readFileSync(`${root}docs/contents.md`, "utf8");

/** Names in the first column of the table under a heading. */
function namesUnder(title: string): readonly string[] {
  const table = new RegExp(`## ${title} \\((\\d+)\\)\n\n([^]*?)\n(?=\n|$)`).exec(contents)!;
  const names = [...table[2]!.matchAll(/^\| [`[]([\w-]+)[`\]]/gm)].map(([, name]) => name!);
  expect(names).toHaveLength(Number(table[1]));
  return names;
}
const check = (file?: string) =>
  spawnSync(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), `${root}scripts/tables.ts`, "--check", ...(file === undefined ? [] : [file])],
    {
      encoding: "utf8",
      cwd: folder,
    },
  );

test("the pages are what npm run tables makes of them; one changed cell is stale", { timeout: 60_000 }, () => {
  expect(check()).toMatchObject({ status: 0, stderr: "" });
  for (const page of ["coverage.md", "names.md", "runtime.md"]) copyFileSync(`${root}docs/${page}`, join(folder, page));
  writeFileSync(join(folder, "contents.md"), contents.replace("| `relu` |", "| `rleu` |"));
  expect(check(folder)).toMatchObject({ status: 1, stderr: "contents.md is not that of the code; run npm run tables\n" });
});

test("what is exported is in them, under its heading", () => {
  const exported = new Set(Object.keys(adjoint));
  const layers = namesUnder("Layers");
  for (const name of ["dense", "conv2d", "batchNorm", "lstm", "multiHeadAttention", "maxPool2d", "embedding", "dropout"])
    expect(layers).toContain(name);
  expect(namesUnder("Activations")).toEqual(expect.arrayContaining(["gelu", "relu", "sigmoid", "silu", "softmax", "tanh"]));
  expect(namesUnder("Losses and penalties")).toEqual(
    expect.arrayContaining(["huber", "kl", "l2", "mse", "softmaxCrossEntropy", "svmLoss"]),
  );
  const rules = namesUnder("Optimizers, and what may stand around them");
  expect(rules).toEqual(expect.arrayContaining([...Object.keys(optimizers), "clipByGlobalNorm", "ema"]));
  for (const name of [...layers, ...rules, ...namesUnder("Learning rate schedules")]) expect(exported).toContain(name);
  expect(namesUnder("Models")).toEqual(modelNames);
});
