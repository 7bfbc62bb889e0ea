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
    const sizes = sizesOf(args.size);
    const imported = inFile(file, () =>
      importOnnx(readFileSync(file), { name: stem, file: basename(file), sizes, ...(batch === undefined ? {} : { batch }) }),
    );
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

/** `N=4,T=16` */
function sizesOf(text: string | undefined): Readonly<Record<string, number>> {
  const pairs = (text ?? "").split(",").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, extent] = /^(.+)=(\d+)$/.exec(pair) ?? [];
      if (name === undefined) throw new InputError(`--size needs names and extents, such as N=4,T=16, but got ${JSON.stringify(text)}`);
      return [name, Number(extent)] as const;
    }),
  );
}

/** An error of the file names it. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ImportError") throw error;
    throw new InputError(`${file}: ${error.message}`, { cause: error });
  }
}
