/**
 * Measures the default check (`npx tsx bench/check.ts`), in processor time: what a compile takes without it and with it, of models as people write
 * them (check-nets.ts), none with a size; writes bench/check.md. `npx tsx bench/check.ts resnet` takes those whose name holds that, and prints parts.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CompileOptions, Model } from "../compiler/index.ts";
import { optimizeLater } from "../compiler/cli/engine.ts";
import { root } from "../scripts/compiler.ts";
import { markdown } from "../scripts/markdown.ts";
import { checked } from "./check-nets.ts";
import { loadCompiler } from "./compiler.ts";
import { processor } from "./timing.ts";

const [wanted] = process.argv.slice(2);
// as the command line does
optimizeLater();
const { adjoint } = await loadCompiler([]);
const all = Object.keys(checked(adjoint));
const names = all.filter((name) => name.includes(wanted ?? ""));
if (names.length === 0) throw new Error(`no net holds ${wanted}: there are ${all.join("; ")}`);
/** Declared anew each time: what is found out about a model is kept. */
const declared = (name: string): Model => checked(adjoint)[name]!;

/** Processor seconds of one compilation, with where they went. */
async function seconds(
  model: Model,
  options: CompileOptions,
): Promise<{ readonly seconds: number; readonly instance: string; readonly parts: readonly string[] }> {
  const began = processor();
  const parts: string[] = [];
  let [stage, since] = ["", began];
  const progress = (text: string): void => {
    if (stage !== "") parts.push(`${((processor() - since) / 1000).toFixed(2)} ${stage}`);
    [stage, since] = [text, processor()];
  };
  // a refusal takes as long as what holds
  const refused = (error: { readonly result: { readonly instance?: string } }): { readonly check: { readonly instance: string } } => ({
    check: { instance: `${error.result.instance}; refused` },
  });
  const { check } = await adjoint.compile(model, { ...options, progress }).catch(refused);
  progress("");
  return { seconds: (processor() - began) / 1000, instance: check?.instance ?? "", parts };
}

// what is loaded and compiled once is no part of any model's time
await seconds(declared(names[0]!), { effort: "none" });
const rows: string[][] = [];
for (const name of names)
  for (const target of ["typescript", "wasm"] as const) {
    const without = await seconds(declared(name), { target, effort: "none" });
    const whole = await seconds(declared(name), { target });
    rows.push([
      name,
      target,
      without.seconds.toFixed(1),
      whole.seconds.toFixed(1),
      (whole.seconds / without.seconds).toFixed(1),
      whole.instance,
    ]);
    process.stderr.write(`${rows.at(-1)!.join("  ")}\n`);
    if (wanted !== undefined) process.stderr.write(`  ${whole.parts.join("\n  ")}\n`);
  }
const table = markdown(["model", "target", "compile without the check, s", "with it, s", "ratio", "small instance"], rows);
process.stdout.write(table);
if (wanted === undefined)
  await writeFile(
    join(root, "bench", "check.md"),
    `# What the default check takes\n\nnpx tsx bench/check.ts, Node ${process.versions.node}: processor seconds of a whole compile.\n\n${table}`,
  );
