/** `adjoint export`: a model with its weights as a file for other engines. */

import { defineCommand } from "citty";
import { engineOf, exportModel, exportProgram } from "../export.ts";
import { ENGINES } from "../exports/index.ts";
import { COMMON, onlyModel, wholeNumber } from "./arguments.ts";
import { loadProject } from "./config.ts";
import { InputError } from "./errors.ts";
import { pathAt, placeFor } from "./place.ts";
import type { ExportJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { note, result, resultJson } from "./output.ts";
import { trainerOf } from "./trainer.ts";
import { takeWeights, WEIGHT_FLAGS, weightOptions } from "./weights.ts";
import { requireWritableFile, writeOneFile } from "./write-files.ts";

export const exportTo = defineCommand({
  meta: { name: "adjoint export", description: "Write a model with its weights for another engine" },
  args: {
    model: { type: "positional", required: false, description: "A model file" },
    to: { type: "string", valueHint: "engine", description: `The engine: ${ENGINES.map(({ name }) => name).join(", ")}` },
    ...WEIGHT_FLAGS,
    seed: { type: "string", valueHint: "number", description: "Of the first weights, without --weights (default: 0)" },
    out: { type: "string", valueHint: "file", description: "The file (default: beside the model's trainer)" },
    ...COMMON,
  },
  async run({ args }) {
    const file = onlyModel("export", args._);
    if (args.to === undefined)
      throw new InputError(`adjoint export needs an engine: adjoint export ${file} --to ${ENGINES.map(({ name }) => name).join(" or ")}`);
    const engine = engineOf(args.to);
    const seed = wholeNumber("seed", args.seed, 0) ?? 0;
    const options = weightOptions(args);
    const loaded = await loadModel(file);
    const out = args.out ?? pathAt(placeFor((await loadProject()).out, loaded.shown), engine.file).replaceAll("\\", "/");
    requireWritableFile(out);
    if (engine.of === "training") {
      if (args.weights !== undefined || args.seed !== undefined)
        throw new InputError(
          `--to ${engine.name} writes a program, which draws and reads its weights itself: leave out --weights and --seed`,
        );
      const program = await exportProgram(loaded.model, { to: engine.name, source: loaded.source });
      writeOneFile(out, program);
      const batch = loaded.model.batch.train;
      if (args.json === true) return resultJson({ model: loaded.model.name, file: out, bytes: program.length, batch } satisfies ExportJson);
      return result(`${out}: ${program.length.toLocaleString("en-US")} bytes, steps of ${batch} rows`);
    }
    const { module } = await trainerOf(loaded);
    const trainer = module.createTrainer({ seed });
    if (args.weights === undefined) note(`the weights are the first ones, of seed ${seed}; --weights <file> names trained ones`);
    else takeWeights(trainer, args.weights, options);
    const { bytes, open } = exportModel(loaded.model, {
      to: engine.name,
      source: loaded.source,
      weights: { ...trainer.parameters, ...trainer.state },
      metadata: { graph: module.GRAPH },
    });
    writeOneFile(out, bytes);
    if (args.json === true)
      return resultJson({
        model: loaded.model.name,
        file: out,
        bytes: bytes.length,
        batch: open ? null : loaded.model.batch.predict,
      } satisfies ExportJson);
    result(`${out}: ${bytes.length.toLocaleString("en-US")} bytes, ${open ? "any batch" : `a batch of ${loaded.model.batch.predict}`}`);
  },
});
