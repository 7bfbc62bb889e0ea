/** The readers of single files, from disk: each takes a path and fails by naming it. */

import { readCsv, type CsvTable, type LabelledTable, type LabelOptions } from "../data/csv.ts";
import { readNpy, type NpyArray } from "../data/npy.ts";
import { readNpz } from "../data/npz.ts";
import { readTable, type EncodedTable, type TableOptions } from "../data/table.ts";
import { readText, type Characters } from "../data/text.ts";
import { TEXT } from "../arguments.ts";
import { hold } from "../kinds.ts";
import { read } from "./read.ts";

/** `readCsv` of a file. */
export async function loadCsv(file: string): Promise<CsvTable>;
export async function loadCsv(file: string, options: LabelOptions): Promise<LabelledTable>;
export async function loadCsv(file: string, options?: LabelOptions): Promise<CsvTable> {
  hold("loadCsv", { file }, { file: TEXT });
  const bytes = await read(file);
  return options === undefined ? readCsv(bytes, file) : readCsv(bytes, file, options);
}

/** `readTable` of a file. */
export async function loadTable(file: string, options: TableOptions = {}): Promise<EncodedTable> {
  hold("loadTable", { file }, { file: TEXT });
  return readTable(await read(file), file, options);
}

/** `readNpy` of a file. */
export async function loadNpy(file: string): Promise<NpyArray> {
  hold("loadNpy", { file }, { file: TEXT });
  return readNpy(await read(file), file);
}

/** `readNpz` of a file. */
export async function loadNpz(file: string): Promise<ReadonlyMap<string, NpyArray>> {
  hold("loadNpz", { file }, { file: TEXT });
  return readNpz(await read(file), file);
}

/** `readText` of a file. */
export async function loadText(file: string, vocabulary?: readonly string[]): Promise<Characters> {
  hold("loadText", { file }, { file: TEXT });
  return readText(await read(file), file, vocabulary);
}
