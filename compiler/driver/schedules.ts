/**
 * A file of schedules that were measured: bound to one graph, target and version of the compiler, read back as the tiles of its
 * kernels, or refused with the place and the remedy.
 *   "dotRelu_32x784x128": { "schedule": "j by 8 in lanes, i by 4", "instead of": "i by 4, j by 8 in lanes", "microseconds": [88.1, 97.5] }
 */

import { ModelError } from "../graph/error.ts";
import { suggestion } from "../graph/nearest.ts";
import type { Definitions, Module, Program } from "../loop/loop.ts";
import { keyOfGroup } from "../loop/same.ts";
import { refusalOf, type Site } from "../passes/loops/candidates.ts";
import type { Machine } from "../loop/machine.ts";
import { modelledTiles, nestUnder, type Tiles } from "../passes/loops/schedule.ts";
import type { Tile } from "../passes/loops/tile.ts";
import { parseTile } from "../passes/loops/tile-text.ts";
import { VERSION } from "../version.ts";

/** Where schedules lie, relative to the model's package, and their text. */
export interface ScheduleText {
  readonly path: string;
  readonly text: string;
}

/** What a file is bound to. */
export interface Bound {
  readonly model: string;
  /** As the trainer exports it. */
  readonly graph: string;
  readonly machine: Machine;
}

/** One kernel as it was measured: what was chosen, what the cost model would have chosen, and how long one call of each took. */
export interface Measured {
  readonly kernel: string;
  readonly schedule: string;
  readonly modelled: string;
  readonly microseconds: readonly [schedule: number, modelled: number];
}

/** The file's text: a line for each kernel. */
export function printSchedules({ model, graph, machine }: Bound, on: string, kernels: readonly Measured[]): string {
  const lines = kernels.map(({ kernel, schedule, modelled, microseconds }) => {
    const instead = schedule === modelled ? "" : `, "instead of": ${JSON.stringify(modelled)}`;
    const times = schedule === modelled ? microseconds.slice(0, 1) : microseconds;
    return `    ${JSON.stringify(kernel)}: { "schedule": ${JSON.stringify(schedule)}${instead}, "microseconds": [${times.map((one) => Number(one.toPrecision(3))).join(", ")}] }`;
  });
  const bound = { adjoint: VERSION, model, graph, target: machine.name, measured: on };
  const head = Object.entries(bound).map(([key, value]) => `  "${key}": ${JSON.stringify(value)},`);
  return (
    ["{", ...head, '  "kernels": {', lines.join(",\n"), "  }", "}", ""]
      .filter((line) => line !== "" || lines.length === 0)
      .join("\n")
      .trimEnd() + "\n"
  );
}

/** The groups that each kernel of a module computes, with what the cost model makes of them; several where their loops came out alike. */
export function kernelSites(
  entries: readonly { readonly definitions: Definitions; readonly program: Program }[],
  module: Module,
  machine: Machine,
): ReadonlyMap<string, readonly Site[]> {
  const sites = new Map<string, Site[]>();
  entries.forEach(({ definitions, program }, n) => {
    const buffers = new Map(definitions.buffers.map((buffer) => [buffer.name, buffer]));
    const known = new Set<string>();
    const modelled = modelledTiles(definitions, machine);
    program.calls.forEach((call, at) => {
      const placed = module.entries[n]!.calls[at];
      if (call.kind !== "call" || placed?.kind !== "call" || known.has(call.kernel)) return;
      known.add(call.kernel);
      const { group } = call;
      sites.set(placed.kernel, [...(sites.get(placed.kernel) ?? []), { group, machine, buffers, modelled: modelled(group) }]);
    });
  });
  return sites;
}

/**
 * The tiles that a text says, by group; `sites` are those of the module that the cost model schedules, whose kernels the file may name.
 * Throws a ModelError that names what does not fit.
 */
