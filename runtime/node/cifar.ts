/** CIFAR-10 from disk: the six files of the binary version, in a folder that the user names. */

import { TEXT } from "../arguments.ts";
import { hold } from "../kinds.ts";
import { join } from "node:path";
import { readCifar10, type Pictures } from "../data/cifar.ts";
import * as error from "./error.ts";
import { readIfThere, requireFolder } from "./read.ts";

const TRAIN = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`);
const TEST = ["test_batch.bin"];

/**
 * The 50 000 training and 10 000 test pictures, [n, 3, 32, 32].
 *
 * @param folder where `data_batch_1.bin` … `data_batch_5.bin` and `test_batch.bin` lie
 * @throws DataError naming the file and the remedy
 */
export async function loadCifar10(folder: string): Promise<{ train: Pictures; test: Pictures }> {
  hold("loadCifar10", { folder }, { folder: TEXT });
  await requireFolder(folder, error.CIFAR10);
  return { train: await loadSet(folder, TRAIN), test: await loadSet(folder, TEST) };
}

async function loadSet(folder: string, files: readonly string[]): Promise<Pictures> {
  const read = [];
  for (const file of files) {
    const name = join(folder, file);
    const bytes = await readIfThere(name, error.CIFAR10.remedy);
    if (bytes === undefined) throw error.noBatch(folder, file, error.CIFAR10);
    read.push({ name, bytes });
  }
  return readCifar10(read);
}
