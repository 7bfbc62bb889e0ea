/** How lines of a model are cited. */

import type { Citation } from "../model/context.ts";
import type { Source } from "./options.ts";

/** Cites the model's file by its relative path, files beside it relative to the same folder, others by name. */
export function citation(source: Source | undefined): Citation {
  const slashed = (file: string): string => file.replaceAll("\\", "/");
  let root: string | undefined;
  const isSource = (file: string): boolean => source !== undefined && slashed(file).endsWith(`/${source.path}`);
  return {
    cite(file) {
      if (isSource(file)) root = slashed(file).slice(0, -source!.path.length);
      if (root !== undefined && slashed(file).startsWith(root)) return slashed(file).slice(root.length);
      return slashed(file).split("/").at(-1) ?? file;
    },
    textOf: (file) => (isSource(file) ? source!.text : undefined),
    ...(source === undefined ? {} : { file: source.path }),
  };
}
