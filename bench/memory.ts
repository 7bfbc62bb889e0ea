/**
 * Prints what memory costs: for ever smaller budgets the arena, the work and the time of a training step of a LeNet and a transformer,
 * and writes all but the times to test/snapshots/memory-<model>.md. Fails unless the table is monotone, and the weights after twenty
 * steps are those of the trainer without a budget: to the bit where values are only computed again, within rounding where the batch is
 * split. The last budget is the nearest one that is possible. `npx tsx bench/memory.ts [model …]`
 */

import { writeFileSync } from "node:fs";
import { format } from "prettier";
import { compile, load } from "../compiler/compile.ts";
import type { Model } from "../compiler/index.ts";
import { modelFile, root } from "../scripts/compiler.ts";
import { batchesFor } from "./data.ts";
import { inTurns, type Step } from "./timing.ts";

const STEPS = 20;
/** How far apart weights may be where sums over the batch were rounded part by part. */
const ROUNDING = 1e-3;
/** Models, and each budget as a share of what the row above takes: a LeNet has little to compute again. */
const SHARES: Readonly<Record<string, number>> = { lenet: 15 / 16, "char-transformer": 7 / 8 };
const asked = process.argv.slice(2);
const NAMES = Object.keys(SHARES).filter((name) => asked.length === 0 || asked.includes(name));

const faults: string[] = [];
for (const name of NAMES) {
  const found = await sweep(name, (await modelFile(name)).default);
  const text = await format(found.table, { parser: "markdown" });
  writeFileSync(`${root}test/snapshots/memory-${name}.md`, text);
  faults.push(...found.faults);
}
console.log(faults.join("\n"));
process.exit(faults.length === 0 ? 0 : 1);

interface Row {
  /** Undefined of the trainer without one. */
  readonly budget: string | undefined;
  readonly arena: number;
  readonly pinned: number;
  readonly flops: number;
  readonly parts: number;
  /** Names of values that are computed again. */
  readonly again: readonly string[];
  readonly weights: Uint8Array;
  readonly step: Step;
}

async function sweep(name: string, model: Model): Promise<{ readonly faults: readonly string[]; readonly table: string }> {
  const rows: Row[] = [];
  for (let budget: string | undefined; ;) {
    const row = await measure(model, budget).catch((error: Error) => {
      if (error.name === "BudgetError") return error.message;
      throw error;
    });
    if (typeof row !== "string") {
      rows.push(row);
      console.error(`${name}\t${budget ?? "none"}\t${row.arena}`);
      budget = `${Math.floor(row.arena * SHARES[name]!)}B`;
      continue;
    }
    const nearest = /--memory (\w+)/.exec(row)![1]!;
    if (nearest === budget) throw new Error(row);
    rows.push(await measure(model, nearest));
    break;
  }
  const first = rows[0]!;
  const faults = rows.slice(1).flatMap((row, at) => {
    const above = rows[at]!;
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
  const shown = rows.map((row): (string | number)[] => [
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
  shown.forEach((row, n) => console.log([...row, contenders[n]!.median.toPrecision(3)].join("\t")));
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return {
    faults,
    table: [
      `# What a memory budget costs ${name}`,
      "",
      "Made by `npx tsx bench/memory.ts`, which also prints the time of each step, and fails where a row breaks what it says.",
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
function distance(a: Uint8Array, b: Uint8Array): number {
  const [x, y] = [a, b].map((bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4))) as [
    Float32Array,
    Float32Array,
  ];
  let [most, largest] = [0, 0];
  for (let n = 0; n < x.length; n++) {
    most = Math.max(most, Math.abs(x[n]! - y[n]!));
    largest = Math.max(largest, Math.abs(y[n]!));
  }
  return most / largest;
}

async function measure(model: Model, memory: string | undefined): Promise<Row> {
  const compiled = await compile(model, {
    effort: "none",
    ...(memory === undefined ? {} : { memory }),
  });
  const { module, chosen } = compiled.lowered;
  const flops = new Map(module.kernels.map((kernel) => [kernel.name, kernel.flops]));
  const trainer = (await load(compiled)).createTrainer({ seed: 1 });
  const batches = batchesFor(trainer);
  const step = (n: number): number => trainer.step(batches[n % batches.length]!);
  for (let n = 0; n < STEPS; n++) step(n);
  const choice = chosen.get("train");
  return {
    budget: memory,
    arena: module.arenaBytes,
    pinned: trainer.bytes().length,
    flops: module.entries[0]!.calls.reduce((sum, call) => sum + (call.kind === "call" ? flops.get(call.kernel)! : 0), 0),
    parts: choice?.parts ?? 1,
    again: [...(choice?.recomputed.again ?? [])],
    weights: trainer.bytes(),
    step,
  };
}
