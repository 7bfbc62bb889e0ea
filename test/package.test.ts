/** What is published works where it is installed: the packed tarball in an empty folder, its command, its exports, their types. */

import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build } from "esbuild";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "./support/command.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
const at = (path: string): string => join(folder, path);
const npm = (args: readonly string[], cwd: string): Promise<{ stdout: string }> =>
  run("npm", args, { cwd, env: { ...process.env, npm_config_offline: "true", npm_config_update_notifier: "false" } });

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}
const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as Manifest;

const tarballName = (): string => readdirSync(folder).find((file) => file.endsWith(".tgz"))!;

/** Packs as npm publish would, unpacks as npm install would; dependencies are links to those of the repository, no other package is there. */
beforeAll(async () => {
  await npm(["pack", "--pack-destination", folder], root);
  const tarball = tarballName();
  mkdirSync(at("home/node_modules"), { recursive: true });
  await run("tar", ["-xzf", at(tarball), "-C", folder]);
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(at(`home/node_modules/${name}`)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), at(`home/node_modules/${name}`));
  }
  renameSync(at("package"), at("home/node_modules/adjoint"));
  writeFileSync(at("home/package.json"), '{ "name": "mine", "type": "module", "private": true }');
  // links the commands of what is installed
  await npm(["rebuild", "--ignore-scripts"], at("home"));
  mkdirSync(at("home/models"));
  copyFileSync(`${root}models/circuit.ts`, at("home/models/circuit.ts"));
}, 400_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe("the packed tarball, unpacked beside links to its dependencies", () => {
  test("holds what is built and the licences, and nothing else", () => {
    const packed = at("home/node_modules/adjoint");
    expect(readdirSync(packed).sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json", "templates"]);
    expect(readdirSync(`${packed}/dist`)).toContain("THIRD-PARTY-LICENSES.txt");
    for (const { types, default: code } of Object.values(manifest.exports))
      for (const file of [types, code]) expect(() => readFileSync(join(packed, file))).not.toThrow();
  });

  test("each entry has its types in one file, beside what several of them share", () => {
    const declared = readdirSync(at("home/node_modules/adjoint/dist"), { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".d.ts"),
    );
    const entries = Object.values(manifest.exports).map(({ types }) => types.replace("./dist/", ""));
    expect(declared.filter((file) => !/^types-[\w-]+\.d\.ts$/.test(file)).sort()).toEqual([...new Set(entries)].sort());
    expect(declared.length).toBeLessThanOrEqual(entries.length + 10);
  });

  test("npx adjoint compiles a model to the trainer that is committed here", async () => {
    const { stdout } = await run("npx", ["--no-install", "adjoint", "compile", "models/circuit.ts", "--entry", "gradients", "--plan"], {
      cwd: at("home"),
    });
    expect(stdout).toBe("✓ circuit  generated/circuit/  arena 80 bytes  6 files written\n");
    for (const file of ["trainer.ts", "gradients.ts", "model.plan"])
      expect(readFileSync(at(`home/generated/circuit/${file}`), "utf8")).toBe(readFileSync(`${root}generated/circuit/${file}`, "utf8"));
  }, 30_000);

  test("the model and the program of the README's first hour train as they stand there", async () => {
    const readme = readFileSync(`${root}README.md`, "utf8");
    const codeOf = (file: string): string => readme.split(`\n// ${file}\n`)[1]!.split("```")[0]!;
    mkdirSync(at("hour/models"), { recursive: true });
    symlinkSync(at("home/node_modules"), at("hour/node_modules"));
    writeFileSync(at("hour/package.json"), '{ "type": "module", "private": true }');
    for (const file of ["models/flowers.ts", "use.ts"]) writeFileSync(at(`hour/${file}`), codeOf(file));
    await run("npx", ["--no-install", "adjoint", "compile", "--unchecked"], { cwd: at("hour") });
    await build({
      entryPoints: [at("hour/use.ts")],
      bundle: true,
      format: "esm",
      platform: "node",
      outfile: at("hour/use.mjs"),
      logLevel: "error",
    });
    const { stdout } = await run(process.execPath, ["use.mjs"], { cwd: at("hour") });
    // of three classes, the one that all rows have
    expect(stdout).toMatch(/^[\d.]+ [\d.]+ Float32Array\(3\) \[/);
  }, 30_000);

  test("publint has nothing against it", async () => {
    const { messages } = await publint({ pkgDir: at("home/node_modules/adjoint"), pack: false, strict: true });
    expect(messages).toEqual([]);
  });

  test("are-the-types-wrong finds that they are right wherever ES modules are imported", async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(at(tarballName()))));
    const problems = "problems" in result ? result.problems : ["the package has no types"];
    // that node10 knows no exports, and that CommonJS imports what is no CommonJS, is so of every package of ES modules
    const ours = problems.filter(
      (problem) =>
        typeof problem === "string" || !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(problem.resolutionKind)),
    );
    expect(ours).toEqual([]);
  }, 60_000);

  test("nothing of it is run when it is installed, and nothing that it lacks when it is packed again", () => {
    const { scripts } = JSON.parse(readFileSync(at("home/node_modules/adjoint/package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$|prepare/.test(name))).toEqual([]);
  });

  test("its source maps name sources in dist, with their text", () => {
    const dist = at("home/node_modules/adjoint/dist/runtime");
    const map = JSON.parse(readFileSync(join(dist, "fit.js.map"), "utf8")) as { sources: string[]; sourcesContent: string[] };
    expect(map.sources).toEqual(["fit.ts"]);
    expect(map.sourcesContent[0]).toBe(readFileSync(`${root}runtime/fit.ts`, "utf8"));
    expect(readFileSync(join(dist, "fit.js"), "utf8")).toContain("//# sourceMappingURL=fit.js.map");
  });

  /** What a page loads for an import, minified: what is imported only when it is needed is another file. */
  async function bundled(text: string): Promise<Uint8Array> {
    const { outputFiles } = await build({
      stdin: { contents: text, resolveDir: at("home") },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      write: false,
      logLevel: "error",
      plugins: [
        {
          name: "loaded when needed",
          setup: ({ onResolve }) => {
            onResolve({ filter: /./ }, ({ kind, path }) => (kind === "dynamic-import" ? { path, external: true } : undefined));
          },
        },
      ],
    });
    return outputFiles[0]!.contents;
  }

  test("a page that imports the runtime for nothing loads nothing of it", async () => {
    expect((await bundled('import "adjoint/runtime"; import "adjoint/runtime";')).length).toBe(0);
  });

  test.each([
    ["fit", 8000],
    ["readCsv", 2500],
    ["mnist", 2500],
    ["earlyStopping", 3000],
    ["split", 3600],
  ])("a page that imports %s alone loads at most %i bytes, compressed", async (name, most) => {
    expect(gzipSync(await bundled(`export { ${name} } from "adjoint/runtime";`)).length).toBeLessThanOrEqual(most);
  });

  test("adjoint --version takes at most 0.15 s of processor time", async () => {
    // the least of three: others run beside it
    const told = "process.on('exit', () => { const { user, system } = process.cpuUsage(); console.error(user + system); })";
    const cli = at("home/node_modules/adjoint/dist/cli.js");
    const times: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const { stdout, stderr } = await run(process.execPath, [
        "--import",
        `data:text/javascript,${encodeURIComponent(told)}`,
        cli,
        "--version",
      ]);
      expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
      times.push(Number(stderr));
    }
    expect(Math.min(...times)).toBeLessThan(150_000);
  }, 30_000);

  test("adjoint/node loads a model from its file, with the lines that the command line cites", async () => {
    writeFileSync(
      at("home/tool.mjs"),
      `import { compile } from "adjoint";
import { loadModel } from "adjoint/node";
const { stem, model, source, data } = await loadModel("models/circuit.ts");
const { files } = await compile(model, { source, entries: ["gradients"], plan: true });
console.log(JSON.stringify({ stem, data: data ?? null, path: source.path, trainer: files.get("trainer.ts") }));
console.log(await loadModel("models/none.ts").catch(({ name, message }) => name + ": " + message));
`,
    );
    const { stdout } = await run(process.execPath, ["tool.mjs"], { cwd: at("home"), maxBuffer: 1e8 });
    const [made, refused] = stdout.trim().split("\n");
    const trainer = readFileSync(`${root}generated/circuit/trainer.ts`, "utf8");
    expect(JSON.parse(made!)).toEqual({ stem: "circuit", data: null, path: "models/circuit.ts", trainer });
    expect(refused).toBe("InputError: there is no model file models/none.ts; check the spelling, or write the model there");
  }, 30_000);

  test("its exports are importable, and compile, load and fit work together", async () => {
    writeFileSync(
      at("home/use.mjs"),
      `import { compile, constant, load, model, mul, param, sgd, sum } from "adjoint";
import { fit } from "adjoint/runtime";
import { progress } from "adjoint/runtime/node";
const square = model("square", {}, () => {
  const w = param("w", [2], constant(1));
  return { loss: sum(mul(w, w)), optimizer: sgd({ learningRate: 0.25 }) };
});
const { createTrainer } = await load(await compile(square));
const trainer = createTrainer();
const written = [];
const { epochs } = await fit(trainer, {}, { epochs: 2, callbacks: progress({ stream: { write: (text) => written.push(text) } }) });
console.log(JSON.stringify({ losses: epochs.map(({ loss }) => loss), w: [...trainer.parameters.w], lines: written.length }));
`,
    );
    const { stdout } = await run(process.execPath, ["use.mjs"], { cwd: at("home") });
    // w ← w − ¼·2w halves w at each step
    expect(JSON.parse(stdout)).toEqual({ losses: [2, 0.5], w: [0.25, 0.25], lines: 2 });
  }, 30_000);

  test("its types hold under TypeScript's strictest flags, with a page's types and none of Node's", async () => {
    writeFileSync(
      at("home/use.ts"),
      `import { compile, input, load, matmul, model, param, sgd, sum, zeros, type Model } from "adjoint";
import { evaluate, fit, type History } from "adjoint/runtime";
import { loadModel, type LoadedModel } from "adjoint/node";
import { loadMnist, progress } from "adjoint/runtime/node";
import { createTrainer, type Trainer } from "./generated/circuit/trainer.ts";

export const declared: Model = model("m", { batch: 4 }, ({ batch }) => {
  const x = input("x", [batch, 3]);
  const W = param("W", [3, 2], zeros());
  const y = matmul(x, W);
  const columns: 2 = y.shape[1];
  // @ts-expect-error rows of W and columns of x differ
  matmul(x, param("V", [columns, 3], zeros()));
  return { loss: sum(y), optimizer: sgd() };
});
const trainer: Trainer = createTrainer();
export const history: History<Trainer> = await fit(trainer, {}, { epochs: 1, callbacks: progress() });
export const last: number | undefined = history.epochs.at(-1)?.loss;
export const loss: number = evaluate(trainer, {}).loss;
export const digits: Float32Array = (await loadMnist()).train.x;
export const loaded: Promise<LoadedModel> = loadModel("models/circuit.ts");
export const { createTrainer: again } = await load(await compile(declared));
`,
    );
    writeFileSync(
      at("home/tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "ES2022",
          module: "NodeNext",
          types: [],
          lib: ["ES2022", "DOM"],
          strict: true,
          noUncheckedIndexedAccess: true,
          exactOptionalPropertyTypes: true,
          noPropertyAccessFromIndexSignature: true,
          noImplicitOverride: true,
          verbatimModuleSyntax: true,
          allowImportingTsExtensions: true,
          noEmit: true,
          skipLibCheck: false,
        },
        include: ["use.ts"],
      }),
    );
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const { stdout } = await run(process.execPath, [tsc, "-p", at("home")]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe("");
  }, 60_000);
});