export function readSchedules(
  { path, text }: ScheduleText,
  bound: Bound,
  sites: ReadonlyMap<string, readonly Site[]>,
  again: string,
): Tiles {
  const remedy = `Measure again with ${again}, or remove the file: the cost model then picks every schedule.`;
  const refuse = (code: string, law: string, site = path): never => {
    throw new ModelError({ code: `schedules/${code}`, site, law, operands: [], remedy });
  };
  const file = parsed(text, path, refuse);
  const target = bound.machine.name;
  if (file.adjoint !== VERSION)
    refuse("version", `these schedules were measured by adjoint ${file.adjoint}, and this is ${VERSION}, whose kernels may be others`);
  if (file.target !== target) refuse("target", `these schedules are for the target ${file.target}, but the target is ${target}`);
  if (file.graph !== bound.graph)
    refuse(
      "graph",
      `these schedules were measured for ${JSON.stringify(file.model)} with the graph ${file.graph}, but the graph of ${JSON.stringify(bound.model)} is ${bound.graph}`,
    );
  const tiles = new Map<string, Tile>();
  for (const [kernel, schedule] of file.kernels) {
    const of =
      sites.get(kernel) ??
      refuse(
        "kernel",
        `these schedules name the kernel ${JSON.stringify(kernel)}, which ${JSON.stringify(bound.model)} has not${suggestion(kernel, [...sites.keys()])}`,
      );
    for (const site of of) {
      const tile = tileOf(schedule, site);
      if ("wrong" in tile) return refuse("tile", `the schedule ${JSON.stringify(schedule)} of ${kernel} is not possible: ${tile.wrong}`);
      tiles.set(keyOfGroup(site.group, site.buffers).key, tile);
    }
  }
  return tiles;
}

/** A schedule's tile; or why the site cannot have it. */
function tileOf(schedule: string, site: Site): Tile | { readonly wrong: string } {
  const tile = parseTile(schedule, site.group.axes);
  if ("wrong" in tile) return tile;
  const wrong = refusalOf(tile, site);
  if (wrong !== undefined) return { wrong };
  const { group, machine, buffers } = site;
  return nestUnder(tile, group, machine, buffers) === undefined ? { wrong: "its lanes cannot run in lockstep" } : tile;
}

interface File {
  readonly adjoint: string;
  readonly model: string;
  readonly graph: string;
  readonly target: string;
  /** Schedules by kernel. */
  readonly kernels: readonly (readonly [kernel: string, schedule: string])[];
}

const WORDS = ["adjoint", "model", "graph", "target"] as const;

type Refuse = (code: string, law: string, site?: string) => never;

function parsed(text: string, path: string, refuse: Refuse): File {
  const json = jsonOf(text, path, refuse);
  const file = isRecord(json)
    ? json
    : refuse("form", `schedules are a JSON object of ${[...WORDS, "kernels"].join(", ")}, but this is ${shown(json)}`);
  for (const word of WORDS)
    if (typeof file[word] !== "string") refuse("form", `schedules say their ${word} in words, but this one's is ${shown(file[word])}`);
  const kernels = file["kernels"];
  if (!isRecord(kernels)) return refuse("form", `schedules have an object of kernels, but this one's is ${shown(kernels)}`);
  const entries = Object.entries(kernels).map(([kernel, one]) => {
    const schedule = isRecord(one) ? one["schedule"] : undefined;
    return [
      kernel,
      typeof schedule === "string"
        ? schedule
        : refuse("form", `each kernel has a schedule in words, but that of ${JSON.stringify(kernel)} is ${shown(schedule)}`),
    ] as const;
  });
  return { ...(file as unknown as File), kernels: entries }; // its words were looked at above
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Characters of a wrong value that a message shows. */
const SHOWN = 80;

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  try {
    const text = JSON.stringify(value);
    return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  } catch {
    return `${Array.isArray(value) ? "an array" : "an object"} nested too deep to show`;
  }
}

/** The parsed text; where it is none, the line at which an engine that says so stopped. */
function jsonOf(text: string, path: string, refuse: Refuse): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    const before = text.slice(0, position === undefined ? text.length : Number(position));
    return refuse("json", "schedules are JSON, but this is none", `${path}:${before.split("\n").length}`);
  }
}
