/** Guarantees the file of measured schedules beside a model, one for each target: read where it is there, written whole or not at all. */

import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import type { CompileOptions } from "../compile.ts";
import { canonicalText } from "../driver/hash.ts";
import { lower } from "../driver/lower.ts";
import { measureSchedules } from "../measured/kernels.ts";
import { isKept, keepByStep, type StepTimes } from "../measured/step.ts";
import { printSchedules, type Measured, type ScheduleText } from "../driver/schedules.ts";
import { fileOf, scheduledLike, targetOf, type TargetName } from "../targets/index.ts";
import type { LoadedModel } from "./load-model.ts";
import { note, progress } from "./output.ts";
import { writeFiles } from "./write-files.ts";

type Place = Pick<LoadedModel, "shown" | "stem" | "source">;

/** `mnist-mlp.schedules.json`, and `mnist-mlp.schedules.wasm.json`: targets of one machine share a file. */
const nameOf = ({ stem }: Place, target: TargetName): string => fileOf(`${stem}.schedules.json`, scheduledLike(targetOf(target)));

const pathOf = (loaded: Place, target: TargetName): string =>
  join(dirname(loaded.source.path), nameOf(loaded, target)).replaceAll("\\", "/");

/** What was measured for a model and a target, as an option of a compile; nothing where no file lies beside the model. */
export function schedulesOf(loaded: Place, target: TargetName): Pick<CompileOptions, "schedules"> {
  if (!targetOf(target).machine.scheduled) return {};
  const file = join(dirname(loaded.shown), nameOf(loaded, target));
  // nor where no file can have that name, after a model whose own is nearly as long as a name may be
  if (!existsSync(file)) return {};
  return {
    schedules: { path: pathOf(loaded, target), text: canonicalText(readFileSync(file, "utf8")) },
  };
}

/** Measures a model's kernels as these options compile them, and a step with what was chosen; undefined where no kernel has a choice. */
export async function measured(
  loaded: LoadedModel,
  options: CompileOptions & { readonly target: TargetName },
): Promise<ScheduleText | undefined> {
  const { model, source, shown } = loaded;
  const lowered = await lower(model, { ...options, source });
  const kernels = await measureSchedules(lowered, (text) => progress(`${shown}: ${text}`));
  note(told(shown, kernels));
  if (kernels.length === 0) return undefined;
  const on = `Node ${process.versions.node} on ${cpus()[0]?.model.trim() ?? process.arch}`;
  const textOf = (those: readonly Measured[]): ScheduleText => ({
    path: pathOf(loaded, options.target),
    text: printSchedules({ model: model.name, graph: lowered.facts.graph, machine: lowered.target.machine }, on, those),
  });
  progress(`${shown}: measuring a step`);
  const kept = await keepByStep(kernels, lowered, (those) => lower(model, { ...options, source, schedules: textOf(those) }));
  if (kept.step !== undefined) note(toldOfStep(shown, kept.step));
  return textOf(kept.kernels);
}

function told(shown: string, kernels: readonly Measured[]): string {
  if (kernels.length === 0) return `${shown}: no kernel that takes time has more than one schedule`;
  const gains = kernels.map(({ microseconds: [chosen, modelled] }) => modelled / chosen);
  const faster = gains.filter((gain) => gain > 1).length;
  const most = faster === 0 ? "" : `, by ${Math.max(...gains).toFixed(2)}× at most`;
  return `${shown}: measured ${kernels.length} kernels; ${faster} of them faster than as the cost model would have them${most}`;
}

/** Whose schedules are kept, and why. */
export function toldOfStep(shown: string, step: StepTimes): string {
  const [chosen, modelled] = step.milliseconds.map((one) => `${one.toPrecision(3)} ms`);
  const whose = isKept(step) ? "they are kept" : "slower in most turns, so that the cost model's are kept";
  return `${shown}: a step takes ${chosen} with them, ${modelled} with the cost model's; ${whose}`;
}

/** Writes what was measured beside the model. */
export function writeSchedules(loaded: Place, target: TargetName, { text }: ScheduleText): void {
  writeFiles(dirname(loaded.shown), new Map([[nameOf(loaded, target), text]]));
}
