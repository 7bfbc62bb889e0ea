/** Guarantees that files of a user's own become the arrays that a model takes, or says which of the two does not fit. */

import { dirname, join } from "node:path";
import { sizeOf } from "../graph/type.ts";
import { rangeScale, readText, rescale, standardScale, toFloats, toIntegers, windows, type NpyArray } from "../../runtime/index.ts";
import { loadCifar10, loadNpy, loadNpz, loadText } from "../../runtime/node/index.ts";
import { read } from "../../runtime/node/read.ts";
import { fillIn, fillsOf } from "../../runtime/data/missing.ts";
import { encodeTable, TABLE_OPTIONS, type TableEncoding, type TableOptions } from "../../runtime/data/table.ts";
import { nearWord, problemIn, shown as inWords } from "../graph/arguments.ts";
import { InputError } from "./errors.ts";
import { grammarText } from "./grammar.ts";
import { inputsOf, type InputFacts } from "./inputs.ts";
import type { LoadedModel } from "./load-model.ts";
import { checkLabels, parted, type Cut } from "./rows.ts";
import { synthetic, type Arrays } from "./synthetic.ts";

/** What a source is asked. */
export interface Request {
  readonly loaded: LoadedModel;
  /** All that the model file said of its data. */
  readonly declared: Readonly<Record<string, unknown>>;
  /** Of `--data`. */
  readonly folder: string | undefined;
}

/** What a source gives: arrays by the names of inputs. Of arrays that the model does not take, nothing is seen. */
export interface Sets {
  readonly train: Arrays;
  readonly test: Arrays;
  /** Names of the classes, where the data have some. */
  readonly classes?: readonly string[];
  /** What the reader should know of them. */
  readonly note?: string;
}

const ROWS = 2000;
const SEED = 1;
/** Share of the rows to test with where a file holds one set. */
const TEST = 0.2;

const isWhole = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;

/** A whole number that may be declared. */
function whole({ loaded, declared }: Request, name: string, least: number, otherwise: number): number {
  const value = declared[name] ?? otherwise;
  if (isWhole(value, least)) return value;
  throw new InputError(
    `${loaded.shown} gives its data ${name} ${JSON.stringify(value)}, which needs a whole number of at least ${least}; correct it, or leave it out for ${otherwise}`,
  );
}

export function cutOf(request: Request, name: string): Cut {
  const { test = TEST } = request.declared;
  if (typeof test !== "number" || !(test > 0 && test < 1))
    throw new InputError(
      `${request.loaded.shown} sets ${JSON.stringify(test)} of its rows aside to test with, which needs a share above 0 and below 1; write test: ${TEST}`,
    );
  return { name, share: test, seed: whole(request, "seed", 0, SEED) };
}

/** A file that is declared by its path: from the folder of --data, or from that of the model. */
export function fileOf({ loaded, folder }: Request, path: unknown, example: string): string {
  if (typeof path !== "string" || path === "")
    throw new InputError(
      `${loaded.shown} names ${path === undefined ? "no file" : `the file ${JSON.stringify(path)}`} to read its data from; write export const data = { ${example}, epochs: 5 }, the path from the model's folder or that of --data`,
    );
  return folder === undefined ? join(dirname(loaded.shown), path) : join(folder, path);
}

export const sizeText = ({ row }: InputFacts): string => (row.length === 0 ? "one value" : row.join("×"));

/** What is trained on and what it should give, where a model has exactly one of each. */
export function pair({ loaded }: Request, source: string): readonly [InputFacts, InputFacts] {
  const inputs = inputsOf(loaded.model, loaded.source);
  const [feature, ...features] = inputs.filter(({ role }) => role === "feature");
  const [target, ...targets] = inputs.filter(({ role }) => role === "target");
  if (feature === undefined || target === undefined || features.length + targets.length > 0)
    throw new InputError(
      `a ${source} source gives one input to predict from and one target, but ${loaded.shown} takes ${inputs.map(({ name }) => name).join(", ") || "nothing"}; declare two, or read the data in a program of your own with fit from adjoint/runtime`,
    );
  return [feature, target];
}

/** CIFAR-10 itself, or a stand-in that says so: the files are in no package. */
export async function cifar10(request: Request): Promise<Sets> {
  const { loaded, folder } = request;
  if (folder !== undefined) {
    const { train, test } = await loadCifar10(folder);
    return { train: { ...train }, test: { ...test } };
  }
  const rows = whole(request, "rows", 1, ROWS);
  return {
    ...synthetic(inputsOf(loaded.model, loaded.source), { rows, seed: whole(request, "seed", 0, SEED) }),
    note: `${loaded.shown} names cifar10, but no folder was given: these are ${rows} synthetic rows of the same shape, and what is reached says nothing of CIFAR-10; give the real pictures with --data <folder>`,
  };
}

