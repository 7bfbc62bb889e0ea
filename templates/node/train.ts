import { fit } from "adjoint/runtime";
import { createTrainer } from "./generated/spirals/trainer.ts";
import { spirals } from "./src/data.ts";

const trainer = createTrainer({ seed: 1 });
await fit(trainer, spirals(2048, 1), {
  epochs: 30,
  shuffle: { seed: 1 },
  validation: spirals(512, 2),
  callbacks: {
    onEpoch({ epoch, loss, val_accuracy }) {
      if (epoch % 5 === 0)
        console.log(`epoch ${epoch}  loss ${loss.toFixed(4)}  right of points held out ${(100 * val_accuracy!).toFixed(1)} %`);
    },
  },
});
