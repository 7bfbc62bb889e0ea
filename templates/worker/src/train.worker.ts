import { createTrainer } from "../generated/spirals/trainer.ts";
import { spirals } from "./data.ts";

/** Trains apart from the page, which asks with the places of its field and is told what the net takes them for. */
const BATCH = 64;
const trainer = createTrainer({ seed: 1 });
const { points, spiral } = spirals(2048, 1);

self.onmessage = ({ data: grid }: MessageEvent<Float32Array>) => {
  for (let step = 0, loss = 0; step < 2000; step++) {
    const at = (step * BATCH) % spiral.length;
    loss = trainer.step({ points: points.subarray(2 * at, 2 * (at + BATCH)), spiral: spiral.subarray(at, at + BATCH) });
    // predictions are views of the trainer's memory, which the next step changes: a copy goes to the page
    if (step % 50 === 49) self.postMessage({ step: step + 1, loss, scores: trainer.predict({ points: grid }).scores.slice() });
  }
};
