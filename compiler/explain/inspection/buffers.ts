/** The arena as rectangles: where each buffer lies, when it is held, what it holds and who touches it. */

import type { Module } from "../../loop/loop.ts";
import type { FileLines } from "./lines.ts";
import type { InspectedBuffer, InspectedEntry } from "./types.ts";

export function buffersOf(
  module: Module,
  entries: readonly Pick<InspectedEntry, "name" | "nodes" | "statements">[],
  lines: FileLines,
): readonly InspectedBuffer[] {
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const holds = new Map<string, InspectedBuffer["holds"]>();
  const uses = new Map<string, InspectedBuffer["uses"]>();
  for (const { name: entry, nodes, statements } of entries) {
    for (const { id, home } of nodes)
      if (home.kind === "buffer") holds.set(home.buffer, [...(holds.get(home.buffer) ?? []), { entry, node: id }]);
    for (const { number, reads, writes } of statements)
      for (const buffer of new Set([...reads, ...writes])) {
        const does = !writes.includes(buffer) ? "reads" : reads.includes(buffer) ? "reads and stores" : "stores";
        uses.set(buffer, [...(uses.get(buffer) ?? []), { entry, number, does }]);
      }
  }
  return module.buffers.map(({ name, role, dtype, shape }): InspectedBuffer => {
    const { offset, bytes, live, over, of } = slots.get(name)!;
    const entry = module.entries.find(({ buffers }) => buffers.includes(name))?.name;
    const where = lines.buffers.get(name);
    return {
      id: name,
      ...(where === undefined ? {} : { view: where.view, lines: { first: where.first, last: where.last } }),
      role,
      dtype,
      shape,
      offset,
      bytes,
      life: live === "always" || entry === undefined ? "always" : { entry, first: live[0] + 1, last: live[1] + 1 },
      ...(over === undefined ? {} : { over }),
      ...(of === undefined ? {} : { of }),
      holds: holds.get(name) ?? [],
      uses: uses.get(name) ?? [],
    };
  });
}
