/** Guarantees that an unknown name is answered with the nearest known one, if any is near. */

import { nearest } from "../../runtime/nearest.ts";

/** `; did you mean "compile"?` where one of the names is near, else nothing. */
export function suggestion(given: string, names: readonly string[], prefix = ""): string {
  const near = nearest(given, names);
  return near === undefined ? "" : `; did you mean ${prefix}${near}?`;
}
