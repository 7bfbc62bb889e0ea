/** Folders of pictures from disk. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { optional, TEXT } from "../arguments.ts";
import { IMAGE_OPTIONS, readImages, type ImageOptions, type LabelledPictures } from "../data/images.ts";
import { hold } from "../kinds.ts";
import * as error from "./error.ts";
import { read } from "./read.ts";

/**
 * `readImages` of `<folder>/<class>/*.png`, `.jpg` and `.jpeg`, in order of name.
 *
 * @throws DataError when there is no such folder, or none in it holds a picture; and what `readImages` throws
 */
export async function loadImages(folder: string, options: ImageOptions): Promise<LabelledPictures> {
  hold("loadImages", { folder, options }, { folder: TEXT, options: optional(IMAGE_OPTIONS) });
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) throw error.noPictureFolder(folder);
  const names: string[] = [];
  for (const own of entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort())
    for (const file of (await readdir(join(folder, own))).sort()) if (/\.(?:png|jpe?g)$/i.test(file)) names.push(join(folder, own, file));
  if (names.length === 0) throw error.noPicturesIn(folder);
  const files = [];
  for (const name of names) files.push({ name, bytes: await read(name) });
  return readImages(files, options);
}
