/** What emitted trainers do to their process: a warm step allocates nothing but the number it returns, and no code comes from strings. */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { stripTypes } from "../compiler/strip.ts";
import { typescript } from "../compiler/targets/typescript/module.ts";
import { lightModelNames, lowered, memoryOf, modelNames } from "./support/models.ts";
import { batchOf } from "./support/trainer.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * V8 boxes every double that leaves an expression until its last compiler has seen the function: about a thousand
 * calls on Node 20, eight thousand on Node 24, which has one compiler more. A step is warm from then on, so rounds
 * are run until one adds nothing. `--single-threaded` optimizes and sweeps between the steps instead of beside
 * them, so that the numbers are the same on every run, and the loop is kept unoptimized: its own machine code
 * would count as heap.
 */
const FLAGS = ["--expose-gc", "--single-threaded", "--allow-natives-syntax"];
const STEPS = 2000;
const ROUNDS = 10;
/** Bytes of a step: the loss, boxed for the caller; the caller's sum, boxed; half a box of V8's own. */
const MOST = 2 * 16 + 8;

/**
 * Models whose tiles call more functions of the file's own mathematics than V8 inlines into one kernel (its limit on inlined bytecode): the
 * number that passes to and from each call left over is boxed, 12 bytes each, and young collections follow. A fault that stands.
 */
const BOXING = [
  "autoencoder",
  "char-transformer",
  "three-layer-net-sigmoid",
  "three-layer-net-tanh",
  "vae",
];

const program = (name: string, batch: string): string => `
import { PerformanceObserver } from "node:perf_hooks";
import { createTrainer } from "./${name}.mjs";
const trainer = createTrainer();
const batch = ${batch};
function run(count) {
  let total = 0;
  for (let n = 0; n < count; n++) total += trainer.step(batch);
  return total;
}
%NeverOptimizeFunction(run);
const collections = [];
new PerformanceObserver((list) => collections.push(...list.getEntries())).observe({ type: "gc" });
let growth;
for (let round = 0; round <= ${ROUNDS}; round++) {
  gc();
  gc();
  collections.length = 0;
  const before = process.memoryUsage();
  const began = performance.now();
  run(${STEPS});
  const ended = performance.now();
  const after = process.memoryUsage();
  await new Promise((resolve) => setTimeout(resolve, 5));
  growth = {
    buffers: after.arrayBuffers - before.arrayBuffers,
    heap: (after.heapUsed - before.heapUsed) / ${STEPS},
    collections: collections.filter(({ startTime }) => startTime >= began && startTime <= ended).length,
  };
  if (growth.buffers === 0 && growth.collections === 0 && growth.heap >= 0 && growth.heap <= ${MOST}) break;
}
console.log(JSON.stringify(growth));
`;

interface Growth {
  /** Bytes of array buffers, over all warm steps. */
  readonly buffers: number;
  /** Bytes a step. */
  readonly heap: number;
  readonly collections: number;
}

/**
 * What 2,000 warm steps of a small instance add to the process, each step with a statement more:
 * of the first round that adds nothing, or else of the last.
 */
async function growth(name: string, statement = ""): Promise<Growth> {
  const { module, facts } = await lowered(name, { batch: 2, small: true });
  const code = await stripTypes(typescript.printTrainer(module, facts));
  const arrays = Object.entries(batchOf(module, "train", memoryOf(module, 2))).map(
    ([key, values]) =>
      `${JSON.stringify(key)}: ${values.constructor.name}.of(${values.join(", ")})`,
  );
  const id = `${name}${statement.length}`;
  const changed = code.replace(/(function step\(.*\{\n)/, (head) => `${head}${statement}\n`);
  expect(changed).not.toBe(code);
  writeFileSync(join(folder, `${id}.mjs`), changed);
  writeFileSync(join(folder, `${id}-run.mjs`), program(id, `{ ${arrays.join(", ")} }`));
  const { stdout } = await run(process.execPath, [...FLAGS, join(folder, `${id}-run.mjs`)]);
  return JSON.parse(stdout) as Growth;
}

describe("over 2,000 warm steps", () => {
  // keras-cifar10 has no small instance to run so often, and the layers of mnist-mlp; several phases return an object of losses
  const boxing = modelNames.filter((name) => BOXING.includes(name));
  test.each(boxing)("%s adds no array buffer", async (name) => {
    expect((await growth(name)).buffers).toBe(0);
  });

  test.each(
    modelNames.filter((name) => ![...BOXING, "keras-cifar10", "dcgan-small"].includes(name)),
  )(
    "%s adds no array buffer and no object, and causes no collection",
    async (name) => {
      const { buffers, heap, collections } = await growth(name);
      expect({ buffers, collections }).toEqual({ buffers: 0, collections: 0 });
      expect(heap).toBeGreaterThanOrEqual(0);
      expect(heap).toBeLessThanOrEqual(MOST);
    },
    60_000,
  );

  test.each([
    ["a typed array", "(globalThis.kept ??= []).push(new Float32Array(32));", "buffers"],
    [
      "a typed array that dies at once",
      "globalThis.last = new Float32Array(65536);",
      "collections",
    ],
    ["an object", "globalThis.last = { count: _count };", "heap"],
    ["a closure", "globalThis.last = () => _count;", "heap"],
    ["a view", "globalThis.last = x.subarray(0);", "heap"],
  ] as const)(
    "%s made in a step would be seen",
    async (_, statement, what) => {
      const grown = await growth("circuit", statement);
      expect(grown[what]).toBeGreaterThan(what === "heap" ? MOST : 0);
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
  const loss = trainer.step(batch);
  trainer.restore(trainer.bytes());
  const part = Math.min(rows, trainer.batch.evaluate);
  const few = Object.fromEntries(Object.entries(batch).map(([key, all]) => [key, all.slice(0, (all.length / rows) * part)]));
  const one = Object.fromEntries(Object.entries(batch).filter(([key]) => key !== "y").map(([key, all]) => [key, all.slice(0, all.length / rows)]));
  losses[name] = [loss, trainer.evaluate(few, part).count === part, Object.values(trainer.predict(one)).every((view) => view.every(Number.isFinite))];
}
console.log(JSON.stringify({ refused, losses }));
`,
  );
  const { stdout } = await run(process.execPath, ["--disallow-code-generation-from-strings", join(folder, "strict.mjs")]); // prettier-ignore
  const { refused, losses } = JSON.parse(stdout) as { refused: number; losses: Record<string, [number, boolean, boolean]> }; // prettier-ignore
  expect(refused).toBe(2);
  expect(Object.keys(losses)).toEqual(lightModelNames);
  for (const [name, [loss, counted, finite]] of Object.entries(losses)) expect([Number.isFinite(loss), counted, finite], name).toEqual([true, true, true]); // prettier-ignore
  // of zeros: f = (x+y)·z, ln 10, and nine margins of 1 beside the penalty
  expect(losses["circuit"]![0]).toBe(-12);
  expect(losses["linear-softmax"]![0]).toBeCloseTo(Math.log(10), 6);
  expect(losses["mnist-mlp"]![0]).toBeCloseTo(Math.log(10), 6);
}, 30_000);
