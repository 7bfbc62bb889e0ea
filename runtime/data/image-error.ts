/** Every message of the readers of pictures. */

import { DataError } from "../error.ts";

export const notPicture = (name: string, bytes: Uint8Array): DataError =>
  new DataError(
    `${name} is neither a PNG nor a JPEG file: it begins with ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ") || "nothing"}; ` +
      `convert it, or take it out`,
  );

export const brokenPicture = (name: string, kind: string, cause: unknown): DataError =>
  new DataError(
    `${name} cannot be read as a ${kind} file (${cause instanceof Error ? cause.message : String(cause)}); save it again, or take it out`,
    { cause },
  );

export const noPictures = (): DataError =>
  new DataError("there are no pictures to read; name some .png or .jpg files, each in a folder that is called as its class");

export const noClassFolder = (name: string): DataError =>
  new DataError(`${name} lies in no folder, whose name would be its class; name it as cat/1.png`);

export const otherClass = (name: string, own: string, classes: readonly string[]): DataError =>
  new DataError(`${name} is of the class ${own}, which is none of ${classes.join(", ")}; take it out, or read all pictures as one set`);
