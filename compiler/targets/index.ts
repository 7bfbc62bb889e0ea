/** Guarantees the list of targets by name. */

import type { Target } from "./target.ts";
import { typescript } from "./typescript/module.ts";
import { plain } from "./typescript/plain.ts";
import { wasm, wasmExternal } from "./wasm/module.ts";
import { twin } from "./wasm/twin.ts";

export type TargetName = "typescript" | "plain" | "wasm" | "wasm-external" | "twin";

/** `plain` is the loops of typescript before any schedule, with its bits; `twin` is wasm's loops in TypeScript, with its bits: for reading and for tests. */
export const targets: Readonly<Record<TargetName, Target>> = {
  typescript,
  plain,
  wasm,
  "wasm-external": wasmExternal,
  twin,
};
