/** Imports with `?trainer`: a trainer without files among one's own, for bundlers that load what they resolve and for those that ask, and its types. */

import { build } from "esbuild";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { Project } from "ts-morph";
import { afterAll, beforeAll, expect, test } from "vitest";
import withEsbuild from "../../compiler/plugin/esbuild.ts";
import withRolldown from "../../compiler/plugin/rolldown.ts";
import { importText } from "../../compiler/targets/strip.ts";
import * as circuit from "../../generated/circuit/trainer.ts";
import { root } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-plugin-"));
const at = (path: string): string => join(folder, path);
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => {
  mkdirSync(at("src"));
  writeFileSync(at("package.json"), '{ "name": "mine", "type": "module" }');
  copyFileSync(`${root}models/circuit.ts`, at("src/wires.ts"));
  writeFileSync(
    at("src/main.ts"),
    'import { createTrainer, MODEL } from "./wires.ts?trainer";\nexport const loss: number = createTrainer().step({});\nexport const model: string = MODEL;\n',
  );
});

const expected = { loss: circuit.createTrainer().step({}), model: "circuit" };

test("esbuild and rolldown bundle the trainer that such an import asks for", { timeout: 120_000 }, async () => {
  const { outputFiles } = await build({
    entryPoints: [at("src/main.ts")],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
    plugins: [withEsbuild({ root: folder, files: false })],
  });
  expect({ ...(await importText<object>(outputFiles[0]!.text)) }).toEqual(expected);
  const rolled = await rolldown({ input: at("src/main.ts"), plugins: [withRolldown({ root: folder, files: false })] });
  const { output } = await rolled.generate({ format: "es" });
  expect({ ...(await importText<object>(output[0].code)) }).toEqual(expected);
  expect(readdirSync(folder).sort()).toEqual([".adjoint", "adjoint-trainers.d.ts", "package.json", "src"]);
  expect(readdirSync(at("src")).sort()).toEqual(["main.ts", "wires.ts"]);
  expect(readFileSync(at(".adjoint/.gitignore"), "utf8")).toBe("*\n");
});

test("and TypeScript knows what it gives", () => {
  const project = new Project({ compilerOptions: { strict: true, noEmit: true, types: [], skipLibCheck: false } });
  const main = project.createSourceFile(at("src/shown.ts"), readFileSync(at("src/main.ts"), "utf8"));
  const types = project.addSourceFileAtPath(at("adjoint-trainers.d.ts"));
  const complaints = [main, types].flatMap((file) => file.getPreEmitDiagnostics().map((one) => JSON.stringify(one.getMessageText())));
  expect(complaints).toEqual([]);
  project.createSourceFile(at("src/wrong.ts"), 'import { createTrainer } from "./wires.ts?trainer";\ncreateTrainer().stop();\n');
  expect(project.getSourceFileOrThrow(at("src/wrong.ts")).getPreEmitDiagnostics()).toHaveLength(1);
});

test("a model that is wrong fails the build with its place", { timeout: 60_000 }, async () => {
  const model = readFileSync(`${root}models/circuit.ts`, "utf8");
  writeFileSync(at("src/wires.ts"), model.replace("add(x, y)", 'add(x, input("y", [3]))'));
  const rolled = await rolldown({ input: at("src/main.ts"), plugins: [withRolldown({ root: folder, files: false })] });
  await expect(rolled.generate({ format: "es" })).rejects.toThrow(/src\/wires\.ts:\d+/);
});
