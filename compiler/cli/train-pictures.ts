/** What `adjoint train` draws: curves, the first weights, a classifier's confusions, and what its live page shows. */

import { extname, join } from "node:path";
import { colorTile } from "../../runtime/drawing/tiles.ts";
import type { LoadedTrainer, TableRow } from "../compile.ts";
import { sizeOf } from "../graph/type.ts";
import {
  confusionMatrix,
  confusionPicture,
  curvesRaster,
  curvesSvg,
  filterPicture,
  imageShape,
  matrixPicture,
  png,
  predictAll,
  templatePicture,
  type EpochHistory,
  type ImageShape,
  type Raster,
} from "../../runtime/index.ts";
import { InputError } from "./errors.ts";
import type { Answer, LivePictures } from "../inspector/live.ts";
import type { InputFacts } from "./inputs.ts";
import { rowCount, spreadRows } from "./rows.ts";
import type { Arrays } from "./synthetic.ts";
import { requireWritableFile, writeOneFile } from "./write-files.ts";

/** The file of `--curves`, whose ending says what is drawn; refused before training where it cannot be written. */
export function curvesFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (![".svg", ".png"].includes(extname(path)))
    throw new InputError(`--curves needs a file that ends in .svg or .png, but got ${JSON.stringify(path)}`);
  requireWritableFile(path);
  return path;
}

const PICTURES = { weights: "weights.png", confusion: "confusion.png" } as const;

/** The folder of `--pictures`, refused before training where no picture can be written. */
export function picturesFolder(folder: string | undefined): string | undefined {
  if (folder !== undefined) for (const name of Object.values(PICTURES)) requireWritableFile(join(folder, name));
  return folder;
}

export function writeCurves(path: string, history: EpochHistory): string {
  return writeOneFile(path, extname(path) === ".svg" ? curvesSvg(history) : png(curvesRaster(history)));
}

/** A trained model, and what it was tested on. */
export interface Trained {
  readonly trainer: LoadedTrainer;
  readonly parameters: readonly TableRow[];
  readonly inputs: readonly InputFacts[];
  readonly test: Arrays;
  /** Names of the classes, where the data have some. */
  readonly classes?: readonly string[] | undefined;
}

/** Writes weights.png, and confusion.png where the model gives a score for each class of one label a row. */
export function writePictures(folder: string, trained: Trained): readonly string[] {
  const pictures = [
    [PICTURES.weights, firstWeights(trained)],
    [PICTURES.confusion, confusions(trained)],
  ] as const;
  return pictures.flatMap(([name, raster]) => (raster === undefined ? [] : [writeOneFile(join(folder, name), png(raster))]));
}

/** The first parameter that is a matrix or a filter bank; undefined where there is none. */
function firstWeights({ trainer, parameters, inputs }: Trained): Raster | undefined {
  const first = parameters.find(({ shape }) => shape.length >= 2 && shape.length <= 4);
  const values = first === undefined ? undefined : trainer.parameters[first.name];
  // at float64 no trainer is emitted for training
  if (first === undefined || !(values instanceof Float32Array)) return undefined;
  const [a = 1, b = 1, c = 1, d] = first.shape;
  if (first.shape.length > 2) return filterPicture(values, d === undefined ? [b, 1, c] : [b, c, d]);
  const image = inputs.flatMap(({ dtype, row }) => (dtype === "f32" && sizeOf(row) === a ? [asImage(row)] : []))[0];
  return image === undefined ? matrixPicture(values, a, b) : templatePicture(values, image);
}

const asImage = (row: readonly number[]): ImageShape | undefined => {
  const [channels, height, width, more] = row;
  return height !== undefined && width !== undefined && more === undefined ? [channels!, height, width] : imageShape(sizeOf(row));
};

/** Rows that the page shows, and numbers of a row that is no picture. */
const [ANSWERS, NUMBERS] = [12, 4];

