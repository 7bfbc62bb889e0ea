/** What a lowered model is printed as. */

import { withLineNumbers } from "../targets/contents.ts";
import type { Emitted } from "../targets/emitted.ts";
import type { Kind } from "../targets/target.ts";
import type { Lowered } from "./lower.ts";

/** What its target makes of a lowered model, the text formatted. */
export async function emit({ module, facts, target, observation }: Lowered, kind: Kind): Promise<Emitted> {
  let began = performance.now();
  const emitted = await target.emit(module, facts, kind);
  observation.timings.push({ stage: `print ${kind}`, milliseconds: performance.now() - began });
  began = performance.now();
  const formatted = withLineNumbers(await format(emitted.text));
  observation.timings.push({ stage: `format ${kind}`, milliseconds: performance.now() - began });
  return emitted.written(formatted);
}

/** What prettier makes of TypeScript; loaded when first needed. */
export async function format(text: string): Promise<string> {
  const [prettier, babel, estree] = await Promise.all([
    import("prettier/standalone"),
    import("prettier/plugins/babel"),
    import("prettier/plugins/estree"),
  ]);
  return prettier.format(text, {
    parser: "babel-ts",
    plugins: [babel, estree.default],
    printWidth: 100,
  });
}
