/** Folders of pictures as the data of a model: the size is the model's, classes are the folders' names. */

import { loadImages } from "../../runtime/node/index.ts";
import { InputError } from "./errors.ts";
import { parted, type Cut } from "./rows.ts";
import { cutOf, fileOf, pair, sizeText, type Request, type Sets } from "./sources.ts";
import type { Arrays } from "./synthetic.ts";

const EXAMPLE = 'source: "images", folder: "photos"';

/** `<folder>/<class>/*.png` and `*.jpg`, scaled to what the model takes; `test` is a folder alike, or the share that is held back. */
export async function images(request: Request): Promise<Sets> {
  const { loaded, declared } = request;
  const [feature, target] = pair(request, "images");
  const [channels, height, width] = feature.row;
  if (feature.row.length !== 3 || (channels !== 1 && channels !== 3) || target.dtype !== "i32")
    throw new InputError(
      `an images source gives pictures and their classes, but ${loaded.shown} takes ${feature.name} of ${sizeText(feature)} and ${target.name}${target.dtype === "i32" ? "" : " of numbers"}; declare input("${feature.name}", [batch, 3, height, width]), or 1 for grey, and labels("${target.name}", [batch], { classes })`,
    );
  const folder = fileOf(request, declared["folder"], EXAMPLE);
  const options = { height: height!, width: width!, channels } as const;
  const { x, y, classes } = await loadImages(folder, options);
  if (classes.length > (target.classes ?? 0))
    throw new InputError(
      `${folder} holds pictures of ${classes.length} classes (${classes.slice(0, 10).join(", ")}${classes.length > 10 ? ", …" : ""}), but ${target.name} of ${loaded.shown} takes ${target.classes ?? 0}; declare { classes: ${classes.length} }, or take folders out`,
    );
  const arraysOf = (set: { readonly x: Float32Array; readonly y: Int32Array }): Arrays => ({ [feature.name]: set.x, [target.name]: set.y });
  const { test } = declared;
  if (typeof test === "string") {
    const held = await loadImages(fileOf(request, test, EXAMPLE), { ...options, classes });
    return { train: arraysOf({ x, y }), test: arraysOf(held), classes };
  }
  const cut: Cut = cutOf(request, folder);
  return { ...parted([feature, target], arraysOf({ x, y }), cut), classes };
}