/** What the live page shows of a trainer as it is when this is called: its first weights, and some test rows with what it makes of them. */
export function livePictures(trained: Trained): () => LivePictures {
  const { trainer, inputs, classes, test } = trained;
  const rows = spreadRows(inputs, test, Math.min(ANSWERS, rowCount(inputs, test)));
  const count = rowCount(inputs, rows);
  const feature = inputs.find(({ role, name }) => role === "feature" && rows[name] instanceof Float32Array);
  const target = inputs.find(({ role }) => role === "target");
  const shown = Array.from({ length: count }, (_, n) => (feature === undefined ? {} : rowShown(feature, rows[feature.name]!, n)));
  return () => {
    const weights = firstWeights(trained);
    return {
      ...(weights === undefined ? {} : { weights: addressOf(weights) }),
      answers: target === undefined ? [] : answersOf(trainer, rows, target, classes).map((answer, n) => ({ ...shown[n], ...answer })),
    };
  };
}

const addressOf = (raster: Raster): string => `data:image/png;base64,${Buffer.from(png(raster)).toString("base64")}`;

/** A row as a picture of light, or its few numbers. */
function rowShown({ row }: InputFacts, values: Arrays[string], n: number): Pick<Answer, "picture" | "row"> {
  const own = Float32Array.from(values.subarray(n * sizeOf(row), (n + 1) * sizeOf(row)));
  const image = asImage(row);
  if (image === undefined) return own.length > NUMBERS ? {} : { row: numbersOf(own) };
  const [channels, height, width] = image;
  const grey = Float32Array.from({ length: 3 * height * width }, (_, at) => own[at % (height * width)]!);
  const { colors } = colorTile(channels === 3 ? own : grey, height, width);
  return { picture: addressOf({ width, height, data: Uint8Array.from(colors.flatMap((color) => [...color, 255])) }) };
}

const numbersOf = (values: ArrayLike<number>): string => Array.from(values, (value) => Number(value.toPrecision(3))).join(", ");

/** Of labels the class with the highest score, of numbers the numbers; nothing where an output is neither. */
function answersOf(
  trainer: LoadedTrainer,
  rows: Arrays,
  { name, row, classes }: InputFacts,
  names: readonly string[] | undefined,
): readonly Omit<Answer, "picture" | "row">[] {
  const truth = rows[name];
  const count = (truth?.length ?? 0) / sizeOf(row);
  if (truth === undefined || count === 0) return [];
  const width = classes ?? sizeOf(row);
  const given = Object.values(predictAll(trainer, rows)).find(({ length }) => length === count * width);
  if (given === undefined || (classes !== undefined && sizeOf(row) !== 1) || (classes === undefined && width > NUMBERS)) return [];
  return Array.from({ length: count }, (_, n) => {
    const own = Array.from(given.subarray(n * width, (n + 1) * width));
    if (classes === undefined) return { given: numbersOf(own), truth: numbersOf(truth.subarray(n * width, (n + 1) * width)) };
    const [taken, right] = [own.indexOf(Math.max(...own)), truth[n]!];
    const called = (of: number): string => names?.[of] ?? String(of);
    return { given: called(taken), truth: called(right), right: taken === right };
  });
}

function confusions(trained: Trained): Raster | undefined {
  const confusion = confusionOf(trained);
  return confusion && confusionPicture(confusion, namesFor(confusion, trained.classes));
}

/** Names of all classes, for those that the data hold; a class that they do not hold has its number. */
export const namesFor = (confusion: Int32Array, names: readonly string[] | undefined): readonly string[] | undefined =>
  names && Array.from({ length: Math.sqrt(confusion.length) }, (_, id) => names[id] ?? String(id));

/** Rows by true class and class that was given, [classes, classes]; undefined where the model gives no score for each class of one label a row. */
export function confusionOf({ trainer, inputs, test }: Omit<Trained, "parameters">): Int32Array | undefined {
  const label = inputs.find(({ role, row, classes }) => role === "target" && classes !== undefined && sizeOf(row) === 1);
  const labels = label === undefined ? undefined : test[label.name];
  if (label?.classes === undefined || labels === undefined) return undefined;
  const length = labels.length * label.classes;
  const scores = Object.values(predictAll(trainer, test)).find((output) => output.length === length);
  return scores === undefined ? undefined : confusionMatrix(scores, labels);
}
