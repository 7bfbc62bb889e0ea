/** Writes the programs that refusals.py asks for what they cannot do: `tsx interop/jax/refusals.ts <folder>`. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportProgram } from "../../compiler/export.ts";
import lenet from "../../models/lenet.ts";
import mlp from "../../models/mnist-mlp.ts";
import resnet from "../../models/mini-resnet.ts";

const [folder] = process.argv.slice(2) as [string];
const PROGRAMS = [
  ["mnist-mlp", mlp, "f32"],
  ["wide", mlp, "f64"],
  ["lenet", lenet, "f32"],
  ["mini-resnet", resnet, "f32"],
] as const;
for (const [name, model, dtype] of PROGRAMS) writeFileSync(join(folder, `${name}.py`), await exportProgram(model, { to: "jax", dtype }));
