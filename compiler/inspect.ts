/** A compiled model as data: what `adjoint inspect` shows, for programs. */

import { isRecord, kind } from "./graph/arguments.ts";
import { inspectionOf, type Inspection } from "./explain/inspection/index.ts";
import { check as checkArguments } from "./model/arguments.ts";
import type { Compiled } from "./compile.ts";

const COMPILED = kind(
  "what compile resolves to",
  (value) => isRecord(value) && "lowered" in value && "files" in value,
  "Await it: inspect(await compile(model)).",
);

/**
 * Everything that is known of a compiled model, as plain data whose parts name each other: nodes with their laws and lines, passes with what they
 * changed, kernels with their loops and costs, buffers with their places and lives, statements with their lines in the emitted file. It holds no
 * functions: JSON keeps all of it.
 */
export function inspect(compiled: Compiled): Inspection {
  checkArguments("inspect", { compiled }, { compiled: COMPILED });
  const { lowered, files, source } = compiled;
  const [name, text] = [...files].find(([file]) => /^trainer\..*ts$/.test(file))!; // compile writes one
  return inspectionOf(lowered, { name, text }, source);
}
