/** Guarantees report.md: facts computed from the plan, none of them measured, so that it changes only when the program does. */

import { bytesOf, sizeOf } from "../graph/type.ts";
import type { Entry, Module } from "../loop/loop.ts";
import type { Facts } from "./target.ts";

export interface Reported {
  readonly module: Module;
  readonly facts: Facts;
  readonly entries: readonly { readonly name: string; readonly passes: readonly PassFact[] }[];
}

/** What a pass did to the size of an entry. */
export interface PassFact {
  readonly pass: string;
  readonly before: number;
  readonly after: number;
}

const group = (n: number): string => n.toLocaleString("en-US");

const table = (
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] => [
  `| ${head.join(" | ")} |`,
  `| ${head.map(() => "---").join(" | ")} |`,
  ...rows.map(
    (row) =>
      `| ${row
        .map((cell) =>
          String(cell)
            .replaceAll("|", "\\|")
            .replace(/[\r\n]/g, " "),
        )
        .join(" | ")} |`,
  ),
];

/** Size, kernels, live ranges and what each pass saved, as Markdown. */
export function printReport({ module, facts, entries }: Reported, trainer: string): string {
  const parameters = module.buffers.filter(({ role }) => role === "parameter");
  const bytesIn = (role: string): number =>
    module.buffers
      .filter((b) => b.role === role)
      .reduce((n, b) => n + sizeOf(b.shape) * bytesOf(b.dtype), 0);
  return [
    `# ${module.name}`,
    "",
    ...table(["what", "value"], [
      ["parameters", group(parameters.reduce((n, { shape }) => n + sizeOf(shape), 0))],
      ["arena, bytes", group(module.arenaBytes)],
      ["of these parameters", group(bytesIn("parameter"))],
      ["of these state", group(bytesIn("state"))],
      ["lower bound over all entries, bytes", group(Math.max(...module.entries.map((entry) => entry.lowerBound)))],
      ["emitted TypeScript, bytes", group(new TextEncoder().encode(trainer).length)],
      ["batch: train, evaluate, predict", `${facts.batch.train}, ${facts.batch.evaluate}, ${facts.batch.predict}`],
    ]),
    ...printMemory(facts),
    ...module.entries.flatMap((entry) => printEntry(module, entry)),
    "",
    "## What each pass did (nodes, definitions or statements, before and after)",
    "",
    ...table(["pass", ...entries.map(({ name }) => name)], passRows(entries)),
    "",
  ].join("\n"); // prettier-ignore
}

/** What a memory budget took: values computed again instead of kept, and the work that adds. */
function printMemory({ memory }: Facts): string[] {
  if (memory === undefined) return [];
  const share = (before: number, after: number): string => `${((100 * after) / before - 100).toFixed(1)} %`;
  return [
    "",
    `## Memory budget: ${memory.budget}, ${group(memory.bytes)} bytes`,
    ...(memory.entries.length === 0 ? ["", "Everything fits: nothing is computed again."] : []),
    ...memory.entries.flatMap(({ name, again, flops, bytes }) => [
      "",
      `${name}: ${group(bytes[0])} bytes beside what lives from step to step become ${group(bytes[1])}; ${group(flops[0])} FLOPs a step become ${group(flops[1])}, ${share(...flops)} more. The weights are the same to the bit.`,
      "",
      ...table(["computed again in the backward pass", "bytes not kept"], again.map((one) => [one.name, group(one.bytes)])),
    ]),
  ];
} // prettier-ignore

function passRows(entries: Reported["entries"]): (readonly string[])[] {
  const [first] = entries;
  return (first?.passes ?? []).map(({ pass }, n) => [
    pass,
    ...entries.map(({ passes }) => {
      const fact = passes[n];
      return fact === undefined
        ? ""
        : fact.before === fact.after
          ? String(fact.after)
          : `${fact.before} → ${fact.after}`;
    }),
  ]);
}

function printEntry(module: Module, entry: Entry): string[] {
  const kernels = entry.calls.flatMap((call, n) => {
    const kernel =
      call.kind === "call" ? module.kernels.find(({ name }) => name === call.kernel) : undefined;
    return kernel === undefined
      ? []
      : [[n + 1, kernel.name, group(kernel.flops), kernel.doc.join("; ")] as const];
  });
  const slots = module.slots.filter(({ buffer }) => entry.buffers.includes(buffer));
  const role = new Map(module.buffers.map((buffer) => [buffer.name, buffer.role]));
  return [
    "",
    `## ${entry.name}`,
    "",
    `${kernels.length} kernels, ${entry.calls.length - kernels.length} scalar statements.`,
    "",
    ...table(["statement", "kernel", "FLOPs", "computes"], kernels),
    "",
    ...table(["buffer", "role", "offset", "bytes", "statements"], slots.map(({ buffer, offset, bytes, live }) => [buffer, role.get(buffer) ?? "", offset, bytes, live === "always" ? "always" : `${live[0] + 1}–${live[1] + 1}`])),
  ]; // prettier-ignore
}