/** Columns of numbers and categories as one row each; the label's as a class, or as a number where the target is one. */
export async function csv(request: Request): Promise<Sets> {
  const { loaded, declared } = request;
  const example = 'source: "csv", file: "flowers.csv", label: "kind"';
  const file = fileOf(request, declared["file"], example);
  const { label, scale } = declared;
  if (typeof label !== "string")
    throw new InputError(`${loaded.shown} names no label column of ${file}; write export const data = { ${example}, epochs: 5 }`);
  if (scale !== undefined && scale !== "standard" && scale !== "range")
    throw new InputError(
      `${loaded.shown} scales its columns by ${JSON.stringify(scale)}, but there is only "standard" and "range"; correct scale, or leave it out`,
    );
  const [feature, target] = pair(request, "csv");
  const options = tableOptions(request, target.dtype === "i32" ? { label } : { target: label });
  const table = encodeTable(await read(file), file, options);
  const { columns, classes } = table;
  if (classes !== undefined && classes.length > (target.classes ?? 0))
    throw new InputError(
      `column ${label} of ${file} holds ${classes.length} classes (${classes.slice(0, 10).join(", ")}${classes.length > 10 ? ", …" : ""}), but ${target.name} of ${loaded.shown} takes ${target.classes ?? 0}; declare { classes: ${classes.length} }, or mend the column`,
    );
  if (columns.length !== sizeOf(feature.row)) {
    const coded =
      Object.keys(table.encoding.categories).length === 0 ? "" : ` (${columns.slice(0, 10).join(", ")}${columns.length > 10 ? ", …" : ""})`;
    throw new InputError(
      `${file} has ${columns.length} columns${coded} beside ${label}, but ${feature.name} of ${loaded.shown} takes rows of ${sizeText(feature)}; declare [batch, ${columns.length}], or take columns out`,
    );
  }
  const arraysOf = ({ x, y }: typeof table): Arrays => ({ [feature.name]: x, [target.name]: y! }); // the options name one
  const { test } = declared;
  // a file of its own, read as the first was: categories and classes have the same codes
  const sets =
    typeof test === "string"
      ? { train: arraysOf(table), test: arraysOf(await tableLike(fileOf(request, test, example), options, table.encoding)) }
      : parted([feature, target], arraysOf(table), cutOf(request, file));
  // what is measured is measured on the rows that are trained on
  const x = (set: Arrays): Float32Array => set[feature.name] as Float32Array;
  const fills = fillsOf(x(sets.train), columns, file, options.missing ?? "refuse");
  const filled = fillIn(x(sets.train), fills) + fillIn(x(sets.test), fills);
  const by = scale === undefined ? undefined : (scale === "range" ? rangeScale : standardScale)(x(sets.train), { columns: columns.length });
  const scaled = (set: Arrays): Arrays => (by === undefined ? set : { ...set, [feature.name]: rescale(x(set), by) });
  return {
    train: scaled(sets.train),
    test: scaled(sets.test),
    ...(classes !== undefined && { classes }),
    ...(filled > 0 && { note: `${filled} empty cell${filled === 1 ? " was" : "s were"} filled with the column's ${options.missing}` }),
  };
}

const tableLike = async (file: string, options: TableOptions, encoding: TableEncoding): Promise<ReturnType<typeof encodeTable>> =>
  encodeTable(await read(file), file, { ...options, encoding });

/** What a model file says of its table's columns, beside which of them is predicted. */
function tableOptions({ loaded, declared }: Request, predicted: Pick<TableOptions, "label" | "target">): TableOptions {
  const named = ["features", "categorical", "separator", "missing"].filter((name) => declared[name] !== undefined);
  const options = { ...predicted, ...Object.fromEntries(named.map((name) => [name, declared[name]])) };
  const problem = problemIn({ options }, { options: TABLE_OPTIONS });
  if (problem === undefined) return options;
  throw new InputError(
    `${loaded.shown} gives its data ${problem.path} ${inWords(problem.got)}, which needs ${problem.law.says}${nearWord(problem)}; correct it, or leave it out`,
  );
}

