/** What is true of trainers elsewhere: the weights of the committed table on the engine at hand, without code made from strings, in workers and under a page's policy. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importText, stripTypes } from "../compiler/targets/strip.ts";
import { browserVersion } from "./engines/browsers.ts";
import { classesOf, committedTrainer, stepsOf, wasmAndTwin } from "./engines/emit.ts";
import { buildEntries } from "./engines/entries.ts";
import { bytesAfter, fillBatch, sha256, type Emitted, type Job } from "./engines/job.ts";
import { matrixText, printMatrix, readMatrix } from "./engines/matrix.ts";
import { CASES, STRICT, verdicts, writeTrainers } from "./engines/policies.ts";
import { root } from "./support/command.ts";
import { modelNames, modelOf } from "./support/models.ts";

/** Small, and different: a plain step, Adam with dense layers, and a net on points. */
const SMALL = ["linear-softmax", "mnist-mlp", "polar"] as const;

const table = readMatrix(matrixText(root));
const rowOf = (model: string) => table.rows.find((row) => row.model === model)!;
const jobOf = (model: string): Job => {
  const text = committedTrainer(root, model);
  return { name: model, module: `${model}.js`, steps: stepsOf(text), classes: classesOf(text) };
};

describe("the committed table", () => {
  test("has every model, at least three steps of each, and every engine that it promises", () => {
    expect(printMatrix(table)).toBe(matrixText(root));
    expect(table.rows.map(({ model }) => model)).toEqual(modelNames);
    for (const { model, steps, typescript, wasm } of table.rows) {
      expect(steps).toBe(jobOf(model).steps);
      expect(steps).toBeGreaterThanOrEqual(3);
      expect([typescript, wasm].join(" ")).toMatch(/^[0-9a-f]{64} [0-9a-f]{64}$/);
    }
    expect(table.engines.map(({ version }) => version.replace(/[ \d.]+(esr)?$/, (text) => ` ${parseInt(text)}`))).toEqual([
      "Node 20",
      "Node 22",
      "Node 24",
      "Node 26",
      expect.stringMatching(/^Chromium /),
      expect.stringMatching(/^Firefox /),
      "Bun 1",
    ]);
    const twins = modelNames.length;
    expect(table.engines.map(({ results, others }) => [results, others])).toEqual(
      table.engines.map((_, n) => [2 * modelNames.length + (n === 0 ? twins : 0), 0]),
    );
  });

  test.each(SMALL)("%s: this engine has its weights", async (model) => {
    const trainer = await importText<Emitted>(await stripTypes(committedTrainer(root, model)));
    expect(await sha256(bytesAfter(trainer, jobOf(model)))).toBe(rowOf(model).typescript);
  });

  test.each(SMALL)("%s: so have WebAssembly and its strict twin", async (model) => {
    const texts = await wasmAndTwin(await modelOf(model));
    for (const text of [texts.wasm, texts.twin])
      expect(await sha256(bytesAfter(await importText<Emitted>(text), jobOf(model)))).toBe(rowOf(model).wasm);
  });

  test("one bit of one weight is another hash", async () => {
    const trainer = await importText<Emitted>(await stripTypes(committedTrainer(root, "polar")));
    const bytes = bytesAfter(trainer, jobOf("polar"));
    bytes[0]! ^= 1;
    expect(await sha256(bytes)).not.toBe(rowOf("polar").typescript);
  });
});

test("batches are exact numbers that differ from step to step", () => {
  const batch = { x: new Float32Array(64), y: new Int32Array(64) };
  fillBatch(batch, 0, { y: 3 });
  const first = { x: batch.x.slice(), y: batch.y.slice() };
  expect(first.x.every((value) => value >= 0 && value < 1 && Number.isInteger(value * 256))).toBe(true);
  expect(new Set(first.y)).toEqual(new Set([0, 1, 2]));
  fillBatch(batch, 1, { y: 3 });
  expect(batch).not.toEqual(first);
});

describe("elsewhere", () => {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-engines-"));
  beforeAll(() => buildEntries(root, folder));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What a process under these flags prints. */
  const node = (...args: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, args);
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += String(text)));
      child.on("error", reject);
      child.on("close", () => resolve(output));
    });
  const NO_STRINGS = "--disallow-code-generation-from-strings";

  test("trainers run where no code may be made from strings, and in a worker there", async () => {
    for (const model of SMALL) writeFileSync(join(folder, `${model}.js`), await stripTypes(committedTrainer(root, model)));
    const { wasm } = await wasmAndTwin(await modelOf("polar"));
    writeFileSync(join(folder, "polar.wasm.js"), wasm);
    const jobs = [...SMALL.map(jobOf), { ...jobOf("polar"), name: "wasm", module: "polar.wasm.js" }];
    writeFileSync(join(folder, "jobs.json"), JSON.stringify(jobs));
    const thread = join(folder, "thread.mjs");
    const run = join(folder, "process.js");
    writeFileSync(
      thread,
      `import { Worker } from "node:worker_threads";\nnew Worker(new URL("process.js", import.meta.url), { argv: process.argv.slice(2) });\n`,
    );
    const expected = [
      ...SMALL.map((model) => ({ name: model, hash: rowOf(model).typescript })),
      { name: "wasm", hash: rowOf("polar").wasm },
    ];
    for (const script of [run, thread]) {
      const lines = (await node(NO_STRINGS, script, join(folder, "jobs.json"))).trim().split("\n");
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
    }
    writeFileSync(join(folder, "eval.mjs"), `console.log((0, eval)("1"));\n`);
    expect(await node(NO_STRINGS, join(folder, "eval.mjs"))).toContain("Code generation from strings disallowed");
  });

  const chromium = browserVersion("chromium");
  if (chromium === undefined)
    process.stderr.write("test/engines.test.ts: pages under a policy are NOT tested here: Debian's package chromium is not installed\n");

  test.skipIf(chromium === undefined)(
    "trainers run in pages and workers under a strict policy; WebAssembly needs 'wasm-unsafe-eval' and no more",
    { timeout: 240_000 },
    async () => {
      const pages = mkdtempSync(join(tmpdir(), "adjoint-pages-"));
      try {
        await buildEntries(root, pages);
        const trainers = await writeTrainers(root, pages, "linear-softmax", await modelOf("linear-softmax"));
        const found = await verdicts("chromium", root, pages, trainers);
        expect(found.map(({ came }) => came)).toEqual(
          CASES.map(({ expect: wanted }) => (wanted === "refusal" ? "refused: WebAssembly" : "the table's weights")),
        );
        expect(new Set(CASES.map(({ policy }) => policy.replace(STRICT, "")))).toEqual(
          new Set(["", " 'wasm-unsafe-eval'", " 'wasm-unsafe-eval'; connect-src 'self'"]),
        );
      } finally {
        rmSync(pages, { recursive: true });
      }
    },
  );
});
