/**
 * Measures the default check (`node bench/check.mjs`), in processor time: what a compile takes without it and with it, of models as people write
 * them (check-nets.mjs), none with a size; writes bench/check.md. `node bench/check.mjs resnet` takes those whose name holds that, and prints parts.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadCompiler, root } from "../scripts/compiler.mjs";
import { markdown } from "../scripts/markdown.mjs";
import { checked } from "./check-nets.mjs";
import { processor } from "./timing.mjs";

const [wanted] = process.argv.slice(2);
const { adjoint } = await loadCompiler([]);
const names = Object.keys(checked(adjoint)).filter((name) => name.includes(wanted ?? ""));
/** Declared anew each time: what is found out about a model is kept. */
const declared = (name) => checked(adjoint)[name];

/** Processor seconds of one compilation, with where they went. */
async function seconds(model, options) {
  const began = processor();
  const parts = [];
  let [stage, since] = ["", began];
  const progress = (text) => {
    if (stage !== "") parts.push(`${((processor() - since) / 1000).toFixed(2)} ${stage}`);
    [stage, since] = [text, processor()];
  };
  // a refusal takes as long as what holds
  const refused = (error) => ({ check: { instance: `${error.result.instance}; refused` } });
  const { check } = await adjoint.compile(model, { ...options, progress }).catch(refused);
  progress("");
  return { seconds: (processor() - began) / 1000, instance: check?.instance ?? "", parts };
}

// what is loaded and compiled once is no part of any model's time
await seconds(declared(names[0]), { effort: "none" });
const rows = [];
for (const name of names)
  for (const target of ["typescript", "wasm"]) {
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
    process.stderr.write(`${rows.at(-1).join("  ")}\n`);
    if (wanted !== undefined) process.stderr.write(`  ${whole.parts.join("\n  ")}\n`);
  }
const table = markdown(["model", "target", "compile without the check, s", "with it, s", "ratio", "small instance"], rows);
process.stdout.write(table);
if (wanted === undefined)
  await writeFile(
    join(root, "bench", "check.md"),
    `# What the default check takes\n\nnode bench/check.mjs, Node ${process.versions.node}: processor seconds of a whole compile.\n\n${table}`,
  );
