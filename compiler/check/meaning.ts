/**
 * The meaning of an entry's statements in double: the definitions of each, evaluated at all elements, one statement after the other, without any
 * rounding. What schedules and targets make of the same definitions has no part in it, nor have the places that buffers share.
 */

import { sizeOf } from "../graph/type.ts";
import { mapScalar, storedIn } from "../loop/build.ts";
import { createMemory, type Memory } from "../loop/interpret/index.ts";
import { isLeft, type Call, type Definition, type Entry, type Module, type Scalar } from "../loop/loop.ts";
import { startAt, storageOf, walkTurns, type At } from "../loop/turns.ts";
import { DefinitionTable, stagesOf } from "./definitions.ts";
import { placeOf } from "./segment.ts";

const unroundedScalar = (value: Scalar): Scalar => mapScalar(value, (part) => (part.kind === "round" ? part.value : part));
const unroundedDefinition = (definition: Definition): Definition => ({ ...definition, value: unroundedScalar(definition.value) });

/** A statement of real numbers. */
function unrounded(call: Call): Call {
  if (call.kind !== "call") {
    const value = unroundedScalar(call.value);
    return call.kind === "let" ? { ...call, value } : { ...call, value, definition: unroundedDefinition(call.definition) };
  }
  const stages = call.group.stages.map((stage) => ({ ...stage, definition: unroundedDefinition(stage.definition) }));
  return { ...call, group: { ...call.group, stages } };
}

/** The definitions of a module's entries, running. */
export interface Meanings {
  /** Runs an entry over memory that `fill` was given; gives what it returns by name, and leaves in memory what it stores. */
  run(entry: Entry, fill: (memory: Memory) => void): { readonly returned: ReadonlyMap<string, Float64Array>; readonly memory: Memory };
}

export async function meaningsOf(module: Module): Promise<Meanings> {
  const calls = new Map(module.entries.map((entry) => [entry, entry.calls.map(unrounded)]));
  const table = await DefinitionTable.of(module, "double", { calls: [...calls.values()].flat() });
  const buffers = new Map(module.buffers.map((buffer) => [buffer.name, buffer]));
  return {
    run(entry, fill) {
      const memory = createMemory(module);
      fill(memory);
      const locals: Record<string, number> = {};
      const view = (name: string, at: At): Float64Array => {
        const buffer = buffers.get(name)!;
        const whole = memory.get(storageOf(buffer))!;
        if (buffer.window === undefined) return whole;
        const from = startAt(buffer, at.size === 0 ? undefined : at);
        return whole.subarray(from, from + sizeOf(buffer.shape));
      };
      walkTurns(entry.calls.length, entry.loops, (n, at) => {
        const call = calls.get(entry)![n]!;
        const stages = table.of(call, (name) => view(name, at), locals);
        if (call.kind === "let") return void (locals[call.name] = stages[0]!.element(0));
        const left = call.kind === "call" ? new Set(call.group.stages.filter(isLeft).map(({ definition }) => definition)) : undefined;
        const stored = stages.filter(({ definition }) => left?.has(definition) ?? true);
        // all of a statement reads what was there before it
        const values = stored.map(({ definition: { shape }, element }) => {
          const all = new Float64Array(sizeOf(shape));
          for (let to = 0; to < all.length; to++) all[to] = element(to);
          return all;
        });
        for (const [of, { definition }] of stored.entries()) {
          const buffer = storedIn(definition);
          const [whole, place] = [view(buffer, at), placeOf(definition, buffers.get(buffer)!.shape)];
          if (definition.segment === undefined) whole.set(values[of]!);
          else values[of]!.forEach((value, to) => (whole[place(to)] = value));
        }
      });
      const returned = entry.results.map(({ name, value }): [string, Float64Array] => [
        name,
        value in locals ? Float64Array.of(locals[value]!) : view(value, new Map()),
      ]);
      return { returned: new Map(returned), memory };
    },
  };
}

/** The storage that an entry replaces. */
export const targetsOf = ({ calls }: Entry): readonly string[] =>
  calls.flatMap((call) => (call.kind === "let" ? [] : stagesOf(call).flatMap(({ target }) => target ?? [])));
