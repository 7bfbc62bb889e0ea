/** The targets: one line for each. What the command line, headers and files know of them is derived of this list. */

import { plain } from "./typescript/plain.ts";
import { typescript } from "./typescript/index.ts";
import { wasm, wasmExternal } from "./wasm/index.ts";
import { twin } from "./wasm/twin.ts";
import type { Option, Target } from "./target.ts";

const LIST = [typescript, wasm, wasmExternal, plain, twin] as const;

export type TargetName = (typeof LIST)[number]["name"];

export const TARGETS: readonly (Target & { readonly name: TargetName })[] = LIST;

/** What is printed where nothing is asked for. */
export const DEFAULT: (typeof TARGETS)[number] = typescript;

/** The target of that name. */
export function targetOf(name: TargetName = DEFAULT.name): (typeof TARGETS)[number] {
  return TARGETS.find((target) => target.name === name)!; // a name of the list
}

/** The name of a file of one target: trainer.ts, trainer.wasm.ts. */
export const fileOf = (file: string, { suffix }: Pick<Target, "suffix">): string => file.replace(/(?=\.\w+$)/, suffix);

/** The first target that has an option. */
export const understanding = (option: Option): (typeof TARGETS)[number] => TARGETS.find(({ understands }) => understands.has(option))!;

/** Why most targets do not have an option, for messages. */
export const ONLY: Readonly<Partial<Record<Option, string>>> = {
  threads: "only WebAssembly kernels are divided among threads",
  sliced: "only trainers of TypeScript and WebAssembly run a step in slices",
  relaxed: "only WebAssembly has relaxed SIMD",
};

/** The target whose measured schedules fit: the one that its machine is named after. */
export const scheduledLike = ({ machine }: Target): Target => TARGETS.find(({ name }) => name === machine.name)!;

/** The target that shows what another computes to readers, with its loops' machine or as its twin, if there is one. */
export function readingOf(name: TargetName): readonly TargetName[] {
  const target = targetOf(name);
  const found = TARGETS.find(
    (other) => other.reading !== undefined && other !== target && (other === target.twin || other.machine.name === target.machine.name),
  );
  return target.reading !== undefined || found === undefined ? [] : [found.name];
}
