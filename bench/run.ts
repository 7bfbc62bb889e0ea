/**
 * Times a training step beside TensorFlow.js's CPU backend, of every model that it has too; others, of ten classes, by name.
 * One process, ours and the peer's in turns; nothing is timed before both have computed the same losses.
 */

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { modelNames, root } from "../scripts/compiler.ts";
import { batchesFor } from "./data.ts";
import { compareLosses } from "./losses.ts";
import { loadTrainer } from "./ours.ts";
import { peerModels, peerStep, peerVersion } from "./peers/tfjs.ts";
import { inTurns } from "./timing.ts";
import { table, type Machine, type Result } from "./table.ts";

/** How far ahead of the peer a model's step has to be. */
const PROMISED: Readonly<Record<string, number>> = { "mnist-mlp": 3 };

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !modelNames.includes(name));
if (unknown !== undefined) {
  console.error(`no model "${unknown}" in models/: there are ${modelNames.join(", ")}`);
  process.exit(2);
}

const results: Result[] = [];
for (const model of positionals.length > 0 ? positionals : peerModels) results.push(await measure(model));

const machine: Machine = {
  cores: availableParallelism(),
  node: process.versions.node,
  v8: process.versions.v8,
  adjoint: (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string }).version,
  peer: `TensorFlow.js ${peerVersion}, cpu backend`,
};
console.log(values.json ? JSON.stringify({ machine, results }) : table(machine, results));
const holds = results.every(({ agrees, ahead }) => agrees !== false && ahead !== false);
process.exit(holds ? 0 : 1);

async function measure(model: string): Promise<Result> {
  console.error(`${model} …`);
  const { origin, createTrainer } = await loadTrainer(model);
  const trainer = createTrainer({ seed: 1 });
  const start = trainer.bytes();
  const batches = batchesFor(trainer);
  const ours = (n: number): number => trainer.step(batches[n % batches.length]!);
  const peer = peerStep(model, trainer, batches);
  if (peer === undefined) {
    const { contenders } = inTurns([ours]);
    return { model, origin, step: contenders[0]! };
  }

  const { losses, agrees } = compareLosses(ours, peer.step);
  if (!agrees) return { model, origin, losses, agrees };

  trainer.restore(start);
  peer.restore();
  const { contenders, ratio } = inTurns([ours, peer.step]);
  const promised = PROMISED[model];
  return {
    model,
    origin,
    losses,
    agrees,
    step: contenders[0]!,
    peerStep: contenders[1]!,
    ratio,
    ...(promised === undefined ? {} : { promised, ahead: ratio.median >= promised }),
  };
}