/** Stretches of characters, and the character that follows each, or all of them one later. */
export async function text(request: Request): Promise<Sets> {
  const { loaded, declared, folder } = request;
  const [feature, target] = pair(request, "text");
  const [length, ...more] = feature.row;
  if (
    feature.dtype !== "i32" ||
    length === undefined ||
    more.length > 0 ||
    target.dtype !== "i32" ||
    ![1, length].includes(sizeOf(target.row))
  )
    throw new InputError(
      `a text source gives stretches of characters and what follows, but ${loaded.shown} takes ${feature.name} of ${sizeText(feature)} and ${target.name} of ${sizeText(target)}; declare labels of [batch, steps] for both`,
    );
  const made = declared["file"] === undefined;
  if (made && folder !== undefined)
    throw new InputError(
      `--data names the folder ${folder}, but ${loaded.shown} names no file in it; write file: "book.txt", or leave --data out`,
    );
  const seed = whole(request, "seed", 0, SEED);
  const file = made ? "the made text" : fileOf(request, declared["file"], 'source: "text", file: "book.txt"');
  const written = made ? new TextEncoder().encode(grammarText(whole(request, "rows", 1, ROWS) * length, seed)) : undefined;
  const { vocabulary, ids } = written === undefined ? await loadText(file) : readText(written, file);
  const classes = Math.min(feature.classes ?? 0, target.classes ?? 0);
  if (vocabulary.length > classes)
    throw new InputError(
      `${file} holds ${vocabulary.length} different characters, but ${loaded.shown} declares ${classes} classes; declare { classes: ${vocabulary.length} }, or more`,
    );
  const { x, y } = windows(ids, length);
  const next = sizeOf(target.row) === 1 ? y.filter((_, at) => at % length === length - 1) : y;
  return {
    ...parted([feature, target], { [feature.name]: x, [target.name]: next }, cutOf(request, file)),
    ...(made && { note: `${loaded.shown} names no text, so a grammar made one; give your own with file: "book.txt"` }),
  };
}

/** One .npy file an input. */
export async function npy(request: Request): Promise<Sets> {
  const { loaded, declared } = request;
  const { files } = declared;
  const named: Readonly<Record<string, unknown>> = typeof files === "object" && files !== null ? { ...files } : {};
  const inputs = inputsOf(loaded.model, loaded.source);
  const example = `source: "npy", files: { ${inputs.map(({ name }) => `${name}: "${name}.npy"`).join(", ")} }`;
  const read = inputs.map(async ({ name }) => [name, await loadNpy(fileOf(request, named[name], example))] as const);
  return one(request, inputs, new Map(await Promise.all(read)));
}

/** One archive: an array an input, or two under `x_train` and `x_test`, as Keras keeps its data sets. */
export async function npz(request: Request): Promise<Sets> {
  const { loaded, declared } = request;
  const file = fileOf(request, declared["file"], 'source: "npz", file: "digits.npz"');
  const arrays = await loadNpz(file);
  const inputs = inputsOf(loaded.model, loaded.source);
  const part = (ending: string): ReadonlyMap<string, NpyArray> | undefined => {
    const found = inputs.map(({ name }) => [name, arrays.get(`${name}${ending}`)] as const);
    const missing = found.find(([, array]) => array === undefined);
    return missing === undefined ? new Map(found as [string, NpyArray][]) : undefined; // all are there
  };
  const [train, test, all] = [part("_train"), part("_test"), part("")];
  if (train !== undefined && test !== undefined) return { train: arraysOf(request, inputs, train), test: arraysOf(request, inputs, test) };
  if (all !== undefined) return one(request, inputs, all);
  throw new InputError(
    `${file} holds ${[...arrays.keys()].join(", ") || "no array"}, but ${loaded.shown} takes ${inputs.map(({ name }) => name).join(", ")}; save an array under each of these names, or one under each name with _train and one with _test`,
  );
}

const one = (request: Request, inputs: readonly InputFacts[], arrays: ReadonlyMap<string, NpyArray>): Sets =>
  parted(inputs, arraysOf(request, inputs, arrays), cutOf(request, [...arrays.values()][0]?.name ?? "the data"));

function arraysOf({ loaded }: Request, inputs: readonly InputFacts[], arrays: ReadonlyMap<string, NpyArray>): Sets["train"] {
  const read = Object.fromEntries(
    inputs.map((input) => {
      const array = arrays.get(input.name)!;
      const [rows = 0, ...row] = array.shape;
      if (array.shape.length === 0 || sizeOf(row) !== sizeOf(input.row))
        throw new InputError(
          `${array.name} has the shape ${array.shape.join("×") || "of one value"}, but ${input.name} of ${loaded.shown} takes rows of ${sizeText(input)}; save it as ${["rows", ...input.row].join("×")}`,
        );
      if (rows === 0) throw new InputError(`${array.name} holds no rows; save at least two`);
      return [input.name, input.dtype === "i32" ? toIntegers(array) : toFloats(array)] as const;
    }),
  );
  // while the rows are still those of the file
  checkLabels(loaded.shown, inputs, read, (name) => arrays.get(name)!.name);
  return read;
}
