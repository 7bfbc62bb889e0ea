/**
 * Times a training step beside TensorFlow.js's CPU backend, of every model that it has too; others, of ten classes, by name.
 * One process, ours and the peer's in turns; nothing is timed before both have computed the same losses.
 */

import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { batchesFor } from "./data.mjs";
import { compareLosses } from "./losses.mjs";
import { loadTrainer } from "./ours.mjs";
import { peerModels, peerStep, peerVersion } from "./peers/tfjs.mjs";
import { inTurns } from "./timing.mjs";
import { table } from "./table.mjs";

/** How far ahead of the peer a model's step has to be. */
const PROMISED = { "mnist-mlp": 3 };

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false } },
  allowPositionals: true,
});
const root = new URL("../", import.meta.url);
const known = readdirSync(new URL("models", root)).flatMap((file) => (file.endsWith(".ts") ? [file.slice(0, -3)] : []));
const unknown = positionals.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`no model "${unknown}" in models/: there are ${known.join(", ")}`);
  process.exit(2);
}

const results = [];
for (const model of positionals.length > 0 ? positionals : peerModels) results.push(await measure(model));

const machine = {
  cores: availableParallelism(),
  node: process.versions.node,
  v8: process.versions.v8,
  adjoint: JSON.parse(readFileSync(new URL("package.json", root), "utf8")).version,
  peer: `TensorFlow.js ${peerVersion}, cpu backend`,
};
console.log(values.json ? JSON.stringify({ machine, results }) : table(machine, results));
const holds = results.every(({ agrees, ahead }) => agrees !== false && ahead !== false);
process.exit(holds ? 0 : 1);

async function measure(model) {
  console.error(`${model} …`);
  const { origin, createTrainer } = await loadTrainer(root, model);
  const trainer = createTrainer({ seed: 1 });
  const start = trainer.bytes();
  const batches = batchesFor(trainer);
  const ours = (n) => trainer.step(batches[n % batches.length]);
  const peer = peerStep(model, trainer, batches);
  if (peer === undefined) {
    const { contenders } = inTurns([ours]);
    return { model, origin, step: contenders[0] };
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
    step: contenders[0],
    peerStep: contenders[1],
    ratio,
    ...(promised === undefined ? {} : { promised, ahead: ratio.median >= promised }),
  };
}
