/** `adjoint export`: a model with its weights as a file for other engines. */

import { basename, dirname } from "node:path";
import { defineCommand } from "citty";
import { engineOf, exportModel, exportProgram } from "../export.ts";
import { onnxTemplate } from "../../runtime/weights/onnx.ts";
import { ENGINES } from "../exports/index.ts";
import { saveCheckpoint } from "../../runtime/index.ts";
import { COMMON, onlyModel, wholeNumber } from "./arguments.ts";
import { loadProject } from "./config.ts";
import { InputError } from "./errors.ts";
import { pathAt, placeFor } from "./place.ts";
import type { ExportJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { note, result, resultJson } from "./output.ts";
import { trainerOf } from "./trainer.ts";
import { takeWeights, WEIGHT_FLAGS, weightOptions } from "./weights.ts";
import { requireWritableFile, writeFiles, writeOneFile } from "./write-files.ts";

export const exportTo = defineCommand({
  meta: { name: "adjoint export", description: "Write a model with its weights for another engine" },
  args: {
    model: { type: "positional", required: false, description: "A model file" },
    to: { type: "string", valueHint: "engine", description: `The engine: ${ENGINES.map(({ name }) => name).join(", ")}` },
    ...WEIGHT_FLAGS,
    seed: { type: "string", valueHint: "number", description: "Of the first weights, without --weights (default: 0)" },
    template: { type: "boolean", description: "Without its weights, which saveOnnx(trainer, template) of adjoint/runtime fills in" },
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
    if (args.template === true && engine.name !== "onnx") throw new InputError(`--template is of --to onnx: there saveOnnx fills it in`);
    if (args.template === true && args.weights !== undefined) throw new InputError("a template has no weights: leave out --weights");
    if (engine.of === "training") {
      const { beside } = engine;
      if (beside === undefined && (args.weights !== undefined || args.seed !== undefined))
        throw new InputError(
          `--to ${engine.name} writes a program, which draws and reads its weights itself: leave out --weights and --seed`,
        );
      const program = await exportProgram(loaded.model, { to: engine.name, source: loaded.source });
      const first = basename(out).replace(/(\.\w+)?$/, ".safetensors");
      const named = (text: string): string => text.replaceAll("step.onnx", basename(out)).replaceAll("step.safetensors", first);
      const drivers = [...(beside ?? [])].map(([name, text]) => [name, named(text)] as const);
      const files = new Map<string, string | Uint8Array>([[basename(out), program], ...drivers]);
      if (beside !== undefined) {
        const { module } = await trainerOf(loaded);
        const trainer = module.createTrainer({ seed });
        if (args.weights !== undefined) takeWeights(trainer, args.weights, options);
        files.set(first, saveCheckpoint(module, trainer));
      }
      const written = writeFiles(dirname(out), files);
      const batch = loaded.model.batch.train;
      if (args.json === true) return resultJson({ model: loaded.model.name, file: out, bytes: program.length, batch } satisfies ExportJson);
      const others = written.slice(1).map(({ file }) => file);
      const withThem = others.length === 0 ? "" : `, with ${others.join(", ")}`;
      if (engine.then !== undefined) note(`${engine.name} comes of it by ${engine.then(out)}`);
      return result(`${out}: ${program.length.toLocaleString("en-US")} bytes, steps of ${batch} rows${withThem}`);
    }
    const { module } = await trainerOf(loaded);
    const trainer = module.createTrainer({ seed });
    if (args.weights === undefined && args.template !== true)
      note(`the weights are the first ones, of seed ${seed}; --weights <file> names trained ones`);
    else if (args.weights !== undefined) takeWeights(trainer, args.weights, options);
    const { bytes: whole, open } = exportModel(loaded.model, {
      to: engine.name,
      source: loaded.source,
      weights: { ...trainer.parameters, ...trainer.state },
      metadata: { graph: module.GRAPH },
    });
    const kept = new Set([...module.PARAMETERS, ...module.STATE].map(({ name }) => name));
    const bytes = args.template === true ? onnxTemplate(whole, kept) : whole;
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
