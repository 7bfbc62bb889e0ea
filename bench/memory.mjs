/**
 * Prints what memory costs: for ever smaller budgets the arena, the work and the time of a training step of a LeNet and a transformer,
 * and fails unless the table is monotone and the weights after twenty steps are those of the trainer without a budget, to the bit.
 * Each budget is one byte less than what the row above takes, until nothing fits. `node bench/memory.mjs [model …]`
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { batchesFor } from "./data.mjs";
import { inTurns } from "./timing.mjs";

const STEPS = 20;
const root = fileURLToPath(new URL("../", import.meta.url));
const built = new URL("../dist/bench-memory.mjs", import.meta.url);

/** Models of models/ by these names where they are there, of the tests' networks where not. */
const MODELS = { lenet: "lenet", "char-transformer": "transformer" };
const wanted = process.argv.slice(2);
const names = Object.keys(MODELS).filter((name) => wanted.length === 0 || wanted.includes(name));

const sources = names.map((name, n) =>
  existsSync(`${root}models/${name}.ts`)
    ? `export { default as model${n} } from "./models/${name}.ts";`
    : `import { ${MODELS[name]} as declare${n} } from "./test/support/networks.ts"; export const model${n} = declare${n}();`,
);
await build({
  stdin: {
    contents: `export { compile, load } from "./compiler/compile.ts";\n${sources.join("\n")}`,
    resolveDir: root,
    loader: "ts",
  },
  alias: { adjoint: `${root}compiler/index.ts` },
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  external: ["prettier", "esbuild", "mathjs"],
  outfile: fileURLToPath(built),
  logLevel: "error",
});
const { compile, load, ...models } = await import(built.href);

let holds = true;
for (const [n, name] of names.entries()) holds = (await sweep(name, models[`model${n}`])) && holds;
process.exit(holds ? 0 : 1);

async function sweep(name, model) {
  const rows = [];
  for (let budget; ; budget = `${rows.at(-1).arena - 1}B`) {
    const row = await measure(model, budget).catch((error) => {
      if (error.name === "BudgetError") return undefined;
      throw error;
    });
    if (row === undefined) break;
    rows.push(row);
  }
  const [first] = rows;
  const faults = rows.slice(1).flatMap((row, at) => [
    ...(row.arena < rows[at].arena ? [] : [`${row.budget} gives a larger arena than the budget above`]), // prettier-ignore
    ...(row.flops >= rows[at].flops ? [] : [`${row.budget} does less work than the budget above`]),
    ...(Buffer.compare(row.weights, first.weights) === 0 ? [] : [`${row.budget} trains to other weights`]), // prettier-ignore
  ]);
  const { contenders } = inTurns(rows.map(({ step }) => step));
  console.log(`${name}, parameters and state ${rows[0].pinned} bytes`);
  console.log(["budget", "arena", "FLOPs a step", "more work", "step, ms", "computed again"].join("\t")); // prettier-ignore
  rows.forEach(
    ({ budget, arena, flops, again }, at) =>
    console.log([budget ?? "none", arena, flops, `${((100 * flops) / first.flops - 100).toFixed(1)} %`, contenders[at].median.toPrecision(3), again.join(" ") || "–"].join("\t")), // prettier-ignore
  );
  console.log([...faults, `below ${rows.at(-1).arena} bytes nothing was found`, ""].join("\n"));
  return faults.length === 0;
}

async function measure(model, memory) {
  const compiled = await compile(model, {
    effort: "none",
    ...(memory === undefined ? {} : { memory }),
  });
  const { module, recomputed } = compiled.lowered;
  const flops = new Map(module.kernels.map((kernel) => [kernel.name, kernel.flops]));
  const trainer = (await load(compiled)).createTrainer({ seed: 1 });
  const batches = batchesFor(trainer);
  const step = (n) => trainer.step(batches[n % batches.length]);
  for (let n = 0; n < STEPS; n++) step(n);
  return {
    budget: memory,
    arena: module.arenaBytes,
    pinned: trainer.bytes().length,
    flops: module.entries[0].calls.reduce((sum, call) => sum + (flops.get(call.kernel) ?? 0), 0),
    again: [...(recomputed.get("train")?.again ?? [])],
    weights: trainer.bytes(),
    step,
  };
}
