/** A project of its own: what `init` writes, what adjoint.config.ts may say, and files that are kept current while it is edited. */

import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ownEnvironment } from "../../compiler/cli/keep.ts";
import type { CompileJson, InitJson } from "../../compiler/cli/json.ts";
import { adjoint, build, root, type Ran } from "../support/command.ts";

const folders: string[] = [];
let folder = "";
const at = (path: string): string => join(folder, path);
const run = (args: string): Promise<Ran> => adjoint(args.split(" "), { cwd: folder });

beforeAll(build, 60_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "adjoint-"));
  folders.push(folder);
  mkdirSync(at("models"));
  writeFileSync(at("package.json"), '{ "name": "mine", "type": "module" }');
  copyFileSync(`${root}models/circuit.ts`, at("models/circuit.ts"));
});
afterAll(() => folders.forEach((one) => rmSync(one, { recursive: true })));

describe("adjoint init", () => {
  test("writes a project beside what a package says already, and only where nothing would be lost", async () => {
    writeFileSync(
      at("package.json"),
      '{ "name": "mine", "type": "commonjs", "scripts": { "start": "mine" }, "devDependencies": { "adjoint": "1" } }',
    );
    const { code, stdout } = await run("init --json");
    expect(code).toBe(0);
    const { files } = JSON.parse(stdout) as InitJson;
    expect(files.map((file) => existsSync(at(file)))).toEqual(files.map(() => true));
    expect(files).toContain("models/spirals.ts");
    expect(JSON.parse(readFileSync(at("package.json"), "utf8"))).toMatchObject({
      name: "mine",
      type: "module",
      scripts: { start: "mine" },
      devDependencies: { adjoint: "1", tsx: expect.any(String) as string },
    });
    const again = await run("init");
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("train.ts would be written over; name another folder: adjoint init <folder>");
  });

  test("says what templates there are", async () => {
    const { code, stderr } = await run("init there --template vit");
    expect([code, existsSync(at("there"))]).toEqual([2, false]);
    expect(stderr).toBe('error there is no template "vit"; did you mean --template vite?; the templates are edge, node, vite, worker\n');
  });
});

