/** Guarantees that the data a model declares are found or made, or says what to declare. */

import { loadFashionMnist, loadMnist } from "../../runtime/node/index.ts";
import { ANYTHING, isRecord, nearWord, optionsOf, problemIn, shown as inWords } from "../graph/arguments.ts";
import { InputError, suggestion } from "./errors.ts";
import { inputsOf } from "./inputs.ts";
import type { LoadedModel } from "./load-model.ts";
import { checkLabels } from "./rows.ts";
import { images } from "./source-images.ts";
import { cifar10, csv, npy, npz, text, type Request, type Sets } from "./sources.ts";
import { isScene, SCENES, synthetic, SYNTHETIC_KINDS, type Arrays, type SyntheticKind } from "./synthetic.ts";

/** `export const data` of a model file: what every source takes, and what its own source makes of the rest. */
export interface DataDeclaration {
  readonly source: keyof typeof SOURCES;
  readonly epochs: number;
  /** Share of the training rows that validate. */
  readonly validation?: number;
  /** All that was declared, for the source. */
  readonly declared: Readonly<Record<string, unknown>>;
}

type Load = (
  request: Request,
) => Promise<{ readonly train: object; readonly test: object; readonly classes?: readonly string[]; readonly note?: string }>;

/** Where data may come from, by name: one line a source. */
const SOURCES = {
  mnist: ({ folder }) => loadMnist(folder),
  "fashion-mnist": (request) => loadFashionMnist(folderOf(request)),
  cifar10,
  csv,
  images,
  text,
  npy,
  npz,
  synthetic: makeSynthetic,
} as const satisfies Record<string, Load>;

/** What may be declared for each source beside `source`, `epochs` and `validation`; whoever reads a value judges it. */
const NAMES: Readonly<Record<DataDeclaration["source"], readonly string[]>> = {
  mnist: [],
  "fashion-mnist": [],
  cifar10: ["rows", "seed"],
  csv: ["file", "label", "features", "categorical", "separator", "missing", "scale", "test", "seed"],
  images: ["folder", "test", "seed"],
  text: ["file", "rows", "test", "seed"],
  npy: ["files", "test", "seed"],
  npz: ["file", "test", "seed"],
  synthetic: ["rows", "seed", "classes", "kind"],
};
const EVERY = ["source", "epochs", "validation"];

/** A name that its source does not know would be read by nobody. */
function checkNames(shown: string, data: Readonly<Record<string, unknown>>, source: DataDeclaration["source"]): void {
  const names = [...EVERY, ...NAMES[source]];
  const problem = problemIn({ data }, { data: optionsOf(Object.fromEntries(names.map((name) => [name, ANYTHING]))) });
  if (problem?.unknown === undefined) return;
  throw new InputError(
    `${shown} gives its data ${JSON.stringify(problem.unknown)}, which no ${source} source takes${nearWord(problem)}; it takes ${names.join(", ")}`,
  );
}

const EXAMPLE = 'export const data = { source: "mnist", epochs: 5 }';
const SYNTHETIC = 'export const data = { source: "synthetic", rows: 2000, seed: 1, epochs: 5 }';
const isSource = (name: unknown): name is DataDeclaration["source"] => typeof name === "string" && Object.hasOwn(SOURCES, name);

export function readDataDeclaration({ shown, data }: LoadedModel): DataDeclaration {
  if (data === undefined)
    throw new InputError(
      `${shown} names no data to train on; add ${EXAMPLE} to it, ` + `or train it in a program of your own with fit from adjoint/runtime`,
    );
  if (!isRecord(data)) throw new InputError(`${shown} exports ${inWords(data)} as its data, which need to be an object; write ${EXAMPLE}`);
  const declared = data;
  const { source, epochs = 1, validation } = declared;
  if (!isSource(source))
    throw new InputError(
      `${shown} names the data source ${JSON.stringify(source) ?? "nothing"}, but the sources are ${Object.keys(SOURCES).join(", ")}; write ${EXAMPLE}${suggestion(String(source), Object.keys(SOURCES))}`,
    );
  checkNames(shown, declared, source);
  if (!isWhole(epochs, 1))
    throw new InputError(
      `${shown} asks for ${JSON.stringify(epochs)} epochs of its data, which needs a whole number of at least 1; write ${EXAMPLE}`,
    );
  if (validation !== undefined && !isShare(validation))
    throw new InputError(
      `${shown} sets ${JSON.stringify(validation)} of its rows aside for validation, which needs a share above 0 and below 1; write validation: 0.1`,
    );
  return { source, epochs, ...(validation !== undefined && { validation }), declared };
}

