/** Guarantees that an entry which overwrites parameters or state reads each of them before or after, as its definitions say: `W` or `W′`. */

import { VerifyError } from "../../graph/error.ts";
import { loadsOf } from "../../loop/build.ts";
import type { Call, Definition, Entry, Group, Load } from "../../loop/loop.ts";
import { readsOwnPoint } from "../definitions/own-point.ts";

/** What a statement does: the buffers its own loops store to. */
export type StoresOf = (call: Call) => readonly string[];

/** Throws a VerifyError naming the statement, the buffer and the version. `isKept` says what outlives a step. */
export function checkVersions(entry: Entry, isKept: (buffer: string) => boolean, storesOf: StoresOf, nameOf: (n: number) => string): void {
  const storedAt = new Map<string, number>();
  entry.calls.forEach((call, n) => {
    for (const buffer of new Set(storesOf(call))) {
      if (!isKept(buffer)) continue;
      const before = storedAt.get(buffer);
      if (before !== undefined)
        throw new VerifyError(
          buffer,
          `${entry.name}, ${nameOf(n)}: stores ${buffer}, which ${nameOf(before)} has stored already in this step`,
        );
      storedAt.set(buffer, n);
    }
  });
  entry.calls.forEach((call, n) => {
    for (const { load, reader } of readsOf(call)) {
      if (!isKept(load.buffer)) continue;
      const complaint =
        wrongVersion(load, storedAt.get(load.buffer), n, nameOf) ??
        (storedAt.get(load.buffer) === n && call.kind === "call" ? outOfPlace(load, reader, call.group) : undefined);
      if (complaint !== undefined) throw new VerifyError(load.buffer, `${entry.name}, ${nameOf(n)}: ${complaint}`);
    }
  });
}

/** Each load with the definition that makes it; stages read each other by their own names, which are no storage. */
function readsOf(call: Call): { readonly load: Load; readonly reader: Definition | undefined }[] {
  if (call.kind !== "call") return loadsOf(call.value).map((load) => ({ load, reader: undefined }));
  const own = new Set(call.group.stages.map(({ definition }) => definition.name));
  return call.group.stages.flatMap(({ definition }) =>
    loadsOf(definition.value)
      .filter(({ buffer }) => !own.has(buffer))
      .map((load) => ({ load, reader: definition })),
  );
}

function wrongVersion({ buffer, updated }: Load, stored: number | undefined, n: number, nameOf: (n: number) => string): string | undefined {
  if (updated === true) {
    if (stored === undefined) return `reads the new ${buffer}, but no statement stores one`;
    return stored < n
      ? undefined
      : `reads the new ${buffer}, but ${stored === n ? "it stores that one itself" : `${nameOf(stored)} stores it only later`}`;
  }
  return stored !== undefined && stored < n ? `reads the old ${buffer}, but ${nameOf(stored)} has overwritten it` : undefined;
}

/** Inside the statement that overwrites: before the store, at the very element that it writes. */
function outOfPlace({ buffer }: Load, reader: Definition | undefined, { stages }: Group): string | undefined {
  const definitions = stages.map(({ definition }) => definition);
  const writing = definitions.findIndex(({ target }) => target === buffer);
  const writer = definitions[writing];
  if (writer === undefined) return `stores ${buffer}, which none of its definitions replaces`;
  if (reader !== undefined && definitions.indexOf(reader) > writing)
    return `reads the old ${buffer} for ${reader.name}, after it has overwritten it`;
  return reader === undefined || readsOwnPoint(reader.value, buffer, writer.axes)
    ? undefined
    : `reads the old ${buffer} elsewhere than where it overwrites it`;
}