describe("adjoint.config.ts", () => {
  const config = (body: string): void =>
    writeFileSync(at("adjoint.config.ts"), `import { defineConfig } from "adjoint";\nexport default defineConfig(${body});\n`);

  test("names the models, where their files go, and how each trainer is compiled", async () => {
    mkdirSync(at("src"));
    copyFileSync(at("models/circuit.ts"), at("src/wires.model.ts"));
    writeFileSync(at("src/no-model.ts"), "export const one = 1;\n");
    config('{ models: "src/*.model.ts", out: "made", options: { wires: [{ entry: "gradients" }, { target: "wasm" }] } }');
    const { code, stdout, stderr } = await run("compile --json --unchecked");
    expect([code, stderr]).toEqual([0, ""]);
    const { results } = JSON.parse(stdout) as { results: CompileJson[] };
    expect(results.flatMap(({ files }) => files.map(({ file }) => file)).filter((file) => file.endsWith(".ts"))).toEqual([
      "made/wires/trainer.ts",
      "made/wires/gradients.ts",
      "made/wires/trainer.wasm.ts",
    ]);
    expect(readFileSync(at("made/wires/trainer.ts"), "utf8")).toContain(
      "// Regenerate: adjoint compile src/wires.model.ts --entry gradients\n",
    );
  });

  test("beside: true puts a model's files beside it, where check and verify find them, and two compiles at once agree", async () => {
    mkdirSync(at("src"));
    copyFileSync(at("models/circuit.ts"), at("src/wires.model.ts"));
    config('{ models: "src/*.model.ts", beside: true, options: { wires: { entry: "gradients" } } }');
    const both = await Promise.all([run("compile"), run("compile")]);
    expect(both.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(both[0].stdout).toMatch(/^✓ circuit {2}src\/wires\.\* {2}arena 80 bytes/);
    const made = ["certificate.json", "gradients.ts", "model.graph", "report.md", "trainer.ts"].map((name) => `wires.${name}`);
    expect(readdirSync(at("src")).sort()).toEqual([...made, "wires.model.ts"].sort());
    // but for what hashes the text itself
    const bare = (text: string): string => text.replace(/sha256 \w+/g, "").replace(/^\/\/ Regenerate: .*$/m, "");
    expect(bare(readFileSync(at("src/wires.trainer.ts"), "utf8"))).toBe(
      bare(readFileSync(`${root}generated/circuit/trainer.ts`, "utf8").replaceAll("models/circuit.ts", "src/wires.model.ts")),
    );
    writeFileSync(at("src/wires.css"), "");
    expect(await run("compile --check")).toMatchObject({ code: 0, stdout: "✓ 5 files beside the models are what their commands make\n" });
    expect((await run("verify")).stdout).toMatch(/^CERTIFIED {2}src\/wires\.trainer\.ts/);
    writeFileSync(at("src/wires.report.md"), "# A report\n");
    const stale = await run("compile --check src/wires.model.ts");
    expect(stale.code).toBe(1);
    expect(stale.stdout).toContain("✗ src/wires.report.md:1 differs from what its command makes\n--- src/wires.report.md\n+++ ");
    expect(stale.stdout).toMatch(/\n… and \d+ more lines of the diff\n/);
  }, 60_000);

  test.each([
    ['{ model: "models" }', 'defineConfig: has no option "model"; did you mean models?'],
    ["{ options: { circuit: { treads: 2 } } }", 'the options of circuit in defineConfig: has no option "treads"; did you mean threads?'],
    [
      "{ options: { circus: {} } }",
      'adjoint.config.ts: options names "circus", which is no model here; did you mean circuit?; the models are circuit',
    ],
    [
      '{ out: "models" }',
      'adjoint.config.ts: out: "models" holds the models themselves, so that trainers would be taken for models; choose another folder',
    ],
    [
      '{ out: "models/made" }',
      'adjoint.config.ts: out: "models/made" lies among the models of models/, where everything is taken for something that people write; choose a folder beside it, or beside: true',
    ],
    [
      "{ options: { circuit: [{ js: true }, {}] } }",
      "adjoint.config.ts asks twice for generated/circuit/trainer.ts of models/circuit.ts; leave one of its options out, or give them different targets",
    ],
    ["3", "defineConfig: needs its options as an object, but got 3"],
    ['{ models: "src/*.ts" }', 'adjoint.config.ts: models: no file fits "src/*.ts"; check the pattern, or write a model there'],
  ])("%s", async (body, message) => {
    config(body);
    const { code, stderr } = await run("compile --unchecked");
    expect(code).toBe(2);
    expect(stderr.replaceAll(`${folder}/`, "")).toContain(message);
    expect(readdirSync(folder)).not.toContain("generated");
  });
});

test.each(["models", "./models/made"])("--out %s, among the models, is refused", async (out) => {
  const { code, stderr } = await run(`compile --unchecked --out ${out}`);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error --out "[./a-z]+" (?:holds the models themselves|lies among the models of models\/), /);
  expect(readdirSync(at("models"))).toEqual(["circuit.ts"]);
});

test("two models that would be written to one place are named", async () => {
  mkdirSync(at("src"));
  copyFileSync(at("models/circuit.ts"), at("src/circuit.model.ts"));
  const { code, stderr } = await run("compile models/circuit.ts src/circuit.model.ts --unchecked");
  expect([code, stderr]).toEqual([
    2,
    "error models/circuit.ts and src/circuit.model.ts would both be written to generated/circuit/; rename one of the files, or compile them with different --out folders\n",
  ]);
  expect(existsSync(at("generated"))).toBe(false);
});