const isWhole = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;
const isShare = (value: unknown): value is number => typeof value === "number" && value > 0 && value < 1;
const isKind = (value: unknown): value is SyntheticKind => SYNTHETIC_KINDS.some((kind) => kind === value);

/** The training and the test set that a model declares, by the names of its inputs; every label names a class. */
export async function loadData(loaded: LoadedModel, { source, declared }: DataDeclaration, folder: string | undefined): Promise<Sets> {
  const load: Load = SOURCES[source];
  const { train, test, classes, note } = await load({ loaded, declared, folder });
  const inputs = inputsOf(loaded.model, loaded.source);
  const taken = new Set(inputs.map(({ name }) => name));
  // an autoencoder takes the pictures and leaves their labels
  const wanted = (set: object): Arrays => Object.fromEntries(Object.entries(set).filter(([name]) => taken.has(name)));
  const sets = { train: wanted(train), test: wanted(test) };
  for (const [name, set] of Object.entries(sets))
    checkLabels(loaded.shown, inputs, set, (input) => `${input} of the ${name === "train" ? "training" : "test"} set of ${source}`);
  return { ...sets, ...(classes !== undefined && { classes }), ...(note !== undefined && { note }) };
}

function folderOf({ loaded, folder }: Request): string {
  if (folder !== undefined) return folder;
  throw new InputError(
    `${loaded.shown} trains on Fashion-MNIST, which no package here brings; name the folder of its four IDX files with --data <folder>`,
  );
}

async function makeSynthetic({ loaded, declared, folder }: Request): ReturnType<Load> {
  const { shown, model, source } = loaded;
  if (folder !== undefined)
    throw new InputError(`--data names the folder ${folder}, but the data of ${shown} are synthetic: made, not read; leave --data out`);
  const { rows, seed } = declared;
  if (!isWhole(rows, 1))
    throw new InputError(
      `${shown} asks for ${JSON.stringify(rows) ?? "no number of"} synthetic rows, which needs a whole number of at least 1; write ${SYNTHETIC}`,
    );
  if (!isWhole(seed, 0))
    throw new InputError(
      `${shown} seeds its synthetic data with ${JSON.stringify(seed) ?? "nothing"}, which needs a whole number of at least 0; write ${SYNTHETIC}`,
    );
  const { classes, kind } = declared;
  const inputs = inputsOf(model, source);
  const most = Math.max(...inputs.map((input) => input.classes ?? 0));
  if (classes !== undefined && !(isWhole(classes, 1) && classes <= most))
    throw new InputError(
      `${shown} asks for synthetic data of ${JSON.stringify(classes)} classes, which needs a whole number from 1 to the ${most} classes of its labels; correct classes, or leave it out for all`,
    );
  if (kind !== undefined && !isKind(kind))
    throw new InputError(
      `${shown} asks for synthetic data of the kind ${JSON.stringify(kind)}, but there is only ${SYNTHETIC_KINDS.join(", ")}; correct kind, or leave it out${suggestion(String(kind), SYNTHETIC_KINDS)}`,
    );
  if (kind !== undefined && isScene(kind) && SCENES[kind].draws(inputs) === undefined)
    throw new InputError(
      `${shown} asks for synthetic ${kind}, which are made for a model that takes ${SCENES[kind].takes}, but it takes ${inputs.map((input) => `${input.name} [${input.row.join(", ")}]`).join(", ") || "nothing"}; declare these, or correct kind`,
    );
  return synthetic(inputs, { rows, seed, ...(classes !== undefined && { classes }), ...(kind !== undefined && { kind }) });
}
