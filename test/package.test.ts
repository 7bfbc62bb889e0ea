/** What is published works where it is installed: the packed tarball in an empty folder, its command, its exports, their types. */

import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
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

/** Packs as npm publish would, unpacks as npm install would; dependencies are links to those of the repository, no other package is there. */
beforeAll(async () => {
  await npm(["pack", "--pack-destination", folder], root);
  const tarball = readdirSync(folder).find((file) => file.endsWith(".tgz"))!;
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
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe("the packed tarball, unpacked beside links to its dependencies", () => {
  test("holds what is built and the licences, and nothing else", () => {
    const packed = at("home/node_modules/adjoint");
    expect(readdirSync(packed).sort()).toEqual(["LICENSE", "README.md", "dist", "package.json", "templates"]);
    expect(readdirSync(`${packed}/dist`)).toContain("THIRD-PARTY-LICENSES.txt");
    for (const { types, default: code } of Object.values(manifest.exports))
      for (const file of [types, code]) expect(() => readFileSync(join(packed, file))).not.toThrow();
  });

  test("npx adjoint compiles a model to the trainer that is committed here", async () => {
    const { stdout } = await run("npx", ["--no-install", "adjoint", "compile", "models/circuit.ts", "--entry", "gradients", "--plan"], {
      cwd: at("home"),
    });
    expect(stdout).toBe("✓ circuit  generated/circuit/  arena 80 bytes  6 files written\n");
    for (const file of ["trainer.ts", "gradients.ts", "model.plan"])
      expect(readFileSync(at(`home/generated/circuit/${file}`), "utf8")).toBe(readFileSync(`${root}generated/circuit/${file}`, "utf8"));
  }, 30_000);

  test("its three exports are importable, and compile, load and fit work together", async () => {
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
