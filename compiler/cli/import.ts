/** `adjoint import`: a file of another program as a model's source, and its weights beside it. */

import { closeSync, fstatSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, relative, sep } from "node:path";
import { defineCommand } from "citty";
import { format } from "prettier";
import { ImportError } from "../imports/error.ts";
import { importKeras } from "../imports/keras/index.ts";
import { importOnnx } from "../imports/onnx/index.ts";
import type { Imported, ImportOptions } from "../imports/written.ts";
import { headerOf } from "../../runtime/safetensors.ts";
import type { ReadExternal } from "../imports/onnx/proto.ts";
import { COMMON, wholeNumber } from "./arguments.ts";
import { InputError } from "./errors.ts";
import type { ImportJson } from "./json.ts";
import { result, resultJson } from "./output.ts";
import { readText, requireWritableFile, writeFiles, type Contents, type Parts } from "./write-files.ts";

export const importFrom = defineCommand({
  meta: {
    name: "adjoint import",
    description: "Make a model's source of an ONNX file, or of a Keras layers model, with its weights beside it",
  },
  args: {
    file: { type: "positional", required: false, description: "An .onnx file, or the model.json of a Keras layers model" },
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
    const read = READERS[extname(file)] ?? refused(file);
    const name = basename(file, extname(file)).replaceAll(/[^A-Za-z0-9-]+/g, "-");
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
    const imported = inFile(file, () => read(file, told));
    const source = await format(imported.source, { parser: "babel-ts", printWidth: 140 });
    const weights = partsOf(imported.weights, stem);
    writeFiles(
      dirname(out),
      new Map<string, Contents>([
        [`${stem}.ts`, source],
        [`${stem}.safetensors`, weights],
      ]),
    );
    const beside = `${out.slice(0, -3)}.safetensors`;
    const parameters = imported.weights.reduce((sum, { shape }) => sum + elements(shape), 0);
    if (args.json === true) return resultJson({ model: stem, source: out, weights: beside, parameters } satisfies ImportJson);
    result(`${out}: ${source.split("\n").length - 1} lines; ${parameters.toLocaleString("en-US")} weights in ${beside}`);
    result(`train it with adjoint train ${out} --weights ${beside}, once it says export const data`);
  },
});

const elements = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1);

/** A safetensors file of float32, a tensor at a time. */
function partsOf(weights: Imported["weights"], model: string): Parts {
  const header = headerOf(
    weights.map(({ name, shape }) => ({ name, dtype: "F32", shape, length: 4 * elements(shape) })),
    { model },
  );
  return {
    length: weights.reduce((sum, { shape }) => sum + 4 * elements(shape), header.length),
    *parts() {
      yield header;
      for (const { values } of weights) {
        const floats = values instanceof Float32Array ? values : Float32Array.from(values);
        yield new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
      }
    },
  };
}

/** Bytes of a file that another one names. */
const rangeBeside =
  (file: string): ReadExternal =>
  (location, offset, length) => {
    const handle = openSync(beside(file, location), "r");
    try {
      const { size } = fstatSync(handle);
      if (offset + length > size)
        throw new ImportError(
          `it needs ${length} bytes from byte ${offset} of ${JSON.stringify(location)}, which has ${size}; the file is cut: fetch it again`,
        );
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length;) at += readSync(handle, bytes, at, Math.min(1 << 28, length - at), offset + at);
      return bytes;
    } finally {
      closeSync(handle);
    }
  };

/** By the ending of a file's name. */
const READERS: Readonly<Record<string, (file: string, told: ImportOptions) => Imported>> = {
  ".onnx": (file, told) => importOnnx(readFileSync(file), told, rangeBeside(file)),
  ".json": (file, told) => importKeras(readFileSync(file, "utf8"), (path) => readFileSync(beside(file, path)), told),
};

/** A file that another one names, in its folder or below; what leads out of it is refused. */
function beside(file: string, path: string): string {
  const folder = realpathSync(dirname(file));
  const named = join(folder, path);
  const inside = (place: string): boolean => {
    const way = relative(folder, place);
    return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  };
  if (isAbsolute(path) || !inside(named))
    throw new ImportError(`it names ${JSON.stringify(path)}, outside its folder; put its files beside it`);
  let real: string;
  try {
    real = realpathSync(named);
  } catch {
    throw new ImportError(`it names ${JSON.stringify(path)}, which is not there; put its files beside it`);
  }
  if (!inside(real))
    throw new ImportError(`it names ${JSON.stringify(path)}, a link that leads outside its folder; put its files beside it`);
  return real;
}

/** What makes a readable file of another one. */
const CONVERTED: Readonly<Record<string, string>> = {
  ".h5": "pip install tensorflowjs && tensorflowjs_converter --input_format=keras FILE folder",
  ".hdf5": "pip install tensorflowjs && tensorflowjs_converter --input_format=keras FILE folder",
  ".keras": "pip install tensorflowjs && tensorflowjs_converter --input_format=keras_keras FILE folder",
  ".pt": 'torch.onnx.export(model, inputs, "model.onnx")',
  ".pth": 'torch.onnx.export(model, inputs, "model.onnx")',
};

function refused(file: string): never {
  const command = CONVERTED[extname(file)];
  throw new InputError(
    command === undefined
      ? `adjoint import reads ONNX files and Keras layers models, but got ${file}; export the model as .onnx, or name its model.json`
      : `adjoint import reads ONNX files and Keras layers models, but got ${file}; convert it: ${command.replace("FILE", file)}`,
  );
}

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
