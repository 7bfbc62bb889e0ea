/** Guarantees that the data a model declares are found or made, or says what to declare. */

import { loadMnist } from "../../runtime/node/index.ts";
import { InputError, suggestion } from "./errors.ts";
import { inputsOf } from "./inputs.ts";
import type { LoadedModel } from "./load-model.ts";
import { synthetic, type Arrays } from "./synthetic.ts";

/** `export const data` of a model file: what every source takes, and what its own source makes of the rest. */
export interface DataDeclaration {
  readonly source: keyof typeof SOURCES;
  readonly epochs: number;
  /** Share of the training rows that validate. */
  readonly validation?: number;
  /** All that was declared, for the source. */
  readonly declared: Readonly<Record<string, unknown>>;
}

interface Request {
  readonly loaded: LoadedModel;
  readonly declared: DataDeclaration["declared"];
  /** Of `--data`. */
  readonly folder: string | undefined;
}

type Load = (request: Request) => Promise<{ readonly train: object; readonly test: object }>;

/** Where data may come from, by name: one line a source. */
const SOURCES = {
  mnist: ({ folder }) => loadMnist(folder),
  synthetic: makeSynthetic,
} as const satisfies Record<string, Load>;

const EXAMPLE = 'export const data = { source: "mnist", epochs: 5 }';
const SYNTHETIC = 'export const data = { source: "synthetic", rows: 2000, seed: 1, epochs: 5 }';
const isSource = (name: unknown): name is DataDeclaration["source"] =>
  typeof name === "string" && Object.hasOwn(SOURCES, name);

export function readDataDeclaration({ shown, data }: LoadedModel): DataDeclaration {
  if (data === undefined)
    throw new InputError(
      `${shown} names no data to train on; add ${EXAMPLE} to it, ` +
        `or train it in a program of your own with fit from adjoint/runtime`,
    );
  const declared: Readonly<Record<string, unknown>> = typeof data === "object" && data !== null ? { ...data } : {}; // prettier-ignore
  const { source, epochs = 1, validation } = declared;
  if (!isSource(source))
    throw new InputError(`${shown} names the data source ${JSON.stringify(source) ?? "nothing"}, but there is only ${Object.keys(SOURCES).join(", ")}; write ${EXAMPLE}${suggestion(String(source), Object.keys(SOURCES))}`); // prettier-ignore
  if (!isWhole(epochs, 1))
    throw new InputError(`${shown} asks for ${JSON.stringify(epochs)} epochs of its data, which needs a whole number of at least 1; write ${EXAMPLE}`); // prettier-ignore
  if (validation !== undefined && !isShare(validation))
    throw new InputError(`${shown} sets ${JSON.stringify(validation)} of its rows aside for validation, which needs a share above 0 and below 1; write validation: 0.1`); // prettier-ignore
  return { source, epochs, ...(validation !== undefined && { validation }), declared };
}

const isWhole = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;
const isShare = (value: unknown): value is number =>
  typeof value === "number" && value > 0 && value < 1;

/** The training and the test set that a model declares, by the names of its inputs. */
export async function loadData(
  loaded: LoadedModel,
  { source, declared }: DataDeclaration,
  folder: string | undefined,
): Promise<{ train: Arrays; test: Arrays }> {
  const load: Load = SOURCES[source];
  const { train, test } = await load({ loaded, declared, folder });
  return { train: { ...train }, test: { ...test } };
}

async function makeSynthetic({ loaded, declared, folder }: Request): ReturnType<Load> {
  const { shown, model, source } = loaded;
  if (folder !== undefined)
    throw new InputError(`--data names the folder ${folder}, but the data of ${shown} are synthetic: made, not read; leave --data out`); // prettier-ignore
  const { rows, seed } = declared;
  if (!isWhole(rows, 1))
    throw new InputError(`${shown} asks for ${JSON.stringify(rows) ?? "no number of"} synthetic rows, which needs a whole number of at least 1; write ${SYNTHETIC}`); // prettier-ignore
  if (!isWhole(seed, 0))
    throw new InputError(`${shown} seeds its synthetic data with ${JSON.stringify(seed) ?? "nothing"}, which needs a whole number of at least 0; write ${SYNTHETIC}`); // prettier-ignore
  return synthetic(inputsOf(model, source), { rows, seed });
}
