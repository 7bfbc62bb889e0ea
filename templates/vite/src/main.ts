import { createTrainer } from "../generated/spirals/trainer.ts";
import { spirals } from "./data.ts";
import { draw, grid } from "./field.ts";

const BATCH = 64;
const trainer = createTrainer({ seed: 1 });
const { points, spiral } = spirals(2048, 1);
const said = document.querySelector("#said")!;

/** A few steps, then the page gets its turn: what the net takes each place of the field for. */
function frame(step: number): void {
  let loss = 0;
  for (let n = 0; n < 20; n++, step++) {
    const at = (step * BATCH) % spiral.length;
    loss = trainer.step({ points: points.subarray(2 * at, 2 * (at + BATCH)), spiral: spiral.subarray(at, at + BATCH) });
  }
  draw(trainer.predict({ points: grid }).scores);
  said.textContent = `step ${step}  loss ${loss.toFixed(4)}`;
  if (step < 2000) requestAnimationFrame(() => frame(step));
  else said.textContent += "  trained";
}
frame(0);
