import { createTrainer } from "../generated/spirals/trainer.ts";
import { spirals } from "./data.ts";

const BATCH = 64;

/** Trains at the edge: each request takes a net of its own through as many steps as it asks for, `?steps=500`. */
export default {
  async fetch(request: Request): Promise<Response> {
    const steps = Math.min(2000, Number(new URL(request.url).searchParams.get("steps") ?? 500));
    const trainer = createTrainer({ seed: 1 });
    const { points, spiral } = spirals(2048, 1);
    let loss = 0;
    for (let step = 0; step < steps; step++) {
      const at = (step * BATCH) % spiral.length;
      loss = trainer.step({ points: points.subarray(2 * at, 2 * (at + BATCH)), spiral: spiral.subarray(at, at + BATCH) });
    }
    return Response.json({ steps, loss });
  },
};
