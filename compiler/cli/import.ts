/** `adjoint import`: a file of another program as a model's source, and its weights beside it. */

import { readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { defineCommand } from "citty";
import { format } from "prettier";
import { importOnnx } from "../imports/onnx/index.ts";
import { writeSafetensors } from "../../runtime/index.ts";
import { COMMON, wholeNumber } from "./arguments.ts";
import { InputError } from "./errors.ts";
import type { ImportJson } from "./json.ts";
import { result, resultJson } from "./output.ts";
import { readText, requireWritableFile, writeFiles } from "./write-files.ts";

export const importFrom = defineCommand({
  meta: { name: "adjoint import", description: "Make a model's source of an ONNX file, with its weights beside it" },
  args: {
    file: { type: "positional", required: false, description: "An .onnx file" },
    out: { type: "string", valueHint: "file.ts", description: "The source (default: models/<file>.ts)" },
    batch: { type: "string", valueHint: "rows", description: "Rows of a batch, where the file fixes them" },
    size: { type: "string", valueHint: "name=extent,…", description: "Open extents of inputs, by their names in the file" },
    value: { type: "string", valueHint: "name=number,…", description: "Inputs that are one number from now on, such as sr=16000" },
    head: { type: "string", valueHint: "classes", description: "The last dense layer has so many units, and begins anew" },
    train: { type: "string", valueHint: "patterns", description: "What trains, by names: layer4.*,fc, or last:2, the last two layers" },
    freeze: { type: "string", valueHint: "patterns", description: "What does not train, by names" },
    tie: { type: "boolean", description: "Weights that the file shares stay one parameter" },
    "train-norms": { type: "boolean", description: "Batch norms take the batch's statistics in training" },
    ...COMMON,
  },
  async run({ args }) {
    const [file, second] = args._;
    if (file === undefined || second !== undefined) throw new InputError("adjoint import needs one file: adjoint import model.onnx");
    if (extname(file) !== ".onnx") throw new InputError(`adjoint import reads ONNX files, but got ${file}; export the model as .onnx`);
    const name = basename(file, ".onnx").replaceAll(/[^A-Za-z0-9-]+/g, "-");
    const out = (args.out ?? join("models", `${name}.ts`)).replaceAll("\\", "/");
    if (readText(out) !== undefined) throw new InputError(`${out} is there already; name another file with --out, or remove it`);
    requireWritableFile(out);
    const batch = wholeNumber("batch", args.batch, 1);
    const stem = basename(out, ".ts");
    const head = wholeNumber("head", args.head, 1);
    const told = {
      name: stem,
      file: basename(file),
      sizes: numbersOf("size", args.size, "N=4,T=16"),
      values: numbersOf("value", args.value, "sr=16000"),
      train: listOf(args.train),
      freeze: listOf(args.freeze),
      tie: args.tie === true,
      trainNorms: args["train-norms"] === true,
      ...(batch === undefined ? {} : { batch }),
      ...(head === undefined ? {} : { head }),
    };
    const imported = inFile(file, () => importOnnx(readFileSync(file), told));
    const source = await format(imported.source, { parser: "babel-ts", printWidth: 140 });
    const weights = writeSafetensors({
      tensors: imported.weights.map(({ name: own, shape, values }) => ({
        name: own,
        dtype: "F32",
        shape,
        bytes: new Uint8Array(Float32Array.from(values).buffer),
      })),
      metadata: { model: stem },
    });
    writeFiles(
      dirname(out),
      new Map<string, string | Uint8Array>([
        [`${stem}.ts`, source],
        [`${stem}.safetensors`, weights],
      ]),
    );
    const beside = `${out.slice(0, -3)}.safetensors`;
    const parameters = imported.weights.reduce((sum, { values }) => sum + values.length, 0);
    if (args.json === true) return resultJson({ model: stem, source: out, weights: beside, parameters } satisfies ImportJson);
    result(`${out}: ${source.split("\n").length - 1} lines; ${parameters.toLocaleString("en-US")} weights in ${beside}`);
    result(`train it with adjoint train ${out} --weights ${beside}, once it says export const data`);
  },
});

/** Numbers by names: `N=4,T=16`. */
function numbersOf(flag: string, text: string | undefined, example: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    listOf(text).map((pair) => {
      const [, name, number] = /^(.+)=(-?\d+(?:\.\d+)?)$/.exec(pair) ?? [];
      if (name === undefined || (flag === "size" && !/^[1-9]\d*$/.test(number!)))
        throw new InputError(`--${flag} needs names and numbers, such as ${example}, but got ${JSON.stringify(text)}`);
      return [name, Number(number)] as const;
    }),
  );
}

const listOf = (text: string | undefined): readonly string[] => (text ?? "").split(",").filter((one) => one !== "");

/** An error of the file names it. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ImportError") throw error;
    throw new InputError(`${file}: ${error.message}`, { cause: error });
  }
}
