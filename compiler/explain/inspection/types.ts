/** The form of an inspection: all levels of a compiled model as plain data, whose parts name each other. It is what `adjoint inspect --json` prints. */

import type { DType, Shape } from "../../graph/type.ts";
import type { Doc, Role, Storage } from "../../loop/loop.ts";
import type { Roofline } from "../../passes/loops/cost.ts";
import type { Count } from "../../targets/report.ts";
import type { Neighbour } from "../model.ts";

/** Lines of a text from the first to the last, counted from 1. */
export interface Lines {
  readonly first: number;
  readonly last: number;
}

/** A compiled model: its declaration, entry points, kernels and memory, and the file that was printed of them. */
export interface Inspection {
  /** Of adjoint. */
  readonly version: string;
  readonly model: string;
  /** Such as `typescript`, `wasm`, `plain`. */
  readonly target: string;
  /** The model's file; left out for a model that was declared in a program. */
  readonly source?: { readonly path: string; readonly text: string };
  /** What was emitted. */
  readonly file: { readonly name: string; readonly text: string };
  readonly arenaBytes: number;
  /** A training step a phase, then `evaluate` and `predict`. */
  readonly entries: readonly InspectedEntry[];
  readonly kernels: readonly InspectedKernel[];
  readonly buffers: readonly InspectedBuffer[];
}

/** One entry point. Nodes are known by their id within it, statements by their number from 1. */
export interface InspectedEntry {
  readonly name: string;
  readonly kind: "train" | "gradients" | "forward";
  /** The graph that was scheduled, in order: every input stands before its reader, but for what a loop hands from turn to turn. */
  readonly nodes: readonly InspectedNode[];
  readonly results: readonly { readonly kind: "loss" | "output" | "write"; readonly name: string; readonly node: string }[];
  readonly statements: readonly InspectedStatement[];
  readonly passes: readonly InspectedPass[];
  /** Of one run. */
  readonly flops: number;
  /** Where this entry ends in the arena, and the least that any placing could reach in this order. */
  readonly arenaBytes: number;
  readonly lowerBound: number;
}

/** A value of the graph. */
export interface InspectedNode {
  /** Its name in the graph. */
  readonly id: string;
  readonly op: string;
  /** Operands in order; numbers that stand in the formula are none. */
  readonly inputs: readonly string[];
  readonly dtype: DType;
  /** Of several results together, the number of all their elements. */
  readonly shape: Shape;
  readonly part: "forward" | "backward" | "update";
  /** Its formula; of what is given, its name. */
  readonly maths: string;
  /** `models/mnist-mlp.ts:10`, and the line in the model's own file. */
  readonly site: string;
  readonly line?: number;
  /** From the outside: a layer, and a function inside it. Empty where it is in neither. */
  readonly layer: readonly string[];
  /** What the innermost of them is, in a line of mathematics. */
  readonly words?: string;
  /** Of a gradient the rule that made it, of an update the name of its rule. */
  readonly law?: string;
  /** Of a gradient the node whose rule that is, of an update what it updates; as it was called where the rule was applied. */
  readonly of?: string;
  /** The same as a node of this graph, where it still is one. */
  readonly forward?: string;
  /** The reverse: gradients that came by the rule of this node. */
  readonly adjoints: readonly string[];
  /** The values whose cotangent this is, and the reverse. */
  readonly gradientOf: readonly string[];
  readonly gradient?: string;
  /** What is stored in its place at the end of the step, and the reverse. */
  readonly next?: string;
  readonly replaces?: string;
  /** Names of nodes that were found equal to it, with their laws. */
  readonly aliases: readonly { readonly name: string; readonly maths: string; readonly law?: string; readonly of?: string }[];
  readonly home: InspectedHome;
  /** Statements that tell of it. */
  readonly statements: readonly number[];
  /** The loop in whose turns it is computed. */
  readonly loop?: string;
}

/** Where a value is: in the arena, a local of a statement's loops or of the entry, written into its readers' formulas, or nowhere. */
export type InspectedHome =
  | { readonly kind: "buffer"; readonly buffer: string; readonly statement?: number }
  | { readonly kind: "local" | "scalar"; readonly statement: number }
  | { readonly kind: "substituted"; readonly statements: readonly number[] }
  | { readonly kind: "movement" | "constant" };

/** One statement of an entry: a call of a kernel, or a scalar. */
export interface InspectedStatement {
  readonly number: number;
  readonly kind: "kernel" | "scalar";
  readonly kernel?: string;
  /** Of a step, the region that it stands in. */
  readonly part?: "forward" | "backward" | "update";
  /** How often it runs, and in which loop. */
  readonly times: number;
  readonly loop?: string;
  /** Where it stands in the emitted file: its comment and its code; undefined where the file does not show it. */
  readonly lines?: Lines;
  /** Where its code begins among them. */
  readonly code?: number;
  /** What it computes, as the file's comments say it. */
  readonly told: readonly Doc[];
  /** Nodes of these. */
  readonly nodes: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Of one run; bytes between memory and the loops, each buffer once. */
  readonly flops: number;
  readonly bytesMoved: number;
  /** Of one run; left out for scalars. */
  readonly atBest?: Roofline;
  /** Of a kernel's call: definitions in order, and where their values go. */
  readonly stages: readonly { readonly text: string; readonly storage: Storage; readonly into?: string }[];
  /** Why it is not one with the kernels before and after. */
  readonly apart: readonly Neighbour[];
}

/** A kernel, which several statements may share. */
export interface InspectedKernel {
  readonly id: string;
  /** In index notation, a line for each stage. */
  readonly definition: readonly string[];
  /** The loops point by point as the definitions say, and as they were scheduled. */
  readonly before: string;
  readonly after: string;
  /** The tile of its loops; and what the cost model would have taken, where another was measured to be faster. */
  readonly schedule: string;
  readonly insteadOf?: string;
  readonly flops: number;
  /** One call on the machine of who asked for it to be measured, alone and warm: the median. */
  readonly seconds?: number;
  readonly statements: readonly { readonly entry: string; readonly number: number }[];
  /** Where its function, or what is declared of it, stands in the emitted file. */
  readonly lines?: Lines;
}

/** A rectangle of the arena: bytes from its start, and the statements between which they hold this. */
export interface InspectedBuffer {
  readonly id: string;
  /** What the emitted file calls it. */
  readonly view?: string;
  readonly role: Role;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly offset: number;
  readonly bytes: number;
  /** The first statement at which it is held and the last; one past the last statement where the caller reads it. */
  readonly life: "always" | { readonly entry: string; readonly first: number; readonly last: number };
  /** The buffer whose place it takes: the statement that stores it first is the last that reads that one. */
  readonly over?: string;
  /** Of a window, the buffer that it is a part of. */
  readonly of?: string;
  readonly holds: readonly { readonly entry: string; readonly node: string }[];
  readonly uses: readonly { readonly entry: string; readonly number: number; readonly does: "reads" | "stores" | "reads and stores" }[];
  readonly lines?: Lines;
}

/** What one pass did to an entry. */
export interface InspectedPass {
  readonly pass: string;
  /** What it is for. */
  readonly why: string;
  readonly before: Count;
  readonly after: Count;
  /** Nodes, definitions or groups that are other ones after it, where both levels have the same form. */
  readonly changes: readonly PassChange[];
}

/** One line of a level before and after a pass; one of the two is left out where there was, or is, none. */
export interface PassChange {
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
}
