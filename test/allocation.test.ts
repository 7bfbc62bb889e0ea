/** What emitted trainers do to their process: a warm step allocates nothing but what it returns, and no code comes from strings. */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stripTypes } from "../compiler/targets/strip.ts";
import { typescript } from "../compiler/targets/typescript/index.ts";
import type { Growth } from "../scripts/allocation-run.ts";
import { lightModelNames, lowered, modelNames } from "./support/models.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** As scripts/allocation-run.ts explains. */
const FLAGS = ["--expose-gc", "--single-threaded", "--allow-natives-syntax"];
const counter = join(folder, "allocation-run.mjs");
beforeAll(async () => {
  const text = readFileSync(new URL("../scripts/allocation-run.ts", import.meta.url), "utf8");
  writeFileSync(counter, await stripTypes(text));
});
const STEPS = 2000;
/** Steps of a model whose small instance is no smaller. */
const FEW_STEPS = 200;

/**
 * What warm steps of a small instance add to the process, each step with a statement more:
 * of the first round that adds nothing, or else of the last.
 */
async function growth(name: string, steps: number, statement = ""): Promise<Growth> {
  const { module, facts } = await lowered(name, { batch: 2, small: true });
  const code = await stripTypes((await typescript.emit(module, facts)).text);
  const changed = code.replace(/(function step\(.*\{\n)/, (head) => `${head}${statement}\n`);
  expect(changed).not.toBe(code);
  const file = join(folder, `${name}${statement.length}.mjs`);
  writeFileSync(file, changed);
  const { stdout } = await run(process.execPath, [...FLAGS, counter, file, "--steps", `${steps}`, "--rounds", "10"]);
  return JSON.parse(stdout) as Growth;
}

describe("over 2,000 warm steps", () => {
  test.each(modelNames)(
    "%s adds no array buffer and no object but what it returns, and causes no collection",
    async (name) => {
      const { buffers, heap, most, collections } = await growth(name, name === "keras-cifar10" ? FEW_STEPS : STEPS);
      expect({ buffers, collections }).toEqual({ buffers: 0, collections: 0 });
      expect(heap).toBeGreaterThanOrEqual(0);
      expect(heap).toBeLessThanOrEqual(most);
      expect(most).toBe(["dcgan-small", "dream"].includes(name) ? 80 : 40); // of two phases
    },
    60_000,
  );

  test.each([
    ["a typed array", "(globalThis.kept ??= []).push(new Float32Array(32));", "buffers"],
    ["a typed array that dies at once", "globalThis.last = new Float32Array(65536);", "collections"],
    ["an object", "globalThis.last = { count };", "heap"],
    ["a closure", "globalThis.last = () => count;", "heap"],
    ["a view", "globalThis.last = x.subarray(0);", "heap"],
  ] as const)(
    "%s made in a step would be seen",
    async (_, statement, what) => {
      const grown = await growth("circuit", STEPS, statement);
      expect(grown[what]).toBeGreaterThan(what === "heap" ? grown.most : 0);
    },
    20_000,
  );
});

test("the trainers as they are committed run where code from strings is disallowed", async () => {
  const root = fileURLToPath(new URL("../", import.meta.url));
  for (const name of lightModelNames) {
    const text = readFileSync(`${root}generated/${name}/trainer.ts`, "utf8");
    writeFileSync(join(folder, `${name}-shipped.mjs`), await stripTypes(text));
  }
  writeFileSync(
    join(folder, "strict.mjs"),
    `
let refused = 0;
for (const code of [() => eval("1"), () => new Function("return 1")])
  try { code(); } catch (error) { if (error instanceof EvalError) refused++; }
const losses = {};
for (const name of ${JSON.stringify(lightModelNames)}) {
  const { createTrainer } = await import(\`./\${name}-shipped.mjs\`);
  const trainer = createTrainer({ seed: 3 });
  const rows = trainer.batch.train;
  const given = (inputs) => Object.fromEntries(Object.entries(inputs).map(([key, view]) => [key, view.slice().fill(0)]));
  const batch = given(trainer.inputs);
  // of several phases, all of them
  const loss = [trainer.step(batch)].flatMap((one) => (typeof one === "number" ? one : Object.values(one))).reduce((sum, one) => sum + one);
  trainer.restore(trainer.bytes());
  const part = trainer.shortEvaluation === "refuse" ? trainer.batch.evaluate : Math.min(rows, trainer.batch.evaluate);
  const few = Object.fromEntries(Object.entries(batch).map(([key, all]) => [key, new all.constructor((all.length / rows) * part)]));
  const one = Object.fromEntries(Object.entries(batch).filter(([key]) => key !== "y").map(([key, all]) => [key, all.slice(0, all.length / rows)]));
  losses[name] = [loss, trainer.evaluate(few, part).count === part, Object.values(trainer.predict(one)).every((view) => view.every(Number.isFinite))];
}
console.log(JSON.stringify({ refused, losses }));
`,
  );
  const { stdout } = await run(process.execPath, ["--disallow-code-generation-from-strings", join(folder, "strict.mjs")]);
  const { refused, losses } = JSON.parse(stdout) as { refused: number; losses: Record<string, [number, boolean, boolean]> };
  expect(refused).toBe(2);
  expect(Object.keys(losses)).toEqual(lightModelNames);
  for (const [name, [loss, counted, finite]] of Object.entries(losses))
    expect([Number.isFinite(loss), counted, finite], name).toEqual([true, true, true]);
  // of zeros: f = (x+y)·z, ln 10, and nine margins of 1 beside the penalty
  expect(losses["circuit"]![0]).toBe(-12);
  expect(losses["linear-softmax"]![0]).toBeCloseTo(Math.log(10), 6);
  expect(losses["mnist-mlp"]![0]).toBeCloseTo(Math.log(10), 6);
}, 30_000);
