/**
 * Prints what memory costs: for ever smaller budgets the arena, the work and the time of a training step of a LeNet and a transformer,
 * and writes all but the times to test/snapshots/memory-<model>.md. Fails unless the table is monotone, and the weights after twenty
 * steps are those of the trainer without a budget: to the bit where values are only computed again, within rounding where the batch is
 * split. The last budget is the nearest one that is possible. `node bench/memory.mjs [model …]`
 */

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { format } from "prettier";
import { batchesFor } from "./data.mjs";
import { inTurns } from "./timing.mjs";

const STEPS = 20;
const root = fileURLToPath(new URL("../", import.meta.url));
const built = new URL("../dist/bench-memory.mjs", import.meta.url);

/** How far apart weights may be where sums over the batch were rounded part by part. */
const ROUNDING = 1e-3;
/** Models, and each budget as a share of what the row above takes: a LeNet has little to compute again. */
const SHARES = { lenet: 15 / 16, "char-transformer": 7 / 8 };
const asked = process.argv.slice(2);
const NAMES = Object.keys(SHARES).filter((name) => asked.length === 0 || asked.includes(name));

await build({
  stdin: {
    contents: `export { compile, load } from "./compiler/compile.ts";\n${NAMES.map((name, n) => `export { default as model${n} } from "./models/${name}.ts";`).join("\n")}`,
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

const faults = [];
for (const [n, name] of NAMES.entries()) {
  const found = await sweep(name, models[`model${n}`]);
  const text = await format(found.table, { parser: "markdown" });
  writeFileSync(`${root}test/snapshots/memory-${name}.md`, text);
  faults.push(...found.faults);
}
console.log(faults.join("\n"));
process.exit(faults.length === 0 ? 0 : 1);

async function sweep(name, model) {
  const rows = [];
  for (let budget; ;) {
    const row = await measure(model, budget).catch((error) => {
      if (error.name === "BudgetError") return error.message;
      throw error;
    });
    if (typeof row !== "string") {
      rows.push(row);
      console.error(`${name}\t${budget ?? "none"}\t${row.arena}`);
      budget = `${Math.floor(rows.at(-1).arena * SHARES[name])}B`;
      continue;
    }
    const nearest = /--memory (\w+)/.exec(row)[1];
    if (nearest === budget) throw new Error(row);
    rows.push(await measure(model, nearest));
    break;
  }
  const [first] = rows;
  const faults = rows.slice(1).flatMap((row, at) => {
    const above = rows[at];
    const split = row.parts > 1;
    return [
      ...(row.arena <= above.arena ? [] : ["gives a larger arena than the budget above"]),
      ...(row.flops >= above.flops || row.parts > above.parts ? [] : ["does less work than the budget above, with a batch as whole"]),
      ...(row.parts >= above.parts || above.parts > 1 ? [] : ["has a whole batch again"]),
      ...(split
        ? distance(row.weights, first.weights) <= ROUNDING
          ? []
          : ["trains to other weights"]
        : Buffer.compare(row.weights, first.weights) === 0
          ? []
          : ["trains to other bits"]),
    ].map((what) => `${name}: ${row.budget} ${what}`);
  });
  const { contenders } = inTurns(rows.map(({ step }) => step));
  const shown = rows.map((row) => [
    row.budget ?? "none",
    row.arena,
    row.flops,
    `${((100 * row.flops) / first.flops - 100).toFixed(1)} %`,
    row.parts,
    row.again.length,
    row.parts > 1 ? "within rounding" : "same",
  ]);
  const head = [
    "budget",
    "arena, bytes",
    "FLOPs a step",
    "more work",
    "parts of the batch",
    "values computed again",
    "weights after 20 steps",
  ];
  console.log(`${name}\n${[...head, "step, ms"].join("\t")}`);
  shown.forEach((row, n) => console.log([...row, contenders[n].median.toPrecision(3)].join("\t")));
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return {
    faults,
    table: [
      `# What a memory budget costs ${name}`,
      "",
      "Made by `node bench/memory.mjs`, which also prints the time of each step, and fails where a row breaks what it says.",
      `The last row is the smallest budget that was found possible. Parameters and state take ${first.pinned} bytes.`,
      "",
      line(head),
      line(head.map(() => "---")),
      ...shown.map(line),
      "",
    ].join("\n"),
  };
}

/** The largest difference of two runs' weights, as a share of the largest weight. */
function distance(a, b) {
  const [x, y] = [a, b].map((bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4)));
  let [most, largest] = [0, 0];
  for (let n = 0; n < x.length; n++) {
    most = Math.max(most, Math.abs(x[n] - y[n]));
    largest = Math.max(largest, Math.abs(y[n]));
  }
  return most / largest;
}

async function measure(model, memory) {
  const compiled = await compile(model, {
    effort: "none",
    ...(memory === undefined ? {} : { memory }),
  });
  const { module, chosen } = compiled.lowered;
  const flops = new Map(module.kernels.map((kernel) => [kernel.name, kernel.flops]));
  const trainer = (await load(compiled)).createTrainer({ seed: 1 });
  const batches = batchesFor(trainer);
  const step = (n) => trainer.step(batches[n % batches.length]);
  for (let n = 0; n < STEPS; n++) step(n);
  const choice = chosen.get("train");
  return {
    budget: memory,
    arena: module.arenaBytes,
    pinned: trainer.bytes().length,
    flops: module.entries[0].calls.reduce((sum, call) => sum + (flops.get(call.kernel) ?? 0), 0),
    parts: choice?.parts ?? 1,
    again: [...(choice?.recomputed.again ?? [])],
    weights: trainer.bytes(),
    step,
  };
}
