/** The trainer of a model as a module that runs: the generated one where it is current, or one made in memory. */

import { compile, load, type TrainerModule } from "../compile.ts";
import { DEFAULT } from "../targets/index.ts";
import { importText, stripTypes } from "../targets/strip.ts";
import { loadProject } from "./config.ts";
import { isCurrentOf, readHeader } from "./header.ts";
import type { LoadedModel } from "./load-model.ts";
import { note, progress } from "./output.ts";
import { pathAt, placeFor } from "./place.ts";
import { schedulesOf } from "./schedules.ts";
import { readText } from "./write-files.ts";

/** The generated trainer if it is of this model, this compiler, and unedited; otherwise one made in memory. */
export async function trainerOf(loaded: LoadedModel): Promise<{ module: TrainerModule; path?: string }> {
  const { model, source, shown } = loaded;
  const path = pathAt(placeFor((await loadProject()).out, shown), "trainer.ts").replaceAll("\\", "/");
  const text = readText(path);
  if (text !== undefined) {
    const current = readHeader(text)?.model === source.path && (await isCurrentOf(text, source.text));
    if (current) return { module: await importText<TrainerModule>(await stripTypes(text)), path };
    note(`${path} is out of date; a fresh compilation in memory stands for it. Renew the file with adjoint compile ${shown}`);
  }
  const compiled = await compile(model, {
    source,
    ...schedulesOf(loaded, DEFAULT.name),
    progress: (what) => progress(`${shown}: ${what}`),
  });
  return { module: await load(compiled) };
}
