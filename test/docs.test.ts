/** What the README and the recipes show is code that compiles: every block that names its file, with the trainers that it imports. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModuleKind, ModuleResolutionKind, Project, ts } from "ts-morph";
import { afterAll, expect, test } from "vitest";
import { loadModel } from "../compiler/cli/load-model.ts";
import { compile, load, type CompileOptions } from "../compiler/compile.ts";
import { root } from "./support/command.ts";
import { modelOf } from "./support/models.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-docs-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Blocks of TypeScript that begin with the name of their file, by it. */
const shown = new Map<string, string>();
for (const page of ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)])
  for (const [, file, text] of readFileSync(join(root, page), "utf8").matchAll(/^```ts\n\/\/ (\S+\.ts)\n([^]*?)^```$/gm)) {
    if (shown.has(file!)) throw new Error(`${page} shows another ${file}`);
    shown.set(file!, text!);
  }

/** The model of the README, as a new user has it. */
async function flowers() {
  mkdirSync(join(folder, "models"), { recursive: true });
  const file = join(folder, "models/flowers.ts");
  writeFileSync(file, shown.get("models/flowers.ts")!);
  return (await loadModel(file)).model;
}

test("the README is a screen or two, and its model trains", async () => {
  expect(readFileSync(`${root}README.md`, "utf8").split("\n").length).toBeLessThanOrEqual(150);
  const { createTrainer } = await load(await compile(await flowers()));
  const trainer = createTrainer({ seed: 1 });
  // the class is the largest of the first three
  const kind = Int32Array.from({ length: 16 }, (_, n) => n % 3);
  const x = Float32Array.from({ length: 64 }, (_, n) => (n % 4 === kind[n >> 2] ? 1 : 0));
  const losses = Array.from({ length: 50 }, () => trainer.step({ x, kind }));
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
});

test("every block that names its file compiles, beside the trainers that it imports", { timeout: 120_000 }, async () => {
  expect(shown.size).toBeGreaterThan(10);
  const project = new Project({
    tsConfigFilePath: join(root, "tsconfig.json"),
    skipAddingFilesFromTsConfig: true,
    compilerOptions: {
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
      module: ModuleKind.ESNext,
      moduleResolution: ModuleResolutionKind.Bundler,
      paths: {
        "adjoint/vite": [`${root}compiler/plugin/vite.ts`],
        ...Object.fromEntries(
          ["index", "node", "functions"].map((face) => [face === "index" ? "adjoint" : `adjoint/${face}`, [`${root}compiler/${face}.ts`]]),
        ),
        ...Object.fromEntries(["", "/node", "/browser"].map((face) => [`adjoint/runtime${face}`, [`${root}runtime${face}/index.ts`]])),
      },
    },
  });
  // as if they lay in a project beside this one's packages
  const files = [...shown].map(([file, text]) => project.createSourceFile(join(root, "shown", file), text));
  const trainers: readonly (readonly [stem: string, model: Awaited<ReturnType<typeof flowers>>, options: CompileOptions])[] = [
    ["flowers", await flowers(), {}],
    ["flowers", await flowers(), { target: "wasm-external" }],
    ["mnist-mlp", await modelOf("mnist-mlp"), { target: "wasm", threads: 2 }],
  ];
  for (const [stem, model, options] of trainers)
    for (const [name, text] of (await compile(model, { ...options, effort: "none" })).files)
      if (/^trainer.*\.ts$/.test(name)) project.createSourceFile(join(root, "shown/generated", stem, name), text);
  const complaints = files.flatMap((file) =>
    project
      .getProgram()
      .getSemanticDiagnostics(file)
      .concat(project.getProgram().getSyntacticDiagnostics(file))
      .map(
        (one) => `${file.getBaseName()}:${one.getLineNumber()} ${ts.flattenDiagnosticMessageText(one.compilerObject.messageText, "\n")}`,
      ),
  );
  expect(complaints).toEqual([]);
});
