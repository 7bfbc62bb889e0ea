/**
 * Measures the compiler itself (`npx tsx bench/compile-time.ts`), in processor time, imports and numeric checks apart: each model's forward
 * nodes, seconds to its printed trainer and to lay it out; of nets of ordinary sizes (larger-nets.ts) likewise; and an 800-layer MLP beside a
 * 200-layer one; writes bench/compile-time.md. The exit code is 1 where a model of up to 100 forward nodes takes more than 2 s, a larger net
 * with its layout more than its limit, or 800 layers with their layout more than 4.5 times 200.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Model } from "../compiler/index.ts";
import { optimizeLater } from "../compiler/cli/engine.ts";
import { chosenModels, root } from "../scripts/compiler.ts";
import { markdown } from "../scripts/markdown.ts";
import { loadCompiler } from "./compiler.ts";
import { charLstm, dcgan, gpt, gruOver, mobileNet, resnet18, tanhs } from "./larger-nets.ts";
import { perceptron } from "./nets.ts";
import { processor } from "./timing.ts";

const NODES = 100;
const SECONDS = 2;
const RATIO = 4.5;

// as the command line does
optimizeLater();
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
/** Nets of ordinary sizes, and the most seconds that one may take with its layout, where that is stated. */
const larger = (): readonly (readonly [name: string, model: Model, limit?: number])[] => [
  ["nanoGPT, 4 layers", gpt(adjoint, { layers: 4 }), 4],
  ["nanoGPT, 12 layers", gpt(adjoint, { layers: 12 }), 8],
  ["char LSTM, 16 steps", charLstm(adjoint, { steps: 16 })],
  ["char LSTM, 64 steps", charLstm(adjoint, { steps: 64 })],
  ["char LSTM, 256 steps", charLstm(adjoint, { steps: 256 })],
  ["GRU, 120 steps", gruOver(adjoint, { steps: 120, units: 32 })],
  ["ResNet-18, 32×32", resnet18(adjoint, { side: 32 }), 8],
  ["MobileNetV2-like, 64×64", mobileNet(adjoint), 5],
  ["DCGAN, 3×32×32", dcgan(adjoint), 4],
  ["tanh, 1,000 in a row", tanhs(adjoint, { count: 1000 })],
];
let ratio: number | undefined;
if (given.length === 0) {
  for (const [name, model, limit = Infinity] of larger()) {
    const { seconds, layout } = await row(name, model);
    fails ||= seconds + layout > limit;
  }
  const whole = ({ seconds, layout }: Awaited<ReturnType<typeof row>>): number => seconds + layout;
  const shallow = whole(await row("200 layers", deep(200)));
  ratio = whole(await row("800 layers", deep(800))) / shallow;
  fails ||= ratio > RATIO;
}
const verdict = ratio === undefined ? "" : `\n800 layers take ${ratio.toFixed(1)} times as long as 200, layout included.\n`;
const table = `${markdown(["model", "forward nodes", "compiler, s", "layout, s"], rows)}\n${verdict}`;
process.stdout.write(table);
if (given.length === 0)
  await writeFile(
    join(root, "bench", "compile-time.md"),
    `# What compiling takes\n\nnpx tsx bench/compile-time.ts, Node ${process.versions.node}: processor seconds, imports and numeric checks apart; layout is prettier's.\n\n${table}`,
  );
if (fails) process.exitCode = 1;
