/**
 * Guarantees that what a pass does to definitions it does to each part of an entry with loops by itself, and that the whole is its parts in order.
 * What is the same at every turn of a loop is made before it.
 */

import { loadsOf, mapScalar, storedIn } from "../../loop/build.ts";
import type { Buffer, Definition, Definitions, Refusal, Section, Sections, Turns, Work } from "../../loop/loop.ts";
import type { Pass } from "../pass.ts";
import type { Defined } from "./define.ts";

/** A pass for a straight line, for entries with loops as well. */
export const inSections = <In extends Defined | Definitions>(pass: Pass<In, Definitions>): Pass<In, Definitions> => ({
  ...pass,
  run(whole, fired) {
    const sections = whole.sections as Sections<In> | undefined; // a level's sections are of that level
    if (sections === undefined) return pass.run(whole, fired);
    const all = sections.all.map((section) => ({ ...section, of: pass.run(section.of, fired) }));
    if (all.every((one, n) => (one.of as unknown) === sections.all[n]!.of)) return whole as unknown as Definitions; // unchanged, it is one already
    return joined(whole, all, sections.shared);
  },
});

/** The parts one after the other; names that several of them made for themselves are told apart. */
function joined(
  whole: Pick<Defined, "name" | "results">,
  sections: readonly Section<Definitions>[],
  shared: readonly Buffer[],
): Definitions {
  const results = new Set(whole.results.map(({ value }) => value));
  const known = new Map(shared.map((buffer) => [buffer.name, results.has(buffer.name) ? { ...buffer, role: "output" as const } : buffer]));
  const buffers: Buffer[] = [];
  const seen = new Set<string>();
  const add = (buffer: Buffer): void => {
    if (seen.has(buffer.name)) return;
    seen.add(buffer.name);
    buffers.push(known.get(buffer.name) ?? buffer);
  };
  const work: Work[] = [];
  const loops: Turns[] = [];
  const refusals: Refusal[] = [];
  const own = new Set<string>();
  const all = sections.map((section) => ({ ...section, of: apart(section.of, own) }));
  for (const { of, turns } of all) {
    for (const buffer of of.buffers) add(buffer.role === "output" && !results.has(buffer.name) ? { ...buffer, role: "scratch" } : buffer);
    refusals.push(...of.refusals);
    const [same, inside] = turns === undefined ? [of.work, []] : unturned(of.work, of.buffers);
    work.push(...same);
    if (turns !== undefined && inside.length > 0) loops.push({ ...turns, first: work.length, last: work.length + inside.length - 1 });
    work.push(...inside);
  }
  return { name: whole.name, buffers, work, loops, sections: { all, shared }, results: whole.results, refusals };
}

/** A part whose own buffers have names that no part before it has. */
function apart(part: Definitions, taken: Set<string>): Definitions {
  const made = new Set(part.work.flatMap(madeBy));
  const to = new Map<string, string>();
  for (const name of made) {
    let free = name;
    for (let n = 2; taken.has(free) || (free !== name && made.has(free)); n++) free = `${name}_${n}`;
    taken.add(free);
    if (free !== name) to.set(name, free);
  }
  if (to.size === 0) return part;
  const of = (name: string): string => to.get(name) ?? name;
  const renamed = (d: Definition): Definition => ({
    ...d,
    name: of(d.name),
    value: mapScalar(d.value, (s) => (s.kind === "load" && to.has(s.buffer) ? { ...s, buffer: of(s.buffer) } : s)),
    ...(d.segment === undefined ? {} : { segment: { ...d.segment, of: of(d.segment.of) } }),
  });
  return {
    ...part,
    buffers: part.buffers.map((buffer) => (to.has(buffer.name) ? { ...buffer, name: of(buffer.name) } : buffer)),
    work: part.work.map((item): Work =>
      item.kind === "scalar"
        ? { ...item, definition: renamed(item.definition) }
        : {
            kind: "group",
            group: { ...item.group, stages: item.group.stages.map((stage) => ({ ...stage, definition: renamed(stage.definition) })) },
          },
    ),
  };
}

const definitionsOf = (item: Work): readonly Definition[] =>
  item.kind === "scalar" ? [item.definition] : item.group.stages.map(({ definition }) => definition);

const madeBy = (item: Work): string[] => definitionsOf(item).map(({ name }) => name);

/** The work of a body that reads nothing which changes from turn to turn, and the rest. */
function unturned(work: readonly Work[], buffers: readonly Buffer[]): [Work[], Work[]] {
  const windows = new Set(buffers.flatMap(({ name, window }) => (window === undefined ? [] : [name])));
  const changing = new Set<string>();
  const [same, inside]: [Work[], Work[]] = [[], []];
  for (const item of work) {
    const own = definitionsOf(item);
    const names = new Set(own.map(({ name }) => name));
    const changes = own.some(
      (definition) =>
        windows.has(storedIn(definition)) ||
        definition.target !== undefined ||
        loadsOf(definition.value).some(({ buffer }) => !names.has(buffer) && (windows.has(buffer) || changing.has(buffer))),
    );
    (changes ? inside : same).push(item);
    if (changes) for (const definition of own) changing.add(storedIn(definition)).add(definition.name);
  }
  return [same, inside];
}
