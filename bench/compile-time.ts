/**
 * Measures the compiler itself (`npx tsx bench/compile-time.ts`), in processor time, imports and numeric checks apart: each model's forward
 * nodes, seconds to its printed trainer and to lay it out, and a 200-layer MLP beside a 50-layer one; writes bench/compile-time.md.
 * The exit code is 1 where a model of up to 100 forward nodes takes more than 2 s, or 200 layers more than 5 times 50.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Model } from "../compiler/index.ts";
import { chosenModels, root } from "../scripts/compiler.ts";
import { markdown } from "../scripts/markdown.ts";
import { loadCompiler } from "./compiler.ts";
import { perceptron } from "./nets.ts";
import { processor } from "./timing.ts";

const NODES = 100;
const SECONDS = 2;
const RATIO = 5;

const given = process.argv.slice(2);
const names = chosenModels(given);
const { models, adjoint, lower, printTrainer, format } = await loadCompiler(names);

const deep = (layers: number): Model => perceptron(adjoint, { batch: 32, width: 32, layers });

/** Processor seconds of one compilation, its text laid out apart, and the forward graph's nodes without leaves. */
async function measure(model: Model): Promise<{ readonly nodes: number; readonly seconds: number; readonly layout: number }> {
  const began = processor();
  const lowered = await lower(model);
  const text = await printTrainer(lowered);
  const compiled = processor();
  await format(text);
  const { graph } = lowered.entries.find(({ name }) => name === "evaluate")!.traced;
  return {
    nodes: graph.nodes.filter(({ inputs }) => inputs.length > 0).length,
    seconds: (compiled - began) / 1000,
    layout: (processor() - compiled) / 1000,
  };
}

// what is loaded and compiled once is no part of any model's time
await measure(deep(2));
const rows: string[][] = [];
const row = async (name: string, model: Model): ReturnType<typeof measure> => {
  const found = await measure(model);
  rows.push([name, String(found.nodes), found.seconds.toFixed(2), found.layout.toFixed(2)]);
  process.stderr.write(`${rows.at(-1)!.join("  ")}\n`);
  return found;
};
let fails = false;
for (const name of names) {
  const { nodes, seconds } = await row(name, models[name]!);
  fails ||= nodes <= NODES && seconds > SECONDS;
}
let ratio: number | undefined;
if (given.length === 0) {
  const shallow = await row("50 layers", deep(50));
  ratio = (await row("200 layers", deep(200))).seconds / shallow.seconds;
  fails ||= ratio > RATIO;
}
const verdict = ratio === undefined ? "" : `\n200 layers take ${ratio.toFixed(1)} times as long as 50.\n`;
const table = `${markdown(["model", "forward nodes", "compiler, s", "layout, s"], rows)}\n${verdict}`;
process.stdout.write(table);
if (given.length === 0)
  await writeFile(
    join(root, "bench", "compile-time.md"),
    `# What compiling takes\n\nnpx tsx bench/compile-time.ts, Node ${process.versions.node}: processor seconds, imports and numeric checks apart; layout is prettier's.\n\n${table}`,
  );
if (fails) process.exitCode = 1;
