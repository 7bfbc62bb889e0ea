/** Where each fused value lives: memory, a local of its loops, or a sum over them; what is stored, and where, for whom. */

import { loadsOf, mapScalar } from "../../loop/build.ts";
import type { Buffer, Definition, Scalar, Stage, Storage, Work } from "../../loop/loop.ts";
import type { Defined, Term } from "./define.ts";
import { placedSum, storageOfPlaces } from "../../loop/pick.ts";
import { asTotal, identityRun, type Item } from "./join.ts";

/** A total's term stands at the point of the shared axes, like every other stage. */
const atOwnPoint = (item: Item, definition: Definition): Scalar =>
  (item.totals.has(definition.name) ? asTotal(definition, item.axes) : undefined) ?? definition.value;

/** Where each value lives, and reads of updated values redirected to the storage they replace. */
export function assignStorage(defined: Defined, items: readonly Item[], targets: ReadonlyMap<string, string>): Work[] {
  const needed = new Set(defined.results.map((result) => result.value));
  const homes = new Map(items.flatMap((item) => item.terms.map(({ definition }) => [definition.name, item] as const)));
  const escapes = new Set<string>();
  for (const item of items)
    for (const { definition } of item.terms)
      for (const { buffer, at: where } of loadsOf(atOwnPoint(item, definition))) {
        const home = homes.get(buffer);
        if (home === undefined) continue;
        const source = home.members.get(buffer)!;
        const atPoint = identityRun(where, item.axes) === where.length && source.axes.length === item.axes.length;
        if (home.scalar ? !item.scalar : home !== item || !atPoint) escapes.add(buffer);
      }
  const outputs = new Set(defined.results.flatMap(({ kind, value }) => (kind === "output" ? [value] : [])));
  const storageOf = (item: Item, { definition }: Term): Storage => {
    if (item.totals.has(definition.name)) return "total";
    if (item.terms.length > 1 && placedSum(definition) !== undefined) return "places";
    const pinned = definition.target !== undefined || escapes.has(definition.name);
    const shown = outputs.has(definition.name);
    if (item.scalar) return pinned || shown ? "buffer" : "local";
    const local = !pinned && !needed.has(definition.name) && definition.axes.length === item.axes.length;
    return local && item.axes.length > 0 && item.terms.length > 1 ? "local" : "buffer";
  };
  return items.map((item): Work => {
    const own = new Set(item.terms.map((term) => term.definition.name));
    const redirect = (d: Definition): Definition => ({
      ...d,
      value: mapScalar(d.value, (part) =>
        part.kind === "load" && !own.has(part.buffer) && targets.has(part.buffer)
          ? { ...part, buffer: targets.get(part.buffer)!, updated: true }
          : part,
      ),
    });
    if (item.scalar)
      return {
        kind: "scalar",
        definition: redirect(item.terms[0]!.definition),
        storage: storageOf(item, item.terms[0]!) === "buffer" ? "buffer" : "local",
      };
    const shown = new Set<string>();
    const once = (d: Definition): Definition => ({
      ...d,
      doc: d.doc.filter(({ node }) => !shown.has(node) && shown.add(node)),
    });
    const stages = item.terms.map((term): Stage => ({
      definition: once(redirect(term.definition)),
      storage: storageOf(item, term),
    }));
    return { kind: "group", group: { axes: item.axes, stages } };
  });
}

/** Storage of the model, then one buffer for each stored value that replaces none. */
export function buffersOf(defined: Defined, items: readonly Item[], work: readonly Work[]): Buffer[] {
  const shown = new Set(defined.results.map((result) => result.value));
  const role = new Map(
    items.flatMap((item) => item.terms.map((term) => [term.definition.name, term.again ? "again" : term.role] as const)),
  );
  const later = new Set<string>();
  for (const item of items)
    for (const term of item.terms) if (term.role !== "primal") for (const { buffer } of loadsOf(term.definition.value)) later.add(buffer);
  const made = work.flatMap((w): Buffer[] => {
    const stages = w.kind === "group" ? w.group.stages : [{ definition: w.definition, storage: w.storage }];
    return stages
      .filter(({ definition, storage }) => storage !== "local" && definition.target === undefined)
      .flatMap(({ definition, storage }): readonly Buffer[] => {
        if (storage === "places") return Object.values(storageOfPlaces(definition)) as Buffer[]; // its values are buffers
        const { name, dtype, shape } = definition;
        return [
          {
            name,
            dtype,
            shape,
            role: shown.has(name) ? "output" : role.get(name) === "primal" && later.has(name) ? "residual" : "scratch",
          },
        ];
      });
  });
  return [...defined.storage, ...made];
}
