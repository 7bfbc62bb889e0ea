/** What a target is: one object, from its name and its flags to the file that it prints of a module with addresses. */

import type { Generation } from "../graph/generation.ts";
import type { Kernel, Module } from "../loop/loop.ts";
import type { Machine } from "../loop/machine.ts";
import type { Emitted } from "./emitted.ts";

/** What the header says and no module knows. */
export interface Facts {
  readonly version: string;
  /** Model file, relative to its package; undefined for a model declared in a program. */
  readonly source?: { readonly path: string; readonly hash: string };
  readonly command: string;
  readonly batch: { readonly train: number; readonly evaluate: number; readonly predict: number };
  /** Entries that train, in order. */
  readonly phases: readonly string[];
  /** Where rows of the batch meet, by kind of entry, which then refuses a short batch. */
  readonly meetings: Readonly<Partial<Record<"train" | "evaluate" | "predict", Meeting>>>;
  /** Outputs of prediction that have no rows along their leading axis. */
  readonly wholeOutputs: readonly string[];
  /** Where the model generates: what prediction takes and gives, a step at a time. */
  readonly generation?: Generation;
  /** Every input that the model declares, also those that no entry reads: a batch may hold these and no others. */
  readonly inputs: readonly string[];
  /** Of every parameter and state that is declared: the kind of the layer that did it, or "model". The optimizer's and the compiler's own have none. */
  readonly declaredBy: ReadonlyMap<string, string>;
  /** A hash of the training graphs, by which a checkpoint knows its own. */
  readonly graph: string;
  /** How many threads share a step unless its caller says otherwise; undefined where the trainer knows of no threads. */
  readonly threads?: number;
  /** A step can be run in slices. */
  readonly sliced?: true;
  /** Products and sums of kernels may be rounded once, where the engine's processor does that faster. */
  readonly relaxed?: true;
  /** Approximate rewrites that were used, by name. */
  readonly approximations: readonly string[];
  /** Where the schedules lie that were measured for it, and the hash of their text. */
  readonly schedules?: { readonly path: string; readonly hash: string };
  /** The budget it was compiled for, and what it took to keep it. */
  readonly memory?: MemoryFacts;
  /** By kernel, the functions of the file for readers that compute the same values; undefined where there can be no such file. */
  readonly twins?: ReadonlyMap<string, readonly string[]>;
}

/** A value in which a row depends on others, its line, and why. */
export interface Meeting {
  readonly value: string;
  readonly site: string;
  readonly why: string;
}

export interface MemoryFacts {
  /** As it was given: 512KB. */
  readonly budget: string;
  readonly bytes: number;
  /** Entries that compute values again or split their batch, in order. */
  readonly entries: readonly {
    readonly name: string;
    readonly again: readonly { readonly name: string; readonly bytes: number }[];
    /** In how many parts the batch goes, and the rows of each. */
    readonly parts: number;
    readonly rows: number;
    /** A step's operations, and this entry's bytes without what lives from step to step, before and after. */
    readonly flops: readonly [before: number, after: number];
    readonly bytes: readonly [before: number, after: number];
  }[];
}

/** What may be asked of a compile that not every target has. */
export type Option = "float64" | "threads" | "sliced" | "relaxed" | "winograd" | "gradients" | "memory" | "schedules" | "plan";

/** Which of a module's two files: trainer.ts, or gradients.ts, whose one entry is `gradients`. */
export type Kind = "trainer" | "gradients";

/** What one of the two files is printed with: gradients have no steps, and so no slices. */
export const factsFor = (kind: Kind, { sliced, ...facts }: Facts): Facts => ({
  ...facts,
  ...(sliced === true && kind === "trainer" && { sliced }),
});

/** A flag of the command line that a target brings along. */
export interface Flag {
  readonly type: "string" | "boolean";
  readonly valueHint?: string;
  readonly description: string;
}

/** What a flag says: its value, or that it is there. */
export type Said = Readonly<Record<string, string | true>>;

/** One way to print a module: all that the rest of the compiler knows of it. */
export interface Target {
  /** What a program asks for it by. */
  readonly name: string;
  /** What stands in the names of its files: `.wasm` in trainer.wasm.ts. */
  readonly suffix: string;
  /** The flags that ask for it, as headers say them; the default needs none. */
  readonly asked: Said;
  /** Flags that say what is so anyway. */
  readonly implied?: Said;
  /** The flags of `asked` and `implied` beside `--target`. */
  readonly flags?: Readonly<Record<string, Flag>>;
  /** What its loops are made for. */
  readonly machine: Machine;
  readonly understands: ReadonlySet<Option>;
  /** Files about the module that it writes beside the trainer and its certificate. */
  readonly beside: ReadonlySet<"model.graph" | "report.md">;
  /** What it writes, where that is for readers alone. */
  readonly reading?: string;
  /** The file for readers with the same bits. */
  readonly twin?: Reading;
  /** Whether what its kernels are compiled to lies beside the text, and is given to whoever makes a trainer. */
  readonly apart?: true;
  /** Prints a module, unformatted. */
  emit(module: Module, facts: Facts, kind?: Kind): Promise<Emitted>;
  /** Kernels as functions by themselves, as it would print them: where schedules are measured for it. */
  alone?(kernels: readonly Kernel[], arenaBytes: number, facts: Pick<Facts, "relaxed">): Promise<Alone>;
}

/** A target whose file shows what another's kernels compute. */
export interface Reading extends Target {
  /** What its functions are called, by kernel. */
  named(kernels: readonly Kernel[]): ReadonlyMap<string, string>;
}

/** Kernels as functions by themselves, over one arena and without a trainer around them. */
export interface Alone {
  readonly arena: ArrayBuffer;
  /** A kernel, numbered as it was given, over parameters at these byte offsets. */
  readonly call: (kernel: number, offsets: readonly number[]) => () => void;
}
