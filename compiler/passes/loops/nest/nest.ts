/** A nest while it is built: the names and parameters of its kernel, and what its parts know of each other. */

import { CompilerFault } from "../../../graph/error.ts";
import { sizeOf } from "../../../graph/type.ts";
import { load, loadsOf, local, storedIn } from "../../../loop/build.ts";
import { Names } from "../../../loop/identifier.ts";
import { divisorsOf, type Index } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Buffer, Definition, Group, Local, Loop, Scalar, Stmt } from "../../../loop/loop.ts";
import { AXIS_LETTERS } from "../../../loop/text/reading.ts";
import type { Machine } from "../../../loop/machine.ts";
import { LANE, laneLoop } from "../points.ts";
import type { Tile } from "../tile.ts";

/** One nest while it is built: the names and parameters of its kernel, and what its parts know of each other. */
export class Nest {
  readonly group: Group;
  readonly tile: Tile;
  readonly lanes: Machine["lanes"];
  /** Names and parameters of the kernel, common to the nests that follow each other in it. */
  readonly names: Names;
  readonly params: Map<string, { name: string; reads: boolean; writes: boolean }>;
  /** Reads that no loop changes. */
  readonly head: Stmt[] = [];
  /** Storage that a stage overwrites, by the stage's name. */
  readonly targets: ReadonlyMap<string, string>;
  readonly written: Set<string>;
  /** Stage values that locals of the block being built hold: stage name and suffix. */
  readonly held = new Map<string, Scalar>();
  readonly totals = new Map<string, Local>();
  /** Of a total in lanes, its four sums. */
  readonly fourths = new Map<string, readonly string[]>();
  /** Axes whose loops are cut where guards turn. */
  readonly cut = new Set<Axis>();
  /** Whether what is being built runs in lanes already. */
  inLanes = false;

  readonly #buffers: ReadonlyMap<string, Buffer>;
  readonly #scalars = new Map<string, Scalar>();
  readonly #counts = new Map<string, number>();

  /** `before`: the nest whose loops come first in the same kernel; parameters and names are then common. */
  constructor(group: Group, buffers: ReadonlyMap<string, Buffer>, tile: Tile, lanes: Machine["lanes"], before?: Nest) {
    this.names = before === undefined ? new Names([...AXIS_LETTERS, LANE]) : before.names;
    this.params = before === undefined ? new Map() : before.params;
    this.group = group;
    this.#buffers = buffers;
    this.tile = tile;
    this.lanes = lanes;
    this.targets = new Map(group.stages.map(({ definition }) => [definition.name, storedIn(definition)]));
    this.written = new Set(group.stages.flatMap(({ definition, storage }) => (storage === "local" ? [] : [storedIn(definition)])));
  }

  /** A loop over lanes, of what is built in lockstep. */
  lockstep(body: () => readonly Stmt[], lanes = LANES): Loop {
    this.inLanes = true;
    const vector = laneLoop(body(), lanes);
    this.inLanes = false;
    return vector;
  }

  buffer(name: string): Buffer {
    const buffer = this.#buffers.get(name);
    if (buffer === undefined) throw new CompilerFault("schedule", `no buffer holds %${name}`);
    return buffer;
  }

  param(buffer: string): { name: string; reads: boolean; writes: boolean } {
    let param = this.params.get(buffer);
    if (param === undefined) {
      param = { name: this.names.take(buffer), reads: false, writes: false };
      this.params.set(buffer, param);
    }
    return param;
  }

  write(definition: Definition): string {
    const param = this.param(storedIn(definition));
    param.writes = true;
    return param.name;
  }

  lengths(): ReadonlyMap<string, number> {
    return new Map([...this.params].map(([buffer, { name }]) => [name, sizeOf(this.buffer(buffer).shape)]));
  }

  writtenParams(): ReadonlySet<string> {
    return new Set([...this.written].flatMap((buffer) => this.params.get(buffer)?.name ?? []));
  }

  /** Whether a load names its place along an axis by tile and place in the tile. */
  readsInTiles({ name }: Axis, size: number): boolean {
    const split = (at: Index): boolean => divisorsOf(at, name).some((by) => size % by === 0);
    return size > 1 && this.group.stages.some(({ definition }) => loadsOf(definition.value).some((part) => part.at.some(split)));
  }

  /** A read that no loop changes happens once, at the head of the kernel. */
  scalar(param: string, dtype: Scalar["dtype"], where: Index): Scalar {
    const key = `${param} ${where.offset}`;
    let known = this.#scalars.get(key);
    if (known === undefined) {
      const name = this.names.take(`${param}_${where.offset}`);
      this.head.push({
        kind: "let",
        name,
        dtype,
        value: load(param, dtype, where),
        mutable: false,
      });
      known = local(name, dtype);
      this.#scalars.set(key, known);
    }
    return known;
  }

  /** x_0, x_1, …: reads of x in the order they come. */
  nameOf(part: Scalar): string {
    const base = part.kind === "load" ? part.buffer : part.kind === "apply" ? part.fn : part.kind === "select" ? "chosen" : "part";
    const n = this.#counts.get(base) ?? 0;
    this.#counts.set(base, n + 1);
    return this.names.take(`${base}_${n}`);
  }
}
