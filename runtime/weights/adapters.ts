/** Adapters of `lora`: added to the kernels beside which they stand, and in files of their own, in the names of PEFT. */

import { DataError } from "../error.ts";
import { optionsOf } from "../arguments.ts";
import { hold, WEIGHTED } from "../kinds.ts";
import { readSafetensors, writeSafetensors } from "../safetensors.ts";
import type { Trainer } from "../trainer.ts";
import type { Rename } from "./places.ts";
import { loadWeights, RENAME, saveWeights, WEIGHTS, type LoadedWeights, type WeightedTrainer, type Weights } from "./weights.ts";

/** What merging needs of a trainer. */
export type AdaptedTrainer = WeightedTrainer & Pick<Trainer, "parameters" | "hyper">;

/** What stands before a layer's name in PEFT's files. */
const PREFIX = "base_model.model.";
const ADAPTER = /\.lora_[AB]\.weight$/;

/**
 * Adds every pair of adapters to its kernel, W ← W + loraScale·A·B, and makes B zeros: the outputs stay as they are, up to rounding, and a
 * trainer without adapters takes the kernels. Optimizer state stays. Returns the kernels' names.
 *
 * @throws DataError when the trainer has no adapters
 */
export function mergeAdapters(trainer: AdaptedTrainer): readonly string[] {
  hold("mergeAdapters", { trainer }, { trainer: WEIGHTED });
  const arrays = trainer.parameters as Readonly<Record<string, Float32Array | Float64Array>>;
  const scale = (trainer.hyper as Readonly<Record<string, number>>)["loraScale"];
  const shapes = new Map(trainer.tables.PARAMETERS.map(({ name, shape }) => [name, shape]));
  const stems = [...shapes.keys()].flatMap((name) => (name.endsWith(".loraA") ? [name.slice(0, -".loraA".length)] : []));
  if (scale === undefined || stems.length === 0)
    throw new DataError("mergeAdapters needs a trainer with adapters, but this one has none; compile a model that lora(…) made");
  return stems.map((stem) => {
    const kernel = shapes.has(`${stem}.kernel`) ? `${stem}.kernel` : stem;
    const [w, a, b] = [arrays[kernel]!, arrays[`${stem}.loraA`]!, arrays[`${stem}.loraB`]!];
    const [shape, shapeA] = [shapes.get(kernel)!, shapes.get(`${stem}.loraA`)!];
    // [in, out] = [in, r]·[r, out]; of convolutions [out, in…] = [out, r]·[r, in…]
    const isMatrix = shape.length === 2;
    const rank = shapeA[isMatrix ? 1 : 0]!;
    const [left, right, columns] = isMatrix ? [a, b, shape[1]!] : [b, a, w.length / shape[0]!];
    for (let row = 0; row < w.length / columns; row++)
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < rank; k++) sum += left[row * rank + k]! * right[k * columns + column]!;
        w[row * columns + column]! += scale * sum;
      }
    b.fill(0);
    return kernel;
  });
}

/** What files of adapters may be told. */
export interface AdapterOptions {
  /** What layers here are called in the file. Default: as here. */
  readonly rename?: Rename;
}

const ADAPTERS = optionsOf<AdapterOptions>({ rename: RENAME });

/** The adapters alone as safetensors, in the names and axes of PEFT: `base_model.model.<layer>.lora_A.weight`. Throws a DataError where there are none. */
export function saveAdapters(trainer: WeightedTrainer, options: AdapterOptions = {}): Uint8Array {
  hold("saveAdapters", { trainer, options }, { trainer: WEIGHTED, options: ADAPTERS });
  const { rename = {} } = options;
  const whole = readSafetensors(saveWeights(trainer, { layout: "pytorch", rename }), "the trainer's weights");
  const tensors = whole.tensors.filter(({ name }) => ADAPTER.test(name));
  if (tensors.length === 0)
    throw new DataError("saveAdapters needs a trainer with adapters, but this one has none; compile a model that lora(…) made");
  return writeSafetensors({ tensors: tensors.map((tensor) => ({ ...tensor, name: PREFIX + tensor.name })), metadata: whole.metadata });
}

/** Copies adapters of such a file into a trainer, all of them or none. Throws a DataError listing what is missing, or does not fit. */
export function loadAdapters(trainer: WeightedTrainer, weights: Weights, options: AdapterOptions = {}): LoadedWeights {
  hold("loadAdapters", { trainer, weights, options }, { trainer: WEIGHTED, weights: WEIGHTS, options: ADAPTERS });
  const { rename = {} } = options;
  const tensors = weights.tensors.map((tensor) => ({
    ...tensor,
    name: tensor.name.startsWith(PREFIX) ? tensor.name.slice(PREFIX.length) : tensor.name,
  }));
  // the trainer's own weights stand in for all that is no adapter, so that the match is full
  const own = readSafetensors(saveWeights(trainer, { layout: "pytorch", rename }), "the trainer's weights").tensors.filter(
    ({ name }) => !ADAPTER.test(name),
  );
  const loaded = loadWeights(trainer, { name: weights.name, tensors: [...own, ...tensors] }, { layout: "pytorch", rename });
  return { ...loaded, loaded: loaded.loaded.filter(({ name }) => /\.lora[AB]$/.test(name)) };
}
