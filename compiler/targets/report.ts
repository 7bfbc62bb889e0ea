/** Guarantees report.md: facts computed from the plan, none of them measured, so that it changes only when the program does. */

import { bytesOf, sizeOf } from "../graph/type.ts";
import type { Entry, Module } from "../loop/loop.ts";
import { heading, inline, table } from "./markdown.ts";
import type { Facts } from "./target.ts";

export interface Reported {
  readonly module: Module;
  readonly facts: Facts;
  /** What each pass did, by entry. */
  readonly passes: readonly { readonly entry: string; readonly facts: readonly PassFact[] }[];
}

/** Nodes, definitions or statements of a level, and what it costs to run as it stands. */
export interface Measure {
  readonly size: number;
  readonly kernels: number;
  readonly flops: number;
  readonly bytesMoved: number;
  /** All but parameters and state: each value in a place of its own, after placing as they share the arena. */
  readonly bytesStored: number;
}

export interface PassFact {
  readonly pass: string;
  readonly before: Measure;
  readonly after: Measure;
}

const group = (n: number): string => n.toLocaleString("en-US");

/** The losses that training starts from, and of what. */
export interface FirstLosses {
  /** Of the weights and of the batch. */
  readonly seed: number;
  readonly phases: readonly { readonly phase: string; readonly loss: number }[];
}

/** Size, first losses, kernels, live ranges and what each pass saved, as Markdown. */
export function printReport({ module, facts, passes }: Reported, trainer: string, first: FirstLosses): string {
  const parameters = module.buffers.filter(({ role }) => role === "parameter");
  const bytesIn = (role: string): number =>
    module.buffers.filter((b) => b.role === role).reduce((n, b) => n + sizeOf(b.shape) * bytesOf(b.dtype), 0);
  return [
    heading(1, module.name),
    "",
    ...table(
      ["what", "value"],
      [
        ["parameters", group(parameters.reduce((n, { shape }) => n + sizeOf(shape), 0))],
        ["arena, bytes", group(module.arenaBytes)],
        ["of these parameters", group(bytesIn("parameter"))],
        ["of these state", group(bytesIn("state"))],
        ["lower bound over all entries, bytes", group(Math.max(...module.entries.map((entry) => entry.lowerBound)))],
        ["emitted TypeScript, bytes", group(new TextEncoder().encode(trainer).length)],
        ["batch: train, evaluate, predict", `${facts.batch.train}, ${facts.batch.evaluate}, ${facts.batch.predict}`],
        ...first.phases.map(({ phase, loss }) => [
          `loss${first.phases.length > 1 ? ` of ${phase}` : ""} before the first step, on drawn inputs (seed ${first.seed})`,
          loss.toPrecision(4),
        ]),
      ],
    ),
    ...printMemory(facts),
    ...module.entries.flatMap((entry) => printEntry(module, entry)),
    "",
    "## What each pass did",
    "",
    ...PASSES_EXPLAINED,
    ...passes.flatMap(({ entry, facts }) => ["", heading(3, entry), "", ...table(PASS_COLUMNS, passRows(facts))]),
    "",
  ].join("\n");
}

/** What a memory budget took: values computed again instead of kept, and the work that adds. */
function printMemory({ memory }: Facts): string[] {
  if (memory === undefined) return [];
  const share = (before: number, after: number): string => `${((100 * after) / before - 100).toFixed(1)} %`;
  return [
    "",
    heading(2, `Memory budget: ${memory.budget}, ${group(memory.bytes)} bytes`),
    ...(memory.entries.length === 0 ? ["", "Everything fits: nothing is computed again."] : []),
    ...memory.entries.flatMap(({ name, again, parts, rows, flops, bytes }) => [
      "",
      `${inline(name)}: ${group(bytes[0])} bytes beside what lives from step to step become ${group(bytes[1])}; ${group(flops[0])} FLOPs a step become ${group(flops[1])}, ${share(...flops)} more. ${bitsOf(parts, rows)}`,
      "",
      ...(again.length === 0
        ? ["Nothing is computed again."]
        : table(
            ["computed again in the backward pass", "bytes not kept"],
            again.map((one) => [one.name, group(one.bytes)]),
          )),
    ]),
  ];
}

const bitsOf = (parts: number, rows: number): string =>
  parts === 1
    ? "The weights are the same to the bit."
    : `The batch goes in ${parts} parts of ${rows} ${rows === 1 ? "row" : "rows"}. Sums over the rows are rounded part by part, so the weights differ from those of a whole batch by rounding.`;

const PASSES_EXPLAINED = [
  "Before → after, of the passes that changed any of it. Until `fuse` every value counts as computed by a kernel of its own and stored in a place of its own,",
  "movements alone read through. Bytes moved are those that kernels read and store, each buffer once a kernel; bytes stored leave out",
  "parameters and state.",
];

/** The columns of what each pass did. */
export const PASS_COLUMNS: readonly string[] = [
  "pass",
  "nodes, definitions, statements",
  "kernels",
  "FLOPs",
  "bytes moved",
  "bytes stored",
];

const MEASURES = ["size", "kernels", "flops", "bytesMoved", "bytesStored"] as const satisfies readonly (keyof Measure)[];

/** One row a pass that changed something: `before → after`, or the one number where that stayed. */
export const passRows = (facts: readonly PassFact[]): readonly (readonly string[])[] =>
  facts
    .filter(({ before, after }) => MEASURES.some((of) => before[of] !== after[of]))
    .map(({ pass, before, after }) => [
      pass,
      ...MEASURES.map((of) => (before[of] === after[of] ? group(after[of]) : `${group(before[of])} → ${group(after[of])}`)),
    ]);

function printEntry(module: Module, entry: Entry): string[] {
  const kernels = entry.calls.flatMap((call, n) => {
    const kernel = call.kind === "call" ? module.kernels.find(({ name }) => name === call.kernel) : undefined;
    return kernel === undefined ? [] : [[n + 1, kernel.name, group(kernel.flops), kernel.doc.join("; ")] as const];
  });
  const slots = module.slots.filter(({ buffer }) => entry.buffers.includes(buffer));
  const role = new Map(module.buffers.map((buffer) => [buffer.name, buffer.role]));
  return [
    "",
    heading(2, entry.name),
    "",
    `${kernels.length} kernels, ${entry.calls.length - kernels.length} scalar statements.`,
    "",
    ...table(["statement", "kernel", "FLOPs", "computes"], kernels),
    "",
    ...table(
      ["buffer", "role", "offset", "bytes", "statements"],
      slots.map(({ buffer, offset, bytes, live, over }) => [
        buffer,
        role.get(buffer) ?? "",
        offset,
        bytes,
        `${live === "always" ? live : `${live[0] + 1}–${live[1] + 1}`}${over === undefined ? "" : `, written over ${over}`}`,
      ]),
    ),
  ];
}