test("a file that only other models import is no model, and that is said; one that nobody imports is named with what it lacks", async () => {
  writeFileSync(at("models/widths.ts"), "export const width = 3;\n");
  writeFileSync(
    at("models/wired.ts"),
    `import { width } from "./widths.ts";\nvoid width;\n${readFileSync(at("models/circuit.ts"), "utf8")}`,
  );
  const { code, stdout, stderr } = await run("compile --unchecked --json");
  expect([code, stderr]).toEqual([
    0,
    "models/widths.ts is no model, since it exports nothing by default and models/wired.ts imports it: left out\n",
  ]);
  expect((JSON.parse(stdout) as { results: CompileJson[] }).results.map(({ folder }) => folder)).toEqual([
    "generated/circuit",
    "generated/wired",
  ]);
  writeFileSync(at("models/stray.ts"), "export const nothing = 3;\n");
  const lost = await run("compile --unchecked");
  expect(lost.code).toBe(2);
  expect(lost.stderr).toContain("models/stray.ts");
  expect(lost.stderr).toContain("export default");
});

test("a model that imports a trainer which is made of it is refused", async () => {
  expect((await run("compile models/circuit.ts --unchecked --js")).code).toBe(0);
  expect(readdirSync(at("generated/circuit")).sort()).toEqual(["model.graph", "report.md", "trainer.d.ts", "trainer.js", "trainer.ts"]);
  const text = readFileSync(at("models/circuit.ts"), "utf8");
  writeFileSync(at("models/circuit.ts"), `import { MODEL } from "../generated/circuit/trainer.ts";\nvoid MODEL;\n${text}`);
  const { code, stderr } = await run("compile models/circuit.ts --unchecked");
  expect([code, stderr]).toEqual([
    2,
    "error models/circuit.ts imports generated/circuit/trainer.ts, which is made of this very model; take what it needs into a file of its own, and train in another\n",
  ]);
});

test("a compile in a process of its own takes no port to be debugged on", () => {
  expect(ownEnvironment({ HOME: "/h", NODE_OPTIONS: "--inspect-brk=9230 --max-old-space-size=512 --inspect" })).toEqual({
    HOME: "/h",
    NODE_OPTIONS: "--max-old-space-size=512",
    CI: "1",
  });
  expect(ownEnvironment({ NODE_OPTIONS: "--inspect" })).toEqual({ CI: "1" });
});

test("--check goes with nothing that writes", async () => {
  const { code, stderr } = await run("compile --check --watch");
  expect([code, stderr]).toEqual([2, "error --check compares what lies there with what a checked compile makes; leave out --watch\n"]);
});

test("--watch compiles at first quickly, then checked, and again at an edit; a mistake is told and mended; an interrupt ends it", async () => {
  const child = spawn(process.execPath, [join(root, "dist/cli.js"), "compile", "--watch"], {
    cwd: folder,
    env: { ...process.env, CI: "1" },
  });
  let printed = "";
  const waiting: { readonly text: string; readonly found: () => void }[] = [];
  child.stdout.on("data", (text) => {
    printed += String(text);
    for (const one of waiting.splice(0))
      if (printed.includes(one.text)) one.found();
      else waiting.push(one);
  });
  /** Waits for a text after what was waited for before. */
  const next = async (text: string): Promise<void> => {
    if (!printed.includes(text)) await new Promise<void>((found) => waiting.push({ text, found }));
    printed = printed.slice(printed.indexOf(text) + text.length);
  };
  const ended = new Promise<number | null>((end) => child.on("close", end));
  await next("not checked yet");
  await next(", checked");
  const text = readFileSync(at("models/circuit.ts"), "utf8");
  writeFileSync(at("models/circuit.ts"), "export default 3 +;\n");
  await next('✗ models/circuit.ts  models/circuit.ts:1:19  Unexpected ";"');
  writeFileSync(at("models/circuit.ts"), `${text}\n`);
  await next("✓ models/circuit.ts  wrote generated/circuit/trainer.ts");
  await next(", checked");
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  expect(readdirSync(at("generated/circuit")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
}, 120_000);
