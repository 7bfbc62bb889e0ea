/** What each pass changed: the lines of its level that are other ones after it, and what that saved. */

import type { CompiledEntry, Lowered } from "../../driver/lower.ts";
import { isDefinitions, isGraph, isProgram, type Level } from "../../driver/observe.ts";
import { isLiteral, printNode } from "../../graph/print.ts";
import { printDefinition } from "../../loop/text/index.ts";
import type { Call, Work } from "../../loop/loop.ts";
import type { Defined } from "../../passes/definitions/define.ts";
import { measurePasses } from "../passes.ts";
import type { InspectedPass, PassChange } from "./types.ts";

/** Of every entry; the last is placing, of which all entries together are one arena. */
export function passesOf(lowered: Lowered): readonly (readonly InspectedPass[])[] {
  const measured = measurePasses(lowered);
  return lowered.entries.map((entry, n) => {
    const { facts } = measured[n]!;
    const known = new Map<Level, Items>();
    return facts.map(({ pass, before, after }, at): InspectedPass => {
      const run = entry.passes[at];
      if (run === undefined) return { pass, why: "live ranges to addresses in one arena", before, after, changes: [] };
      return { pass, why: run.why, before, after, changes: changesOf(run, known) };
    });
  });
}

/** The lines of a level, by what they are called. */
interface Items {
  readonly form: "graph" | "defined" | "definitions" | "program";
  readonly texts: ReadonlyMap<string, string>;
}

function changesOf({ before, after }: CompiledEntry["passes"][number], known: Map<Level, Items>): readonly PassChange[] {
  if (before === after) return [];
  const itemsOf = (level: Level): Items => {
    const items = known.get(level) ?? itemsIn(level);
    known.set(level, items);
    return items;
  };
  const [old, now] = [itemsOf(before), itemsOf(after)];
  // groups are made of definitions, which they name; other levels have nothing in common
  if (old.form !== now.form) return now.form === "definitions" ? joined(now) : [];
  const changes: PassChange[] = [];
  for (const [name, text] of old.texts) {
    const next = now.texts.get(name);
    if (next !== text) changes.push({ name, before: text, ...(next === undefined ? {} : { after: next }) });
  }
  for (const [name, text] of now.texts) if (!old.texts.has(name)) changes.push({ name, after: text });
  return changes;
}

/** Groups of several values. */
const joined = ({ texts }: Items): readonly PassChange[] =>
  [...texts].flatMap(([name, text]) => (text.includes(", ") ? [{ name, after: text }] : []));

function itemsIn(level: Level): Items {
  if (isGraph(level))
    return { form: "graph", texts: new Map(level.nodes.flatMap((node) => (isLiteral(node) ? [] : [[node.name, printNode(level, node)]]))) };
  if (isDefinitions(level)) return { form: "definitions", texts: new Map(level.work.map(namesOf)) };
  if (isProgram(level)) return { form: "program", texts: new Map(level.calls.map(namesOf)) };
  const { definitions } = level as Defined; // the one level left before placing
  return { form: "defined", texts: new Map(definitions.map(({ definition }) => [definition.name, printDefinition(definition)])) };
}

/** What a group computes, under the name of the last of it. */
function namesOf(one: Work | Call): readonly [string, string] {
  const names =
    "group" in one ? one.group.stages.map(({ definition }) => definition.name) : ["definition" in one ? one.definition.name : one.name];
  return [names.at(-1)!, names.join(", ")];
}
