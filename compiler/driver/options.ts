/** What a compile is asked for, and the command that asks for the same again. */

import type { Float } from "../graph/type.ts";
import type { ExtentMap } from "../model/extents.ts";
import type { BatchSizes, EntryKind } from "../model/declaration.ts";
import { printPasses, type OptionalPass } from "../passes/selection.ts";
import { DEFAULT, targetOf, type TargetName } from "../targets/index.ts";
import { wordsOf } from "../targets/words.ts";
import type { Choice } from "./memory.ts";
import type { ScheduleText } from "./schedules.ts";

/** The file that declares a model, as what is made of it cites it. */
export interface Source {
  /** Relative to the model's package. */
  readonly path: string;
  readonly text: string;
}

/** Of each entry, since each is a graph of its own. */
export type InstanceExtents = Readonly<Record<EntryKind, ExtentMap>>;

/** What a memory budget chose, by entry. */
export type Choices = ReadonlyMap<string, Choice>;

export interface CompileOptions {
  readonly source?: Source;
  readonly dtype?: Float;
  /** What is printed; default: the TypeScript trainer. */
  readonly target?: TargetName;
  /** `gradients` adds gradients.ts. */
  readonly entries?: readonly "gradients"[];
  /** Which passes' text to keep in `stages`. */
  readonly keep?: (pass: string) => boolean;
  /** Rows of every entry, or of each, in place of the model's own. */
  readonly batch?: number | BatchSizes;
  /** Declares the small instance: every size(…) takes its `check` extent. */
  readonly small?: boolean;
  /** What the small instance makes of the extents that a declaration without sizes names, by entry. */
  readonly extents?: InstanceExtents | undefined;
  /** Which optional passes run, for bisecting; default: all. Other bits may come of it, within the check's bounds. */
  readonly passes?: readonly OptionalPass[];
  /** The trainer's arena, at most: 512KB, 1.5MiB. In place of the model's own; gradients.ts has no budget. */
  readonly memory?: string;
  /** What was chosen for each entry before, in place of a budget. */
  readonly chosen?: Choices;
  /** Schedules that were measured for this model and target, of the trainer's kernels; what they do not name the cost model picks. */
  readonly schedules?: ScheduleText;
  /** WebAssembly only: kernels are divided among this many threads, unless whoever makes a trainer says otherwise. */
  readonly threads?: number;
  /** Adds `stepInSlices` to the trainer: a step that gives way every few milliseconds, with the same bits, for a thread that has more to do. */
  readonly sliced?: boolean;
  /** WebAssembly only: uses relaxed SIMD, and gives up that all machines have the same bits. */
  readonly relaxed?: boolean;
  /** 3×3 convolutions of stride 1 by Winograd's algorithm: fewer products, larger errors. */
  readonly winograd?: boolean;
  /** Training and evaluation begin at the value of this name, which is frozen up to there, and which prediction gives as one more output. */
  readonly features?: string;
  /** Also gives trainer.js and trainer.d.ts, for those who import no TypeScript. */
  readonly js?: boolean;
  /** Also gives model.plan, the placed kernels as text: longer than the trainer, for whoever wants to read them. */
  readonly plan?: boolean;
}

/** The flags of the command line that ask for these options. */
export function flagsOf({
  entries,
  target,
  passes,
  threads,
  sliced,
  relaxed,
  winograd,
  features,
  memory,
  js,
  plan,
}: Omit<CompileOptions, "source">): string[] {
  const chosen = printPasses(passes);
  return [
    ...(target === undefined || target === DEFAULT.name ? [] : wordsOf(targetOf(target)).split(" ")),
    ...(threads === undefined ? [] : ["--threads", `${threads}`]),
    ...(sliced === true ? ["--sliced"] : []),
    ...(relaxed === true ? ["--relaxed"] : []),
    ...(winograd === true ? ["--winograd"] : []),
    ...(features === undefined ? [] : ["--features", features]),
    ...(entries ?? []).flatMap((entry) => ["--entry", entry]),
    ...(chosen === undefined ? [] : ["--passes", chosen]),
    ...(memory === undefined ? [] : ["--memory", memory.replaceAll(" ", "")]),
    ...(js === true ? ["--js"] : []),
    ...(plan === true ? ["--plan"] : []),
  ];
}

/** The command that makes the files again. */
export const commandOf = ({ source, ...asked }: CompileOptions): string =>
  source === undefined ? "compile(model) in the program that declared it" : ["adjoint compile", source.path, ...flagsOf(asked)].join(" ");
