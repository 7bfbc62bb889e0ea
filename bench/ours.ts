/** The trainer that is timed: the committed one, or, where there is none, what the compiler makes now. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compile, load, type TrainerModule } from "../compiler/compile.ts";
import { imported, modelFile, root } from "../scripts/compiler.ts";

export interface Ours {
  readonly origin: "generated" | "compiled";
  readonly createTrainer: TrainerModule["createTrainer"];
}

/** A model's trainer, by the name of its file. */
export async function loadTrainer(name: string): Promise<Ours> {
  const committed = join(root, "generated", name, "trainer.ts");
  if (existsSync(committed)) {
    const { createTrainer } = await imported(readFileSync(committed, "utf8"));
    return { origin: "generated", createTrainer };
  }
  const path = `models/${name}.ts`;
  const source = { path, text: readFileSync(join(root, path), "utf8") };
  const { createTrainer } = await load(await compile((await modelFile(name)).default, { source }));
  return { origin: "compiled", createTrainer };
}
