/** Reads a NumPy .npz archive: every array by its name, each as exact as a .npy file. */

import { TEXT } from "../arguments.ts";
import { BYTES, hold } from "../kinds.ts";
import * as error from "./numpy-error.ts";
import { readNpy, type NpyArray } from "./npy.ts";
import { readZip } from "./zip.ts";

/**
 * The arrays of an archive that `numpy.savez` or `numpy.savez_compressed` wrote, by name.
 *
 * @throws DataError naming the archive, and the array where there is one
 */
export function readNpz(bytes: Uint8Array, name: string): ReadonlyMap<string, NpyArray> {
  hold("readNpz", { bytes, name }, { bytes: BYTES, name: TEXT });
  const arrays = new Map<string, NpyArray>();
  for (const entry of readZip(bytes, name)) {
    if (!entry.name.endsWith(".npy")) throw error.notArray(name, entry.name);
    const array = entry.name.slice(0, -".npy".length);
    if (arrays.has(array)) throw error.repeatedArray(name, array);
    arrays.set(array, readNpy(entry.bytes, `${array} in ${name}`));
  }
  return arrays;
}
