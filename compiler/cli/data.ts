/** Guarantees that the data a model declares are found, or says what to declare. */

import type { Digits } from "../../runtime/index.ts";
import { loadMnist } from "../../runtime/node/index.ts";
import { InputError, suggestion } from "./errors.ts";
import type { LoadedModel } from "./load-model.ts";

/** `export const data` of a model file. */
export interface DataDeclaration {
  readonly source: keyof typeof SOURCES;
  readonly epochs: number;
}

/** Where data may come from, by name. */
const SOURCES = {
  mnist: loadMnist,
} as const satisfies Record<string, (folder?: string) => Promise<{ train: Digits; test: Digits }>>;

const EXAMPLE = 'export const data = { source: "mnist", epochs: 5 };';
const isSource = (name: unknown): name is DataDeclaration["source"] =>
  typeof name === "string" && Object.hasOwn(SOURCES, name);

export function readDataDeclaration({ shown, data }: LoadedModel): DataDeclaration {
  if (data === undefined)
    throw new InputError(
      `${shown} names no data to train on; add ${EXAMPLE} to it, ` +
        `or train it in a program of your own with fit from adjoint/runtime`,
    );
  const declared: Partial<Record<string, unknown>> = typeof data === "object" && data !== null ? { ...data } : {}; // prettier-ignore
  const { source, epochs = 1 } = declared;
  if (!isSource(source))
    throw new InputError(`${shown} names the data source ${JSON.stringify(source) ?? "nothing"}, but there is only ${Object.keys(SOURCES).join(", ")}${suggestion(String(source), Object.keys(SOURCES))}; write ${EXAMPLE}`); // prettier-ignore
  if (typeof epochs !== "number" || !Number.isInteger(epochs) || epochs < 1)
    throw new InputError(`${shown} asks for ${JSON.stringify(epochs)} epochs of its data, which needs a whole number of at least 1; write ${EXAMPLE}`); // prettier-ignore
  return { source, epochs };
}

/** Arrays by the names of the model's inputs. */
type Arrays = Readonly<Record<string, Float32Array | Int32Array>>;

export async function loadData(
  { source }: DataDeclaration,
  folder: string | undefined,
): Promise<{ train: Arrays; test: Arrays }> {
  const { train, test } = await SOURCES[source](folder);
  return { train: { ...train }, test: { ...test } };
}
